// Numbers, times and names as a person reads them.

/** A number in three significant digits, or another count: "0.0123", "1.2e-7", "54,321", "NaN", "∞". */
export function number(value, digits = 3) {
  if (value === null || value === undefined) return "–";
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return exponential(value, digits);
  if (size >= 999.5 && digits <= 4) return count(Math.round(value));
  return String(Number(value.toPrecision(digits)));
}

/** The labels of ticks: with as many digits as tell them apart. */
export function labels(values) {
  const told = (digits) => values.map((value) => number(value, digits));
  const enough = [3, 4, 5, 6, 7, 8].find((digits) => new Set(told(digits)).size === new Set(values).size);
  return told(enough ?? 8);
}

/** A whole number with its thousands apart: "20,000". */
export function count(value) {
  if (!Number.isFinite(value)) return number(value);
  return String(Math.trunc(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** "1 step", "2 steps". */
export function plural(value, word) {
  return `${count(value)} ${word}${value === 1 ? "" : "s"}`;
}

/** A range of steps: "step 7", "steps 10–19". */
export function steps(first, last) {
  return first === last ? `step ${count(first)}` : `steps ${count(first)}–${count(last)}`;
}

/** How long ago something was, from seconds since 1970: "3 min ago". `now` is the same, for tests. */
export function ago(wallTime, now = Date.now() / 1000) {
  if (!Number.isFinite(wallTime)) return "";
  const seconds = Math.max(0, now - wallTime);
  if (seconds < 10) return "just now";
  if (seconds < 60) return `${Math.round(seconds)} s ago`;
  if (seconds < 3570) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 84600) return `${Math.round(seconds / 3600)} h ago`;
  return `${plural(Math.round(seconds / 86400), "day")} ago`;
}

/** A name cut at its front, where paths are alike: "…/block_3/conv/kernel". */
export function shorten(name, characters) {
  const letters = Array.from(name);
  if (letters.length <= characters) return name;
  const tail = letters.slice(letters.length - Math.max(1, characters - 1)).join("");
  const slash = tail.indexOf("/");
  // A cut between two parts of a path reads better, where it costs a third of the room at most.
  return "…" + (slash > 0 && slash < tail.length / 3 ? tail.slice(slash) : tail);
}

function exponential(value, digits) {
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  return `${Number(mantissa)}e${Number(exponent)}`;
}
