// A line per row over steps, coloured by depth, the selected one bold with its smallest and largest.

import { stepTicks } from "./scales.js";
import { createChart } from "./charts.js";
import { line as lineColour } from "./colours.js";
import { createFigure } from "./figure.js";
import { count, number, plural, steps } from "./format.js";
import {
  depthColour, guidesOf, marksOf, middles, placeOf, rangeOfSteps, rangeOfX, rowOf, specialKey,
} from "./oversteps.js";
import { matchRow } from "./rows.js";

const MOST = 60; // lines that one can still follow

/** The panel; `update(view)` draws, or only moves the cursor where nothing else changed. */
export function create(root, actions) {
  const figure = createFigure("lines");
  root.append(figure.root);
  let shown = null; // {series, rows, x, layer, ...} as drawn last
  let band = null; // {key, series} of the selected row
  let view = null;

  const chart = createChart(figure.plot, {
    height: 280,
    hover: (index, line) => actions.hover(index === null ? null : shown.series.first[index], nameAt(line)),
    pick: (index, line) => {
      const layer = nameAt(line);
      actions.set({ step: shown.series.first[index], ...(layer === null ? {} : { layer }) });
    },
    zoom: (low, high) => actions.set(rangeOfSteps(shown.series, low, high)),
    reset: () => actions.set({ first: null, last: null }),
  });
  const nameAt = (line) => (line === null || !shown ? null : shown.series.names[shown.rows[line]]);

  function update(next) {
    view = next;
    const { series, statistic } = view;
    root.hidden = !statistic || statistic.per === "step";
    if (root.hidden || !series) return;
    if (!shown || !sameDrawing(shown, view)) draw();
    chart.point(placeOf(shown, view.step));
  }

  function draw() {
    const { series, statistic, layer, theme, run } = view;
    const selected = layer === null ? -1 : series.names.indexOf(matchRow(series.names, layer));
    // The selected line comes last, over the others.
    const rows = chooseRows(series.rows, selected, MOST);
    rows.sort((a, b) => (a === selected) - (b === selected));
    shown = { series, layer, theme, statistic, rows, first: view.first, last: view.last, selected, x: middles(series) };
    headline(statistic, series, rows, selected);
    if (!series.columns) return chart.clear("Nothing is recorded in these steps.");
    askForBand(run, statistic, series, selected);
    const lines = rows.map((row) => lineOf(series, row, row === selected, selected >= 0, statistic, theme));
    const special = marksOf(lines, statistic.scale === "log");
    figure.key([...depthKey(statistic, rows, theme), ...specialKey(special)]);
    chart.draw({
      x: shown.x,
      xRange: rangeOfX(view),
      xTicks: stepTicks,
      lines,
      bands: bandOf(band, series, selected, theme),
      marks: special,
      guides: guidesOf(statistic),
      scale: statistic.scale,
      theme,
      tip: (index, line) => tipOf(shown, rows, index, line),
    });
  }

  // The smallest values are asked for only where columns hold more than one step.
  function askForBand(run, statistic, series, selected) {
    const binned = series.first.some((first, column) => first !== series.last[column]);
    const key = JSON.stringify([run.run, run.revision, statistic.name, selected, series.first[0], series.last.at(-1), series.columns]);
    if (selected < 0 || !binned || band?.key === key) return;
    band = { key, series: null, name: series.names[selected] };
    const asked = band;
    const options = { first: series.first[0], last: series.last.at(-1), columns: series.columns, rows: [selected], band: 1 };
    actions.series(run.run, statistic.name, options).then((answer) => {
      asked.series = answer;
      if (band === asked && shown?.series.names[shown.selected] === asked.name) draw();
    }, () => {}); // the line stays without its band
  }

  function headline(statistic, series, rows, selected) {
    figure.title(statistic.name, statistic.formula);
    figure.unit(statistic.unit);
    const some = rows.length < series.rows ? `${count(rows.length)} of ${plural(series.rows, "row")}, evenly chosen` : "";
    const which = selected >= 0 ? `, ${series.names[selected]} bold` : "";
    figure.note(some ? `${some}${which}` : "");
  }

  return { update };
}

function sameDrawing(shown, view) {
  return shown.series === view.series && shown.layer === view.layer && shown.theme === view.theme
    && shown.statistic === view.statistic && shown.first === view.first && shown.last === view.last;
}

/** At most `most` of `total` rows, first and last among them, and the selected one in any case. */
export function chooseRows(total, selected, most) {
  if (total <= most) return Array.from({ length: total }, (_, row) => row);
  const chosen = Array.from({ length: most }, (_, i) => Math.round((i * (total - 1)) / (most - 1)));
  if (selected < 0 || chosen.includes(selected)) return chosen;
  // In place of its neighbour, which looks much like it; never of the first or the last.
  let near = 1;
  for (let i = 1; i < most - 1; i += 1) {
    if (Math.abs(chosen[i] - selected) < Math.abs(chosen[near] - selected)) near = i;
  }
  chosen[near] = selected;
  return chosen;
}

function lineOf(series, row, bold, anyBold, statistic, theme) {
  const few = statistic.per === "class" && series.rows <= 7;
  const colour = few ? lineColour(row, theme.dark) : depthColour(row, series.rows, theme);
  return { values: rowOf(series, row), colour: bold || !anyBold ? colour : faded(colour), width: bold ? 3 : 1.25 };
}

function faded(colour) {
  return colour.startsWith("#") ? `${colour}99` : colour.replace("rgb(", "rgba(").replace(")", ", 0.55)");
}

function bandOf(band, series, row, theme) {
  const answer = band?.series;
  if (!answer || band.name !== series.names[row] || answer.columns !== series.columns) return [];
  const colour = depthColour(row, series.rows, theme).replace("rgb(", "rgba(").replace(")", ", 0.25)");
  return [{ low: answer.min, high: answer.max, colour }];
}

function depthKey(statistic, rows, theme) {
  if (statistic.per === "class" || rows.length < 2) return [];
  const colours = [0, 1, 2, 3, 4].map((i) => depthColour(i, 5, theme));
  return [{ label: "first to last layer", gradient: colours }];
}

function tipOf({ series, statistic }, rows, index, line) {
  const when = steps(series.first[index], series.last[index]);
  if (line === null) return [when];
  const row = rows[line];
  return [series.names[row], `${number(series.max[row * series.columns + index])} ${statistic.unit}`, when];
}
