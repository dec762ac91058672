// Value against depth at one step: the picture in which a vanishing gradient is seen.

import { createChart } from "./charts.js";
import { SPECIAL, line as lineColour } from "./colours.js";
import { createFigure } from "./figure.js";
import { number, shorten, steps } from "./format.js";
import { guidesOf, kindOf, rowOf, specialKey } from "./oversteps.js";
import { commonPath, lastPart, layerOf, matchRows } from "./paths.js";
import { matchRow } from "./rows.js";
import { columnOf } from "./series.js";

const NAME_ROOM = 18; // characters of a name on the axis
const SAMPLE = 300; // values of a row that its median is taken of

/** The panel; `update(view)` draws the profile at the view's step, or at the last one. */
export function create(root, actions) {
  const figure = createFigure("depth");
  root.append(figure.root);
  let view = null;
  let shown = null;
  const chart = createChart(figure.plot, {
    height: 280,
    hover: (index, line) => actions.hover(view.step, index === null ? null : nameAt(index, line)),
    pick: (index, line) => actions.set({ layer: nameAt(index, line) }),
  });

  const nameAt = (index, line) => shown.names[rowAt(shown, shown.plot, index, line)];

  function update(next) {
    view = next;
    const { series, statistic } = view;
    root.hidden = !statistic || statistic.per === "step" || statistic.per === "class";
    if (root.hidden || !series) return;
    if (unchanged(shown, view)) return;
    const before = shown;
    shown = profile(view, columnAt(series, view.step), before);
    shown.medians = before?.series === series ? before.medians : medians(series);
    draw();
  }

  function draw() {
    const { series, statistic, theme, layer } = view;
    figure.title(`${statistic.name} against depth`, statistic.formula);
    figure.unit(statistic.unit);
    if (!series.columns) return chart.clear("Nothing is recorded in these steps.");
    const { column, names, at } = shown;
    const plot = plotOf(shown, statistic, theme);
    shown.plot = plot;
    const other = shown.other ? `, b at ${steps(shown.other.first, shown.other.last)}` : "";
    const pinned = view.step === null ? " (last)" : "";
    figure.note(`${steps(series.first[column], series.last[column])}${pinned}${other}`);
    figure.key([...plot.key, ...specialKey(plot.marks)]);
    chart.draw({ ...plot, tip: (index, line) => tipOf(shown, plot, statistic, index, line) });
    const selected = layer === null ? null : names.indexOf(matchRow(names, layer));
    chart.point(selected >= 0 && selected !== null ? at[selected] : null);
  }

  return { update };
}

function unchanged(shown, view) {
  return shown && shown.series === view.series && shown.otherSeries === view.otherSeries && shown.theme === view.theme
    && shown.layer === view.layer && shown.step === view.step;
}

/** The column of a step, the last one where there is no step. */
export function columnAt(series, step) {
  if (step === null || step === undefined) return series.columns - 1;
  return Math.min(series.columns - 1, Math.max(0, columnOf(series, step)));
}

/** The values of all rows in one column. */
export function columnOfRows(series, column) {
  return Float32Array.from({ length: series.rows }, (_, row) => series.max[row * series.columns + column]);
}

/**
 * The median over columns of each row's finite values; NaN where a row has none. Of many columns
 * every k-th is taken: 300 values tell a median well, and 1,000 rows stay fast.
 */
export function medians(series) {
  const stride = Math.ceil(series.columns / SAMPLE) || 1;
  return Float32Array.from({ length: series.rows }, (_, row) => {
    const finite = rowOf(series, row).filter((value, i) => i % stride === 0 && Number.isFinite(value)).sort();
    return finite.length ? finite[finite.length >> 1] : NaN;
  });
}

/**
 * Where rows lie in depth: {layers, at, groups, prefix}. `layers` are the names along the axis, `at`
 * the place of each row, so that a layer's kernel and bias stand over one another; `groups` are the
 * lines: {kind, rows}, kernels apart from biases, the most frequent first; `prefix`: what layers share.
 */
export function arrange(names, per, paths) {
  const layers = [];
  const places = new Map();
  const at = names.map((name) => {
    const layer = per === "variable" ? layerOf(name, per, paths) : name;
    if (!places.has(layer)) places.set(layer, layers.push(layer) - 1);
    return places.get(layer);
  });
  return { layers, at, groups: kinds(names, per), prefix: commonPath(layers) };
}

function kinds(names, per) {
  if (per !== "variable") return [{ kind: "", rows: names.map((_, row) => row) }];
  const found = new Map();
  names.forEach((name, row) => {
    const kind = lastPart(name);
    if (!found.has(kind)) found.set(kind, []);
    found.get(kind).push(row);
  });
  const all = [...found].map(([kind, rows]) => ({ kind, rows }));
  all.sort((a, b) => b.rows.length - a.rows.length || weight(b.kind) - weight(a.kind));
  // More than four lines tell nothing: what is rare goes into one.
  if (all.length <= 4) return all;
  const rest = all.slice(3).flatMap((entry) => entry.rows).sort((a, b) => a - b);
  return [...all.slice(0, 3), { kind: "others", rows: rest }];
}

function weight(kind) {
  return kind.endsWith("kernel") ? 1 : 0;
}

function profile({ run, series, otherSeries, layer, theme, step, statistic }, column, before) {
  const names = series.names;
  const values = series.columns ? columnOfRows(series, column) : new Float32Array(series.rows);
  const { layers, at, groups, prefix } = before?.names === names ? before : arrange(names, statistic.per, run.axes.layer ?? []);
  return {
    series, otherSeries, layer, theme, step, column, names, values, layers, at, groups, prefix,
    other: otherSeries?.columns ? profileOfOther(names, otherSeries, step) : null,
  };
}

function profileOfOther(names, series, step) {
  const column = columnAt(series, step);
  const there = columnOfRows(series, column);
  const values = new Float32Array(names.length).fill(NaN);
  for (const [a, b] of matchRows(names, series.names).pairs) values[a] = there[b];
  return { values, first: series.first[column], last: series.last[column] };
}

// Values along the depth; undefined, which is no gap, where a layer has no such row. Of several rows
// of one kind the largest counts.
function alongDepth({ layers, at }, all, rows) {
  const line = new Array(layers.length).fill(undefined);
  for (const row of rows) {
    const before = line[at[row]];
    line[at[row]] = before === undefined || Number.isNaN(before) || all[row] > before ? all[row] : before;
  }
  return line;
}

function plotOf(shown, statistic, theme) {
  const { layers, groups, values, other } = shown;
  const lines = [];
  const points = layers.length <= 60 ? 6 : undefined;
  groups.forEach(({ rows }, group) => {
    const colour = lineColour(group, theme.dark);
    const along = (all) => alongDepth(shown, all, rows);
    lines.push({ group, values: along(shown.medians), colour: `${colour}50`, width: 5, points: 0, quiet: true });
    lines.push({ group, values: along(values), colour, width: 2, points });
    if (other) lines.push({ group, values: along(other.values), colour, width: 1.5, dash: [5, 4], points });
  });
  return {
    x: Float64Array.from(layers, (_, i) => i),
    xRange: [-0.5, layers.length - 0.5],
    xTicks: (low, high, most, width) => nameTicks(shown.layers, shown.prefix, width),
    lines,
    key: keyOf(groups, other, theme),
    marks: specials(shown, statistic.scale === "log"),
    guides: guidesOf(statistic),
    scale: statistic.scale,
    theme,
    near: Infinity,
  };
}

function keyOf(groups, other, theme) {
  const key = groups.map(({ kind }, i) => ({ label: kind || "this step", colour: lineColour(i, theme.dark) }));
  if (other) key.push({ label: "run b", colour: theme.muted, dash: true });
  key.push({ label: "median over steps", colour: `${lineColour(0, theme.dark)}50`, block: true });
  return key;
}

// A row never reached by a gradient is NaN at every step, and no news.
function specials({ values, at, medians: usual }, log) {
  const marks = [];
  values.forEach((value, row) => {
    const kind = kindOf(value, log);
    if (!kind || (kind === "nan" && Number.isNaN(usual[row]))) return;
    marks.push({ index: at[row], kind, colour: SPECIAL[kind].colour, low: kind === "zero" });
  });
  return marks;
}

/** Names on the axis, as many as fit a width in pixels, without the path that all have in common. */
export function nameTicks(layers, prefix, width) {
  const labels = layers.map((layer) => shorten(layer.slice(prefix.length), NAME_ROOM));
  const longest = Math.max(1, ...labels.map((label) => label.length));
  const stride = Math.ceil(layers.length / Math.max(1, Math.floor(width / (longest * 6.5 + 10))));
  return labels.map((label, place) => ({ place, label })).filter((_, i) => i % stride === 0);
}

// Of the layer under the pointer: the row of the line next to it.
function tipOf(shown, plot, { unit }, index, line) {
  const group = line === null ? 0 : plot.lines[line].group;
  const rows = shown.groups[group].rows.filter((row) => shown.at[row] === index);
  if (!rows.length) return [shown.layers[index]];
  const [row] = rows;
  const said = [shown.names[row], `${number(shown.values[row])} ${unit}`, `median ${number(shown.medians[row])}`];
  if (shown.other) said.push(`run b ${number(shown.other.values[row])}`);
  return said;
}

/** The row to select for a point: that of the line next to the pointer, else the layer's first. */
function rowAt(shown, plot, index, line) {
  const group = line === null ? 0 : plot.lines[line].group;
  const row = shown.groups[group].rows.find((one) => shown.at[one] === index);
  return row ?? shown.at.indexOf(index);
}
