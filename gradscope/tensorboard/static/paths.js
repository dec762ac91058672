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
  const paths = pathsOf(layers);
  for (let cut = name.lastIndexOf("/"); cut > 0; cut = name.lastIndexOf("/", cut - 1)) {
    if (paths.has(name.slice(0, cut))) return name.slice(0, cut);
  }
  const cut = name.lastIndexOf("/");
  return cut > 0 ? name.slice(0, cut) : name;
}

const known = new WeakMap(); // axis of layers -> their paths, asked for once for each row

function pathsOf(layers) {
  if (!known.has(layers)) known.set(layers, new Set(layers.map(ofCall)));
  return known.get(layers);
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
 * names for the rest. Equal names mean the same. Where names differ, Keras may have counted on
 * ("dense_3" for "dense"): each counter then stands for its place among its equals. Else two models
 * may differ in nothing but their own name, the path that all rows have in common.
 */
export function matchRows(namesA, namesB) {
  if (!matched.has(namesA)) matched.set(namesA, new WeakMap());
  const before = matched.get(namesA);
  if (!before.has(namesB)) before.set(namesB, findMatch(namesA, namesB));
  return before.get(namesB);
}

const matched = new WeakMap(); // asked for at each hovered step

function findMatch(namesA, namesB) {
  const same = (name) => name;
  const exact = pairUp(namesA, namesB, same, same);
  if (exact.pairs.length === Math.max(namesA.length, namesB.length)) return exact;
  const counted = pairUp(namesA, namesB, ranked(namesA), ranked(namesB));
  if (namesA.length === namesB.length && counted.pairs.length === namesA.length) return counted;
  const [pathA, pathB] = [commonPath(namesA), commonPath(namesB)];
  const within = pairUp(namesA, namesB, (name) => name.slice(pathA.length), (name) => name.slice(pathB.length));
  return within.pairs.length > exact.pairs.length ? within : exact;
}

// The key of a path: each part's counter replaced by its rank among the equals at that place.
function ranked(names) {
  const equals = new Map(); // "place|base" -> counters
  const split = (name) => name.split("/").map((part) => /^(.*?)(?:_(\d+))?([@[#].*)?$/s.exec(part));
  const groupOf = (parts, depth) => `${parts.slice(0, depth).map((one) => one[0]).join("/")}|${parts[depth][1]}`;
  for (const name of names) {
    const parts = split(name);
    parts.forEach((part, depth) => {
      const group = groupOf(parts, depth);
      if (!equals.has(group)) equals.set(group, new Set());
      equals.get(group).add(Number(part[2] ?? 0));
    });
  }
  const rank = (group, counter) => [...equals.get(group)].filter((one) => one < counter).length;
  return (name) => {
    const parts = split(name);
    return parts.map((part, depth) => `${part[1]}:${rank(groupOf(parts, depth), Number(part[2] ?? 0))}${part[3] ?? ""}`).join("/");
  };
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
