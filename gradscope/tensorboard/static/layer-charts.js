// Which charts a layer has and which lines are in them. Pure, so that it is tested without drawing.

import { number } from "./format.js";
import { rowOf } from "./oversteps.js";
import { lastPart, ofCall, rowsOf } from "./paths.js";

// In this order: what goes back, what is changed, what comes out.
const ORDER = [
  "grad_norm", "grad_largest", "update_ratio", "activation_spread", "units", "activation_grad_norm",
  "activation_rms", "weight_norm", "update_norm", "grad_zero_fraction", "nonfinite_count",
];

/** The statistics that say something of a layer or class, each with its rows: [{statistic, rows}]. */
export function rowsByStatistic(run, name, per) {
  const kinds = per === "class" ? ["class"] : ["variable", "layer"];
  return run.statistics
    .filter((statistic) => kinds.includes(statistic.per))
    .map((statistic) => ({
      statistic,
      // At most 64 rows travel at once; a layer of more variables shows its first.
      rows: rowsOf(name, statistic.per, run.axes[statistic.axis] ?? [], run.axes.layer ?? []).slice(0, 64),
    }))
    .filter(({ rows }) => rows.length);
}

/** The charts of what is held: [{id, title, unit, formula, scale, of}], most telling first. */
export function chartsOf(held) {
  const charts = [];
  for (const { statistic } of held.values()) charts.push(...chartOf(statistic, held));
  const rank = ({ id }) => (ORDER.includes(id) ? ORDER.indexOf(id) : ORDER.length);
  return charts.sort((a, b) => rank(a) - rank(b));
}

function chartOf(statistic, held) {
  const { name, unit, formula, scale } = statistic;
  if (name === "grad_max_abs" && held.has("grad_norm")) {
    const told = "max |gᵢ| against √(mean gᵢ²) = ‖g‖ / √n: far apart where few elements carry the gradient";
    return [{ id: "grad_largest", title: "gradient element: largest and rms", unit, formula: told, scale, of: [name] }];
  }
  if (name === "activation_mean" && held.has("activation_rms")) {
    const told = "mean a ± √(mean a² − (mean a)²) over all elements of the output";
    return [{ id: "activation_spread", title: "output: mean ± standard deviation", unit, formula: told, scale: "linear", of: [name] }];
  }
  if (name === "saturated_fraction" && held.has("dead_fraction")) return [];
  if (name === "dead_fraction" || name === "saturated_fraction") {
    const of = ["dead_fraction", "saturated_fraction"].filter((one) => held.has(one));
    const told = of.map((one) => `${one}: ${held.get(one).statistic.formula}`).join("\n");
    return [{ id: "units", title: titleOfUnits(of), unit: "share", formula: told, scale: "share", of }];
  }
  return [{ id: name, name, per: statistic.per, title: name, unit, formula, scale, of: [name] }];
}

function titleOfUnits(of) {
  const words = of.map((one) => (one === "dead_fraction" ? "dead" : "saturated"));
  return `${words.join(" and ")} share`;
}

/**
 * The lines of a chart: {series, lines, bands, key, tips}. `colour(name)` is that of a row,
 * `second` that of a second quantity of the same row.
 */
export function linesOf(chart, held, info, colour, second) {
  if (chart.id === "grad_largest") return largestLines(held, info, colour);
  if (chart.id === "activation_spread") return spreadLines(held, colour);
  if (chart.id === "units") return unitLines(chart, held, colour, second);
  const { series, statistic } = held.get(chart.of[0]);
  const lines = series.names.map((name, row) => ({
    label: shortOf(name), values: rowOf(series, row), colour: colour(name), width: 1.75,
  }));
  return { series, lines, bands: [], key: keyOf(lines, statistic.per) };
}

// One line of a layer's output needs no name, and more than six are told apart by pointing at them.
function keyOf(lines, per) {
  if ((lines.length === 1 && per !== "variable") || lines.length > 6) return [];
  return lines.map(({ label, colour }) => ({ label, colour }));
}

/** A row's name within its layer: "kernel", "output", "call 2". */
export function shortOf(name) {
  const call = /@(\d+)/.exec(name.slice(ofCall(name).length));
  const output = /\[(\d+)\]$/.exec(name);
  if (call) return `call ${call[1]}`;
  return output ? `output ${output[1]}` : lastPart(name);
}

// Largest elements are in the colour of the variable, rms in a paler one: dashes are noise where
// columns are narrow.
function largestLines(held, info, colour) {
  const { series } = held.get("grad_max_abs");
  const norms = held.get("grad_norm").series;
  const lines = [];
  series.names.forEach((name, row) => {
    const tint = colour(name);
    lines.push({ label: `${shortOf(name)}: largest`, values: rowOf(series, row), colour: tint, width: 1.75 });
    const rms = rmsOf(norms, name, info);
    if (rms) lines.push({ label: `${shortOf(name)}: rms`, values: rms, colour: `${tint}80`, width: 1.25 });
  });
  const key = series.names.length > 4 ? [] : series.names.map((name) => ({ label: shortOf(name), colour: colour(name) }));
  if (lines.length > series.names.length) key.push({ label: "pale: rms", colour: "#88888880" });
  return { series, lines, bands: [], key };
}

/** ‖g‖ / √n of a variable over steps, null where its shape is unknown or differs in columns. */
export function rmsOf(norms, name, info) {
  const row = norms.names.indexOf(name);
  const shape = info?.variables?.[name]?.shape;
  if (row < 0 || !Array.isArray(shape)) return null;
  const size = Math.max(1, shape.reduce((product, length) => product * length, 1));
  return rowOf(norms, row).map((norm) => norm / Math.sqrt(size));
}

/** The standard deviation from mean and root mean square: √(max(rms² − mean², 0)). */
export function deviation(mean, rms) {
  return Float32Array.from(mean, (m, i) => Math.sqrt(Math.max(rms[i] * rms[i] - m * m, 0)));
}

// More than one call or output would be bands over bands: the first is shown.
function spreadLines(held, colour) {
  const { series } = held.get("activation_mean");
  const name = series.names[0];
  const spread = held.get("activation_rms").series;
  const row = spread.names.indexOf(name);
  const mean = rowOf(series, 0);
  const tint = colour(name);
  const line = { label: shortOf(name), values: mean, colour: tint, width: 2 };
  if (row < 0) return { series, lines: [line], bands: [], key: [] };
  const std = deviation(mean, rowOf(spread, row));
  const low = mean.map((value, i) => value - std[i]);
  const high = mean.map((value, i) => value + std[i]);
  const key = [{ label: "mean", colour: tint }, { label: "± std", colour: `${tint}40`, block: true }];
  const tips = (i) => [`mean ${number(mean[i])}`, `standard deviation ${number(std[i])}`];
  return { series, lines: [line], bands: [{ low, high, colour: `${tint}40` }], key, tips };
}

function unitLines(chart, held, colour, second) {
  const lines = [];
  chart.of.forEach((statistic, i) => {
    const { series } = held.get(statistic);
    const word = statistic === "dead_fraction" ? "dead" : "saturated";
    series.names.forEach((name, row) => {
      const label = series.rows > 1 ? `${shortOf(name)}: ${word}` : word;
      lines.push({ label, values: rowOf(series, row), colour: i ? second : colour(name), width: 1.75 });
    });
  });
  return { series: held.get(chart.of[0]).series, lines, bands: [], key: keyOf(lines, "variable") };
}
