// The skeleton of the page, its messages, and the words over the picture.

import { coded, el, replace, setText } from "./dom.js";
import { plural } from "./format.js";

/** Builds the skeleton into an element; returns its parts by name. */
export function build(body, dialog) {
  const section = (id, attributes = {}, ...children) => el("section", { id, ...attributes }, ...children);
  const page = {
    bar: el("header", { id: "bar", class: "bar" }),
    notice: el("div", { id: "notice", class: "notice", role: "status", hidden: true }),
    empty: el("div", { id: "empty", class: "empty-page" }, welcome()),
    verdicts: section("verdicts", { "aria-label": "Verdicts" }),
    compare: section("compare", { class: "card", "aria-label": "Comparison", hidden: true }),
    title: el("h2", { id: "picture-title" }),
    formula: el("p", { id: "formula", class: "formula" }),
    fold: el("button", { id: "fold-all", type: "button", class: "quiet", hidden: true }),
    legend: el("div", { id: "legend", class: "legend" }),
    loss: el("div", { id: "loss" }),
    heatmap: el("div", { id: "heatmap" }),
    whole: el("div", { id: "whole", hidden: true }),
    lines: section("lines", { class: "card" }),
    depth: section("depth", { class: "card" }),
    layer: section("layer", { class: "card", hidden: true }),
  };
  page.picture = section("picture", { class: "card", "aria-label": "Picture of the run" },
    el("div", { class: "picture-head" }, el("div", { class: "picture-words" }, page.title, page.formula), page.fold, page.legend),
    page.loss, page.heatmap, page.whole);
  page.main = el("main", {}, page.verdicts, page.compare, page.picture, el("div", { id: "pair", class: "pair" }, page.lines, page.depth), page.layer);
  page.root = el("div", { id: "gradscope", class: "gradscope", dataset: { state: "starting" } }, page.bar, page.notice, page.empty, page.main, dialog);
  page.notices = new Map();
  body.append(page.root);
  return page;
}

/** What to do where there is no run yet. */
function welcome() {
  return [
    el("h2", {}, "No gradscope run here yet"),
    el("p", {}, "This log directory holds no run that gradscope wrote. Record one, and it appears here by itself:"),
    el("pre", {}, el("code", {}, 'scope = gradscope.Scope(model, logdir="runs/digits")\n\n@scope.step\ndef train_step(x, y): ...')),
    el("p", {}, "or, with model.fit:"),
    el("pre", {}, el("code", {}, 'model.fit(x, y, callbacks=[gradscope.Callback("runs/digits")])')),
    el("p", { class: "muted" }, "TensorBoard's --logdir must be that directory or one above it."),
  ];
}

/** Sets or takes away the message of one kind; the messages of all kinds stand in one quiet place. */
export function notice(page, kind, message) {
  if (!message || message.length === 0) page.notices.delete(kind);
  else page.notices.set(kind, message);
  const items = [...page.notices].map(([which, said]) => (which === "complaints" ? complaints(said) : el("p", {}, said)));
  const now = JSON.stringify([...page.notices]);
  if (now !== page.notice.dataset.now) {
    page.notice.dataset.now = now;
    replace(page.notice, items);
  }
  page.notice.hidden = !items.length;
}

function complaints(list) {
  return el("details", {}, el("summary", {}, `${plural(list.length, "run")} can't be read`),
    el("ul", {}, list.map(({ run, error }) => el("li", {}, el("b", {}, run), `: ${error}`))));
}

/** The words over the picture: the statistic's name and formula. */
export function heading(page, { statistic, series, run }) {
  setText(page.title, statistic?.name ?? "Nothing recorded yet");
  replace(page.formula, coded(statistic ? formulaOf(statistic) : run.headline));
  page.formula.title = statistic?.formula ?? "";
  const binned = series?.columns && series.columns < series.recorded;
  page.title.title = binned ? `${plural(series.recorded, "recorded step")} in ${plural(series.columns, "column")}: each shows its largest value` : "";
}

function formulaOf({ formula, unit, per }) {
  const whole = per === "step" && unit && unit !== "1" ? `${formula}, in ${unit}` : formula;
  return whole;
}
