// The picture of a run: rows down, steps across, sizes as colours. Loss and heatmap share axis.js.
//
// A panel: create(root, actions) -> {update(view)}. Of the view it reads run, statistic, series,
// nonfinite, layer, step, first, last, folded, theme; for pictures that share their scales also
// `scale` (of colours.js) and `range` ({first, last} in steps).

import { axisOf, edgesOf, gutter, stepTicks, RIGHT } from "./axis.js";
import { absentOf, absentWords, cellsOf, kindsOf, paint, toPixels } from "./cells.js";
import { scaleOf } from "./colours.js";
import { el, hasSize, replace, watchSize } from "./dom.js";
import { drawNames } from "./heatmap-names.js";
import { listen } from "./heatmap-input.js";
import { drawPointers, rowOf } from "./heatmap-pointers.js";
import { drawLegend } from "./legend.js";
import { placeMarks } from "./marks.js";
import { everyRow, shownRows } from "./rows.js";

/**
 * Makes the panel. `options`: legend: an element for it elsewhere; id: of the canvas; height: in
 * pixels, else as the rows need it; plain: rows that are no layers, to fold or to select.
 */
export function create(root, actions, { legend = null, id = null, height = null, plain = false } = {}) {
  const parts = build(root, id);
  parts.legend = legend ?? root.appendChild(el("div", { class: "legend" }));
  const picture = { root, parts, actions, height: 0, fixed: height, plain, view: null, shown: [], drawn: 0, cursor: null, inputs: null };
  root.classList.toggle("plain", plain);
  listen(picture);
  watchSize(root, () => picture.view && draw(picture, true));
  return { update: (view) => update(picture, view) };
}

function build(root, id) {
  root.classList.add("heatmap");
  const canvas = el("canvas", { id, class: "heat-canvas", tabindex: "0", role: "application", "aria-roledescription": "heatmap", dataset: { drawn: "0" } });
  const parts = {
    canvas,
    names: el("div", { class: "heat-names" }),
    marks: el("div", { class: "marks" }),
    row: el("div", { class: "row-outline", hidden: true }),
    cross: el("div", { class: "cross", hidden: true }),
    cell: el("div", { class: "cell-outline", hidden: true }),
    drag: el("div", { class: "drag", hidden: true }),
    ticks: el("div", { class: "x-axis" }),
    tip: el("div", { class: "tip", hidden: true }),
    live: el("div", { class: "unseen", "aria-live": "polite" }),
    empty: el("p", { class: "empty", hidden: true }),
  };
  parts.plot = el("div", { class: "heat-plot" }, canvas, parts.row, parts.cross, parts.cell, parts.drag, parts.marks);
  replace(root, el("div", { class: "heat-body" }, parts.names, parts.plot), parts.ticks, parts.tip, parts.live, parts.empty);
  return parts;
}

function update(picture, view) {
  picture.view = view;
  draw(picture, false);
}

function draw(picture, resized) {
  const { view, root } = picture;
  if (!hasSize(root) || !view.series) return;
  const inputs = [view.series, view.nonfinite, view.folded, view.layer, view.first, view.last, view.scale, view.range, view.run.last_step];
  const same = !resized && picture.inputs?.every((one, i) => one === inputs[i]);
  if (!same) {
    picture.inputs = inputs;
    layOut(picture);
    drawCells(picture);
    drawAround(picture);
  }
  drawPointers(picture);
}

/** Which rows, how high, which axis. */
function layOut(picture) {
  const { view, root, parts } = picture;
  const { series, run } = view;
  const range = view.range ?? { first: view.first, last: view.last };
  const rows = picture.shown.length;
  picture.shown = picture.plain ? everyRow(series.names) : shownRows(series.names, view.folded, view.layer);
  if (rows !== picture.shown.length) forget(picture);
  picture.axis = axisOf(run, range.first, range.last);
  picture.edges = edgesOf(series, picture.axis);
  picture.gutter = gutter(root.clientWidth);
  picture.width = Math.max(40, root.clientWidth - picture.gutter - RIGHT);
  picture.height = picture.fixed ?? heightOf(picture.shown.length);
  parts.names.style.width = `${picture.gutter}px`;
  parts.plot.style.width = `${picture.width}px`;
  parts.plot.style.height = `${picture.height}px`;
  const nothing = !series.columns || !series.rows;
  parts.empty.hidden = !nothing;
  parts.empty.textContent = nothing ? "No step of this statistic is recorded in this range." : "";
}

/** Rows moved under the pointer: what it pointed to is elsewhere now. */
function forget(picture) {
  picture.cursor = null;
  picture.parts.tip.hidden = true;
}

/** Rows as high as reads well, all of them within a screen. */
function heightOf(rows) {
  const each = rows <= 4 ? 34 : rows <= 8 ? 28 : rows <= 14 ? 22 : rows <= 22 ? 18 : rows <= 40 ? 13 : Math.max(480, Math.min(rows, 56) * 12.5) / rows;
  return Math.round(rows * each);
}

function drawCells(picture) {
  const { view, parts, shown, width, height } = picture;
  const { series } = view;
  const density = window.devicePixelRatio || 1;
  const [across, down] = [Math.round(width * density), Math.round(height * density)];
  const rows = Math.min(shown.length, down);
  Object.assign(parts.canvas, { width: across, height: down });
  picture.scale = view.scale ?? scaleOf(view.statistic, series.lowest, series.highest);
  picture.cells = cellsOf(series, shown, absentOf(series, view.nonfinite, view.statistic.per));
  picture.kinds = kindsOf(picture.cells);
  if (rows && series.columns) {
    const colours = paint(toPixels(picture.cells, shown.length, picture.edges, picture.axis, across, rows), picture.scale);
    const small = new OffscreenCanvas(across, rows);
    small.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(colours.buffer), across, rows), 0, 0);
    const context = parts.canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, across, down);
    separate(context, shown, across, down, view.theme);
  }
  picture.drawn += 1;
  parts.canvas.dataset.drawn = String(picture.drawn);
}

/** A hairline of the ground between blocks, where rows are high enough for it. */
function separate(context, shown, across, down, theme) {
  if (down / shown.length < 11) return;
  context.fillStyle = theme.surface;
  shown.forEach(({ block }, row) => {
    if (row && (block === null || block !== shown[row - 1].block)) context.fillRect(0, Math.round((row * down) / shown.length), across, 1);
  });
}

function drawAround(picture) {
  const { view, parts, axis, width, height, shown, actions } = picture;
  drawNames(picture);
  drawLegend(parts.legend, picture.scale, view.statistic.unit, picture.kinds, absentWords(view.statistic.per)[0]);
  const ticks = stepTicks(axis, width).map(({ label, t }) =>
    el("span", { class: "x-tick", style: { left: `${picture.gutter + t * width}px` } }, label));
  replace(parts.ticks, ticks, el("span", { class: "x-title" }, "step"));
  const topOf = (verdict) => {
    const row = rowOf(shown, view.series.names.indexOf(verdict.name));
    return verdict.statistic === view.statistic.name && row >= 0 ? ((row + 0.5) / shown.length) * height : 10;
  };
  placeMarks(parts.marks, view.run.verdicts, axis, width, topOf, (verdict) => actions.pick?.(verdict));
  parts.canvas.setAttribute("aria-label",
    `${view.statistic.name} of ${shown.length} rows over steps ${Math.ceil(axis.from)} to ${Math.floor(axis.to)} of ${view.run.title}. `
    + "Arrow keys move the cell, Enter selects its row, Escape resets the zoom.");
}
