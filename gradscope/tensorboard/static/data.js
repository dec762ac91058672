// The numbers: from the server's routes (http_api.md), or from the JSON that a report page holds.

import { embedded } from "./embedded.js";
import { decode } from "./series.js";

const KEPT = 48; // answers; the largest, 500 rows of 2,000 columns, takes 4 MB

/** Where answers come from: `get(route, parameters)`; throws a `SourceError`. */
export const source = embedded() ?? { live: true, get: fetched };

/** A message for the reader. `gone`: what was asked for is not there; `away`: no server answers. */
export class SourceError extends Error {
  constructor(message, { gone = false, away = false } = {}) {
    super(message);
    Object.assign(this, { gone, away });
  }
}

const revisions = new Map(); // run -> as the last `runs` said
const answers = new Map(); // key -> promise, the longest unused first

/** The answer of `runs`: never from the cache, since it says what is new. */
export async function runs() {
  const answer = await source.get("runs", {});
  revisions.clear();
  for (const each of answer.runs) revisions.set(each.run, each.revision);
  for (const key of [...answers.keys()]) if (isOld(key)) answers.delete(key);
  return answer;
}

/** The answer of `run`. */
export function run(name) {
  return once("run", { run: name });
}

/** Revision of a run, as last heard; "" for one never heard of. */
export function revision(name) {
  return revisions.get(name) ?? "";
}

/**
 * One statistic, decoded: {names, rows, columns, first, last, max, min, lowest, highest, recorded}.
 * `max` is row after row; `min` null unless options.band. options: {first, last, columns, rows, band}.
 */
export async function series(name, statistic, options = {}) {
  const { first, last, columns, rows, band } = options;
  const asked = { run: name, statistic, first, last, columns, rows: rows?.join(","), band: band ? 1 : null };
  const key = keyOf("decoded", asked);
  return kept(key, async () => {
    const [whole, answer] = await Promise.all([run(name), source.get("series", filled(asked))]);
    const told = await agreeing(name, whole, answer);
    const entry = told.statistics.find((one) => one.name === statistic);
    const axis = told.axes[entry?.axis] ?? [];
    return decode(answer, rows ? rows.map((row) => axis[row]) : axis);
  });
}

/** One series of details of a layer that was watched closely, decoded as `series` does. */
export function detail(name, kind, path, options = {}) {
  const { first, last, columns } = options;
  const asked = { run: name, kind, path, first, last, columns };
  return kept(keyOf("detail", asked), async () => {
    const answer = await source.get("detail", filled(asked));
    return decode(answer, answer.names);
  });
}

/** The answer of `compare`. */
export function compare(a, b) {
  return once("compare", { a, b });
}

/** A run's answer with the same rows as a series': one that began anew meanwhile is asked again. */
async function agreeing(name, whole, answer) {
  if (whole.revision === answer.revision || !source.live) return whole;
  answers.delete(keyOf("run", { run: name }));
  return run(name);
}

function once(route, parameters) {
  return kept(keyOf(route, parameters), () => source.get(route, filled(parameters)));
}

/** The answer to a key, asked for once while the run stays as it is; a failure is not kept. */
function kept(key, ask) {
  const before = answers.get(key);
  if (before) {
    answers.delete(key);
    answers.set(key, before);
    return before;
  }
  const answer = ask();
  answers.set(key, answer);
  answer.catch(() => answers.get(key) === answer && answers.delete(key));
  for (const old of answers.keys()) {
    if (answers.size <= KEPT) break;
    answers.delete(old);
  }
  return answer;
}

/** True for an answer of a run as it was: a run that goes on would pile them up. */
function isOld(key) {
  const [route, parameters] = JSON.parse(key);
  return keyOf(route, parameters) !== key;
}

function keyOf(route, parameters) {
  const told = [parameters.run, parameters.a, parameters.b].map((name) => name && revision(name));
  return JSON.stringify([route, filled(parameters), told]);
}

function filled(parameters) {
  return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined));
}

async function fetched(route, parameters) {
  const url = new URL(`../${route}`, import.meta.url);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  let response;
  try {
    response = await fetch(url, { headers: { Accept: "application/json" } });
  } catch {
    throw new SourceError("TensorBoard does not answer. Is it still running? This page goes on by itself once it is back.", { away: true });
  }
  let body = null;
  try {
    body = await response.json();
  } catch {
    // No JSON: a proxy's page, or a server that broke off. Said below.
  }
  if (response.ok && body) return body;
  const said = body?.error ?? `TensorBoard answered ${response.status} to “${route}”.`;
  throw new SourceError(said, { gone: response.status === 404, away: response.status >= 502 });
}
