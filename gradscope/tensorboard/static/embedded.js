// A page that holds its numbers itself: <script type="application/json" id="gradscope-data">.

import { cut } from "./series.js";

/** A source made of the page's own JSON, null in a page that has none. */
export function embedded() {
  const element = document.getElementById("gradscope-data");
  return element ? sourceOf(JSON.parse(element.textContent)) : null;
}

/** A source of what {"runs", "run": {R}, "series": {R: {S}}, "compare"} holds; `compare` may be a list. */
export function sourceOf(held) {
  const routes = {
    runs: () => held.runs,
    run: ({ run }) => held.run[run],
    series: ({ run, statistic, ...options }) => {
      const answer = held.series[run]?.[statistic];
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

function missing(route, { run, statistic, a, b }) {
  const what = route === "compare" ? `a comparison of “${a}” with “${b}”` : [run, statistic].filter(Boolean).join(", ");
  return `This page does not hold ${what}. It was written to stand alone: make it anew, or open the run in TensorBoard.`;
}
