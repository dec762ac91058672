// Elements without markup: text is always text, so that names from a run can't become HTML.

const SVG = "http://www.w3.org/2000/svg";

/**
 * A new element. Attributes that are functions become listeners (`onclick`), null and false are
 * left out, true is an attribute without value, `dataset` and `style` take objects. Children are
 * nodes, texts, numbers, or lists of those; null and false are left out.
 */
export function el(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for a piece of an SVG drawing. */
export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Puts children in place of what an element holds. */
export function replace(element, ...children) {
  element.replaceChildren(...flat(children));
  return element;
}

/** A sentence whose `code` in backticks reads as code: a list of texts and elements. */
export function coded(text) {
  return String(text).split(/`([^`]+)`/).map((part, i) => (i % 2 ? el("code", {}, part) : part));
}

/** Sets a text only where it differs, so that a reader's selection and screen readers keep calm. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Calls `draw(width, height)` when an element gets a size or another one. Returns a stop function. */
export function watchSize(element, draw) {
  let before = "";
  const look = () => {
    const { clientWidth: width, clientHeight: height } = element;
    const now = `${width}x${height}x${window.devicePixelRatio}`;
    if (!width || !height || now === before) return;
    before = now;
    draw(width, height);
  };
  const observer = new ResizeObserver(() => requestAnimationFrame(look));
  observer.observe(element);
  return () => observer.disconnect();
}

/** False in a tab of TensorBoard that is hidden: its frame has no height. */
export function hasSize(element) {
  return element.clientWidth > 0 && window.innerHeight > 0;
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name === "style") for (const key in value) element.style.setProperty(key, value[key]);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...flat(children));
  return element;
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}
