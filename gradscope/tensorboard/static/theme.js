// Light or dark: as TensorBoard says, else as the system does. Colours for canvases come from style.css.

const system = window.matchMedia("(prefers-color-scheme: dark)");
const paper = window.matchMedia("print"); // paper is white, whatever the screen is
const listeners = new Set();
let now = null;

/** The theme: {dark, ink, muted, faint, grid, surface, accent, critical, warning, info, good}. */
export function theme() {
  if (!now) apply();
  return now;
}

/** Calls `listener(theme)` whenever light turns to dark or back. */
export function watchTheme(listener) {
  listeners.add(listener);
}

/** Follows TensorBoard's switch and the system's. */
export function startTheme() {
  system.addEventListener("change", refresh);
  paper.addEventListener("change", refresh);
  const body = host();
  if (body) new MutationObserver(refresh).observe(body, { attributes: true, attributeFilter: ["class"] });
  apply();
}

/** Reads all colours again, as after the style sheet has come. */
export function refresh() {
  const before = JSON.stringify(now);
  apply();
  if (JSON.stringify(now) !== before) for (const listener of listeners) listener(now);
}

function apply() {
  const dark = isDark();
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(`--${name}`).trim() || (dark ? "#ddd" : "#333");
  now = { dark, font: style.getPropertyValue("--font").trim() || "sans-serif" };
  for (const name of ["ink", "muted", "faint", "grid", "surface", "accent", "critical", "warning", "info", "good"]) {
    now[name] = read(name);
  }
}

function isDark() {
  if (paper.matches) return false;
  const body = host();
  return body ? body.classList.contains("dark-mode") : system.matches;
}

/** TensorBoard's own body; null in a page of our own. */
function host() {
  try {
    return window.parent === window ? null : window.parent.document.body;
  } catch {
    return null; // a page of another origin holds us
  }
}
