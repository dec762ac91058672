// A panel on a stage: two rows of four steps, the first with a NaN, and what the panel asks for.

const theme = {
  dark: false, font: "sans-serif", ink: "#000", muted: "#555", grid: "#ddd", surface: "#fff",
};

const comparison = {
  settings: [{ what: "optimizer.learning_rate", a: 0.001, b: 0.1 }],
  data: [
    { what: "input_std", a: 1, b: 74.1, differs: true },
    { what: "input_mean", a: 0.5, b: 0.5, differs: false },
  ],
  parting: { exact: false, statistic: "grad_norm", name: "n/b/kernel", step: 2, a: 1e-6, b: 31 },
  layers: [{ statistic: "grad_norm", name: "n/b/kernel", step: 2, a: 1e-6, b: 31 }],
  only_a: [], only_b: ["<img src=x onerror='window.pwned=1'>"],
  sentences: ["The inputs are 74 times as large in b.", "<b>bold</b>"],
};

/** A panel with its first view drawn. options: {hidden, failing}, both false unless told. */
export async function stage(create, names, { hidden = false, failing = false } = {}) {
  const series = {
    names, rows: 2, columns: 4, first: [0, 1, 2, 3], last: [0, 1, 2, 3], recorded: 4,
    max: Float32Array.of(1, 1, NaN, 1, 1e-6, 1e-6, 1e-6, 1e-6), lowest: 1e-6, highest: 1,
  };
  const statistic = {
    name: "grad_norm", per: "variable", axis: "variable", scale: "log", unit: "u", formula: "f",
  };
  const run = {
    run: "r", revision: "1", title: "r", first_step: 0, last_step: 3, verdicts: [], statistics: [statistic],
    axes: { variable: names, layer: [] }, info: { variables: { [names[0]]: { shape: [2, 2] } } },
  };
  const view = {
    theme, run, statistic, series, other: null, otherSeries: null,
    layer: names[0], step: null, first: null, last: null,
  };
  const staged = { view, said: [], failing };
  const actions = {
    set: (changes) => staged.said.push(changes),
    hover: (...where) => staged.said.push(where),
    series: async () => {
      if (staged.failing) throw new Error("No answer.");
      return series;
    },
    compare: async () => {
      if (staged.failing) throw new Error("No answer.");
      return comparison;
    },
  };
  staged.root = document.body.appendChild(document.createElement("section"));
  if (hidden) staged.root.style.display = "none";
  staged.panel = create(staged.root, actions);
  staged.update = async (changes) => {
    staged.panel.update({ ...view, ...changes });
    await frames();
  };
  await staged.update({});
  return staged;
}

/** Two frames and what they set going. */
export async function frames() {
  for (let i = 0; i < 2; i += 1) {
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)));
  }
}

/** A mouse event over the plot, at shares of its width and height. */
export function mouse({ root }, type, x, y) {
  const over = root.querySelector(".u-over");
  const box = over.getBoundingClientRect();
  const [clientX, clientY] = [box.left + x * box.width, box.top + y * box.height];
  over.dispatchEvent(new MouseEvent(type, { clientX, clientY, bubbles: true }));
}

/** The opaque colours of the first canvas, as "r,g,b". */
export function colours({ root }) {
  const canvas = root.querySelector("canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const found = new Set();
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] === 255) found.add(data.slice(i, i + 3).join(","));
  }
  return [...found];
}
