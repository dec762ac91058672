// A line chart over steps that stands on the heatmap's axis, to the pixel. uPlot draws it.

import uPlot from "./vendor-uplot.js";
import { fraction, gutter, stepTicks, RIGHT } from "./axis.js";
import { SPECIAL, linearTicks, logTicks } from "./colours.js";
import { el, hasSize, replace, watchSize } from "./dom.js";
import { count, labels, number } from "./format.js";
import { placeMarks } from "./marks.js";

/**
 * Makes a chart: {update(picture)}. picture: {lines: [{label, steps, values, low, colour, points}],
 * axis, log, verdicts, step, theme, ticks: whether steps are written below}. `values` may hold NaN;
 * `low`, where there is one, is the lower end of a band below `values`.
 */
export function createCurve(root, actions, { height = 130 } = {}) {
  const chart = { root, actions, height, plot: null, picture: null };
  chart.holder = el("div", { class: "curve-holder" });
  chart.ticks = el("div", { class: "x-axis", hidden: true });
  chart.tip = el("div", { class: "tip", hidden: true });
  chart.cross = el("div", { class: "cross", hidden: true });
  chart.marks = el("div", { class: "marks" });
  root.classList.add("curve");
  replace(root, chart.holder, chart.ticks, chart.tip);
  watchSize(root, () => chart.picture && draw(chart));
  return {
    update(picture) {
      const before = chart.picture;
      chart.picture = picture;
      const keys = ["lines", "log", "verdicts", "theme", "ticks"];
      const same = before && keys.every((key) => before[key] === picture[key])
        && before.axis.from === picture.axis.from && before.axis.to === picture.axis.to;
      if (!same || !chart.plot) draw(chart);
      drawCross(chart);
    },
  };
}

function draw(chart) {
  const { root, picture } = chart;
  if (!hasSize(root)) return;
  chart.gutter = gutter(root.clientWidth);
  chart.width = Math.max(40, root.clientWidth - chart.gutter - RIGHT);
  chart.plot?.destroy();
  const { data, series, bands } = table(picture);
  chart.plot = new uPlot(optionsOf(chart, series, bands), data, chart.holder);
  chart.plot.over.append(chart.cross, chart.marks);
  placeMarks(chart.marks, picture.verdicts, picture.axis, chart.width, () => 10, (verdict) => chart.actions.pick?.(verdict));
  chart.ticks.hidden = !picture.ticks;
  const ticks = stepTicks(picture.axis, chart.width).map(({ label, t }) =>
    el("span", { class: "x-tick", style: { left: `${chart.gutter + t * chart.width}px` } }, label));
  replace(chart.ticks, ticks, el("span", { class: "x-title" }, "step"));
  drawCross(chart);
}

/** Lines of different steps in one table, as uPlot wants it: undefined where a line has no step. */
function table({ lines, theme }) {
  const tables = [];
  const series = [{}];
  const bands = [];
  for (const { label, steps, values, low, colour, points } of lines) {
    tables.push([steps, Array.from(values, hole)]);
    series.push({ label, stroke: colour, width: points ? 1.5 : 1.6, spanGaps: false, points: { show: points ?? steps.length === 1, size: 5, fill: colour } });
    if (!low) continue;
    tables.push([steps, Array.from(low, hole)]);
    series.push({ label: `${label}, smallest`, stroke: colour, width: 0.5, points: { show: false } });
    bands.push({ series: [series.length - 2, series.length - 1], fill: `${colour}${theme.dark ? "55" : "33"}` });
  }
  const data = tables.length ? uPlot.join(tables, tables.map((one) => one.slice(1).map(() => 2))) : [[]];
  return { data: data.length > 1 ? data : [[], []], series: series.length > 1 ? series : [{}, {}], bands };
}

function hole(value) {
  return Number.isFinite(value) ? value : null;
}

function optionsOf(chart, series, bands) {
  const { picture, width, height } = chart;
  const { axis, theme, log } = picture;
  const [low, high] = rangeOf(picture);
  return {
    width: chart.gutter + width + RIGHT, height, series, bands,
    padding: [10, RIGHT, 6, 0],
    legend: { show: false },
    cursor: {
      x: false, y: false, points: { show: false }, drag: { x: true, y: false, setScale: false, dist: 5 },
      bind: { dblclick: () => () => chart.actions.set({ first: null, last: null }) },
    },
    scales: { x: { time: false, range: () => [axis.from, axis.to] }, y: { distr: log ? 3 : 1, range: () => [low, high] } },
    axes: [
      { show: true, size: 0, grid: { stroke: theme.grid, width: 1 }, ticks: { show: false }, values: () => [],
        splits: () => stepTicks(axis, width).map((tick) => tick.value) },
      { size: chart.gutter, gap: 6, stroke: theme.muted, font: `12px ${theme.font}`, grid: { stroke: theme.grid, width: 1 }, ticks: { show: false },
        splits: () => (log ? logTicks(Math.log10(low), Math.log10(high), height / 26) : linearTicks(low, high, height / 28)),
        filter: (plot, splits) => splits, values: (plot, splits) => labels(splits) },
    ],
    hooks: {
      draw: [(plot) => drawBroken(plot, picture)],
      setSelect: [(plot) => plot.select.width > 5 && zoom(chart, plot)],
      setCursor: [(plot) => hover(chart, plot)],
    },
  };
}

/** Smallest and largest of what is drawn, with a little air. */
function rangeOf({ lines, log, axis }) {
  let [low, high] = [Infinity, -Infinity];
  for (const { steps, values, low: lower } of lines) {
    for (let i = 0; i < values.length; i += 1) {
      if (steps[i] < axis.from || steps[i] > axis.to) continue;
      for (const value of lower ? [values[i], lower[i]] : [values[i]]) {
        if (!Number.isFinite(value) || (log && value <= 0)) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
  }
  if (low > high) return log ? [0.1, 10] : [0, 1];
  if (log) return low === high ? [low / 2, high * 2] : [low / 1.15, high * 1.15];
  const air = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
  return [low - (low >= 0 && low < air ? low : air), high + air];
}

/** Where numbers are NaN or Inf: a strip at the foot, and since when in words. */
function drawBroken(plot, { lines, axis, theme }) {
  const { ctx: context, bbox } = plot;
  const density = uPlot.pxRatio;
  const x = (step) => bbox.left + Math.min(1, Math.max(0, fraction(axis, step))) * bbox.width;
  const spans = lines.flatMap(({ steps, values }) => brokenSpans(steps, values)).filter(({ from, to }) => to > axis.from && from < axis.to);
  for (const { from, to, value } of spans) {
    context.fillStyle = (Number.isNaN(value) ? SPECIAL.nan : SPECIAL.infinite).colour;
    context.fillRect(x(from), bbox.top + bbox.height - 6 * density, Math.max(2 * density, x(to) - x(from)), 6 * density);
  }
  if (!spans.length) return;
  const first = spans.reduce((a, b) => (b.from < a.from ? b : a));
  sayBroken(context, bbox, x(first.from), density, first, theme);
}

/** The stretches of steps without finite numbers: [{from, to, step, value}]. */
function brokenSpans(steps, values) {
  const spans = [];
  for (let i = 0; i < values.length; i += 1) {
    if (Number.isFinite(values[i])) continue;
    const to = (steps[i + 1] ?? steps[i] + 1) - 0.5;
    const before = spans.at(-1);
    if (before && before.to === steps[i] - 0.5 && Number.isNaN(before.value) === Number.isNaN(values[i])) before.to = to;
    else spans.push({ from: steps[i] - 0.5, to, step: steps[i], value: values[i] });
  }
  return spans;
}

function sayBroken(context, bbox, left, density, { step, value }, theme) {
  const text = `${Number.isNaN(value) ? "NaN" : "Inf"} from step ${count(step)}`;
  context.font = `500 ${12 * density}px ${theme.font}`;
  const width = context.measureText(text).width;
  const fits = left + width + 8 * density < bbox.left + bbox.width;
  context.fillStyle = theme.ink;
  context.textAlign = fits ? "left" : "right";
  context.textBaseline = "bottom";
  context.fillText(text, fits ? left + 6 * density : Math.min(left - 6 * density, bbox.left + bbox.width), bbox.top + bbox.height - 9 * density);
}

function zoom(chart, plot) {
  const { left, width } = plot.select;
  const [first, last] = [left, left + width].map((x) => plot.posToVal(x, "x"));
  plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  const { from, to } = chart.picture.axis;
  const low = Math.max(Math.ceil(from), Math.round(first));
  chart.actions.set({ first: low, last: Math.max(low, Math.min(Math.floor(to), Math.round(last))) });
}

function hover(chart, plot) {
  const { left } = plot.cursor;
  const inside = left !== null && left !== undefined && left >= 0;
  if (!inside && chart.tip.hidden) return;
  const step = inside ? plot.posToVal(left, "x") : null;
  const told = inside ? chart.picture.lines.map((line) => nearest(line, step, chart.picture.axis)).filter(Boolean) : [];
  chart.tip.hidden = !told.length;
  replace(chart.tip, told.map(({ label, step: at, value }, i) =>
    el("span", { class: i ? "tip-name" : "tip-value" }, `${label} ${number(value)}`, el("span", { class: "tip-when" }, ` step ${count(at)}`))));
  if (told.length) {
    chart.tip.style.left = `${Math.min(chart.gutter + left + 12, chart.root.clientWidth - chart.tip.offsetWidth)}px`;
    chart.tip.style.top = `${chart.height - 8}px`;
  }
  chart.actions.hover(told.length ? told[0].step : null, null);
}

/** What a line holds nearest to a step, of what is drawn. */
function nearest({ label, steps, values }, step, { from, to }) {
  let best = -1;
  for (let i = 0; i < steps.length; i += 1) {
    if (steps[i] < from || steps[i] > to) continue;
    if (best < 0 || Math.abs(steps[i] - step) < Math.abs(steps[best] - step)) best = i;
  }
  return best < 0 ? null : { label, step: steps[best], value: values[best] };
}

function drawCross(chart) {
  const { picture, cross, width } = chart;
  const t = picture.step === null || picture.step === undefined ? -1 : fraction(picture.axis, picture.step);
  cross.hidden = !(t >= 0 && t <= 1);
  if (!cross.hidden) cross.style.left = `${t * width}px`;
}
