// The bar: which run, which statistic, compared with which, and whether the page follows the run.

import { el, replace, setText } from "./dom.js";
import { ago, count } from "./format.js";
import { SEVERITIES, titled } from "./marks.js";

const KINDS = { variable: "Per variable", layer: "Per layer", class: "Per class", step: "Whole step" };

/** Makes the bar. actions: {set, live(on), help()}. */
export function create(root, actions, { live }) {
  const parts = {
    run: picker("run-picker", "Run", (value) => actions.set({ run: value || null, first: null, last: null, step: null, folded: null })),
    statistic: picker("statistic-picker", "Statistic", (value) => actions.set({ statistic: value })),
    other: picker("other-picker", "Compare with", (value) => actions.set({ other: value || null })),
    status: el("span", { id: "status", class: "status" }),
    reset: el("button", { id: "reset-zoom", type: "button", class: "quiet", hidden: true, title: "Escape does the same", onclick: () => actions.set({ first: null, last: null }) }, "Reset zoom"),
    live: el("input", { id: "live", type: "checkbox", onchange: (event) => actions.live(event.target.checked) }),
    help: el("button", { id: "help-button", type: "button", class: "quiet round", title: "Keys and colours (?)", "aria-label": "Help", onclick: actions.help }, "?"),
  };
  parts.live.checked = live;
  const follow = el("label", { class: "live", title: "Look for new steps every few seconds" }, parts.live, "Live");
  replace(root, parts.run.root, parts.statistic.root, parts.other.root,
    el("span", { class: "bar-end" }, parts.reset, parts.status, live === null ? null : follow, parts.help));
  return { update: (view) => update(parts, view), tick: (run) => tick(parts, run) };
}

function picker(id, label, choose) {
  const select = el("select", { id, onchange: (event) => choose(event.target.value) });
  return { select, root: el("label", { class: "picker", for: id }, el("span", { class: "picker-label" }, label), select), before: "" };
}

function update(parts, { list, run, statistic, statistics, other, first, last }) {
  options(parts.run, list.map(runOption), run?.run ?? "");
  const others = list.filter((each) => each.run !== run?.run).map(runOption);
  options(parts.other, [{ value: "", label: "no other run" }, ...others], other ?? "");
  parts.other.root.hidden = !others.length;
  options(parts.statistic, (statistics ?? []).map(statisticOption), statistic?.name ?? "");
  parts.statistic.select.title = statistic ? `${statistic.name}: ${statistic.formula}` : "";
  parts.run.select.title = run?.title ?? "";
  parts.reset.hidden = (first ?? null) === null && (last ?? null) === null;
  tick(parts, run);
}

function tick(parts, run) {
  if (!run) return setText(parts.status, "");
  const told = run.last_step === null ? "no step yet" : `last step ${count(run.last_step)}`;
  return setText(parts.status, [told, ago(run.wall_time)].filter(Boolean).join(", "));
}

function runOption({ run, title, severity, cause }) {
  const mark = severity ? `${SEVERITIES[severity]?.sign ?? ""} ` : "";
  return { value: run, label: mark + title, hint: cause ? `${title}: ${titled(cause)}` : title };
}

function statisticOption({ name, per, formula }) {
  return { value: name, label: name, hint: formula, group: KINDS[per] ?? per };
}

/** Fills a picker anew only where its options differ: an open list is not closed under the mouse. */
function options(picker, entries, value) {
  const now = JSON.stringify(entries);
  if (now !== picker.before) {
    picker.before = now;
    const groups = new Map();
    for (const entry of entries) {
      const option = el("option", { value: entry.value, title: entry.hint }, entry.label);
      if (!groups.has(entry.group)) groups.set(entry.group, []);
      groups.get(entry.group).push(option);
    }
    replace(picker.select, [...groups].map(([group, children]) => (group ? el("optgroup", { label: group }, children) : children)));
  }
  if (picker.select.value !== value) picker.select.value = value;
}
