// From the state to what the panels draw: which run, statistic and row are meant, and their numbers.

import * as data from "./data.js";
import { matchRow } from "./rows.js";

const COUNT = "nonfinite_count"; // says whether a gradient's NaN is one, or there is no gradient
const MOST_COLUMNS = 2000;

/**
 * The view of a state, with its numbers. `list`: the answer of `runs`; `width`: of the picture in
 * device pixels; `shown`: the run on the screen, or null. What the state asks for and the run lacks
 * is replaced by the nearest that it has.
 */
export async function load(state, list, width, shown = null) {
  const name = chooseRun(state.run, list, shown);
  if (name === null) return null;
  const other = list.some((each) => each.run === state.other) && state.other !== name ? state.other : null;
  const [run, otherRun] = await Promise.all([data.run(name), other ? data.run(other) : null]);
  const statistic = chooseStatistic(state.statistic, run);
  const range = rangeOf(state, run);
  const base = { list, run, other: otherRun, statistic, statistics: run.statistics, step: state.step, folded: state.folded, ...range };
  if (!statistic) return { ...base, series: null, otherSeries: null, nonfinite: null, loss: null, layer: null };
  const options = { ...asked(range), columns: columnsOf(width) };
  const numbers = await numbersOf(name, run, statistic, options, otherRun);
  return { ...base, ...numbers, layer: matchRow(numbers.series.names, state.layer) };
}

async function numbersOf(name, run, statistic, options, otherRun) {
  const whole = statistic.per === "step";
  const has = (each, wanted) => each.statistics.some((one) => one.name === wanted);
  const band = { ...options, band: true };
  const [series, loss, otherSeries] = await Promise.all([
    data.series(name, statistic.name, whole ? band : options),
    has(run, "loss") ? data.series(name, "loss", band) : null,
    otherRun && has(otherRun, statistic.name) ? data.series(otherRun.run, statistic.name, whole ? band : options) : null,
  ]);
  const nonfinite = await witness(run, statistic, series, options, loss);
  return { series, loss, otherSeries, nonfinite };
}

/** The series that tells what a NaN of another means (see `absentOf`), asked for only where one is. */
async function witness(run, statistic, series, options, loss) {
  if (!series.max.some(Number.isNaN)) return null;
  if (statistic.per === "class") return loss;
  const counted = run.statistics.some(({ name }) => name === COUNT);
  return counted && statistic.per === "variable" && statistic.name.startsWith("grad_") ? data.series(run.run, COUNT, options) : null;
}

/**
 * The run that is asked for, else the one that is shown, else the one written last; null where there
 * is none. What somebody reads stays, also while another run is written.
 */
export function chooseRun(wanted, list, shown = null) {
  const kept = [wanted, shown].find((name) => list.some((each) => each.run === name));
  if (kept !== undefined) return kept;
  const latest = list.reduce((best, each) => (best === null || (each.wall_time ?? 0) > (best.wall_time ?? 0) ? each : best), null);
  return latest?.run ?? null;
}

/** The statistic asked for, else where the first verdict points, else the gradient norms. */
export function chooseStatistic(wanted, run) {
  const named = (name) => run.statistics.find((one) => one.name === name);
  const shown = run.verdicts.map((verdict) => named(verdict.statistic)).find((one) => one && one.per !== "step");
  return named(wanted) ?? shown ?? named("grad_norm") ?? run.statistics.find((one) => one.per !== "step") ?? run.statistics[0] ?? null;
}

/** The zoom, where it still lies within the run. */
function rangeOf({ first, last }, run) {
  const within = (step) => step !== null && run.last_step !== null && step <= run.last_step;
  const low = within(first) ? Math.max(0, first) : null;
  return { first: low, last: low === null || last === null || last < low ? null : Math.min(last, run.last_step) };
}

function asked({ first, last }) {
  return { first: first ?? undefined, last: last ?? undefined };
}

/** A few widths only, so that a window drawn a little wider asks for nothing new. */
export function columnsOf(width) {
  return Math.min(MOST_COLUMNS, Math.max(250, Math.ceil(width / 250) * 250));
}
