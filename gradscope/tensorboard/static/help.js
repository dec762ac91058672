// What the keys do and what the colours mean.

import { SPECIAL, line, ramp } from "./colours.js";
import { el } from "./dom.js";

const KEYS = [
  ["← ↑ → ↓", "move the cell, with Shift by ten"],
  ["Enter", "select the cell's row and keep its step"],
  ["[ and ]", "the statistic before, the next one"],
  ["Esc", "reset the zoom, then the selection"],
  ["?", "this help"],
];

const MOUSE = [
  ["point", "read a cell; the profile beside the lines shows its step"],
  ["drag", "zoom to a range of steps"],
  ["double click", "reset the zoom"],
  ["click", "select a row and keep its step; all that was recorded of its layer stands at the foot"],
];

/** A dialog that `open()` shows. */
export function createHelp() {
  const dialog = el("dialog", { id: "help", class: "help", "aria-label": "Help" },
    el("h2", {}, "How to read this page"),
    el("p", {}, "At the top stands what is wrong, since which step, and the line that cures it. A click on a verdict shows the place in the pictures below, and its layer at the foot of the page."),
    el("p", {}, "In the heatmap each row is a variable or a layer, from input to output; each column is a step, or several, of which the largest value is shown. Colours keep their meaning while you zoom."),
    colours(),
    el("h3", {}, "Keys"), table(KEYS), el("h3", {}, "Pointer"), table(MOUSE),
    el("p", { class: "muted" }, "The address bar holds what you see: copy it to show it to somebody."),
    el("form", { method: "dialog" }, el("button", { class: "primary" }, "Close")));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  return { element: dialog, open: () => dialog.open || dialog.showModal() };
}

function colours() {
  const stops = Array.from({ length: 9 }, (_, i) => ramp(i / 8)).join(", ");
  const meanings = [["nan", "NaN: some value is not a number"], ["infinite", "Inf: too large for a float"],
    ["zero", "exactly 0, on a log scale"], ["absent", "no gradient reaches it, or nothing recorded"]];
  return el("ul", { class: "help-colours" },
    el("li", {}, el("span", { class: "help-ramp", style: { background: `linear-gradient(to right, ${stops})` } }), "small to large"),
    meanings.map(([kind, text]) => el("li", {},
      el("span", { class: `legend-sign ${kind}`, style: kind === "absent" ? {} : { background: SPECIAL[kind].colour } }), text)),
    el("li", {}, el("span", { class: "curve-sign", style: { background: line(0) } }), "training, ",
      el("span", { class: "curve-sign", style: { background: line(1) } }), "validation"));
}

function table(rows) {
  return el("table", { class: "keys" }, el("tbody", {}, rows.map(([key, text]) => el("tr", {}, el("th", { scope: "row" }, el("kbd", {}, key)), el("td", {}, text)))));
}
