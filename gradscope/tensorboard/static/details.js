// A layer that was watched closely: gradient elements by size and each unit by itself, over steps.

import { replace, el, setText } from "./dom.js";
import { createFigure } from "./figure.js";
import { count, number } from "./format.js";
import * as heatmap from "./heatmap.js";
import { shortOf } from "./layer-charts.js";
import { layerOf } from "./paths.js";

const COLUMNS = 400; // about as many as a picture of half a screen has pixels
const HEIGHT = 190;
const OPEN = []; // nothing folds here

/** The part of the layer's panel; hidden where the layer has no details. */
export function create(root, actions) {
  const parts = {
    words: el("p", { class: "details-words" }),
    error: el("p", { class: "view-error", role: "alert", hidden: true }),
    grid: el("div", { class: "details-grid" }),
  };
  replace(root, el("h3", {}, "A closer look"), parts.words, parts.error, parts.grid);
  const panel = { root, parts, actions, pictures: new Map(), key: "", view: null };
  return { update: (view, layer) => update(panel, view, layer) };
}

/** The series of details of a layer, as `run.details` lists them. */
export function detailsOf(run, layer) {
  const layers = run.axes.layer ?? [];
  return (run.details?.series ?? []).filter(({ path, per }) => layerOf(path, per, layers) === layer);
}

/** When a layer was watched closely: "steps 20–95", "step 20 to the end"; "" for never. */
export function watchedWhen(run, layer) {
  const spans = (run.details?.watched ?? []).filter((one) => one.layer === layer);
  return spans.map(({ since, until }) =>
    (until === null ? `from step ${count(since)} on` : `from step ${count(since)} to ${count(until)}`)).join(", ");
}

function update(panel, view, layer) {
  panel.view = view;
  const { run, first, last, theme } = view;
  const held = detailsOf(run, layer);
  panel.root.hidden = !held.length;
  const key = JSON.stringify([run.run, run.revision, layer, first, last, theme.dark, held.length]);
  if (!held.length || key === panel.key) return point(panel);
  panel.key = key;
  setText(panel.parts.words, `Watched closely ${watchedWhen(run, layer)}, while gradscope was suspicious of it.`);
  return load(panel, key, layer, held);
}

async function load(panel, key, layer, held) {
  const { run, first, last } = panel.view;
  const options = { first, last, columns: COLUMNS };
  try {
    const answers = await Promise.all(held.map(({ kind, path }) => panel.actions.detail(run.run, kind, path, options)));
    if (panel.key !== key) return; // another layer was chosen meanwhile
    panel.parts.error.hidden = true;
    draw(panel, layer, held.map((told, i) => ({ ...told, ...shownOf(told, answers[i]) })));
  } catch (error) {
    if (panel.key !== key) return;
    panel.key = ""; // the next update asks again
    panel.parts.error.hidden = false;
    setText(panel.parts.error, error.message);
  }
}

function draw(panel, layer, charts) {
  const ids = charts.map(({ kind, path }) => `${kind}/${path}`);
  for (const id of panel.pictures.keys()) if (!ids.includes(id)) panel.pictures.delete(id);
  charts.forEach((chart, i) => {
    const { frame } = pictureOf(panel, ids[i]);
    frame.title(chart.title, chart.formula);
    frame.note(chart.path === layer ? "" : shortOf(chart.path));
    panel.pictures.get(ids[i]).chart = chart;
  });
  replace(panel.parts.grid, ids.map((id) => panel.pictures.get(id).frame.root));
  point(panel);
}

function pictureOf(panel, id) {
  const before = panel.pictures.get(id);
  if (before) return before;
  const frame = createFigure(id);
  const { actions } = panel;
  // A row here is a bin or a unit, which is nothing to select.
  const own = {
    hover: (step) => actions.hover(step, panel.view.layer),
    set({ layer, folded, ...changes }) {
      if (Object.keys(changes).length) actions.set(changes);
    },
  };
  const picture = { frame, chart: null, heat: heatmap.create(frame.plot, own, { height: HEIGHT, plain: true }) };
  panel.pictures.set(id, picture);
  return picture;
}

function point(panel) {
  const { view } = panel;
  for (const { heat, chart } of panel.pictures.values()) {
    if (!chart) continue;
    heat.update({
      run: { ...view.run, verdicts: OPEN }, series: chart.series, nonfinite: chart.witness, folded: OPEN, layer: null,
      statistic: { name: chart.title, unit: chart.unit, scale: chart.scale, per: chart.axis },
      step: view.step, first: view.first, last: view.last, theme: view.theme,
    });
  }
}

/** What is drawn of an answer: {series, witness}; of a histogram the rows that hold anything. */
export function shownOf({ axis }, series) {
  if (axis !== "size") return { series: { ...series, names: series.names.map((name) => `unit ${name}`) }, witness: null };
  const { columns, max } = series;
  const rows = filledRows(series).reverse(); // largest on top
  const values = new Float32Array(rows.length * columns);
  rows.forEach((row, i) => {
    // No element is an empty cell, not a small number.
    for (let column = 0; column < columns; column += 1) values[i * columns + column] = max[row * columns + column] || NaN;
  });
  const shown = { ...series, names: rows.map((row) => binLabel(series.names[row])), rows: rows.length, max: values };
  return { series: shown, witness: { rows: rows.length, columns, max: new Float32Array(values.length) } };
}

/** The bins from the first with elements to the last; what is no size only where there is any. */
function filledRows({ names, columns, max }) {
  const filled = names.map((_, row) => max.subarray(row * columns, (row + 1) * columns).some((value) => value !== 0));
  const sized = names.map((name) => name.startsWith("2^"));
  const from = names.findIndex((_, row) => filled[row] && sized[row]);
  const to = names.findLastIndex((_, row) => filled[row] && sized[row]);
  return names.map((_, row) => row).filter((row) => (sized[row] ? row >= from && row <= to && from >= 0 : filled[row]));
}

/** A bin as a person reads it: "2^-12" is "2.4e-4 and up". */
export function binLabel(name) {
  const power = /^(<|>=|)2\^(-?\d+)$/.exec(name);
  if (!power) return name === "nonfinite" ? "NaN or Inf" : "exactly 0";
  const bound = number(2 ** Number(power[2]), 2);
  return power[1] === "<" ? `below ${bound}` : `from ${bound}`;
}
