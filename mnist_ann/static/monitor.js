// The training monitor: curves, first-layer weights, dead units and activations of a training, and the buttons that steer it.
// State comes from Python in two traits, `state` and `pictures`; wishes go back as messages {do: "play" | "pause" | "step" | "stop" | "restart" | "rate"}.
import { colourOf, keepKeys, make } from "./elements.js";

const NAMES = { loss: "Loss (nats)", accuracy: "Accuracy (%)" };
const WORDS = {
  ready: "Nothing is training yet.", running: "Training.", pausing: "Pausing: this epoch is finished first.", paused: "Paused.",
  stopping: "Stopping: this epoch is finished first.", stopped: "Stopped.", finished: "Finished.", failed: "Ended by an error.",
};

function draw(tag, attributes = {}, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

const short = (value) => (value === 0 ? "0" : Number(value.toPrecision(3)).toString());

// Two lines over the epochs: dashed for the training digits, solid for the validation digits.
function curves(title, training, validation, factor, least) {
  const width = 300, height = 160, left = 44, right = 8, top = 8, bottom = 22;
  const all = [...training, ...validation].filter((value) => value !== null).map((value) => value * factor);
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  const count = Math.max(training.length, validation.length);
  const figure = make("figure", {}, make("figcaption", {}, title), svg);
  if (!all.length) {
    svg.setAttribute("aria-label", `${title}: no epoch yet`);
    svg.append(draw("text", { x: width / 2, y: height / 2, "text-anchor": "middle", class: "faint" }, "no epoch yet"));
    return figure;
  }
  const low = Math.min(least, ...all), high = Math.max(...all), spread = high - low || 1;
  const x = (k) => left + ((width - left - right) * k) / Math.max(1, count - 1);
  const y = (value) => top + ((height - top - bottom) * (high - value)) / spread;
  svg.append(draw("path", { d: `M${left} ${top}V${height - bottom}H${width - right}`, class: "axis" }));
  for (const [value, at] of [[high, y(high) + 9], [low, y(low)]]) svg.append(draw("text", { x: left - 4, y: at, "text-anchor": "end" }, short(value)));
  svg.append(draw("text", { x: left, y: height - 6 }, "epoch 1"), draw("text", { x: width - right, y: height - 6, "text-anchor": "end" }, String(count)));
  const says = [];
  for (const [name, curve] of [["training", training], ["validation", validation]]) {
    const points = curve.map((value, k) => (value === null ? null : `${x(k).toFixed(1)},${y(value * factor).toFixed(1)}`)).filter(Boolean);
    if (!points.length) continue;
    svg.append(draw("polyline", { points: points.join(" "), class: name }));
    const [cx, cy] = points.at(-1).split(",");
    svg.append(draw("circle", { cx, cy, r: 3, class: name }));
    says.push(`${name} ${short(curve.at(-1) * factor)}`);
  }
  svg.setAttribute("aria-label", `${title} by epoch, now: ${says.join(", ")}`);
  return figure;
}

// How strongly the units of one layer answer: a bar for "exactly zero", and bars for what is above it.
function activations(layer, sample) {
  const width = 300, height = 96, left = 8, bottom = 20;
  const bars = [layer.zeros, ...layer.shares], most = Math.max(...bars, 1e-9), step = (width - 2 * left) / bars.length;
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  bars.forEach((share, k) => {
    const tall = ((height - bottom - 6) * share) / most;
    svg.append(draw("rect", { x: left + k * step, y: height - bottom - tall, width: step - 1, height: tall, class: k ? "some" : "none" }));
  });
  svg.append(draw("text", { x: left, y: height - 6 }, `0: ${(100 * layer.zeros).toFixed(0)} %`));
  svg.append(draw("text", { x: width - left, y: height - 6, "text-anchor": "end" }, `up to ${short(layer.top)}`));
  const dead = `${layer.dead} of ${layer.units} dead`;
  svg.setAttribute("aria-label", `Activations of hidden layer ${layer.number} on ${sample} digits: ${(100 * layer.zeros).toFixed(0)} percent are zero, ${dead}`);
  return make("figure", {}, make("figcaption", {}, `Hidden layer ${layer.number}: `, make("strong", {}, dead)), svg);
}

// One unit's weights: orange where ink speaks for it, blue where ink speaks against it, nothing where the weight is zero.
function paint(canvas, bytes, start, above, below) {
  const context = canvas.getContext("2d"), image = context.createImageData(28, 28);
  for (let k = 0; k < 784; k++) {
    const value = bytes[start + k];
    image.data.set([...(value > 0 ? above : below), Math.min(255, 2 * Math.abs(value))], 4 * k);
  }
  context.putImageData(image, 0, 0);
}

function render({ model, el }) {
  el.classList.add("mnist-ann-monitor");
  const button = (words, wish, why) => {
    const node = make("button", { type: "button", title: why }, words);
    node.addEventListener("click", () => { if (node.getAttribute("aria-disabled") !== "true") model.send({ do: wish }); });
    return node;
  };
  const play = button("Play", "play", "Train on until the last epoch");
  const pause = button("Pause", "pause", "Finish this epoch, then wait");
  const step = button("One epoch", "step", "Train one epoch, then wait");
  const stop = button("Stop", "stop", "Finish this epoch, then end the training");
  const restart = button("Restart", "restart", "Begin anew with the weights of the start, paused");
  const number = make("input", { type: "number", step: "any", min: "0", inputmode: "decimal" });
  const rate = make("label", {}, "Learning rate ", number);
  const said = make("p", { role: "status", "aria-live": "polite", class: "said" });
  const bar = make("progress", { "aria-label": "Epochs done" });
  const next = make("p", { class: "next" });
  const lines = make("div", { class: "figures" }), layers = make("div", { class: "figures" });
  const grid = make("div", { class: "grid" });
  const back = make("input", { type: "range", min: "0", max: "0", value: "0", step: "1" });
  const moment = make("span", { "aria-hidden": "true" });
  const lookBack = make("label", { class: "back" }, "Look back ", back, " ", moment);
  const weights = make("figure", { class: "weights" }, make("figcaption", {}, "What the first units look for"), grid, lookBack);
  el.append(make("div", { role: "group", "aria-label": "Steer the training", class: "bar" }, play, pause, step, stop, restart, rate), next, bar, said,
    lines, make("div", { class: "figures" }, weights), layers);

  const frames = [];  // the weights after each epoch that was shown here
  let canvases = [];
  function showFrame() {
    const frame = frames[Number(back.value)];
    weights.hidden = !frame;
    if (!frame) return;
    const count = frame.bytes.length / 784;
    if (canvases.length !== count) {
      canvases = Array.from({ length: count }, (_, k) => make("canvas", { width: 28, height: 28, role: "img", "aria-label": `Weights of unit ${k}` }));
      grid.replaceChildren(...canvases);
    }
    const above = colourOf(el, "--for"), below = colourOf(el, "--against");
    canvases.forEach((canvas, k) => paint(canvas, frame.bytes, 784 * k, above, below));
    moment.textContent = frame.epoch ? `after epoch ${frame.epoch}` : "before training";
    back.setAttribute("aria-valuetext", moment.textContent);
  }
  function pictures() {
    const view = model.get("pictures"), epoch = model.get("state").seen;
    if (!view || !view.byteLength) return;
    const bytes = new Int8Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
    const newest = Number(back.value) >= frames.length - 1;
    if (frames.length && epoch < frames.at(-1).epoch) frames.length = 0;  // another training
    if (frames.length && epoch === frames.at(-1).epoch) frames.pop();
    frames.push({ epoch, bytes });
    if (frames.length > 500) frames.shift();
    back.max = String(frames.length - 1);
    if (newest || Number(back.value) > frames.length - 1) back.value = back.max;
    lookBack.hidden = frames.length < 2;
    showFrame();
  }
  back.addEventListener("input", showFrame);

  const allow = (node, may) => node.setAttribute("aria-disabled", String(!may));  // a button that is focused keeps the focus
  let sawRate = null;
  function update() {
    const state = model.get("state"), under = ["running", "pausing", "paused"].includes(state.mode);
    allow(play, state.mode === "paused" || state.mode === "pausing");
    allow(pause, state.mode === "running");
    allow(step, state.mode === "paused");
    allow(stop, under);
    allow(restart, state.restarts);
    number.disabled = !under;
    if (state.rate !== sawRate && document.activeElement !== number) number.value = state.rate === null ? "" : String(state.rate);
    sawRate = state.rate;
    el.dataset.mode = state.mode;
    if (state.epochs) { bar.max = state.epochs; bar.value = state.epoch; } else if (under) bar.removeAttribute("value"); else { bar.max = 1; bar.value = state.epoch ? 1 : 0; }
    const of = state.epochs ? `${state.epoch} of ${state.epochs} epochs` : `${state.epoch} epochs`;
    const accuracy = state.val_accuracy.at(-1);
    const known = accuracy === undefined || accuracy === null ? "" : ` ${(100 * accuracy).toFixed(1)} % of the validation digits are read correctly.`;
    next.textContent = of + (state.rates ? `. Learning rates: ${state.rates}` : "");
    const words = `${WORDS[state.mode]}${state.message ? ` ${state.message}` : ""}${known}`;
    if (said.textContent !== words) said.textContent = words;
    lines.replaceChildren(curves(NAMES.loss, state.loss, state.val_loss, 1, 0), curves(NAMES.accuracy, state.accuracy, state.val_accuracy, 100, 100));
    layers.replaceChildren(...state.layers.map((layer) => activations(layer, state.sample)));
    const newest = lines.querySelectorAll("figcaption");
    newest.forEach((caption) => caption.append(make("span", { class: "key" }, " – – training, — validation")));
  }
  number.addEventListener("change", () => model.send({ do: "rate", rate: number.valueAsNumber }));
  number.addEventListener("keydown", (event) => { if (event.key === "Enter") number.blur(); });
  keepKeys(el);
  model.on("change:state", update);
  model.on("change:pictures", pictures);
  update();
  pictures();
  requestAnimationFrame(showFrame);  // in the colours of the page
  model.send({ do: "look" });  // Python need not draw a picture for this place
  return () => { model.off("change:state", update); model.off("change:pictures", pictures); };
}

export default { render };
