// The names at the left of a heatmap: without the path that all share, cut at the front, whole on hover.

import { el, replace } from "./dom.js";
import { shorten } from "./format.js";
import { foldedNow, sharedPath } from "./rows.js";

const LINE = 11; // pixels that a name needs
const TOGGLES = 24; // rows from which on blocks can be folded

/** Draws the names of a picture's rows, as many as there is room for. */
export function drawNames(picture) {
  const { parts, shown, height, view } = picture;
  const each = height / Math.max(1, shown.length);
  const toggles = view.series.names.length > TOGGLES;
  const letters = Math.floor((picture.gutter - 12 - (toggles ? 16 : 0)) / 6.3);
  parts.names.classList.toggle("dense", each < 14);
  parts.names.classList.toggle("with-folds", toggles);
  const shared = sharedPath(view.series.names).length;
  let free = -Infinity;
  const names = [];
  shown.forEach((row, i) => {
    const middle = (i + 0.5) * each;
    const due = each >= LINE || row.head || row.name === view.layer;
    if (!due || (middle - free < LINE && row.name !== view.layer)) return;
    free = middle;
    names.push(nameOf(picture, row, middle, { letters, shared, toggle: toggles && row.head }));
  });
  replace(parts.names, names);
}

function nameOf(picture, row, middle, { letters, shared, toggle }) {
  const { view, actions } = picture;
  const amount = row.rows.length > 1 ? ` (${row.rows.length})` : "";
  const selected = !row.folded && row.name === view.layer;
  const text = shorten(row.name.slice(shared), letters - amount.length) + amount;
  const title = row.folded ? `${row.name}: ${row.rows.length} rows, the largest of them is shown. Click to open.` : row.name;
  const choose = () => (row.folded ? toggleBlock(picture, row.block) : actions.set({ layer: selected ? null : row.name }));
  return el("div", { class: `heat-name${selected ? " selected" : ""}${row.folded ? " folded" : ""}`, style: { top: `${middle}px` } },
    el("button", { type: "button", class: "heat-label", title, tabindex: "-1", onclick: choose }, text),
    toggle ? el("button", {
      type: "button", class: "fold", "aria-expanded": String(!row.folded),
      title: row.folded ? `Open ${row.block}` : `Fold ${row.block}`, "aria-label": row.folded ? `Open ${row.block}` : `Fold ${row.block}`,
      onclick: () => toggleBlock(picture, row.block),
    }, row.folded ? "▸" : "▾") : null);
}

/** Opens or closes a block; the others stay as they are. */
export function toggleBlock(picture, block) {
  const { view, actions } = picture;
  const folded = foldedNow(view.series.names, view.folded, view.layer);
  actions.set({ folded: folded.includes(block) ? folded.filter((name) => name !== block) : [...folded, block] });
}
