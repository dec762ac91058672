// Asks every few seconds whether a run has something new; less often where answers take long.

import { runs, source } from "./data.js";

const EVERY = 5000;
const SHARE = 10; // answers take a tenth of the time at most

/** Follows the runs: `heard(answer)` and `failed(error)`. Returns {on, set(on), now()}. */
export function follow(heard, failed) {
  const following = { on: source.live, timer: 0 };
  const later = (delay) => {
    clearTimeout(following.timer);
    if (source.live) following.timer = setTimeout(look, delay);
  };
  const ask = async () => {
    const start = performance.now();
    try {
      await heard(await runs());
    } catch (error) {
      failed(error);
    }
    later(Math.max(EVERY, (performance.now() - start) * SHARE));
  };
  const look = () => (!following.on || document.hidden || !window.innerHeight ? later(1000) : ask());
  const back = () => !document.hidden && following.on && following.timer && later(0);
  document.addEventListener("visibilitychange", back);
  return {
    get on() { return following.on; },
    set(on) {
      following.on = on;
      if (on) later(0);
    },
    now: ask,
  };
}
