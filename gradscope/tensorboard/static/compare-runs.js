// Two runs on one footing: scales that hold for both, rows that mean the same, lines on one axis.

import { middles, rowOf } from "./oversteps.js";
import { matchRows } from "./paths.js";

/** The lowest and highest value of both series; null where neither has any. */
export function widest(a, b) {
  const of = (values, pick) => {
    const known = values.filter((value) => value !== null && value !== undefined);
    return known.length ? pick(...known) : null;
  };
  return [of([a.lowest, b.lowest], Math.min), of([a.highest, b.highest], Math.max)];
}

/** The steps that both pictures show: the zoom, or from the first step of both to the last. */
export function sharedSpan({ run, other, first, last }) {
  const known = (values) => values.filter((value) => value !== null && value !== undefined);
  const low = first ?? Math.min(...known([run.first_step, other.first_step, Infinity]));
  const from = Number.isFinite(low) ? low : 0;
  return { first: from, last: Math.max(from, last ?? Math.max(...known([run.last_step, other.last_step, from]))) };
}

/** Names that mean the same row: [[name in a, name in b]]. */
export function agree(namesA, namesB) {
  return matchRows(namesA, namesB).pairs.map(([a, b]) => [namesA[a], namesB[b]]);
}

/**
 * A row of each run on one axis: {x, a, b}. Undefined where a run has no column there, which is no
 * gap; a row of -1, or a run without series, is undefined throughout.
 */
export function overlay(seriesA, rowA, seriesB, rowB) {
  const sides = [[seriesA, rowA], [seriesB, rowB]].map(([series, row]) =>
    (series && row >= 0 ? { x: middles(series), values: rowOf(series, row) } : { x: [], values: [] }));
  const x = Float64Array.from(new Set([...sides[0].x, ...sides[1].x])).sort();
  const on = ({ x: own, values }) => {
    const byPlace = new Map(Array.from(own, (place, i) => [place, values[i]]));
    return Array.from(x, (place) => byPlace.get(place));
  };
  return { x, a: on(sides[0]), b: on(sides[1]) };
}
