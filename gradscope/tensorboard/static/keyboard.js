// The keys that work wherever the focus is; those of the heatmap's cells are in heatmap-input.js.

/** Listens. actions: {reset(), turn(by), help()}. */
export function startKeys(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") actions.reset();
    else if (event.key === "[") actions.turn(-1);
    else if (event.key === "]") actions.turn(1);
    else if (event.key === "?") actions.help();
    else return;
    event.preventDefault();
  });
}

function typing(target) {
  return target instanceof Element && target.closest("input:not([type=checkbox]), textarea") !== null;
}
