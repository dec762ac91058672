// Colours that keep their meaning: a ramp for sizes, own colours for what is no size, and lines.

import { labels } from "./format.js";

// Viridis (CC0, Smith & van der Walt) at equal distances: lightness rises all the way, so it is
// read in grey and by the colour-blind.
const RAMP = [
  [68, 1, 84], [72, 26, 108], [71, 47, 125], [65, 68, 135], [57, 86, 140], [49, 104, 142],
  [42, 120, 142], [35, 136, 142], [31, 152, 139], [34, 168, 132], [53, 183, 121], [84, 197, 104],
  [122, 209, 81], [165, 219, 54], [210, 226, 27], [253, 231, 37],
];

// Okabe & Ito 2008, without the yellow that is lost on white; lighter twins for a dark ground.
const LINES = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#3aa0d8", "#666666"];
const LINES_ON_DARK = ["#56b4e9", "#f08a3c", "#2fcf9f", "#e79ac6", "#f0c243", "#8fb8ff", "#c0c0c0"];

/** What is no size: each has a colour and a sign of its own in the legend. */
export const SPECIAL = {
  nan: { colour: "#e6119d", rgb: [230, 17, 157], label: "NaN" },
  infinite: { colour: "#ff5a1f", rgb: [255, 90, 31], label: "Inf" },
  zero: { colour: "#a3a7ad", rgb: [163, 167, 173], label: "exactly 0" },
  absent: { colour: "transparent", rgb: null, label: "no gradient" },
};

/** The colour of a size, 0 the smallest and 1 the largest, as three bytes. */
export function rampBytes(t) {
  const at = Math.min(1, Math.max(0, t)) * (RAMP.length - 1);
  const low = Math.min(RAMP.length - 2, Math.floor(at));
  return RAMP[low].map((from, i) => Math.round(from + (RAMP[low + 1][i] - from) * (at - low)));
}

/** The same in CSS. */
export function ramp(t) {
  return `rgb(${rampBytes(t).join(", ")})`;
}

/** The colour of the i-th line, told apart by the colour-blind; they repeat after seven. */
export function line(i, dark = false) {
  const colours = dark ? LINES_ON_DARK : LINES;
  return colours[((i % colours.length) + colours.length) % colours.length];
}

/**
 * The colour scale of a statistic between its lowest and highest finite value: `position(value)` in
 * [0, 1] (NaN for what has none), `colour(value)` in CSS, `ticks` of {value, label, t}, `log`.
 * `statistic.scale` is "log", "linear" or "share" (0 to 1). Without values any range will do.
 */
export function scaleOf(statistic, lowest, highest) {
  if (statistic.scale === "share") return linearScale(0, 1);
  if (statistic.scale === "log" && (highest === null || highest > 0)) return logScale(lowest, highest);
  return linearScale(...widened(lowest, highest, 1));
}

function logScale(lowest, highest) {
  let low = Math.log10(lowest > 0 ? lowest : highest > 0 ? highest / 10 : 0.1);
  let high = Math.log10(highest > 0 ? highest : 10 ** (low + 1));
  if (!(high - low > 0.5)) [low, high] = [(low + high) / 2 - 0.5, (low + high) / 2 + 0.5];
  const position = (value) => clamp((Math.log10(value) - low) / (high - low));
  return finish({ low: 10 ** low, high: 10 ** high, log: true, position }, logTicks(low, high));
}

function linearScale(low, high) {
  const position = (value) => clamp((value - low) / (high - low));
  return finish({ low, high, log: false, position }, linearTicks(low, high));
}

function finish(scale, values) {
  const texts = labels(values);
  scale.ticks = values.map((value, i) => ({ value, label: texts[i], t: scale.position(value) }));
  scale.colour = (value) => {
    if (Number.isNaN(value)) return SPECIAL.nan.colour;
    if (!Number.isFinite(value)) return SPECIAL.infinite.colour;
    return scale.log && value === 0 ? SPECIAL.zero.colour : ramp(scale.position(value));
  };
  return scale;
}

/** Where a finite number lies; what lies below, as zero on a log scale, is at 0. NaN stays NaN. */
function clamp(t) {
  return t < 0 ? 0 : t > 1 ? 1 : t;
}

function widened(lowest, highest, margin) {
  const low = Number.isFinite(lowest) ? lowest : 0;
  const high = Number.isFinite(highest) ? highest : low + margin;
  const half = Math.max(margin, Math.abs(low)) / 2;
  return high > low ? [low, high] : [low - half, low + half];
}

/** Powers of ten between two decimal logarithms, at most `most`; with 2 and 5 where there are few. */
export function logTicks(low, high, most = 7) {
  const from = Math.ceil(low - 1e-9);
  const to = Math.floor(high + 1e-9);
  const every = Math.max(1, Math.ceil((to - from + 1) / most));
  const factors = to - from < 2 ? [1, 2, 5] : [1];
  const ticks = [];
  for (let power = from - 1; power <= to; power += 1) {
    for (const factor of factors) {
      const at = power + Math.log10(factor);
      if (at < low - 1e-9 || at > high + 1e-9 || (factor === 1 && (to - power) % every)) continue;
      ticks.push(Number(`${factor}e${power}`));
    }
  }
  return ticks;
}

/** Round numbers, four to seven. */
export function linearTicks(low, high, wanted = 5) {
  const rough = (high - low) / wanted;
  if (!(rough > 0) || !Number.isFinite(rough)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) * power;
  const ticks = [];
  for (let i = Math.ceil(low / unit - 1e-9); i * unit <= high + unit * 1e-9; i += 1) {
    ticks.push(Number((i * unit).toPrecision(12)));
  }
  return ticks;
}
