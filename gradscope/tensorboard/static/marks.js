// Where verdicts point in a picture, and what the three severities look like: a sign, a word, a colour.

import { el, replace } from "./dom.js";
import { fraction } from "./axis.js";
import { count } from "./format.js";

/** Sign and word of a severity; colours are the classes of style.css. */
export const SEVERITIES = {
  critical: { sign: "✕", word: "critical" },
  warning: { sign: "!", word: "warning" },
  info: { sign: "i", word: "remark" },
};

/** The sign of a severity as an element; what is unknown looks like a remark. */
export function sign(severity) {
  const known = SEVERITIES[severity] ?? SEVERITIES.info;
  return el("span", { class: `sign ${severity in SEVERITIES ? severity : "info"}`, "aria-hidden": "true" }, known.sign);
}

/** "vanishing-gradient" as a heading: "Vanishing gradient". */
export function titled(slug) {
  const words = String(slug).replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * Draws the verdicts' lines and signs into an overlay of a picture of a width in pixels.
 * `topOf(verdict)`: how far down a sign stands; `pick(verdict)`: called by a click on it.
 */
export function placeMarks(overlay, verdicts, axis, width, topOf, pick) {
  const placed = [];
  const marks = verdicts
    .filter(({ step }) => step !== null && step >= axis.from && step <= axis.to)
    .flatMap((verdict) => {
      const left = fraction(axis, verdict.step) * width;
      let top = topOf(verdict);
      while (placed.some((other) => Math.abs(other.left - left) < 18 && Math.abs(other.top - top) < 18)) top += 18;
      placed.push({ left, top });
      const title = `${titled(verdict.cause)}, since step ${count(verdict.step)}: ${verdict.summary}`;
      const style = { left: `${left}px` };
      return [
        el("span", { class: `mark-line ${verdict.severity}`, style }),
        el("button", {
          type: "button", tabindex: "-1", class: "mark", title, "aria-label": title,
          dataset: { cause: verdict.cause },
          style: { left: `${Math.min(width - 8, Math.max(8, left))}px`, top: `${top}px` },
          onclick: () => pick(verdict),
        }, sign(verdict.severity)),
      ];
    });
  replace(overlay, marks);
}
