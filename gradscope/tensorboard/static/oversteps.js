// What all charts over steps share: where columns lie, which rows look how, what can't be drawn.

import { axisOf } from "./axis.js";
import { SPECIAL, ramp } from "./colours.js";
import { columnOf } from "./series.js";

/** The middle of each column, where its point is drawn. */
export function middles(series) {
  return Float64Array.from(series.first, (first, column) => (first + series.last[column]) / 2);
}

/** The range of the axis below: that of the heatmap. */
export function rangeOfX({ run, first, last }) {
  const { from, to } = axisOf(run, first, last);
  return [from, to];
}

/** Recorded steps within a range of places: {first, last}, both included. */
export function rangeOfSteps(series, low, high) {
  const first = Math.max(series.first[0], Math.round(low));
  const last = Math.min(series.last[series.columns - 1], Math.round(high));
  return first <= last ? { first, last } : { first: last, last: first };
}

/** Where a step lies on the axis below, null where nothing of it is shown. */
export function placeOf(shown, step) {
  if (!shown || step === null || step === undefined || !shown.series.columns) return null;
  const column = columnOf(shown.series, step);
  return column < 0 || step > shown.series.last.at(-1) ? null : shown.x[column];
}

/** One row of a series. */
export function rowOf(series, row) {
  return series.max.subarray(row * series.columns, (row + 1) * series.columns);
}

/** The colour of a row by its depth; the ends of the ramp that are lost on the ground are left out. */
export function depthColour(row, total, theme) {
  const t = total > 1 ? row / (total - 1) : 0.4;
  return ramp(theme.dark ? 0.33 + 0.67 * t : 0.85 * t);
}

/** Columns with values that an axis can't show: [{index, kind, colour, low}]. */
export function marksOf(lines, log) {
  const worst = [];
  for (const { values } of lines) {
    if (!values.some((value) => Number.isFinite(value))) continue; // never reached by a gradient
    values.forEach((value, index) => {
      const kind = kindOf(value, log);
      if (kind && RANK.indexOf(kind) > RANK.indexOf(worst[index])) worst[index] = kind;
    });
  }
  return worst.map((kind, index) => ({ index, kind, colour: SPECIAL[kind].colour, low: kind === "zero" })).filter(Boolean);
}

const RANK = ["zero", "infinite", "nan"];

/** What an axis can't show: "nan", "infinite", on a log axis "zero"; null for what it can. */
export function kindOf(value, log) {
  if (Number.isNaN(value)) return "nan";
  if (value === Infinity || value === -Infinity) return "infinite";
  return log && value === 0 ? "zero" : null;
}

/** Legend entries for what the marks are. */
export function specialKey(marks) {
  const kinds = [...new Set(marks.map((mark) => mark.kind))];
  return kinds.map((kind) => ({ label: SPECIAL[kind].label, colour: SPECIAL[kind].colour, block: true }));
}

/** The guide line of a statistic, if it has one; always in sight. */
export function guidesOf(statistic) {
  return statistic.name === "update_ratio" ? [{ value: 1e-3, label: "guide 1e-3", include: true }] : [];
}
