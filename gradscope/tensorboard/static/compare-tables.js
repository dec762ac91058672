// What a comparison says: sentences, where the runs part, settings, data, rows of one run only.

import { el } from "./dom.js";
import { count, number } from "./format.js";

const ROWS = 10; // of a long table that are shown at once

/** The sentences, most telling first, and a button to where the runs part. */
export function sentences(answer, go) {
  const { parting } = answer;
  const button = parting && el("button", { type: "button", class: "parting", onclick: () => go(parting) },
    el("strong", {}, `Step ${count(parting.step)}, ${parting.name}`),
    el("span", {}, ` · first to part, in ${parting.statistic}: a ${number(parting.a)}, b ${number(parting.b)}`));
  const said = answer.sentences.map((sentence) => el("li", {}, sentence));
  return [said.length ? el("ol", { class: "sentences" }, said) : null, button];
}

/** The settings that differ. */
export function settingsTable({ settings }) {
  const rows = settings.map(({ what, a, b }) => row([what, shown(a), shown(b)]));
  return table("Settings that differ", ["setting", "a", "b"], rows, "All recorded settings are alike.");
}

/** What the data is like: what differs, and folded what is alike. */
export function dataTable({ data }) {
  const rows = (which, kind) => data.filter(({ differs }) => Boolean(differs) === which)
    .map(({ what, a, b }) => row([what, shown(a), shown(b)], kind));
  const alike = rows(false, "same");
  const nothing = data.length ? "All statistics of the data are alike." : "No statistics of the data are recorded.";
  const section = table("Data that differ", ["statistic", "a", "b"], rows(true, "differs"), nothing);
  if (alike.length) {
    section.append(el("details", {}, el("summary", {}, `Alike (${alike.length})`), grid(["statistic", "a", "b"], alike)));
  }
  return section;
}

/** Where each row parts, a click leads there. */
export function layersTable({ layers }, go) {
  const rows = layers.slice(0, ROWS).map((layer) => {
    const button = el("button", { type: "button", class: "link", onclick: () => go(layer) }, layer.name);
    return row([button, layer.statistic, count(layer.step), number(layer.a), number(layer.b)]);
  });
  const more = layers.length > ROWS ? `, the first ${ROWS} of ${count(layers.length)}` : "";
  return table(`Where each row parts${more}`, ["row", "statistic", "step", "a", "b"], rows, "No row parts.");
}

/** Names that one run has and the other lacks. */
export function onlyLists({ only_a: onlyA, only_b: onlyB }) {
  const list = (title, names) => names.length > 0 && el("details", { class: "only" },
    el("summary", {}, `${title} (${count(names.length)})`),
    el("ul", {}, names.map((name) => el("li", {}, name))));
  return el("section", { class: "compare-table" },
    el("h3", {}, "Rows without a counterpart"),
    onlyA.length + onlyB.length === 0 && el("p", { class: "nothing" }, "All rows have one."),
    list("Only in a", onlyA), list("Only in b", onlyB));
}

function table(title, heads, rows, nothing) {
  return el("section", { class: "compare-table" },
    el("h3", {}, title),
    rows.length
      ? grid(heads, rows)
      : el("p", { class: "nothing" }, nothing));
}

function grid(heads, rows) {
  return el("div", { class: "table-scroll" }, el("table", { class: "facts-table" },
    el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, rows)));
}

function row([first, ...cells], kind = null) {
  return el("tr", { class: kind },
    el("th", { scope: "row" }, first), cells.map((cell) => el("td", {}, cell)));
}

/** A setting as text: numbers short, the rest as it is. */
export function shown(value) {
  if (typeof value === "number") return number(value);
  if (value === null || value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}
