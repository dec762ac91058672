// What is looked at: one plain state, kept in the address bar so that a link shows the same picture.

const PREFIX = "p.gradscope.";

// How each entry is read from its text; null is "not chosen".
const READ = {
  run: String, other: String, statistic: String, layer: String,
  first: whole, last: whole, step: whole, folded: list,
};

/** The state. Read it; change it with `set`. `folded` null: as many rows fold as need to. */
export const state = Object.fromEntries(Object.keys(READ).map((key) => [key, null]));

const listeners = new Set();

let told = null; // our entries of the address bar, as last read or written

/** Merges changes into the state, writes the address bar, and tells the listeners if any differs. */
export function set(changes) {
  const changed = Object.keys(changes).filter((key) => key in READ && !same(state[key], changes[key] ?? null));
  for (const key of changed) state[key] = changes[key] ?? null;
  if (!changed.length) return;
  writeAddress();
  for (const listener of listeners) listener(new Set(changed));
}

/** Calls `listener(keys that changed)` after each change; returns a function that ends that. */
export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Reads the address bar, now and whenever somebody changes it. */
export function startAddress() {
  Object.assign(state, decode(place().location.hash));
  told = oursOf(place().location.hash);
  place().addEventListener("hashchange", () => {
    const hash = place().location.hash;
    told = oursOf(hash);
    if (hash.includes(PREFIX)) set(decode(hash));
  });
}

/** Writes the state; TensorBoard forgets it when another tab is chosen, so also when ours is back. */
export function writeAddress() {
  if (window.innerHeight === 0) return; // hidden: the address is another tab's
  try {
    const { location, history } = place();
    // Somebody has just typed another address, whose event is still to come.
    if (location.hash.includes(PREFIX) && oursOf(location.hash) !== told) return;
    const hash = encode(state, location.hash);
    if (hash !== location.hash) history.replaceState(history.state, "", hash);
    told = oursOf(hash);
  } catch {
    // A sandboxed page has no history: the picture works, a link to it does not.
  }
}

function oursOf(hash) {
  return JSON.stringify(decode(hash));
}

/** The hash that says a state; entries of others in the hash before stay. */
export function encode(values, before = "") {
  const others = before.replace(/^#/, "").split("&").slice(1).filter((part) => part && !part.startsWith(PREFIX));
  const ours = Object.keys(READ)
    .filter((key) => values[key] !== null && values[key] !== undefined)
    .map((key) => `${PREFIX}${key}=${text(values[key])}`);
  return "#" + ["gradscope", ...others, ...ours].join("&");
}

/** The state that a hash says; what is missing or no number where one is due is null. */
export function decode(hash) {
  const values = Object.fromEntries(Object.keys(READ).map((key) => [key, null]));
  for (const part of hash.replace(/^#/, "").split("&")) {
    const at = part.indexOf("=");
    const key = part.slice(PREFIX.length, at);
    if (at < 0 || !part.startsWith(PREFIX) || !Object.hasOwn(READ, key)) continue;
    const raw = part.slice(at + 1);
    values[key] = READ[key] === list ? list(raw) : READ[key](plain(raw));
  }
  return values;
}

function text(value) {
  return Array.isArray(value) ? value.map(encodeURIComponent).join(",") : encodeURIComponent(String(value));
}

function plain(raw) {
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}

function list(raw) {
  return raw ? raw.split(",").map(plain) : [];
}

function whole(raw) {
  const value = Number(raw);
  return raw.trim() !== "" && Number.isInteger(value) ? value : null;
}

function same(a, b) {
  return a === b || (Array.isArray(a) && Array.isArray(b) && JSON.stringify(a) === JSON.stringify(b));
}

/** The window whose address people copy: TensorBoard's, or our own in a page by itself. */
function place() {
  try {
    return window.parent.location.hash === undefined ? window : window.parent;
  } catch {
    return window;
  }
}
