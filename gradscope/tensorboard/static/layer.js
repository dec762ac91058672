// One layer: all statistics of its output and of its variables as small charts, and how it began.

import { createChart } from "./charts.js";
import { line as lineColour } from "./colours.js";
import * as details from "./details.js";
import { el, replace, setText } from "./dom.js";
import { createFigure } from "./figure.js";
import { number, steps } from "./format.js";
import { chartsOf, linesOf, rowsByStatistic } from "./layer-charts.js";
import { guidesOf, marksOf, middles, placeOf, rangeOfSteps, rangeOfX, specialKey } from "./oversteps.js";
import { layerOf } from "./paths.js";
import { stepTicks } from "./scales.js";

const COLUMNS = 300; // about as many as a small chart has pixels
const HEIGHT = 160;

/** The panel; hidden while no layer, variable or class is selected. */
export function create(root, actions) {
  const parts = {
    title: el("h2", { class: "layer-title" }),
    facts: el("div", { class: "layer-facts" }),
    error: el("p", { class: "view-error", role: "alert", hidden: true }),
    grid: el("div", { class: "small-multiples" }),
    still: el("p", { class: "layer-still" }),
    details: el("section", { class: "layer-details", hidden: true }),
  };
  const close = el("button", { type: "button", class: "quiet", onclick: () => actions.set({ layer: null }) }, "Close");
  replace(root, el("header", { class: "view-head" }, parts.title, close), parts.facts, parts.error, parts.grid, parts.still, parts.details);
  const panel = { root, parts, actions, figures: new Map(), key: "", view: null };
  panel.details = details.create(parts.details, actions);
  return { update: (view) => update(panel, view) };
}

function update(panel, view) {
  panel.view = view;
  const { run, layer, statistic } = view;
  const per = layer === null || layer === undefined ? null : perOf(run, layer, statistic);
  panel.root.hidden = per === null;
  if (per === null) return;
  const name = layerOf(layer, per, run.axes.layer ?? []);
  const key = JSON.stringify([run.run, run.revision, name, layer, view.first, view.last, view.theme.dark]);
  panel.details.update(view, name);
  if (key === panel.key) return point(panel);
  panel.key = key;
  describe(panel, run, name, per);
  load(panel, key, run, name, per);
}

/** What a selected name is: of the shown statistic's kind, or else of any kind that knows it. */
export function perOf(run, name, statistic) {
  const of = (per) => run.statistics.some((one) => one.per === per && (run.axes[one.axis] ?? []).includes(name));
  const order = [statistic?.per, "variable", "layer", "class"];
  return order.find((per) => per && per !== "step" && of(per)) ?? null;
}

async function load(panel, key, run, name, per) {
  const { first, last } = panel.view;
  const wanted = rowsByStatistic(run, name, per);
  const options = { first, last, columns: COLUMNS };
  try {
    const answers = await Promise.all(wanted.map(({ statistic, rows }) =>
      panel.actions.series(run.run, statistic.name, { ...options, rows })));
    if (panel.key !== key) return; // another layer was chosen meanwhile
    const held = new Map(wanted.map(({ statistic }, i) => [statistic.name, { statistic, series: answers[i] }]));
    panel.parts.error.hidden = true;
    draw(panel, run, held);
  } catch (error) {
    if (panel.key !== key) return;
    panel.key = ""; // the next update asks again
    panel.parts.error.hidden = false;
    setText(panel.parts.error, error.message);
  }
}

function draw(panel, run, held) {
  const names = [...new Set([...held.values()].flatMap(({ series }) => series.names))];
  const colour = (name) => lineColour(names.indexOf(name), panel.view.theme.dark);
  const second = lineColour(3, panel.view.theme.dark);
  const charts = chartsOf(held).map((chart) => ({ ...chart, ...linesOf(chart, held, run.info, colour, second) }));
  const still = charts.filter((chart) => isStill(chart));
  const moving = charts.filter((chart) => !still.includes(chart) && chart.series.columns);
  for (const [id, figure] of panel.figures) {
    if (moving.some((chart) => chart.id === id)) continue;
    figure.chart.destroy();
    panel.figures.delete(id);
  }
  replace(panel.parts.grid, moving.map((chart) => figureOf(panel, chart).frame.root));
  for (const chart of moving) drawOne(panel, chart, run);
  const zero = still.length ? `0 at every step: ${still.map((chart) => chart.title).join(", ")}.` : "";
  setText(panel.parts.still, charts.some(({ series }) => series.columns) ? zero : "Nothing is recorded in these steps.");
  point(panel);
}

// A chart that is 0 all the way is one line of text.
function isStill({ lines }) {
  return lines.length > 0 && lines.every(({ values }) => values.length > 0 && values.every((value) => value === 0));
}

function figureOf(panel, { id }) {
  const before = panel.figures.get(id);
  if (before) return before;
  const frame = createFigure(id);
  const figure = { frame, drawn: null };
  figure.chart = createChart(frame.plot, {
    height: HEIGHT,
    hover: (index) => panel.actions.hover(index === null ? null : figure.drawn.series.first[index], panel.view.layer),
    pick: (index) => panel.actions.set({ step: figure.drawn.series.first[index] }),
    zoom: (low, high) => panel.actions.set(rangeOfSteps(figure.drawn.series, low, high)),
    reset: () => panel.actions.set({ first: null, last: null }),
  });
  panel.figures.set(id, figure);
  return figure;
}

function drawOne(panel, chart, run) {
  const figure = figureOf(panel, chart);
  const { series, lines, bands, scale, unit } = chart;
  const { first, last, theme } = panel.view;
  figure.drawn = { series, x: middles(series) };
  figure.frame.title(chart.title, chart.formula);
  figure.frame.unit(unit);
  // A class that a batch lacks has no loss, which is no NaN to warn of.
  const special = chart.per === "class" ? [] : marksOf(lines, scale === "log");
  figure.frame.key([...chart.key, ...specialKey(special)]);
  figure.chart.draw({
    x: figure.drawn.x,
    xRange: rangeOfX({ run, first, last }),
    xTicks: stepTicks,
    zoomed: first !== null,
    lines,
    bands,
    marks: special,
    guides: guidesOf(chart),
    scale,
    theme,
    near: Infinity,
    tip: (index, line) => tipOf(chart, index, line),
  });
}

function tipOf({ series, lines, unit, tips }, index, line) {
  const when = steps(series.first[index], series.last[index]);
  if (tips) return [...tips(index), when];
  if (line === null) return [when];
  return [lines[line].label, `${number(lines[line].values[index])} ${unit}`, when];
}

function point(panel) {
  for (const { chart, drawn } of panel.figures.values()) {
    if (drawn) chart.point(placeOf(drawn, panel.view.step));
  }
}

function describe(panel, run, name, per) {
  setText(panel.parts.title, per === "class" ? `Class ${name}` : name);
  replace(panel.parts.facts, per === "class" ? [] : [kindOfLayer(run, name), beginnings(run, name)]);
}

function kindOfLayer(run, name) {
  const facts = run.info?.layers?.[name];
  if (!facts) return null;
  const said = [facts.class, facts.activation, facts.units ? `${facts.units} units` : null].filter(Boolean);
  return el("p", { class: "layer-kind" }, said.join(" · "));
}

/** How each variable of the layer began, as the run's info says. */
function beginnings(run, layer) {
  const variables = Object.entries(run.info?.variables ?? {})
    .filter(([name]) => layerOf(name, "variable", run.axes.layer ?? []) === layer);
  if (!variables.length) return null;
  const heads = ["variable", "shape", "type", "initial mean", "std", "largest"];
  const head = el("tr", {}, heads.map((text) => el("th", { scope: "col" }, text)));
  const rows = variables.map(([name, { shape, dtype, initial }]) => el("tr", {},
    el("th", { scope: "row" }, name.startsWith(`${layer}/`) ? name.slice(layer.length + 1) : name),
    el("td", {}, shape?.length ? shape.join(" × ") : "scalar"),
    el("td", {}, dtype ?? "–"),
    [initial?.mean, initial?.std, initial?.max_abs].map((value) => el("td", { class: "figure-number" }, number(value)))));
  const table = el("table", { class: "facts-table" }, el("thead", {}, head), el("tbody", {}, rows));
  return el("div", { class: "table-scroll" }, table);
}
