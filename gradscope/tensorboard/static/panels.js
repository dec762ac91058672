// The panels of the page, and which of them a view needs.

import * as compare from "./compare.js";
import * as depth from "./depth.js";
import * as heatmap from "./heatmap.js";
import * as layer from "./layer.js";
import * as lines from "./lines.js";
import * as loss from "./loss.js";
import * as verdicts from "./verdicts.js";
import { setText } from "./dom.js";
import { foldable, foldedNow, matchRow } from "./rows.js";

const MANY = 24; // rows from which on folding is offered

/** Makes all panels: {update(view), point(view), match(names, wanted)}. */
export function createPanels(page, actions) {
  const panels = {
    verdicts: verdicts.create(page.verdicts, actions),
    loss: loss.create(page.loss, actions),
    heatmap: heatmap.create(page.heatmap, actions, { legend: page.legend, id: "heatmap-canvas" }),
    whole: loss.createWhole(page.whole, actions),
    lines: lines.create(page.lines, actions),
    depth: depth.create(page.depth, actions),
    layer: layer.create(page.layer, actions),
    compare: compare.create(page.compare, actions),
  };
  let view = null;
  page.fold.addEventListener("click", () => foldAll(view, actions));
  return {
    match: matchRow,
    update(next) {
      view = next;
      arrange(page, view);
      if (view.statistic) for (const name of shown(page, view)) panels[name].update(view);
      else panels.verdicts.update(view);
    },
    point(next) {
      view = next;
      for (const name of shown(page, view)) if (name !== "verdicts") panels[name].update(view);
    },
  };
}

function shown(page, { other, statistic }) {
  if (!statistic) return [];
  const whole = statistic.per === "step";
  const picture = other ? ["compare"] : whole ? ["loss", "whole"] : ["loss", "heatmap"];
  return ["verdicts", ...picture, "lines", "depth", "layer"];
}

/** Shows the parts that a view needs. */
function arrange(page, view) {
  const { other, statistic, series, run } = view;
  const whole = statistic?.per === "step";
  page.picture.hidden = Boolean(other) && Boolean(statistic);
  page.compare.hidden = !other;
  page.heatmap.hidden = page.legend.hidden = !statistic || whole;
  page.whole.hidden = !whole;
  page.root.classList.toggle("whole-step", Boolean(whole));
  const folds = !other && !whole && series && series.names.length > MANY ? foldable(series.names) : [];
  page.fold.hidden = !folds.length;
  setText(page.fold, folds.length && foldedNow(series.names, view.folded, view.layer).length ? "Open all blocks" : "Fold all blocks");
  if (!statistic) for (const part of ["loss", "lines", "depth", "layer"]) page[part].hidden = true;
  else if (run) for (const part of ["lines", "depth"]) page[part].hidden = false;
}

function foldAll(view, actions) {
  const { names } = view.series;
  const open = foldedNow(names, view.folded, view.layer).length > 0;
  actions.set({ folded: open ? [] : foldable(names) });
}
