// The numbers of one statistic as they travel, and cuts of them.

/** An answer of `series` with its numbers unpacked and the names of its rows. */
export function decode(answer, names) {
  const { rows, columns, first, last, lowest, highest, recorded } = answer;
  const max = floats(answer.max);
  const min = answer.min === undefined || answer.min === null ? null : floats(answer.min);
  if (max.length !== rows * columns) {
    throw new Error(`series: got ${max.length} numbers for ${rows} rows of ${columns} columns.`);
  }
  return { names, rows, columns, first, last, max, min, lowest, highest, recorded };
}

/** Little-endian float32 out of base64. */
export function floats(base64) {
  const bytes = Uint8Array.fromBase64 ? Uint8Array.fromBase64(base64 ?? "") : bytesOf(base64 ?? "");
  return new Float32Array(bytes.buffer, 0, bytes.length >> 2);
}

/** For browsers of before 2025. */
function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** The same, the other way. */
export function base64(values) {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

/** An answer of `series` with only the columns that touch a range of steps, and only some rows. */
export function cut(answer, { first, last, rows }) {
  const from = first === undefined ? 0 : firstAtLeast(answer.last, Number(first));
  const to = last === undefined ? answer.columns : firstAtLeast(answer.first, Number(last) + 1);
  const kept = rows === undefined ? null : String(rows).split(",").map(Number);
  const columns = Math.max(0, to - from);
  const piece = (packed) => {
    const values = floats(packed);
    const chosen = kept ?? Array.from({ length: answer.rows }, (_, row) => row);
    const out = new Float32Array(chosen.length * columns);
    chosen.forEach((row, i) => {
      out.set(values.subarray(row * answer.columns + from, row * answer.columns + from + columns), i * columns);
    });
    return base64(out);
  };
  return {
    ...answer,
    rows: kept?.length ?? answer.rows,
    columns,
    first: answer.first.slice(from, from + columns),
    last: answer.last.slice(from, from + columns),
    max: piece(answer.max),
    min: answer.min ? piece(answer.min) : null,
  };
}

/** The number in column `column` of row `row`. */
export function at(series, row, column) {
  return series.max[row * series.columns + column];
}

/** The column that holds a step, or the last one before it; -1 where there is none. */
export function columnOf(series, step) {
  return firstAtLeast(series.first, step + 1) - 1;
}

/** The index of the first of rising numbers that is no less than a value. */
export function firstAtLeast(numbers, value) {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
