// The loss, training and validation, above the heatmap; and any other statistic of the whole step.

import { axisOf } from "./axis.js";
import { line } from "./colours.js";
import { createCurve } from "./curve.js";
import { el, replace } from "./dom.js";

const DECADES = 100; // a curve that spans more than this factor is drawn on a log scale

/** The loss panel. It reads run, loss (the decoded series, or null), first, last, step, theme. */
export function create(root, actions) {
  const key = el("div", { class: "curve-key" });
  const body = el("div", { id: "loss-chart" });
  replace(root, key, body);
  const curve = createCurve(body, actions, { height: 132 });
  let held = null;
  return {
    update(view) {
      const { run, loss, theme, first, last } = view;
      const same = held && held.loss === loss && held.run === run && held.theme === theme;
      if (!same) {
        const lines = [...training(loss, theme), ...validation(run, theme, "loss")];
        held = { loss, run, theme, lines, log: spansDecades(lines) };
        drawKey(key, "loss", held, theme);
      }
      root.hidden = !held.lines.length || view.statistic?.name === "loss"; // then the large chart shows it
      const { lines, log } = held;
      if (!root.hidden) curve.update({ lines, log, theme, axis: axisOf(run, first, last), verdicts: run.verdicts, step: view.step, ticks: false });
    },
  };
}

/** A large chart of one statistic of the whole step, with what `validate` was given of that name. */
export function createWhole(root, actions) {
  const key = el("div", { class: "curve-key" });
  const body = el("div", { id: "whole-chart" });
  replace(root, key, body);
  const curve = createCurve(body, actions, { height: 320 });
  let held = null;
  return {
    update(view) {
      const { series, run, statistic, theme, first, last } = view;
      if (!held || held.series !== series || held.theme !== theme) {
        const lines = [...linesOf(series, "training", line(0, theme.dark)), ...validation(run, theme, statistic.name)];
        held = { series, theme, lines, log: spansDecades(lines) || (statistic.scale === "log" && positive(lines)) };
        drawKey(key, "", held, theme);
      }
      const { lines, log } = held;
      curve.update({ lines, log, theme, axis: axisOf(run, first, last), verdicts: run.verdicts, step: view.step, ticks: true });
    },
  };
}

function drawKey(root, title, { lines, log }, theme) {
  replace(root, el("span", { class: "curve-title" }, title, log ? el("span", { class: "faint" }, " log") : null),
    lines.map(({ label, colour }) => el("span", { class: "curve-label" }, el("span", { class: "curve-sign", style: { background: colour } }), label)));
  root.dataset.theme = theme.dark ? "dark" : "light";
}

function training(loss, theme) {
  return loss?.columns ? linesOf(loss, "training", line(0, theme.dark)) : [];
}

function linesOf(series, label, colour) {
  if (!series.columns) return [];
  const binned = series.min && series.first.some((first, i) => first !== series.last[i]);
  const low = binned ? series.min.subarray(0, series.columns) : null;
  return [{ label, steps: series.first, values: series.max.subarray(0, series.columns), low, colour }];
}

function validation(run, theme, name) {
  const { steps, values } = run.validation?.[name] ?? { steps: [], values: [] };
  if (!steps.length) return [];
  const numbers = values.map((value) => (value === null ? NaN : value));
  return [{ label: "validation", steps, values: numbers, colour: line(1, theme.dark), points: steps.length < 60 }];
}

function spansDecades(lines) {
  const [low, high] = ends(lines);
  return low > 0 && high / low > DECADES;
}

function positive(lines) {
  return ends(lines)[0] > 0;
}

/** Smallest and largest finite number of all lines. */
function ends(lines) {
  let [low, high] = [Infinity, -Infinity];
  for (const { values, low: lower } of lines) {
    for (const some of lower ? [values, lower] : [values]) {
      for (const value of some) {
        if (!Number.isFinite(value)) continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
  }
  return [low, high];
}
