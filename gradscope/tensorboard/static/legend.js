// What the colours of a heatmap mean: the ramp with its numbers, and what is no size.

import { el, replace } from "./dom.js";
import { SPECIAL, ramp } from "./colours.js";

const STOPS = Array.from({ length: 17 }, (_, i) => `${ramp(i / 16)} ${(i / 16) * 100}%`).join(", ");

/** Fills an element with the legend of a colour scale; `kinds` says what else the picture holds. */
export function drawLegend(root, scale, unit, kinds, absent = SPECIAL.absent.label) {
  const ticks = scale.ticks.map(({ label, t }) => el("span", { class: "legend-tick", style: { left: `${t * 100}%` } }, label));
  const special = ["nan", "infinite", "zero", "absent"].filter((kind) => kinds[kind] && (kind !== "zero" || scale.log));
  replace(
    root,
    el("span", { class: "legend-keys" }, special.map((kind) => key(kind, kind === "absent" ? absent : SPECIAL[kind].label))),
    kinds.finite === false ? null : el("span", { class: "legend-scale" },
      el("span", { class: "legend-ramp", style: { background: `linear-gradient(to right, ${STOPS})` } }),
      el("span", { class: "legend-ticks" }, ticks)),
    el("span", { class: "legend-unit" }, unit && unit !== "1" ? unit : "", scale.log ? el("span", { class: "faint" }, " log") : null),
  );
}

/** A sign of its own for each kind: none is told by its colour alone. */
function key(kind, label) {
  const { colour } = SPECIAL[kind];
  return el("span", { class: "legend-key" },
    el("span", { class: `legend-sign ${kind}`, style: kind === "absent" ? {} : { background: colour } }), label);
}
