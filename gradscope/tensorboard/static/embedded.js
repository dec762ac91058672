// A page that holds its numbers itself: <script type="application/json" id="gradscope-data">.

import { cut } from "./series.js";

/** A source made of the page's own JSON, null in a page that has none. */
export function embedded() {
  const element = document.getElementById("gradscope-data");
  return element ? sourceOf(JSON.parse(element.textContent)) : null;
}

/** A source of what {"runs", "run": {R}, "series": {R: {S}}, "detail": {R: {K/P}}, "compare"} holds; `compare` may be a list. */
export function sourceOf(held) {
  const routes = {
    runs: () => held.runs,
    run: ({ run }) => own(held.run, run),
    series: ({ run, statistic, ...options }) => {
      const answer = own(own(held.series, run), statistic);
      return answer && cut(answer, options);
    },
    detail: ({ run, kind, path, ...options }) => {
      const answer = own(own(held.detail, run), `${kind}/${path}`);
      return answer && cut(answer, options);
    },
    compare: ({ a, b }) => [held.compare].flat().find((answer) => answer?.a === a && answer?.b === b),
  };
  const get = async (route, parameters) => {
    const answer = routes[route](parameters);
    if (answer === undefined) throw Object.assign(new Error(missing(route, parameters)), { gone: true });
    return answer;
  };
  return { live: false, get };
}

/** An entry of an object; a run may be named "constructor". */
function own(object, key) {
  return object && Object.hasOwn(object, key) ? object[key] : undefined;
}

function missing(route, { run, statistic, kind, path, a, b }) {
  const what = route === "compare" ? `a comparison of “${a}” with “${b}”` : [run, statistic, kind, path].filter(Boolean).join(", ");
  return `This page does not hold ${what}. It was written to stand alone: make it anew, or open the run in TensorBoard.`;
}
