// The network explorer: the layers for one digit; click a unit to see its sum, switch it off to see whether the answer minds.
// State comes from Python in two traits, `state` and `pictures`; wishes go back as messages {do: "choose" | "switch" | "all_on" | "go"}.
import { colourOf, keepKeys, make, percent } from "./elements.js";

const fixed = (value, digits = 3) => (Math.abs(value) >= 1e5 ? value.toPrecision(6) : value.toFixed(digits)).replace("-", "\u2212");
const signed = (value) => (value < 0 ? fixed(value) : `+${fixed(value)}`);

// Numbers from -127 to 127 as a square picture: orange above zero, blue below, nothing at zero.
function paint(canvas, numbers, ink) {
  const side = Math.ceil(Math.sqrt(numbers.length));
  canvas.width = side;
  canvas.height = Math.ceil(numbers.length / side);
  const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
  const [above, below] = [ink("--for"), ink("--against")];
  numbers.forEach((value, k) => image.data.set([...(value > 0 ? above : below), Math.min(255, 2 * Math.abs(value))], 4 * k));
  context.putImageData(image, 0, 0);
}

function paintDigit(canvas, bytes) {
  const context = canvas.getContext("2d"), image = context.createImageData(28, 28);
  bytes.forEach((value, k) => image.data.set([255 - value, 255 - value, 255 - value, 255], 4 * k));
  context.putImageData(image, 0, 0);
}

function render({ model, el }) {
  el.classList.add("mnist-ann-explorer");
  const ink = (name) => colourOf(el, name);
  const button = (words, wish) => {
    const node = make("button", { type: "button" }, words);
    node.addEventListener("click", () => model.send(wish));
    return node;
  };
  const digit = make("canvas", { width: 28, height: 28, role: "img", class: "digit" });
  const where = make("p", { class: "where" });
  const before = button("Previous digit", { do: "go", by: -1 }), after = button("Next digit", { do: "go", by: 1 });
  const input = make("div", { class: "layer input" }, make("h4", {}, "The digit"), digit, where, make("div", { class: "turn" }, before, after));
  const lines = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  lines.setAttribute("class", "lines");
  lines.setAttribute("aria-hidden", "true");
  const columns = make("div", { class: "columns" });
  const diagram = make("div", { class: "diagram", role: "group", "aria-label": "The network, layer by layer" }, lines, columns);
  const said = make("p", { role: "status", "aria-live": "polite", class: "said" });
  const allOn = button("Switch all on again", { do: "all_on" });
  const detail = make("section", { class: "detail", "aria-label": "The chosen unit" });
  el.append(said, diagram, allOn, detail);

  const nameOf = (layer, unit, count) => (layer === count ? `Answer ${unit}` : `Hidden ${layer}, unit ${unit}`);
  const units = new Map();  // "layer:unit" -> its button

  function column(view, state) {
    const count = state.layers.length, isOutput = view.number === count;
    const most = Math.max(...view.values.map(Math.abs), 1e-9);
    const title = isOutput ? "Answers" : `Hidden ${view.number}`;
    const more = view.total - view.units.length;
    const list = make("div", { class: "units", role: "group", "aria-label": isOutput ? "Ten answers" : `Hidden layer ${view.number}, ${view.units.length} of ${view.total} units` });
    view.units.forEach((unit, k) => {
      const key = `${view.number}:${unit}`, off = state.off.some(([layer, one]) => layer === view.number && one === unit);
      const isChosen = state.chosen && state.chosen.layer === view.number && state.chosen.unit === unit;
      let node = units.get(key);
      if (!node) {
        node = button("", { do: "choose", layer: view.number, unit });
        node.dataset.key = key;
        units.set(key, node);
      }
      const share = isOutput ? state.probabilities[unit] : view.values[k] / most;
      const value = isOutput ? percent(share) : fixed(view.values[k], 2);
      node.className = `unit${off ? " off" : ""}`;
      node.setAttribute("aria-pressed", String(Boolean(isChosen)));
      node.setAttribute("aria-label", `${nameOf(view.number, unit, count)}: ${off ? "off" : value}`);
      node.style.setProperty("--share", `${Math.max(0, 100 * share).toFixed(1)}%`);
      node.replaceChildren(make("span", {}, String(unit)), make("span", {}, off ? "off" : value));
      list.append(node);
    });
    const words = more > 0 ? make("p", { class: "more" }, `the strongest; ${more.toLocaleString("en")} more`) : "";
    return make("div", { class: "layer" }, make("h4", {}, title), list, words);
  }

  // One stop of the tab key for each layer; arrows go up and down within it, and across to the next.
  function stops() {
    for (const list of columns.querySelectorAll(".units")) {
      const all = [...list.children], one = all.find((node) => node.getAttribute("aria-pressed") === "true") ?? all.find((node) => node === document.activeElement) ?? all[0];
      all.forEach((node) => { node.tabIndex = node === one ? 0 : -1; });
    }
  }
  columns.addEventListener("keydown", (event) => {
    const node = event.target.closest(".unit");
    if (!node) return;
    const lists = [...columns.querySelectorAll(".units")], list = node.parentElement, all = [...list.children], at = all.indexOf(node);
    const aside = (by) => { const other = lists[lists.indexOf(list) + by]; return other && other.children[Math.min(at, other.children.length - 1)]; };
    const to = { ArrowDown: all[at + 1], ArrowUp: all[at - 1], Home: all[0], End: all.at(-1), ArrowRight: aside(1), ArrowLeft: aside(-1) }[event.key];
    if (to) { event.preventDefault(); to.tabIndex = 0; to.focus(); }
  });

  function connect(state) {
    const box = diagram.getBoundingClientRect();
    lines.setAttribute("viewBox", `0 0 ${columns.scrollWidth} ${columns.scrollHeight}`);
    lines.style.width = `${columns.scrollWidth}px`;
    lines.style.height = `${columns.scrollHeight}px`;
    const found = [];
    if (state.chosen && box.width) {
      const chosen = units.get(`${state.chosen.layer}:${state.chosen.unit}`), zero = columns.getBoundingClientRect();
      const end = (node, side) => { const rect = node.getBoundingClientRect(); return [(side ? rect.right : rect.left) - zero.left + columns.scrollLeft, rect.top + rect.height / 2 - zero.top]; };
      const join = (from, to, value, most) => {
        const [x1, y1] = end(from, true), [x2, y2] = end(to, false), line = document.createElementNS("http://www.w3.org/2000/svg", "path");
        line.setAttribute("d", `M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`);
        line.setAttribute("class", value < 0 ? "against" : "for");
        line.setAttribute("stroke-width", String(0.5 + (5 * Math.abs(value)) / most));
        found.push(line);
      };
      if (state.chosen.layer === 1) join(digit, chosen, 1, 2);
      for (const view of state.layers) {
        const most = Math.max(...(view.lines ?? []).map(Math.abs), 1e-9);
        (view.lines ?? []).forEach((value, k) => {
          const node = units.get(`${view.number}:${view.units[k]}`);
          if (value) view.number < state.chosen.layer ? join(node, chosen, value, most) : join(chosen, node, value, most);
        });
      }
    }
    lines.replaceChildren(...found);
  }

  const picture = (words) => { const canvas = make("canvas", { role: "img", "aria-label": words }); return [make("figure", {}, make("figcaption", {}, words), canvas), canvas]; };
  const [inputs, weights, products] = ["Inputs", "× weights", "= products"].map(picture);
  const sum = make("table", {});
  const title = make("h4", {});
  const bend = make("p", { class: "bend" });
  const switchIt = make("button", { type: "button" });
  switchIt.addEventListener("click", () => { const { layer, unit } = model.get("state").chosen; model.send({ do: "switch", layer, unit }); });
  detail.append(title, make("div", { class: "bar" }, switchIt), make("div", { class: "pictures" }, inputs[0], weights[0], products[0]), make("div", { class: "scroll" }, sum), bend);

  function inputName(layer, k) {
    return layer === 1 ? `pixel, row ${Math.floor(k / 28) + 1}, column ${(k % 28) + 1}` : `hidden ${layer - 1}, unit ${k}`;
  }
  function row(...cells) {
    return make("tr", {}, ...cells.map((cell, k) => make(k ? "td" : "th", k ? {} : { scope: "row" }, cell)));
  }
  function explain(state, bytes) {
    const chosen = state.chosen;
    detail.hidden = !chosen;
    if (!chosen) return;
    const count = state.layers.length, size = state.sizes[chosen.layer - 1];
    title.textContent = nameOf(chosen.layer, chosen.unit, count);
    [inputs, weights, products].forEach(([, canvas], k) => paint(canvas, new Int8Array(bytes.slice(784 + k * size, 784 + (k + 1) * size).buffer), ink));
    const head = make("thead", {}, make("tr", {}, ...["input", "its value", "× weight", "= product"].map((words) => make("th", { scope: "col" }, words))));
    const body = make("tbody", {}, ...chosen.terms.map((term) => row(inputName(chosen.layer, term.input), fixed(term.value), signed(term.weight), signed(term.product))),
      row(`the other ${chosen.others.toLocaleString("en")} inputs, added up`, "", "", signed(chosen.rest)), row("bias", "", "", signed(chosen.bias)));
    const foot = make("tfoot", {}, row("the sum, z", "", "", fixed(chosen.z)));
    sum.replaceChildren(make("caption", {}, "Each product, the largest first, and what they add up to"), head, body, foot);
    const off = state.off.some(([layer, unit]) => layer === chosen.layer && unit === chosen.unit);
    switchIt.hidden = chosen.is_output;
    switchIt.setAttribute("aria-pressed", String(off));
    switchIt.textContent = off ? "Switch this unit on" : "Switch this unit off";
    bend.textContent = chosen.is_output
      ? `Softmax makes a share of it, beside the nine other sums: ${percent(chosen.passes)}.`
      : off ? `The unit is off: it passes on 0, and not max(0, ${fixed(chosen.z)}).`
        : `The bend: max(0, ${fixed(chosen.z)}) = ${fixed(chosen.passes)}. ${chosen.z > 0 ? "The unit is active, and passes the sum on." : "The unit is silent for this digit, and passes on 0."}`;
  }

  function update() {
    const state = model.get("state"), view = model.get("pictures");
    if (!state.layers || !view) return;
    const bytes = new Uint8Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
    paintDigit(digit, bytes.slice(0, 784));
    const label = state.label === null ? "" : `, labelled ${state.label}`;
    digit.setAttribute("aria-label", `The digit that is read${label}`);
    where.textContent = state.count > 1 ? `${state.place + 1} of ${state.count}${label}` : label.slice(2);
    before.hidden = after.hidden = state.count < 2;
    const focused = document.activeElement?.dataset?.key;
    columns.replaceChildren(input, ...state.layers.map((one) => column(one, state)));
    if (focused && units.get(focused)?.isConnected) units.get(focused).focus({ preventScroll: true });
    stops();
    const best = state.probabilities.indexOf(Math.max(...state.probabilities));
    let words = `It reads ${best}, with ${percent(state.probabilities[best])}.`;
    if (state.is_blank) words = "Nothing is drawn: only the biases speak.";
    else if (state.before) {
      const first = state.before.indexOf(Math.max(...state.before));
      words = `With ${state.off.length} ${state.off.length === 1 ? "unit" : "units"} off it reads ${best}, with ${percent(state.probabilities[best])}; `
        + (first === best ? `before, with ${percent(state.before[first])}.` : `before, it read ${first}, with ${percent(state.before[first])}.`);
    }
    if (state.chosen) {
      const { layer, unit, z, passes, is_output } = state.chosen;
      words += ` ${nameOf(layer, unit, state.layers.length)}: sum ${fixed(z)}, ${is_output ? `share ${percent(passes)}` : `passes on ${fixed(passes)}`}.`;
    } else words += " Choose a unit to see its sum.";
    if (said.textContent !== words) said.textContent = words;
    allOn.hidden = !state.off.length;
    explain(state, bytes);
    connect(state);
  }
  const again = () => connect(model.get("state"));
  const watcher = new ResizeObserver(again);
  watcher.observe(el);
  keepKeys(el);
  model.on("change:state", update);
  update();
  requestAnimationFrame(update);  // in the colours of the page
  model.send({ do: "look" });
  return () => { watcher.disconnect(); model.off("change:state", update); };
}

export default { render };
