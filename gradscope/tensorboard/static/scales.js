// Axes of the charts: where a value lies on an axis, where ticks go and what they say.
//
// A log axis is drawn as a linear axis of log10(value); ticks and read-outs say the value itself.

import { count } from "./format.js";

/** The place of a value on an axis, or null where it has none: NaN, infinities, and 0 on a log axis. */
export function place(value, log) {
  if (value === null || value === undefined || !Number.isFinite(value)) return null;
  if (!log) return value;
  return value > 0 ? Math.log10(value) : null;
}

/** The value at a place; the reverse of `place`. */
export function valueAt(position, log) {
  return log ? 10 ** position : position;
}

/**
 * The range of an axis that shows all places of `lists` with some room around them, or null where
 * there is no place at all. `scale` is "log", "linear" or "share" (always 0 to 1).
 */
export function rangeOf(lists, scale) {
  if (scale === "share") return [-0.02, 1.02];
  let low = Infinity;
  let high = -Infinity;
  for (const list of lists) {
    for (const position of list) {
      if (position === null || position === undefined) continue;
      if (position < low) low = position;
      if (position > high) high = position;
    }
  }
  if (low > high) return null;
  return scale === "log" ? roomOfLog(low, high) : roomOfLinear(low, high);
}

// Less than half a decade would blow noise up to the height of the chart.
function roomOfLog(low, high) {
  const missing = Math.max(0, 0.5 - (high - low));
  const room = missing / 2 + 0.06 * (high - low);
  return [low - room, high + room];
}

function roomOfLinear(low, high) {
  if (low === high) {
    const room = low === 0 ? 1 : Math.abs(low) / 2;
    return low === 0 ? [-0.1, 1] : [low - room, high + room];
  }
  const room = 0.06 * (high - low);
  const fromZero = low >= 0 && low < high / 3;
  return [fromZero ? Math.min(0, low) - room / 3 : low - room, high + room];
}

/** The ticks of an axis between two places, at most about `most`: [{place, label}]. */
export function ticks(low, high, scale, most) {
  if (scale === "log") return ticksOfLog(low, high, Math.max(2, most));
  return roundValues(low, high, Math.max(2, most)).map((value) => ({ place: value, label: label(value) }));
}

function ticksOfLog(low, high, most) {
  const first = Math.ceil(low - 1e-9);
  const last = Math.floor(high + 1e-9);
  const decades = last - first + 1;
  if (decades >= 3) {
    const stride = Math.ceil(decades / most);
    const chosen = [];
    for (let exponent = first; exponent <= last; exponent += 1) {
      if (exponent % stride === 0) chosen.push({ place: exponent, label: label(10 ** exponent) });
    }
    return chosen;
  }
  const fine = multiples(low, high, [1, 2, 5]);
  if (fine.length >= 2 && fine.length <= most + 1) return fine;
  if (fine.length > most) return multiples(low, high, [1]).length > 1 ? multiples(low, high, [1]) : fine;
  return roundValues(10 ** low, 10 ** high, most)
    .filter((value) => value > 0)
    .map((value) => ({ place: Math.log10(value), label: label(value) }));
}

function multiples(low, high, factors) {
  const found = [];
  for (let exponent = Math.floor(low); exponent <= Math.floor(high); exponent += 1) {
    for (const factor of factors) {
      const at = exponent + Math.log10(factor);
      if (at >= low - 1e-9 && at <= high + 1e-9) found.push({ place: at, label: label(factor * 10 ** exponent) });
    }
  }
  return found;
}

/** Round values between two, 1, 2 or 5 times a power of ten apart, at most about `most`. */
export function roundValues(low, high, most) {
  const span = high - low;
  if (!(span > 0)) return [low];
  const rough = span / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k += 1) {
    found.push(Number((k * step).toPrecision(12)));
  }
  return found;
}

/** Whole steps between two, for the axis below a chart: [{place, label}]. */
export function stepTicks(low, high, most) {
  return roundValues(low, high, Math.max(1, most))
    .filter((value) => Number.isInteger(value))
    .map((value) => ({ place: value, label: count(value) }));
}

/** What a tick says: 0.01, 250, 12,500, 1e-7, 5e6. */
export function label(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const [digits, exponent] = value.toExponential(5).split("e");
  const short = `${Number(digits)}e${Number(exponent)}`;
  if (size < 0.001 || size >= 1e6) return short;
  if (size < 9999.5) return String(Number(value.toPrecision(6)));
  return short.length <= 4 ? short : count(value);
}
