// The step axis that loss chart and heatmap share, to the pixel.

import { count } from "./format.js";
import { linearTicks } from "./colours.js";

export const RIGHT = 20; // room at the right end, so that the last label is not cut off

/** Room at the left for the names of rows and for the loss' numbers, in CSS pixels. */
export function gutter(width) {
  return width < 640 ? 116 : width < 1000 ? 176 : 216;
}

/**
 * The axis of a run, or of the part of it that is zoomed to: {from, to} in steps. A step's cell
 * reaches half a step to each side, so that its number stands under its middle.
 */
export function axisOf(run, first, last) {
  const low = first ?? run.first_step ?? 0;
  const high = Math.max(low, last ?? run.last_step ?? low);
  return { from: low - 0.5, to: high + 0.5 };
}

/** Where a step lies between the ends of the axis, 0 to 1 (outside beyond them). */
export function fraction(axis, step) {
  return (step - axis.from) / (axis.to - axis.from);
}

/** The step (no whole number) at a fraction of the axis. */
export function stepAt(axis, t) {
  return axis.from + t * (axis.to - axis.from);
}

/** Whole steps to write below: [{value, label, t}], as many as fit a width in pixels. */
export function stepTicks(axis, width) {
  const room = 10 + 8 * count(Math.round(axis.to)).length;
  const wanted = Math.max(1, Math.min(10, Math.floor(width / room)));
  const values = linearTicks(axis.from, axis.to, wanted).filter(Number.isInteger);
  const shown = values.length ? values : [Math.round(axis.from + 0.5)];
  return shown.map((value) => ({ value, label: count(value), t: fraction(axis, value) }));
}

/**
 * Where each column of a series begins and ends on the axis, in steps: float64[columns + 1]. A
 * column lasts until the next one begins; the last as long as the one before it, at most.
 */
export function edgesOf(series, axis) {
  const { first, last, columns } = series;
  const edges = new Float64Array(columns + 1);
  for (let i = 0; i < columns; i += 1) edges[i] = first[i] - 0.5;
  if (columns) {
    const before = columns > 1 ? first[columns - 1] - first[columns - 2] : 1;
    const own = last[columns - 1] - first[columns - 1] + 1;
    edges[columns] = Math.min(Math.max(first[columns - 1] + Math.max(before, own) - 0.5, last[columns - 1] + 0.5), Math.max(axis.to, last[columns - 1] + 0.5));
  }
  return edges;
}

/** The column under a step that need not be whole; -1 where there is none. */
export function columnAt(edges, step) {
  let low = 0;
  let high = edges.length - 1;
  if (high < 1 || !(step >= edges[0]) || step > edges[high]) return -1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (edges[middle] <= step) low = middle;
    else high = middle;
  }
  return low;
}
