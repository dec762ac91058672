// The frame of a chart: title with the formula as tooltip, unit, what is shown, a place to draw.

import { el, replace, setText } from "./dom.js";

const OBVIOUS = new Set(["1", "ratio", "share", "index"]); // units that say nothing

/** A frame: {root, plot, title(text, formula), unit(text), note(text), key(entries)}. */
export function createFigure(name) {
  const title = el("strong", { class: "figure-title" });
  const unit = el("span", { class: "figure-unit" });
  const note = el("span", { class: "figure-note" });
  const key = el("span", { class: "figure-key" });
  const plot = el("div", { class: "figure-plot" });
  const caption = el("figcaption", {}, el("span", { class: "figure-words" }, title, " ", unit, " ", note), key);
  const root = el("figure", { class: "figure", "data-figure": name }, caption, plot);
  return {
    root,
    plot,
    title(text, formula) {
      setText(title, text);
      if (formula) title.title = formula;
      else title.removeAttribute("title");
    },
    unit: (text) => setText(unit, OBVIOUS.has(text) ? "" : text),
    note: (text) => setText(note, text),
    key: (entries) => replace(key, entries.map(entry)),
  };
}

// {label, colour, dash: true for a dashed line, block: true for a square} or {label, gradient: [colours]}
function entry({ label, colour, dash, block, gradient }) {
  const kind = gradient ? "gradient" : block ? "block" : dash ? "dashed" : "line";
  const swatch = el("i", { class: `key-${kind}`, "aria-hidden": "true" });
  if (gradient) swatch.style.backgroundImage = `linear-gradient(to right, ${gradient.join(", ")})`;
  else swatch.style.color = colour;
  return el("span", { class: "key" }, swatch, label);
}
