// What the modules of all widgets build their pages with.
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export const percent = (share) => `${(100 * share).toFixed(1)} %`;

// What is typed inside is not meant for the page around: JupyterLab would take a key for a command, and "d d" deletes a cell.
export function keepKeys(el) {
  el.addEventListener("keydown", (event) => { if (!event.ctrlKey && !event.metaKey) event.stopPropagation(); });
}

// A colour of the style sheet as three numbers; before the widget is on the page, it has no style yet.
const COLOURS = { "--for": "d55e00", "--against": "0072b2" };
export function colourOf(el, name) {
  return (getComputedStyle(el).getPropertyValue(name).trim().replace("#", "") || COLOURS[name]).match(/[0-9a-f]{2}/gi).map((part) => parseInt(part, 16));
}
