// From numbers to pixels: rows folded, columns brought to the screen's width, sizes to colours.
// Nothing that matters is lost on the way: NaN wins, then Inf, then the largest.

import { SPECIAL, rampBytes } from "./colours.js";

/** No number and none expected: no gradient reaches the variable. Smaller than all, so it never wins. */
export const ABSENT = -Infinity;

/** The cells of the rows to draw, float32[shown.length * columns]. `absent`: see `absentOf`. */
export function cellsOf(series, shown, absent) {
  const { columns, max } = series;
  const cells = new Float32Array(shown.length * columns).fill(ABSENT);
  shown.forEach(({ rows }, i) => {
    for (const row of rows) {
      for (let column = 0; column < columns; column += 1) {
        const from = row * columns + column;
        const value = absent && absent[from] ? ABSENT : max[from] === -Infinity ? Infinity : max[from];
        const to = i * columns + column;
        if (Number.isNaN(value) || value > cells[to]) cells[to] = value;
      }
    }
  });
  return cells;
}

/**
 * 1 where a NaN is no number gone wrong: there is nothing that could have one. `witness` is a series
 * that tells: a gradient without non-finite elements is none (nonfinite_count, row by row); a class
 * without a loss in a batch whose loss is finite was not in it (loss). Null: nowhere, or unknown.
 */
export function absentOf(series, witness, per) {
  if (!witness || witness.columns !== series.columns) return null;
  if (per !== "class" && witness.rows !== series.rows) return null;
  const absent = new Uint8Array(series.max.length);
  for (let i = 0; i < absent.length; i += 1) {
    if (!Number.isNaN(series.max[i])) continue;
    const told = per === "class" ? Number.isFinite(witness.max[i % series.columns]) : witness.max[i] === 0;
    absent[i] = told ? 1 : 0;
  }
  return absent;
}

/** What an absent cell is, in a legend and in a sentence. */
export function absentWords(per) {
  if (per === "size") return ["no element", "no element of this size"];
  return per === "class" ? ["not in the batch", "no sample of it in the batch"] : ["no gradient", "no gradient reaches it"];
}

/** Which kinds of cells a picture has: {nan, infinite, zero, absent, finite}. */
export function kindsOf(cells) {
  const kinds = { nan: false, infinite: false, zero: false, absent: false, finite: false };
  for (let i = 0; i < cells.length; i += 1) {
    const value = cells[i];
    if (Number.isFinite(value)) kinds.finite = true;
    if (value === 0) kinds.zero = true;
    else if (value === ABSENT) kinds.absent = true;
    else if (value === Infinity) kinds.infinite = true;
    else if (Number.isNaN(value)) kinds.nan = true;
  }
  return kinds;
}

/**
 * Cells brought to a number of pixels: float32[height * width]. A pixel shows the largest of all
 * columns and rows that it covers. `edges` in steps, the axis from `from` to `to`.
 */
export function toPixels(cells, rows, edges, { from, to }, width, height) {
  const columns = edges.length - 1;
  const starts = new Int32Array(width).fill(-1);
  const ends = new Int32Array(width).fill(-1);
  const perPixel = (to - from) / width;
  let column = 0;
  for (let x = 0; x < width; x += 1) {
    const left = from + x * perPixel;
    const right = left + perPixel;
    while (column < columns && edges[column + 1] <= left + perPixel * 1e-6) column += 1;
    if (column >= columns || edges[column] >= right) continue;
    let end = column;
    // The column under the middle, and every one that begins within the pixel.
    while (end + 1 < columns && edges[end + 1] < right - perPixel * 1e-6) end += 1;
    const shared = end - column === 1 && edges[end + 1] > right && edges[column] < left;
    starts[x] = shared && edges[end] < left + perPixel / 2 ? end : column;
    ends[x] = shared && edges[end] >= left + perPixel / 2 ? column : end;
  }
  const out = new Float32Array(width * height).fill(ABSENT);
  for (let y = 0; y < height; y += 1) {
    const firstRow = Math.floor((y * rows) / height);
    const lastRow = Math.max(firstRow + 1, Math.floor(((y + 1) * rows) / height));
    for (let row = firstRow; row < lastRow; row += 1) {
      gather(cells, row * columns, starts, ends, out, y * width);
    }
  }
  return out;
}

function gather(cells, base, starts, ends, out, at) {
  for (let x = 0; x < starts.length; x += 1) {
    if (starts[x] < 0) continue;
    let best = out[at + x];
    for (let column = starts[x]; column <= ends[x]; column += 1) {
      const value = cells[base + column];
      if (value > best || value !== value) best = value;
      if (best !== best) break;
    }
    out[at + x] = best;
  }
}

/** Colours of pixels as RGBA in the machine's order, uint32[values.length]; absent is transparent. */
export function paint(values, scale) {
  const colours = new Uint32Array(values.length);
  if (scale.log) paintLog(values, colours, scale);
  else paintLinear(values, colours, scale);
  return colours;
}

const NAN = packed(SPECIAL.nan.rgb);
const INFINITE = packed(SPECIAL.infinite.rgb);
const ZERO = packed(SPECIAL.zero.rgb);
const STEPS = 1024;
const RAMP = Uint32Array.from({ length: STEPS + 1 }, (_, i) => packed(rampBytes(i / STEPS)));

/**
 * The upper 16 bits of a float32 are its sign, its exponent and seven bits of its mantissa: a
 * two-hundredth of a decade, finer than eyes. A table of them saves a million logarithms.
 */
function paintLog(values, colours, scale) {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const table = logTable(scale);
  for (let i = 0; i < colours.length; i += 1) {
    const word = bits[i];
    const high = word >>> 16;
    if ((word & 0x7fffffff) === 0) colours[i] = ZERO;
    else if ((high & 0x7f80) === 0x7f80) colours[i] = (word & 0x7fffff) ? NAN : high & 0x8000 ? 0 : INFINITE;
    else colours[i] = table[high];
  }
}

function logTable(scale) {
  const table = new Uint32Array(65536).fill(RAMP[0]); // what is negative or below the scale
  const word = new Uint32Array(1);
  const float = new Float32Array(word.buffer);
  for (let high = 0; high < 0x7f80; high += 1) {
    word[0] = (high << 16) | 0x8000;
    table[high] = RAMP[Math.round(scale.position(float[0]) * STEPS)];
  }
  return table;
}

function paintLinear(values, colours, scale) {
  const factor = STEPS / (scale.high - scale.low);
  for (let i = 0; i < colours.length; i += 1) {
    const value = values[i];
    if (value !== value) colours[i] = NAN;
    else if (value === ABSENT) colours[i] = 0;
    else if (value === Infinity) colours[i] = INFINITE;
    else {
      const at = (value - scale.low) * factor;
      colours[i] = RAMP[at <= 0 ? 0 : at >= STEPS ? STEPS : Math.round(at)];
    }
  }
}

function packed([red, green, blue]) {
  return new Uint32Array(new Uint8Array([red, green, blue, 255]).buffer)[0];
}
