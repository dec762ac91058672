// A line chart: a thin wrapper of uPlot that knows steps, log axes, gaps and both themes.
//
// createChart(root, options) -> {draw(plot), point(x), clear(text), destroy()}
//   options: {height, hover(index, line, event), pick(index, line), zoom(low, high) or null, reset()}
//   plot: {
//     x: places of the columns, ascending; xRange: [low, high];
//     xTicks(low, high, most, width) -> [{place, label}];
//     lines: [{values, colour, width, dash, points, quiet}] in their own unit, NaN where there is none,
//            undefined where a line has no such column; a quiet line can't be pointed at;
//     bands: [{low, high, colour}]; guides: [{value, label, include: true where the axis must reach it}];
//     marks: [{index, kind}];
//     scale: "log", "linear" or "share"; theme; tip(index, line) -> [strings], first one bold;
//     near: pixels within which the pointer means a line; xSize: height of the axis below;
//     zoomed: whether a double click leads anywhere
//   }

import { el } from "./dom.js";
import { place, rangeOf, ticks } from "./scales.js";
import uPlot from "./vendor-uplot.js";

const NEAR = 24; // pixels within which the pointer means a line
const AXIS_WIDTH = 54;
const MANY = 10000; // points from which lines are as thin as can be
const BOLD = 2.5; // lines wider than that are few, and stay so
const DOUBLE = 250; // milliseconds between two clicks that are one double click

/** A chart in `root`, which is emptied. Draws as soon as root has a size. */
export function createChart(root, options) {
  const chart = new Chart(root, options);
  return {
    draw: (plot) => chart.draw(plot),
    point: (x) => chart.point(x),
    clear: (text) => chart.clear(text),
    destroy: () => chart.destroy(),
  };
}

class Chart {
  constructor(root, options) {
    this.root = root;
    this.options = { height: 240, ...options };
    this.plot = null;
    this.drawn = null;
    this.shape = "";
    this.pointed = null;
    this.tip = el("div", { class: "chart-tip", hidden: true });
    this.root.classList.add("chart-plot");
    this.root.style.minHeight = `${this.options.height}px`;
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(root);
  }

  draw(plot) {
    if (!plot.lines.some(({ values }) => values.some((value) => Number.isFinite(value)))) {
      return this.clear("No finite value in these steps.");
    }
    this.plot = { bands: [], guides: [], marks: [], ...plot };
    return this.render();
  }

  /** Shows words in place of lines. */
  clear(text) {
    this.plot = null;
    this.drop();
    this.root.replaceChildren(el("p", { class: "chart-empty" }, text));
  }

  /** Puts the cursor at a place of the x axis, or takes it away; again after each drawing. */
  point(x) {
    this.pointed = x;
    if (!this.drawn?.status || this.inside) return;
    const left = x === null ? -10 : this.drawn.valToPos(x, "x");
    this.drawn.setCursor({ left, top: x === null ? -10 : 0 }, false);
  }

  destroy() {
    this.observer.disconnect();
    this.drop();
    this.root.replaceChildren();
  }

  drop() {
    this.drawn?.destroy();
    this.drawn = null;
    this.shape = "";
    this.inside = false;
    this.tip.hidden = true;
  }

  fit() {
    const width = this.root.clientWidth;
    if (!width || !this.plot) return;
    if (!this.drawn) this.render();
    else if (this.drawn.width !== width) {
      this.drawn.setSize({ width, height: this.options.height });
    }
  }

  // Kept where only numbers changed, so that a live run does not flicker; built anew otherwise.
  render() {
    if (!this.root.clientWidth) return;
    const data = this.places();
    const shape = JSON.stringify([
      this.plot.theme.dark,
      this.plot.lines.length * this.plot.x.length > MANY,
      this.plot.bands.length,
      this.plot.lines.map((line) => [line.width, line.dash, line.points]),
    ]);
    if (this.drawn && shape === this.shape) {
      this.drawn.setData(data);
    } else {
      this.drop();
      this.root.replaceChildren();
      this.drawn = new uPlot(this.settings(), data, this.root);
      this.drawn.over.append(this.tip);
      this.listen(this.drawn.over);
      this.shape = shape;
    }
  }

  // uPlot's columns: x, two edges for each band, the lines.
  places() {
    const log = this.plot.scale === "log";
    const of = (values) => Array.from(values, (v) => (v === undefined ? undefined : place(v, log)));
    const edges = this.plot.bands.flatMap((band) => [of(band.low), of(band.high)]);
    const lines = this.plot.lines.map((line) => of(line.values));
    const guides = [this.plot.guides.filter((g) => g.include).map((g) => place(g.value, log))];
    this.yRange = rangeOf([...edges, ...lines, ...guides], this.plot.scale) ?? [0, 1];
    return [Array.from(this.plot.x), ...edges, ...lines];
  }

  settings() {
    const zoom = Boolean(this.options.zoom);
    return {
      width: this.root.clientWidth,
      height: this.options.height,
      padding: [10, 12, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: false, range: () => this.plot.xRange },
        y: { range: () => this.yRange },
      },
      axes: [this.axisBelow(), this.axisLeft()],
      series: [{}, ...this.edges(), ...this.strokes()],
      bands: this.plot.bands.map((_, i) => ({
        series: [2 * i + 2, 2 * i + 1],
        fill: () => this.plot.bands[i].colour,
      })),
      cursor: {
        y: false,
        points: { show: false },
        // To uPlot a snapped cursor is a drag, whose click it would swallow: `listen` tells them apart.
        drag: { x: zoom, y: false, setScale: false, dist: 5, click: () => {} },
        bind: { dblclick: () => null },
        move: (u, left, top) => [this.snapped(u, left), top],
      },
      hooks: { draw: [(u) => this.decorate(u), () => queueMicrotask(() => this.point(this.pointed))], setSelect: [(u) => this.select(u)] },
    };
  }

  edges() {
    const hidden = { width: 0, stroke: "transparent", points: { show: false } };
    return this.plot.bands.flatMap(() => [{ ...hidden }, { ...hidden }]);
  }

  strokes() {
    const { lines, x } = this.plot;
    // A line of one device pixel is drawn 30 times as fast as a wider one, where no GPU draws it.
    const most = lines.length * x.length > MANY ? 1 / uPlot.pxRatio : Infinity;
    return lines.map((line, i) => ({
      stroke: () => this.plot.lines[i].colour,
      width: line.width > BOLD ? line.width : Math.min(most, line.width ?? 1.5),
      dash: line.dash,
      points: {
        size: line.points ?? (this.plot.x.length === 1 ? 8 : 4),
        fill: () => this.plot.lines[i].colour,
        ...(line.points === undefined ? {} : { show: line.points > 0 }),
      },
    }));
  }

  axisBelow() {
    return {
      ...this.axis(),
      size: this.plot.xSize ?? 28,
      splits: (u, _, low, high) => this.ticksBelow(u, low, high).map((tick) => tick.place),
      values: (u, splits) => {
        const found = this.ticksBelow(u, ...this.plot.xRange);
        return splits.map((at) => found.find((tick) => tick.place === at)?.label ?? "");
      },
    };
  }

  ticksBelow(u, low, high) {
    const width = u.width - AXIS_WIDTH;
    return this.plot.xTicks(low, high, Math.max(1, Math.floor(width / 64)), width);
  }

  axisLeft() {
    const of = (u, low, high) => ticks(low, high, this.plot.scale, Math.floor(u.height / 36));
    return {
      ...this.axis(),
      size: AXIS_WIDTH,
      splits: (u, _, low, high) => of(u, low, high).map((tick) => tick.place),
      values: (u, splits) => {
        const found = of(u, ...this.yRange);
        return splits.map((at) => found.find((tick) => tick.place === at)?.label ?? "");
      },
    };
  }

  axis() {
    return {
      stroke: () => this.plot.theme.muted,
      font: `11px ${this.plot.theme.font}`,
      gap: 4,
      grid: { stroke: () => this.plot.theme.grid, width: 1 },
      ticks: { stroke: () => this.plot.theme.grid, width: 1, size: 4 },
    };
  }

  // Over the lines: the guides, and where values are that an axis can't show.
  decorate(u) {
    const { ctx, bbox } = u;
    ctx.save();
    for (const guide of this.plot.guides) this.guide(u, guide);
    const size = 4 * uPlot.pxRatio;
    const half = this.columnWidth(u) / 2;
    for (const mark of this.plot.marks) {
      const x = u.valToPos(this.plot.x[mark.index], "x", true);
      ctx.fillStyle = mark.colour;
      const y = mark.low ? bbox.top + bbox.height - size : bbox.top;
      const left = Math.max(bbox.left, x - half);
      ctx.fillRect(left, y, Math.min(x + half, bbox.left + bbox.width) - left, size);
    }
    ctx.restore();
  }

  columnWidth(u) {
    const shown = this.plot.xRange[1] - this.plot.xRange[0];
    const between = this.plot.x.length > 1 ? (this.plot.x.at(-1) - this.plot.x[0]) / (this.plot.x.length - 1) : shown / 8;
    const least = 2 * uPlot.pxRatio; // and a pixel over, so that neighbours leave no seam
    return Math.min(Math.max(least, (between / shown) * u.bbox.width + uPlot.pxRatio), 40 * uPlot.pxRatio);
  }

  guide(u, guide) {
    const at = place(guide.value, this.plot.scale === "log");
    if (at === null || at < this.yRange[0] || at > this.yRange[1]) return;
    const { ctx, bbox } = u;
    const y = Math.round(u.valToPos(at, "y", true));
    ctx.strokeStyle = this.plot.theme.muted;
    ctx.fillStyle = this.plot.theme.muted;
    ctx.lineWidth = uPlot.pxRatio;
    ctx.setLineDash([5 * uPlot.pxRatio, 4 * uPlot.pxRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.font = `${11 * uPlot.pxRatio}px ${this.plot.theme.font}`;
    ctx.textAlign = "right";
    ctx.textBaseline = "bottom";
    const right = bbox.left + bbox.width - 4 * uPlot.pxRatio;
    const width = ctx.measureText(guide.label).width;
    ctx.fillStyle = this.plot.theme.surface; // a ground of its own, to be read over lines
    ctx.globalAlpha = 0.85;
    ctx.fillRect(right - width - 3 * uPlot.pxRatio, y - 16 * uPlot.pxRatio, width + 6 * uPlot.pxRatio, 14 * uPlot.pxRatio);
    ctx.globalAlpha = 1;
    ctx.fillStyle = this.plot.theme.ink;
    ctx.fillText(guide.label, right, y - 2 * uPlot.pxRatio);
  }

  snapped(u, left) {
    if (left < 0 || !this.plot.x.length || this.dragging) return left;
    return u.valToPos(this.plot.x[u.posToIdx(left)], "x");
  }

  select(u) {
    const { left, width } = u.select;
    if (width > 4) {
      const low = u.posToVal(left, "x");
      const high = u.posToVal(left + width, "x");
      u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      this.options.zoom?.(low, high);
    }
  }

  listen(over) {
    let pressed = null;
    over.addEventListener("mousedown", (event) => {
      pressed = event.clientX;
      this.dragging = true;
    });
    over.addEventListener("mouseup", () => { this.dragging = false; });
    over.addEventListener("mouseenter", () => this.drawn?.syncRect());
    over.addEventListener("mousemove", (event) => this.moved(event));
    over.addEventListener("mouseleave", () => this.left());
    over.addEventListener("dblclick", () => {
      clearTimeout(this.waiting);
      this.options.reset?.();
    });
    over.addEventListener("click", (event) => {
      if (pressed !== null && Math.abs(event.clientX - pressed) < 4) this.clicked(event);
    });
  }

  moved(event) {
    this.inside = true;
    const found = this.under(event);
    if (!found) return;
    this.describe(found);
    this.options.hover?.(found.index, found.line);
  }

  left() {
    this.inside = false;
    this.dragging = false;
    this.tip.hidden = true;
    this.options.hover?.(null, null);
    this.point(this.pointed);
  }

  // Zoomed in, a click waits for the second one that would make it a double click, the way out.
  clicked(event) {
    const found = this.under(event);
    if (!found || event.detail > 1) return;
    const pick = () => this.options.pick?.(found.index, found.line);
    if (this.plot.zoomed) this.waiting = setTimeout(pick, DOUBLE);
    else pick();
  }

  /** The column under the pointer and the line next to it, null where none is near. */
  under(event) {
    if (!this.drawn || !this.plot?.x.length) return null;
    const box = this.drawn.over.getBoundingClientRect();
    const left = event.clientX - box.left;
    const top = event.clientY - box.top;
    const index = this.drawn.posToIdx(left);
    const skip = 1 + 2 * this.plot.bands.length;
    const heights = this.plot.lines.map((line, i) => {
      const at = this.drawn.data[skip + i][index];
      return line.quiet || at === null || at === undefined ? null : this.drawn.valToPos(at, "y");
    });
    return { index, line: nearest(heights, top, this.plot.near ?? NEAR), left, top, width: box.width };
  }

  describe({ index, line, left, top, width }) {
    const words = this.plot.tip?.(index, line) ?? [];
    this.tip.hidden = words.length === 0;
    if (!words.length) return;
    this.tip.replaceChildren(...words.map((text, i) => el(i ? "span" : "strong", {}, text)));
    const swatch = line === null ? "transparent" : this.plot.lines[line].colour;
    this.tip.style.borderLeftColor = swatch;
    this.tip.style.top = `${Math.max(0, top - 12)}px`;
    const toLeft = left > width / 2;
    this.tip.style.left = toLeft ? "auto" : `${left + 14}px`;
    this.tip.style.right = toLeft ? `${width - left + 14}px` : "auto";
  }
}

/** The index of the height next to `top`, null where none is within `reach`. */
export function nearest(heights, top, reach) {
  let best = null;
  let distance = reach;
  heights.forEach((height, i) => {
    if (height !== null && Math.abs(height - top) <= distance) {
      distance = Math.abs(height - top);
      best = i;
    }
  });
  return best;
}
