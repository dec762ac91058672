// Who walks the page by keyboard stays where he is when a panel is drawn anew under him.

const REACHED = "button:not([tabindex='-1']), select, input, summary, a[href], canvas[tabindex='0']";

/** Calls `draw`; if the focused element is gone then, its successor gets the focus. */
export function keepFocus(root, draw) {
  const before = document.activeElement;
  const inside = before && before !== root && root.contains(before);
  const way = inside ? wayTo(before, root) : [];
  draw();
  if (!inside || isVisible(before)) return;
  const next = follow(way, root, before) ?? [...around(way, root)].find(isVisible);
  next?.focus({ preventScroll: true });
}

/** The places among its siblings by which an element is found from the root. */
function wayTo(element, root) {
  const way = [];
  for (let at = element; at !== root; at = at.parentElement) way.unshift([...at.parentElement.children].indexOf(at));
  return way;
}

/** The element at the end of a way, where it is one of the same kind and can be seen. */
function follow(way, root, before) {
  const found = way.reduce((at, place) => at?.children[place], root);
  return found?.tagName === before.tagName && found.className === before.className && isVisible(found) ? found : null;
}

/** What the keyboard reaches nearby: in the innermost part of the way that is left, then farther out. */
function* around(way, root) {
  const parts = [root];
  for (const place of way.slice(0, -1)) if (parts[0].children[place]) parts.unshift(parts[0].children[place]);
  for (const part of parts) yield* part.querySelectorAll(REACHED);
}

function isVisible(element) {
  return element.isConnected && element.getClientRects().length > 0;
}
