// Two runs side by side: what tells them apart in words, the same heatmap twice on shared scales,
// the selected row of both over one another, settings and data.

import { createChart } from "./charts.js";
import { line as lineColour, scaleOf } from "./colours.js";
import { agree, overlay, sharedSpan, widest } from "./compare-runs.js";
import { dataTable, layersTable, onlyLists, sentences, settingsTable } from "./compare-tables.js";
import { el, replace, setText } from "./dom.js";
import { createFigure } from "./figure.js";
import { count, number } from "./format.js";
import * as heatmap from "./heatmap.js";
import { marksOf, specialKey } from "./oversteps.js";
import { matchRow } from "./rows.js";
import { stepTicks } from "./scales.js";

// What of a view the lines depend on; the step only moves the cursor.
const DRAWN = ["other", "series", "otherSeries", "layer", "theme", "statistic", "first", "last"];

/** The panel; hidden while there is no run to compare with. */
export function create(root, actions) {
  const parts = {
    title: el("h2"),
    error: el("p", { class: "view-error", role: "alert", hidden: true }),
    words: el("div", { class: "compare-words" }),
    titles: [el("h3"), el("h3")],
    pictures: [el("div", { class: "compare-picture" }), el("div", { class: "compare-picture" })],
    legend: el("div", { class: "legend" }),
    tables: el("div", { class: "compare-tables" }),
  };
  const frame = createFigure("overlay");
  const panel = { root, parts, actions, frame, view: null, key: "", shown: null, names: [] };
  build(panel);
  return { update: (view) => update(panel, view) };
}

function build(panel) {
  const { root, parts, actions, frame } = panel;
  const button = (text, onclick) => el("button", { type: "button", class: "quiet", onclick }, text);
  const swap = button("Swap", () => actions.set({ run: panel.view.other.run, other: panel.view.run.run }));
  const stop = button("Stop comparing", () => actions.set({ other: null }));
  parts.heatmaps = el("div", { class: "side-by-side" },
    parts.pictures.map((picture, i) => el("div", {}, parts.titles[i], picture)));
  replace(root, el("header", { class: "view-head" }, parts.title, el("span", { class: "view-buttons" }, swap, stop)),
    parts.error, parts.words, parts.legend, parts.heatmaps, frame.root, parts.tables);
  panel.maps = [0, 1].map((side) => heatmap.create(parts.pictures[side], sideActions(panel, side), {
    legend: side ? el("div") : parts.legend,
  }));
  panel.chart = createChart(frame.plot, {
    height: 240,
    hover: (index) => actions.hover(index === null ? null : Math.round(panel.shown.x[index]), panel.view.layer),
    pick: (index) => actions.set({ step: Math.round(panel.shown.x[index]) }),
    zoom: (low, high) => actions.set({ first: Math.ceil(low), last: Math.max(Math.ceil(low), Math.floor(high)) }),
    reset: () => actions.set({ first: null, last: null }),
  });
}

// A row of run b is selected by the name that it has in run a.
function sideActions(panel, side) {
  const { actions } = panel;
  const known = (name) => (side && name ? panel.names.find(([, b]) => b === name)?.[0] ?? name : name);
  return {
    ...actions,
    hover: (step, name) => actions.hover(step, known(name)),
    set: (changes) => actions.set("layer" in changes ? { ...changes, layer: known(changes.layer) } : changes),
  };
}

function update(panel, view) {
  const before = panel.view;
  panel.view = view;
  panel.root.hidden = !view.other;
  if (!view.other) {
    panel.key = "";
    return;
  }
  const { run, other } = view;
  const key = JSON.stringify([run.run, run.revision, other.run, other.revision]);
  if (key !== panel.key) {
    panel.key = key;
    setText(panel.parts.title, `${run.title} (a) against ${other.title} (b)`);
    setText(panel.parts.titles[0], `a: ${run.title}`);
    setText(panel.parts.titles[1], `b: ${other.title}`);
    tell(panel, key, run, other);
  }
  drawMaps(panel);
  if (!before || DRAWN.some((one) => before[one] !== view[one])) drawLines(panel);
  panel.chart.point(nearestPlace(panel.shown?.x, view.step));
}

async function tell(panel, key, run, other) {
  const { parts, actions } = panel;
  try {
    const answer = await actions.compare(run.run, other.run);
    if (panel.key !== key) return;
    parts.error.hidden = true;
    replace(parts.words, sentences(answer, (where) => go(panel, where)));
    replace(parts.tables, settingsTable(answer), dataTable(answer),
      layersTable(answer, (where) => go(panel, where)), onlyLists(answer));
  } catch (error) {
    if (panel.key !== key) return;
    replace(parts.words);
    replace(parts.tables);
    parts.error.hidden = false;
    setText(parts.error, error.message);
  }
}

function go(panel, { statistic, name, step }) {
  const known = panel.view.run.statistics.some((one) => one.name === statistic);
  panel.actions.set({ ...(known ? { statistic } : {}), layer: name, step });
}

function drawMaps(panel) {
  const { run, other, statistic, series, otherSeries, layer } = panel.view;
  const many = statistic?.per !== "step" && series && otherSeries;
  panel.parts.heatmaps.hidden = !many;
  panel.parts.legend.hidden = !many;
  if (!many) return;
  const [lowest, highest] = widest(series, otherSeries);
  const scaleKey = JSON.stringify([statistic.name, lowest, highest]);
  if (panel.scaleKey !== scaleKey) {
    panel.scaleKey = scaleKey;
    panel.scale = scaleOf(statistic, lowest, highest);
  }
  const span = sharedSpan(panel.view);
  if (panel.range?.first !== span.first || panel.range?.last !== span.last) panel.range = span;
  if (panel.namesOf?.[0] !== series.names || panel.namesOf?.[1] !== otherSeries.names) {
    panel.namesOf = [series.names, otherSeries.names];
    panel.names = agree(series.names, otherSeries.names);
  }
  const there = panel.names.find(([a]) => a === layer)?.[1] ?? layer;
  const shared = { ...panel.view, scale: panel.scale, range: panel.range };
  panel.maps[0].update(shared);
  const nonfinite = panel.witness?.of === otherSeries ? panel.witness.series : null;
  panel.maps[1].update({ ...shared, run: other, series: otherSeries, layer: there, nonfinite });
  askForWitness(panel);
}

// Whether a NaN in b is one, or no gradient reaches the variable: its count of NaN tells.
function askForWitness(panel) {
  const { other, statistic, otherSeries, first, last } = panel.view;
  const counted = other.statistics.some(({ name }) => name === "nonfinite_count");
  const gradient = statistic.per === "variable" && statistic.name.startsWith("grad_");
  if (panel.witness?.of === otherSeries || !counted || !gradient || !otherSeries.max.some(Number.isNaN)) return;
  const witness = { of: otherSeries, series: null };
  panel.witness = witness;
  panel.actions.series(other.run, "nonfinite_count", { first, last, columns: otherSeries.columns }).then((series) => {
    witness.series = series;
    if (panel.witness === witness && panel.view.otherSeries === otherSeries) drawMaps(panel);
  }, () => {}); // the picture stays, with NaN for what is not known
}

function drawLines(panel) {
  const { view, frame, chart } = panel;
  const { series, statistic, theme } = view;
  frame.root.hidden = !series;
  if (!series) return;
  const name = rowToShow(view);
  frame.title(statistic.per === "step" ? statistic.name : `${statistic.name} of ${name}`, statistic.formula);
  frame.unit(statistic.unit);
  panel.shown = overlaid(panel, name);
  const lines = ["a", "b"].map((label, i) => ({
    label, values: panel.shown[label], colour: lineColour(i, theme.dark), width: 2,
  }));
  const special = marksOf(lines, statistic.scale === "log");
  const titles = [`a: ${view.run.title}`, `b: ${view.other.title}`];
  frame.key([...lines.map(({ colour }, i) => ({ label: titles[i], colour })), ...specialKey(special)]);
  if (!panel.shown.x.length) return chart.clear("Nothing is recorded in these steps.");
  const span = sharedSpan(view);
  const value = (line, index) => `${line.label} ${number(line.values[index] ?? null)}`;
  chart.draw({
    x: panel.shown.x,
    xRange: [span.first - 0.5, span.last + 0.5],
    xTicks: stepTicks,
    zoomed: view.first !== null,
    lines,
    marks: special,
    scale: statistic.scale,
    theme,
    near: Infinity,
    tip: (index) => [`step ${count(Math.round(panel.shown.x[index]))}`, ...lines.map((line) => value(line, index))],
  });
}

// The row of both runs on one axis; says so where b has no such row.
function overlaid({ view, names, frame }, name) {
  const { series, otherSeries } = view;
  const named = names.find(([a]) => a === name)?.[1] ?? name;
  const there = otherSeries?.names.indexOf(named) ?? -1;
  frame.note(!otherSeries ? "run b does not record it" : there < 0 ? "run b has no such row" : "");
  return overlay(series, series.names.indexOf(name), otherSeries, there);
}

function rowToShow({ series, layer }) {
  return matchRow(series.names, layer) ?? series.names[0];
}

function nearestPlace(x, step) {
  if (!x?.length || step === null || step === undefined) return null;
  return x.reduce((best, place) => (Math.abs(place - step) < Math.abs(best - step) ? place : best), x[0]);
}
