// The verdicts, first thing on the page: what is wrong, since when, and the line that cures it.

import { coded, el, replace } from "./dom.js";
import { count, number } from "./format.js";
import { SEVERITIES, sign, titled } from "./marks.js";

/** The panel; it reads run, and calls actions.pick(verdict) to show where a verdict points. */
export function create(root, actions) {
  let before = null;
  return {
    update({ run }) {
      const now = JSON.stringify([run.run, run.headline, run.verdicts, run.judged, run.healthy, run.notes, run.overhead?.sentence]);
      if (now === before) return; // an open card stays open while a run goes on
      before = now;
      const cards = run.verdicts.length ? run.verdicts.map((verdict) => card(verdict, actions)) : [calm(run)];
      const open = new Set(folds(root).filter(([, fold]) => fold.open).map(([key]) => key));
      replace(root, cards, cost(run.overhead), notes(run.notes));
      for (const [key, fold] of folds(root)) if (open.has(key)) fold.open = true;
    },
  };
}

/** What recording costs this run; runs of earlier versions don't say. */
function cost(overhead) {
  return overhead ? el("p", { id: "overhead", class: "muted cost" }, overhead.sentence) : null;
}

/** [what it is of, element] of each part that can be opened: a judgement that goes on closes none. */
function folds(root) {
  return [...root.querySelectorAll(".verdict[data-cause] details")].map((fold) => {
    const { cause } = fold.closest(".verdict").dataset;
    return [`${cause} ${fold.querySelector("summary").textContent}`, fold];
  });
}

/** No verdict: the run is well, or it is too early to say. */
function calm(run) {
  const early = !run.judged;
  return el("article", { class: `verdict ${early ? "early" : "healthy"}` },
    el("div", { class: "verdict-what" },
      el("h2", { class: "verdict-title" },
        el("span", { class: `sign ${early ? "info" : "good"}`, "aria-hidden": "true" }, early ? "…" : "✓"),
        early ? "Too early to judge" : run.healthy ? "Healthy" : "No verdict"),
      el("p", { class: "verdict-summary" }, coded(withoutWord(run.headline))),
      early ? el("p", { class: "muted" }, "Verdicts come with the first steps that are judged, and appear here by themselves.") : null));
}

/** The headline without its first word, which is the title. */
function withoutWord(headline) {
  const rest = String(headline).replace(/^(not )?healthy[.:]\s*/i, "");
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

function card(verdict, actions) {
  const { severity, cause, step, layer, summary, meaning } = verdict;
  const word = SEVERITIES[severity]?.word ?? severity;
  const show = () => actions.pick(verdict);
  return el("article", {
    class: `verdict ${severity}`, dataset: { cause, severity },
    onclick: (event) => !event.target.closest("button, summary, details, code, a") && !selecting() && show(),
  },
  el("div", { class: "verdict-what" },
    el("h2", { class: "verdict-title" }, sign(severity), el("button", { type: "button", class: "verdict-show", title: "Show where", onclick: show }, titled(cause)),
      el("span", { class: `word ${severity}` }, word)),
    el("p", { class: "verdict-summary" }, coded(summary || meaning)),
    el("p", { class: "verdict-where" },
      layer ? [el("span", { class: "mono" }, layer), " · "] : null,
      step === null ? null : `since step ${count(step)}`),
    el("div", { class: "verdict-folds" }, evidence(verdict), symptoms(verdict, actions))),
  remedy(verdict.remedy));
}

/** True while a reader marks text to copy it. */
function selecting() {
  return String(window.getSelection()).length > 0;
}

function remedy(cure) {
  if (!cure) return null;
  return el("div", { class: "verdict-cure" },
    el("h3", {}, "What to change"),
    cure.text ? el("p", {}, coded(cure.text)) : null,
    cure.code ? el("div", { class: "code" }, el("pre", {}, el("code", {}, cure.code)), copyButton(cure.code)) : null,
    cure.reference ? el("p", { class: "reference" }, link(cure.reference)) : null);
}

/** A reference as a link where it is one, and of the web: nothing else is clickable. */
function link(text) {
  return /^https?:\/\/\S+$/.test(text) ? el("a", { href: text, target: "_blank", rel: "noopener noreferrer" }, text) : text;
}

function copyButton(code) {
  const button = el("button", { type: "button", class: "copy", "aria-label": "Copy the code" }, "Copy");
  button.addEventListener("click", async () => {
    button.textContent = (await copy(code)) ? "Copied" : "Press Ctrl+C";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  return button;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyOldWay(text); // no clipboard without https
  }
}

function copyOldWay(text) {
  const area = el("textarea", { class: "unseen" });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

function evidence({ evidence: facts, confidence }) {
  const entries = Object.entries(facts ?? {});
  if (!entries.length && !Number.isFinite(confidence)) return null;
  const rows = entries.map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name.replaceAll("_", " ")), el("td", {}, told(value))));
  if (Number.isFinite(confidence)) rows.push(el("tr", {}, el("th", { scope: "row" }, "confidence"), el("td", {}, `${Math.round(confidence * 100)} %`)));
  return el("details", {}, el("summary", {}, "Evidence"), el("table", { class: "facts" }, el("tbody", {}, rows)));
}

function told(value) {
  if (typeof value === "number" || value === null) return number(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

function symptoms({ symptoms: list }, actions) {
  if (!list?.length) return null;
  const items = list.map((each) => el("li", {},
    el("button", { type: "button", class: "verdict-show", onclick: () => actions.pick(each) }, titled(each.cause)),
    each.step === null ? null : el("span", { class: "muted" }, ` since step ${count(each.step)}`),
    el("p", {}, coded(each.summary || each.meaning))));
  return el("details", {}, el("summary", {}, list.length === 1 ? "Brings about 1 more" : `Brings about ${list.length} more`),
    el("ul", { class: "symptoms" }, items));
}

function notes(list) {
  if (!list?.length) return null;
  return el("details", { class: "notes" }, el("summary", {}, list.length === 1 ? "1 note on the data" : `${list.length} notes on the data`),
    el("ul", {}, list.map((note) => el("li", {}, note))));
}
