// The names at the left of a heatmap: without the path that all share, cut at the front, whole on hover.

import { el, replace } from "./dom.js";
import { keepFocus } from "./focus.js";
import { shorten } from "./format.js";
import { foldedNow, sharedPath } from "./rows.js";

const LINE = 11; // pixels that a name needs
const TOGGLES = 24; // rows from which on blocks can be folded

/** Draws the names of a picture's rows, as many as there is room for. */
export function drawNames(picture) {
  const { parts, shown, height, view } = picture;
  const each = height / Math.max(1, shown.length);
  const toggles = !picture.plain && view.series.names.length > TOGGLES;
  const looked = watchedClosely(picture);
  const usual = parseFloat(getComputedStyle(picture.root).fontSize) - 2;
  const size = Math.max(LINE - 1, Math.min(usual, each - 1));
  parts.names.style.fontSize = `${size}px`;
  const letters = Math.floor((picture.gutter - 14 - (toggles ? 14 : 0)) / letterWidth(size, view.theme.font));
  parts.names.classList.toggle("with-folds", toggles);
  const shared = sharedPath(view.series.names).length;
  let free = -Infinity;
  const names = [];
  shown.forEach((row, i) => {
    const middle = (i + 0.5) * each;
    const due = picture.plain || each >= LINE || row.head || row.name === view.layer;
    if (!due || (middle - free < LINE && row.name !== view.layer)) return;
    free = middle;
    names.push(nameOf(picture, row, middle, { letters, shared, high: Math.min(16, Math.max(LINE, each)), toggle: toggles && row.head, looked: looked.has(row.name) }));
  });
  keepFocus(parts.names, () => replace(parts.names, names));
}

/** The rows that a closer look shows more of. */
function watchedClosely({ view, plain }) {
  return new Set(plain ? [] : (view.run.details?.series ?? []).map(({ path }) => path));
}

function nameOf(picture, row, middle, { letters, shared, high, toggle, looked }) {
  const { view, actions } = picture;
  const amount = row.rows.length > 1 ? ` (${row.rows.length})` : "";
  const selected = !row.folded && row.name === view.layer;
  const text = shorten(row.name.slice(shared), letters - amount.length - (looked ? 2 : 0)) + amount;
  const title = row.folded ? `${row.name}: ${row.rows.length} rows, the largest of them is shown. Click to open.` : row.name;
  const choose = () => (row.folded ? toggleBlock(picture, row.block) : actions.set({ layer: selected ? null : row.name }));
  return el("div", { class: `heat-name${selected ? " selected" : ""}${row.folded ? " folded" : ""}`, style: { top: `${middle}px`, height: `${high}px` } },
    looked ? el("span", { class: "looked", title: "Watched closely: select the row to see it" }) : null,
    el("button", { type: "button", class: "heat-label", title, tabindex: "-1", onclick: choose }, text),
    toggle ? el("button", {
      type: "button", class: "fold", "aria-expanded": String(!row.folded),
      title: row.folded ? `Open ${row.block}` : `Fold ${row.block}`, "aria-label": row.folded ? `Open ${row.block}` : `Fold ${row.block}`,
      onclick: () => toggleBlock(picture, row.block),
    }, row.folded ? "▸" : "▾") : null);
}

const SAMPLE = "block_10/dense_2/attention_output/kernel";
const widths = new Map();

/** The width of a letter of names, on average. */
function letterWidth(size, font) {
  const key = `${size}px ${font}`;
  if (!widths.has(key)) {
    const context = new OffscreenCanvas(1, 1).getContext("2d");
    context.font = key;
    widths.set(key, (context.measureText(SAMPLE).width / SAMPLE.length) * 1.06);
  }
  return widths.get(key);
}

/** Opens or closes a block; the others stay as they are. */
export function toggleBlock(picture, block) {
  const { view, actions } = picture;
  const folded = foldedNow(view.series.names, view.folded, view.layer);
  actions.set({ folded: folded.includes(block) ? folded.filter((name) => name !== block) : [...folded, block] });
}
