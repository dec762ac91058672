// While nothing else is to do: asks for the statistics that may be chosen next, so that the server
// has them at hand. One at a time, few columns, never in a hidden tab.

import { source } from "./data.js";

const COLUMNS = 64;
const PAUSE = 250; // milliseconds between two, for whoever else asks

const done = new Set();
let running = null;

/** Begins with a run, unless it was done; another run ends the one before. */
export function prefetch(run, shown) {
  if (!source.live || done.has(run.run) || running === run.run) return;
  running = run.run;
  const names = run.statistics.filter(({ per, name }) => per !== "step" && name !== shown).map(({ name }) => name);
  next(run.run, names);
}

function next(run, names) {
  const idle = window.requestIdleCallback ?? ((call) => setTimeout(call, 200));
  idle(async () => {
    if (running !== run) return;
    if (!names.length) {
      running = null;
      done.add(run);
      return;
    }
    if (!document.hidden && window.innerHeight) {
      const statistic = names.shift();
      await source.get("series", { run, statistic, columns: COLUMNS }).catch(() => null);
    }
    setTimeout(() => next(run, names), document.hidden || !window.innerHeight ? 2000 : PAUSE);
  });
}
