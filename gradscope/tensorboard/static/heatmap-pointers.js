// What moves over a heatmap without drawing its cells again: selected row, step, cell of the keys.

import { fraction } from "./axis.js";
import { columnOf } from "./series.js";

/** Selected row, step under the pointer: without drawing the cells again. */
export function drawPointers(picture) {
  const { view, parts, axis, width, height, shown, cursor } = picture;
  const row = rowOf(shown, view.series.names.indexOf(view.layer));
  const rowHeight = height / Math.max(1, shown.length);
  place(parts.row, row >= 0, { top: row * rowHeight, height: rowHeight });
  const t = view.step === null || view.step === undefined ? -1 : fraction(axis, view.step);
  place(parts.cross, t >= 0 && t <= 1, { left: t * width });
  if (!cursor || cursor.row >= shown.length || cursor.column >= view.series.columns) {
    parts.cell.hidden = true;
    return;
  }
  const [left, right] = [cursor.column, cursor.column + 1].map((at) => Math.min(1, Math.max(0, fraction(axis, picture.edges[at]))) * width);
  place(parts.cell, true, { left, width: Math.max(3, right - left), top: cursor.row * rowHeight, height: Math.max(3, rowHeight) });
}

/** The drawn row that holds a row of the series; -1 where none does. */
export function rowOf(shown, row) {
  return row < 0 ? -1 : shown.findIndex(({ rows }) => rows.includes(row));
}

/** The column nearest to a step. */
export function columnNear(picture, step) {
  const { series } = picture.view;
  return Math.min(series.columns - 1, Math.max(0, columnOf(series, step)));
}

function place(element, visible, box) {
  element.hidden = !visible;
  if (visible) for (const key in box) element.style[key] = `${box[key]}px`;
}
