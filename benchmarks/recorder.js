// Runs in every frame before the page's own scripts: notes when input came and when its work ended.
// Times are milliseconds since the epoch, so that those of two frames compare.
(() => {
  const marks = { began: performance.timeOrigin, ready: null, input: null, changed: null, pending: 0 };
  window.tabMarks = marks;
  const now = () => performance.timeOrigin + performance.now();
  const kinds = ["pointermove", "mousemove", "pointerup", "mouseup", "click", "keydown", "change"];
  for (const kind of kinds) {
    addEventListener(kind, (event) => { marks.input = performance.timeOrigin + event.timeStamp; }, true);
  }
  // After the next frame is painted: the task behind a frame's callbacks.
  const painted = (then) => requestAnimationFrame(() => setTimeout(then));
  const changed = () => painted(() => { marks.changed = now(); });
  new MutationObserver(() => {
    if (document.body?.dataset.ready && marks.ready === null) {
      marks.ready = 0;
      painted(() => { marks.ready = now(); });
    }
    changed();
  }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  const ask = window.fetch;
  window.fetch = (...wish) => {
    marks.pending += 1;
    return ask(...wish).finally(() => { marks.pending -= 1; });
  };
  // Canvases change without a trace in the document; drawing that takes long shows as a long task.
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) {
      marks.changed = Math.max(marks.changed ?? 0, performance.timeOrigin + task.startTime + task.duration);
    }
  }).observe({ type: "longtask" });
})();
