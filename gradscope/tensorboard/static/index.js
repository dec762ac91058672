// The Gradscope tab. TensorBoard imports this module and calls `render()`; a report page does the same.
//
// Top to bottom, by id: #bar (#run-picker #statistic-picker #other-picker #live #reset-zoom
// #help-button #status), #notice, #verdicts (.verdict[data-cause]), #compare, #picture (#legend, #loss,
// #heatmap with canvas #heatmap-canvas[data-drawn], #whole), #lines, #depth, #layer, dialog #help.
// document.body.dataset.ready is "1" once a view is drawn, "empty" without runs, "error" after a failure.
//
// state (store.js) ─► load (view.js) ─► view ─► every panel's update(view); panels change the state
// through `actions` alone. A panel is create(root, actions) -> {update(view)}.

import * as bar from "./bar.js";
import * as data from "./data.js";
import { gutter, RIGHT } from "./axis.js";
import { el, hasSize, watchSize } from "./dom.js";
import { keepFocus } from "./focus.js";
import { borrowFont } from "./font.js";
import { createHelp } from "./help.js";
import { startKeys } from "./keyboard.js";
import { notice, build, heading } from "./page.js";
import { createPanels } from "./panels.js";
import { follow } from "./polling.js";
import { prefetch } from "./prefetch.js";
import { set, startAddress, state, subscribe, writeAddress } from "./store.js";
import { startTheme, theme, watchTheme, refresh } from "./theme.js";
import { columnsOf, load } from "./view.js";

const tab = { page: null, panels: null, bar: null, view: null, list: null, asked: 0, hovered: null, known: "", hoverDue: false, width: 0 };

/** Builds the page and shows what the address bar asks for. */
export async function render() {
  const help = createHelp();
  tab.page = build(document.body, help.element);
  await styled();
  startTheme();
  startAddress();
  const actions = { set, hover, pick, series: data.series, detail: data.detail, compare: data.compare };
  tab.panels = createPanels(tab.page, actions);
  const polling = follow(heard, failed);
  tab.bar = bar.create(tab.page.bar, { set, live: (on) => polling.set(on), help: help.open }, { live: data.source.live ? true : null });
  startKeys({ reset, turn, help: help.open });
  subscribe((changed) => show(changed));
  watchTheme(() => draw());
  watchSize(tab.page.root, sized);
  setInterval(() => tab.view && tab.bar.tick(tab.view.run), 5000);
  await polling.now();
}

/** Style sheets of the tab; a page that stands alone brings them in its head. */
async function styled() {
  if (!data.source.live) return refresh();
  const sheets = ["vendor-uplot.css", "style.css", "views.css"].map((name) => new Promise((done) => {
    const sheet = el("link", { rel: "stylesheet", href: new URL(name, import.meta.url), onload: done, onerror: done });
    document.head.append(sheet);
  }));
  await Promise.all([borrowFont(), ...sheets]);
  return refresh();
}

/** News of the runs: draws again only where what is shown has changed. */
async function heard(answer) {
  tab.list = answer.runs;
  notice(tab.page, "complaints", answer.complaints);
  const known = JSON.stringify([answer.runs, state.run, state.other]);
  if (known === tab.known && tab.view) return notice(tab.page, "away", null);
  if (await show()) tab.known = known;
  return undefined;
}

/** Loads the view of the state and draws it. An answer that comes after a later question is dropped. */
async function show(changed = null) {
  if (!tab.list) return false;
  if (changed && tab.view && onlyPointed(changed)) return draw(pointed());
  const number = (tab.asked += 1);
  const lost = lostRun();
  if (lost && tab.view?.run.run === state.run && !changed) {
    notice(tab.page, "gone", lost);
    return true; // what was read last stays to look at
  }
  tab.page.root.classList.add("loading");
  try {
    const view = await load(state, tab.list, pictureWidth() * (window.devicePixelRatio || 1), tab.view?.run.run);
    if (number !== tab.asked) return false;
    notice(tab.page, "gone", lost);
    notice(tab.page, "away", null);
    if (view) draw({ ...view, step: state.step, folded: state.folded, theme: theme() });
    else nothing();
    return true;
  } catch (error) {
    if (number === tab.asked) failed(error);
    return false;
  } finally {
    if (number === tab.asked) tab.page.root.classList.remove("loading");
  }
}

/** A change of these needs no new numbers. */
function onlyPointed(changed) {
  return [...changed].every((key) => ["step", "layer", "folded"].includes(key));
}

function pointed() {
  const names = tab.view.series?.names ?? [];
  return { ...tab.view, step: state.step, folded: state.folded, layer: tab.panels.match(names, state.layer) };
}

function draw(view = tab.view && { ...tab.view, theme: theme() }) {
  if (!view) return false;
  tab.view = view;
  if (!hasSize(tab.page.root)) return false; // drawn when the tab is shown: see `sized`
  tab.page.root.dataset.state = "shown";
  heading(tab.page, view);
  keepFocus(tab.page.root, () => {
    tab.bar.update({ ...view, other: view.other?.run ?? null });
    tab.panels.update(withHover(view));
  });
  document.body.dataset.ready = "1";
  prefetch(view.run, view.statistic?.name);
  return true;
}

function withHover(view) {
  return tab.hovered === null ? view : { ...view, step: tab.hovered };
}

/** A step under the pointer, or none: the panels follow in the next frame. */
function hover(step) {
  if (step === tab.hovered) return;
  tab.hovered = step;
  if (tab.hoverDue) return;
  tab.hoverDue = true;
  requestAnimationFrame(() => {
    tab.hoverDue = false;
    if (tab.view) tab.panels.point(withHover(tab.view));
  });
}

/** Shows the place that a verdict points to. */
function pick({ statistic, name, step }) {
  const { first, last } = tab.view ?? {};
  const outside = step !== null && ((first !== null && step < first) || (last !== null && step > last));
  set({
    ...(statistic ? { statistic } : {}), layer: name ?? null, step: step ?? null,
    ...(outside ? { first: null, last: null } : {}),
  });
  tab.page.picture.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
}

/** Escape: first the zoom, then the selection. */
function reset() {
  if (state.first !== null || state.last !== null) set({ first: null, last: null });
  else set({ layer: null, step: null });
}

function turn(by) {
  const names = tab.view?.statistics.map(({ name }) => name) ?? [];
  if (!names.length) return;
  // From what is asked for, so that quick presses count while the numbers are on their way.
  const at = names.indexOf(names.includes(state.statistic) ? state.statistic : tab.view.statistic?.name);
  set({ statistic: names[(at + by + names.length) % names.length] });
}

function nothing() {
  tab.view = null;
  tab.page.root.dataset.state = "empty";
  tab.bar.update({ list: tab.list, run: null, statistics: [] });
  document.body.dataset.ready = "empty";
}

/** The sentence where the run that is asked for is not there; null where it is. */
function lostRun() {
  if (state.run === null || tab.list.some((each) => each.run === state.run)) return null;
  const shown = tab.view?.run.run === state.run;
  if (shown) return `The run “${state.run}” is no longer in the log directory. This is what was read of it last; it comes back by itself.`;
  return tab.list.length ? `There is no run “${state.run}” in this log directory. Another one is shown instead.` : null;
}

function failed(error) {
  notice(tab.page, "away", error.message || String(error));
  if (!(error instanceof data.SourceError)) console.warn("gradscope:", error);
  if (!tab.view) {
    tab.page.root.dataset.state = "failed";
    document.body.dataset.ready = "error";
  }
  tab.known = "";
}

function pictureWidth() {
  const width = tab.page.picture.clientWidth || tab.page.root.clientWidth || 1000;
  return Math.max(100, width - gutter(width) - RIGHT);
}

/** The page got a size: it was hidden, or the window changed. */
function sized() {
  writeAddress();
  draw();
  const columns = columnsOf(pictureWidth() * (window.devicePixelRatio || 1));
  if (tab.width && columns !== tab.width && tab.view) show();
  tab.width = columns;
}
