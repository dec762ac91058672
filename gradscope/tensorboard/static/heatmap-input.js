// Pointer and keys on a heatmap: hover reads a cell, a drag zooms, a click or Enter selects its row.

import { stepAt, columnAt } from "./axis.js";
import { number, steps } from "./format.js";
import { ABSENT, absentWords } from "./cells.js";
import { columnNear, drawPointers, rowOf } from "./heatmap-pointers.js";

const DRAG = 5; // pixels from which on a click is a drag

/** Listens on the canvas of a picture. */
export function listen(picture) {
  const { canvas } = picture.parts;
  let start = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    start = offset(canvas, event).x;
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const { x, y } = offset(canvas, event);
    if (start !== null) drawDrag(picture, start, x);
    point(picture, cellAt(picture, x, y), event);
  });
  canvas.addEventListener("pointerup", (event) => {
    const { x, y } = offset(canvas, event);
    if (start === null) return;
    const from = start;
    start = null;
    picture.parts.drag.hidden = true;
    if (Math.abs(x - from) > DRAG) zoom(picture, from, x);
    else select(picture, cellAt(picture, x, y));
  });
  const drop = () => {
    start = null;
    picture.parts.drag.hidden = true;
  };
  canvas.addEventListener("pointercancel", drop);
  window.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || start === null) return;
    drop();
    event.stopPropagation(); // the drag alone: the zoom and the selection stay
  }, { capture: true });
  canvas.addEventListener("pointerleave", () => start === null && point(picture, null));
  canvas.addEventListener("dblclick", () => picture.actions.set({ first: null, last: null }));
  canvas.addEventListener("keydown", (event) => keys(picture, event));
  canvas.addEventListener("blur", () => point(picture, null));
}

function offset(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

/** The cell {row, column} under a place of the canvas, null where there is none. */
function cellAt(picture, x, y) {
  if (!picture.shown.length || !picture.edges) return null;
  const column = columnAt(picture.edges, stepAt(picture.axis, x / picture.width));
  const row = Math.min(picture.shown.length - 1, Math.max(0, Math.floor((y / picture.height) * picture.shown.length)));
  return column < 0 ? null : { row, column };
}

/** Shows what a cell holds, and tells the other panels its step. */
function point(picture, cell, event = null) {
  const { parts, actions, view } = picture;
  picture.cursor = cell;
  if (!cell) {
    parts.tip.hidden = true;
    actions.hover(null, null);
  } else {
    const text = readOut(picture, cell);
    showTip(picture, text, cell, event);
    actions.hover(view.series.first[cell.column], text.row);
  }
  if (view?.series) drawPointers(picture);
}

/** The words for a cell: {row, name, when, value}. A folded block names the row that is shown. */
function readOut(picture, { row, column }) {
  const { view, shown, cells } = picture;
  const { series, statistic } = view;
  const value = cells[row * series.columns + column];
  const name = winner(picture, row, column, value);
  const unit = statistic.unit === "1" ? "" : ` ${statistic.unit}`;
  return {
    row: name,
    name: shown[row].folded ? `${name}, largest of ${shown[row].rows.length} in ${shown[row].block}` : name,
    when: steps(series.first[column], series.last[column]),
    value: value === ABSENT ? absentWords(statistic.per)[1] : number(value) + (Number.isFinite(value) ? unit : ""),
  };
}

function winner({ view, shown }, row, column, value) {
  const { series } = view;
  const same = (one) => Object.is(series.max[one * series.columns + column], value);
  return series.names[shown[row].rows.find(same) ?? shown[row].rows[0]];
}

function showTip(picture, { name, when, value }, { row }, event) {
  const { tip, plot, live } = picture.parts;
  tip.hidden = false;
  tip.replaceChildren(...["tip-value", "tip-name", "tip-when"].map((kind, i) => {
    const part = document.createElement("span");
    part.className = kind;
    part.textContent = [value, name, when][i];
    return part;
  }));
  const box = plot.getBoundingClientRect();
  const root = picture.root.getBoundingClientRect();
  const cell = picture.parts.cell;
  const x = event ? event.clientX - root.left : box.left - root.left + cell.offsetLeft;
  const below = box.top - root.top + ((row + 1) / picture.shown.length) * picture.height + 8;
  tip.style.left = `${Math.max(0, Math.min(x + 12, picture.root.clientWidth - tip.offsetWidth))}px`;
  tip.style.top = `${below}px`;
  if (!event) live.textContent = `${name}, ${when}: ${value}`;
}

function drawDrag(picture, from, to) {
  const { drag } = picture.parts;
  const ends = [from, to].map((x) => Math.min(picture.width, Math.max(0, x)));
  drag.hidden = Math.abs(to - from) <= DRAG;
  drag.style.left = `${Math.min(...ends)}px`;
  drag.style.width = `${Math.abs(ends[1] - ends[0])}px`;
}

function zoom(picture, from, to) {
  const [low, high] = [from, to].map((x) => Math.min(1, Math.max(0, x / picture.width))).sort((a, b) => a - b);
  const { first, last } = picture.view.series;
  const [left, right] = [low, high].map((t) => columnAt(picture.edges, stepAt(picture.axis, t)));
  const [begin, end] = [left < 0 ? 0 : left, right < 0 ? first.length - 1 : right];
  if (end >= begin) picture.actions.set({ first: first[begin], last: last[end] });
}

/** Selects the row of a cell and keeps its step; a folded block is opened. */
function select(picture, cell) {
  if (!cell) return;
  const { view, shown, actions } = picture;
  const { row: name } = readOut(picture, cell);
  const step = view.series.first[cell.column];
  const { folded, block } = shown[cell.row];
  const changes = { layer: name, step };
  if (folded && view.folded) changes.folded = view.folded.filter((one) => one !== block);
  actions.set(changes);
}

const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

function keys(picture, event) {
  const { view, shown } = picture;
  if (!view?.series?.columns || event.altKey || event.ctrlKey || event.metaKey) return;
  const at = picture.cursor ?? startOf(picture);
  if (event.key === "Enter" || event.key === " ") select(picture, at);
  else if (event.key === "Home") move(picture, { ...at, column: 0 });
  else if (event.key === "End") move(picture, { ...at, column: view.series.columns - 1 });
  else if (event.key in MOVES) {
    const [down, across] = MOVES[event.key].map((by) => by * (event.shiftKey ? 10 : 1));
    move(picture, picture.cursor
      ? { row: within(at.row + down, shown.length), column: within(at.column + across, view.series.columns) }
      : at);
  } else return;
  event.preventDefault();
}

/** Where the keys begin: the selected row at the kept step. */
function startOf(picture) {
  const { view, shown } = picture;
  const row = Math.max(0, rowOf(shown, view.series.names.indexOf(view.layer)));
  return { row, column: columnNear(picture, view.step ?? view.series.first[0]) };
}

function move(picture, cell) {
  picture.cursor = cell;
  drawPointers(picture);
  point(picture, cell);
}

function within(value, length) {
  return Math.min(length - 1, Math.max(0, value));
}
