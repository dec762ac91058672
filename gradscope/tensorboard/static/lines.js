// A line per row over steps, coloured by depth, the selected one bold with its smallest and largest.

import { stepTicks } from "./scales.js";
import { createChart } from "./charts.js";
import { line as lineColour } from "./colours.js";
import { createFigure } from "./figure.js";
import { count, number, plural, shorten, steps } from "./format.js";
import {
  depthColour, guidesOf, marksOf, middles, placeOf, rangeOfSteps, rangeOfX, rowOf, specialKey,
} from "./oversteps.js";
import { commonPath } from "./paths.js";
import { matchRow } from "./rows.js";

const MOST = 60; // lines that one can still follow
const FEW = 7; // lines that have a colour of their own, and their name in the key

/** The panel; `update(view)` draws, or only moves the cursor where nothing else changed. */
export function create(root, actions) {
  const figure = createFigure("lines");
  root.append(figure.root);
  let shown = null; // {series, lines, x, layer, ...} as drawn last
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
  const nameAt = (line) => (line === null || !shown ? null : shown.series.names[shown.lines[line].row]);

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
    const rows = chooseRows(series.rows, selected, MOST);
    shown = { series, layer, theme, statistic, first: view.first, last: view.last, selected, x: middles(series) };
    headline(statistic, series, rows, selected);
    if (!series.columns) return chart.clear("Nothing is recorded in these steps.");
    askForBand(run, statistic, series, selected);
    const lines = linesOf(series, rows, selected, theme);
    shown.lines = lines;
    const bands = bandOf(band, series, selected, theme);
    const special = marksOf(watched(lines, selected, statistic), statistic.scale === "log");
    figure.key([...rowKey(series, statistic, theme), ...bandKey(bands), ...specialKey(special)]);
    chart.draw({
      x: shown.x,
      xRange: rangeOfX(view),
      xTicks: stepTicks,
      zoomed: view.first !== null,
      lines,
      bands,
      marks: special,
      guides: guidesOf(statistic),
      scale: statistic.scale,
      theme,
      tip: (index, line) => tipOf(shown, index, line),
    });
  }

  // The smallest values are asked for only where columns hold more than one step.
  function askForBand(run, statistic, series, selected) {
    const binned = series.first.some((first, column) => first !== series.last[column]);
    const [first, last, columns] = [series.first[0], series.last.at(-1), series.columns];
    const key = JSON.stringify([run.run, run.revision, statistic.name, selected, first, last, columns]);
    if (selected < 0 || !binned || band?.key === key) return;
    band = { key, series: null, name: series.names[selected] };
    const asked = band;
    actions.series(run.run, statistic.name, { first, last, columns, rows: [selected], band: 1 }).then((answer) => {
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

// A class that a batch lacks has no loss: of classes only the selected one's gaps are told.
function watched(lines, selected, { per }) {
  if (per !== "class") return lines;
  return selected < 0 ? [] : [lines.at(-1)];
}

// The selected line comes last, over the others, with an edge that sets it apart from its neighbours.
function linesOf(series, rows, selected, theme) {
  const line = (row) => ({ row, values: rowOf(series, row), colour: colourOf(series, row, theme), width: 1.25 });
  if (selected < 0) return rows.map(line);
  const others = rows.filter((row) => row !== selected).map(line);
  for (const other of others) other.colour = faded(other.colour, 0.45);
  const bold = { ...line(selected), width: 2.75 };
  const edge = { ...bold, colour: theme.ink, width: 4.5, points: 0, quiet: true };
  return series.rows > 1 ? [...others, edge, bold] : [bold];
}

function colourOf(series, row, theme) {
  return series.rows <= FEW ? lineColour(row, theme.dark) : depthColour(row, series.rows, theme);
}

function faded(colour, alpha) {
  if (colour.startsWith("#")) return colour + Math.round(alpha * 255).toString(16).padStart(2, "0");
  return colour.replace("rgb(", "rgba(").replace(")", `, ${alpha})`);
}

function bandOf(band, series, row, theme) {
  const answer = band?.series;
  if (!answer || band.name !== series.names[row] || answer.columns !== series.columns) return [];
  return [{ low: answer.min, high: answer.max, colour: faded(colourOf(series, row, theme), 0.25) }];
}

function bandKey(bands) {
  return bands.map(({ colour }) => ({ label: "smallest to largest", colour, block: true }));
}

function rowKey({ names }, { per }, theme) {
  if (names.length === 1) return [];
  if (names.length > FEW) {
    const colours = [0, 1, 2, 3, 4].map((i) => depthColour(i, 5, theme));
    return [{ label: per === "class" ? "first to last class" : "first to last layer", gradient: colours }];
  }
  const common = commonPath(names).length;
  return names.map((name, row) => ({ label: shorten(name.slice(common), 24), colour: lineColour(row, theme.dark) }));
}

function tipOf({ series, statistic, lines }, index, line) {
  const when = steps(series.first[index], series.last[index]);
  if (line === null) return [when];
  const { row } = lines[line];
  return [series.names[row], `${number(series.max[row * series.columns + index])} ${statistic.unit}`, when];
}
