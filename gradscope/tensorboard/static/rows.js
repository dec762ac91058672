// Rows in groups: which belong to one block of the model, and which of them are folded into one.

const MANY = 48; // rows that are read without folding
const BLOCKS = 40; // groups at most, else neighbours are taken together

/** Neighbours of one path prefix: [{name, rows}], every row in one of them, in order. */
export function blocksOf(names) {
  const paths = names.map((name) => name.split("/"));
  const deepest = Math.max(1, ...paths.map((path) => path.length - 1));
  const depths = Array.from({ length: deepest }, (_, i) => grouped(paths, deepest - i));
  const fitting = depths.find((blocks) => blocks.length > 1 && blocks.length <= BLOCKS);
  if (fitting) return fitting;
  const finer = depths.findLast((blocks) => blocks.length > BLOCKS);
  return finer ? merged(finer) : depths.at(-1);
}

/** The directories that all names share, with the last slash: "encoder/"; "" where they share none. */
export function sharedPath(names) {
  if (names.length < 2) return "";
  const [one, ...others] = names;
  let shared = one.lastIndexOf("/") + 1;
  while (shared > 0 && !others.every((name) => name.startsWith(one.slice(0, shared)))) {
    shared = one.lastIndexOf("/", shared - 2) + 1;
  }
  return one.slice(0, shared);
}

/** The rows to draw: [{name, rows, block, folded, head}]. `folded` null: as many as need to. */
export function shownRows(names, folded, selected = null) {
  const blocks = blocksOf(names);
  const shown = [];
  for (const block of blocks) {
    const many = block.rows.length > 1;
    const folds = many && isFolded(block, names, blocks, folded, selected);
    if (folds) {
      shown.push({ name: block.name, rows: block.rows, block: block.name, folded: true, head: true });
      continue;
    }
    block.rows.forEach((row, i) => {
      shown.push({ name: names[row], rows: [row], block: many ? block.name : null, folded: false, head: many && i === 0 });
    });
  }
  return shown;
}

/** The rows to draw where none belong together: each by itself. */
export function everyRow(names) {
  return names.map((name, row) => ({ name, rows: [row], block: "", folded: false, head: false }));
}

/** The names of all blocks of more than one row; folding all of them is folding these. */
export function foldable(names) {
  return blocksOf(names).filter((block) => block.rows.length > 1).map((block) => block.name);
}

/** The names of the blocks that are folded now. */
export function foldedNow(names, folded, selected = null) {
  return shownRows(names, folded, selected).filter((row) => row.folded).map((row) => row.name);
}

/**
 * The row that a name means on another axis: itself, the layer that a variable is of
 * ("dense/kernel" -> "dense"), a layer's first variable; null where there is none.
 */
export function matchRow(names, wanted) {
  if (wanted === null || wanted === undefined) return null;
  if (names.includes(wanted)) return wanted;
  let best = null;
  for (const name of names) {
    if (wanted.startsWith(`${name}/`) && name.length > (best?.length ?? 0)) best = name;
  }
  return best ?? names.find((name) => name.startsWith(`${wanted}/`)) ?? null;
}

function isFolded(block, names, blocks, folded, selected) {
  if (folded) return folded.includes(block.name);
  const all = names.length > MANY && blocks.length > 1;
  return all && !block.rows.some((row) => names[row] === selected);
}

function grouped(paths, depth) {
  const blocks = [];
  const seen = new Map();
  paths.forEach((path, row) => {
    const prefix = path.slice(0, Math.max(1, Math.min(depth, path.length - 1))).join("/");
    const before = blocks.at(-1);
    if (before && before.prefix === prefix) before.rows.push(row);
    else blocks.push({ prefix, name: unique(prefix, seen), rows: [row] });
  });
  return blocks.map(({ name, rows }) => ({ name, rows }));
}

/** A block that comes back later in the order has a name of its own. */
function unique(prefix, seen) {
  const times = (seen.get(prefix) ?? 0) + 1;
  seen.set(prefix, times);
  return times === 1 ? prefix : `${prefix} (${times})`;
}

/** Too many blocks: neighbours together, "dense_20 … dense_39". */
function merged(blocks) {
  const size = Math.ceil(blocks.length / BLOCKS);
  const taken = [];
  for (let i = 0; i < blocks.length; i += size) {
    const some = blocks.slice(i, i + size);
    const name = some.length > 1 ? `${some[0].name} … ${some.at(-1).name.split("/").at(-1)}` : some[0].name;
    taken.push({ name, rows: some.flatMap((block) => block.rows) });
  }
  return taken;
}
