// Names of variables and layers: which layer a variable is of, what names have in common.

/** The path that all names begin with, with its last "/"; "" where they have none in common. */
export function commonPath(names) {
  if (names.length < 2) return "";
  let common = names[0].slice(0, names[0].lastIndexOf("/") + 1);
  for (const name of names) {
    while (common && !name.startsWith(common)) {
      common = common.slice(0, common.lastIndexOf("/", common.length - 2) + 1);
    }
  }
  return common;
}

/** The last part of a path: what kind of variable it is, as "kernel". */
export function lastPart(name) {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** The path of a layer without the mark of a later call ("@2") or a further output ("[1]"). */
export function ofCall(name) {
  return name.replace(/(@\d+)?(\[\d+\])?$/, "");
}

/**
 * The layer that a row belongs to: the longest layer whose path the name begins with, else the
 * name without its last part. A layer, a class or a step is its own.
 */
export function layerOf(name, per, layers) {
  if (per === "layer") return ofCall(name);
  if (per !== "variable") return name;
  let found = "";
  for (const layer of layers) {
    const path = ofCall(layer);
    if (path.length > found.length && name.startsWith(`${path}/`)) found = path;
  }
  const cut = name.lastIndexOf("/");
  return found || (cut > 0 ? name.slice(0, cut) : name);
}

/** The rows of an axis that are of a layer: itself, its calls and outputs, its variables. */
export function rowsOf(layer, per, names, layers) {
  const rows = [];
  names.forEach((name, row) => {
    if (per === "class" ? name === layer : layerOf(name, per, layers) === layer || isPart(name, per, layer)) {
      rows.push(row);
    }
  });
  return rows;
}

// An activation applied within a layer has a row of its own, "<layer>/relu"; a layer within another
// is one of its own.
const ACTIVATIONS = new Set([
  "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "swish", "tanh", "sigmoid", "softmax",
  "log_softmax", "softplus", "softsign", "hard_sigmoid", "hard_swish", "mish", "celu", "glu",
]);

function isPart(name, per, layer) {
  return per === "layer" && name.startsWith(`${layer}/`) && ACTIVATIONS.has(ofCall(name).slice(layer.length + 1));
}

/**
 * Rows of two runs that mean the same: {pairs: [[a, b]], onlyA, onlyB} with indices for pairs and
 * names for the rest. Equal names are the same, else equal names without each side's common path,
 * since two models may differ in nothing but their own name.
 */
export function matchRows(namesA, namesB) {
  const exact = pairUp(namesA, namesB, (name) => name, (name) => name);
  if (exact.pairs.length) return exact;
  const [pathA, pathB] = [commonPath(namesA), commonPath(namesB)];
  return pairUp(namesA, namesB, (name) => name.slice(pathA.length), (name) => name.slice(pathB.length));
}

function pairUp(namesA, namesB, keyA, keyB) {
  const byName = new Map(namesB.map((name, row) => [keyB(name), row]));
  const pairs = [];
  const onlyA = [];
  namesA.forEach((name, row) => {
    const other = byName.get(keyA(name));
    if (other === undefined) onlyA.push(name);
    else pairs.push([row, other]);
  });
  const met = new Set(pairs.map(([, row]) => row));
  return { pairs, onlyA, onlyB: namesB.filter((_, row) => !met.has(row)) };
}
