// The drawing pad: a view. It draws, has the picture prepared that the network sees, and shows what is read in it.
//
// Its model is anywidget's, with a Python kernel behind it (nbs/14_widgets.ipynb), or the one of standin.js, in a page without Python.
// Both have get, set, on, off, save_changes and send, and the same names:
//   _parts     the network, packed (the page). Jupyter's kernel lends it when the message {kind: "network"} asks for it, and lends another
//              one when _revision grows. With it the pad reads in the browser, within milliseconds; without it, it asks:
//   _asked     a number that grows by one with each question about _image (784 bytes); the answer comes in _answer
//              {of, digit, probabilities, is_digit, is_sure, doubt, labels, error} and _neighbours (784 bytes for each label)
//   _drawing   280 x 280 bytes, and _image, when a stroke has ended
//   _given     {number}: a sample or a picture came, in _given_image (784 bytes), with its answer or without;
//              it was asked for by the messages {kind: "sample", digit} and {kind: "picture", name} with the bytes of a file

import { keepKeys, make, percent } from "./elements.js";
import { SIDE, bytes, enlarged, inkStroke, nearest, prepare, read, strokeInto, unpacked } from "./recogniser.js";

const MOST_STEPS = 50; // what can be undone; older steps are kept as one picture
const MOST_BYTES = 8e6; // of a picture: Jupyter closes the connection at 10 MB

// ---------------------------------------------------------------- small tools

const same = (a, b) => a.length === b.length && a.every((value, k) => value === b[k]);

function inkColour(element) {
  // Red, green and blue of the colour that the page gives to ink.
  const found = getComputedStyle(element).color.match(/^rgba?\((\d+),? (\d+),? (\d+)/);
  if (found) return found.slice(1).map(Number);
  const brush = document.createElement("canvas").getContext("2d"); // a colour that is written in another way
  brush.fillStyle = getComputedStyle(element).color;
  brush.fillRect(0, 0, 1, 1);
  return [...brush.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

function asCanvas(values, side, [red, green, blue]) {
  // Ink of one colour on nothing; its strength is its opacity.
  const canvas = document.createElement("canvas"), brush = canvas.getContext("2d");
  canvas.width = canvas.height = side;
  const pixels = brush.createImageData(side, side);
  for (let k = 0; k < values.length; k++) pixels.data.set([red, green, blue, values[k]], 4 * k);
  brush.putImageData(pixels, 0, 0);
  return canvas;
}

function paintImage(canvas, values, colour) {
  const brush = canvas.getContext("2d");
  brush.clearRect(0, 0, 28, 28);
  if (values.length === 784) brush.drawImage(asCanvas(values, 28, colour), 0, 0);
}

// ---------------------------------------------------------------- the steps of a drawing, which can be undone

class Drawing {
  constructor() {
    this.steps = []; // {points, radius}, {image} or {clear: true}
    this.base = { ink: new Uint8Array(SIDE * SIDE), image: null };
    this.ink = new Uint8Array(SIDE * SIDE);
    this.replay();
  }

  static apply(state, step) {
    if (step.points) {
      inkStroke(state.ink, step.points, step.radius);
      state.image = null; // what the network sees must be worked out
    } else {
      state.ink.set(step.image ? enlarged(step.image) : new Uint8Array(SIDE * SIDE));
      state.image = step.image ?? null;
    }
  }

  replay() {
    this.ink.set(this.base.ink);
    this.image = this.base.image;
    for (const step of this.steps) Drawing.apply(this, step);
  }

  add(step) {
    this.steps.push(step);
    Drawing.apply(this, step);
    if (this.steps.length > MOST_STEPS) Drawing.apply(this.base, this.steps.shift());
  }

  extend(x, y) {
    // The stroke that is being drawn goes on to this point.
    const { points, radius } = this.steps.at(-1), n = points.length;
    points.push(x, y);
    strokeInto(this.ink, points[n - 2], points[n - 1], x, y, radius);
  }

  undo() {
    const step = this.steps.pop();
    if (step) this.replay();
    return Boolean(step);
  }

  seen() {
    return this.image ?? prepare(this.ink);
  }
}

// ---------------------------------------------------------------- the view

const KEYS = "With the keyboard: the arrow keys move the pen (with Shift in small steps), the space bar lowers and lifts it, Delete takes the last step back.";

function build() {
  // The elements of a pad, by name.
  const at = {};
  at.canvas = make("canvas", { class: "mp-canvas", width: 2 * SIDE, height: 2 * SIDE, tabindex: 0, role: "application", "aria-roledescription": "drawing pad" });
  at.pen = make("div", { class: "mp-pen", hidden: "" });
  at.hint = make("div", { class: "mp-hint", "aria-hidden": "true" }, "Draw a digit here");
  at.sheet = make("div", { class: "mp-sheet" }, at.canvas, at.hint, at.pen);
  at.clear = make("button", { type: "button" }, "Clear");
  at.undo = make("button", { type: "button" }, "Undo");
  at.width = make("input", { type: "range", min: 8, max: 40, step: 2, value: 22 });
  at.digit = make("select", { "aria-label": "Which sample" }, make("option", { value: "" }, "any digit"), ...Array.from({ length: 10 }, (_, k) => make("option", { value: k }, `a ${k}`)));
  at.sample = make("button", { type: "button" }, "Take a sample");
  at.file = make("input", { type: "file", accept: "image/*", class: "mp-file" });
  at.load = make("label", { class: "mp-load" }, at.file, "Load a picture");
  at.keys = make("p", { class: "mp-keys" }, KEYS);
  const acts = make("div", { class: "mp-acts" }, at.clear, at.undo, make("label", { class: "mp-width" }, "Pen ", at.width));
  const sources = make("div", { class: "mp-sources" }, at.sample, at.digit, at.load);

  at.says = make("p", { class: "mp-says", "aria-hidden": "true" }); // seen; said aloud is the other one, when the hand rests
  at.aloud = make("p", { class: "mp-aloud", role: "status", "aria-live": "polite" });
  at.meters = Array.from({ length: 10 }, (_, k) => make("div", { class: "mp-meter", role: "meter", "aria-label": `probability of ${k}`, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0 },
    make("span", { class: "mp-digit" }, String(k)), make("span", { class: "mp-track" }, make("span", { class: "mp-bar" })), make("span", { class: "mp-share" })));
  at.sees = make("canvas", { class: "mp-sees", width: 28, height: 28, role: "img" });
  at.near = Array.from({ length: 5 }, () => make("canvas", { width: 28, height: 28, role: "img" }));
  at.nearLabels = at.near.map(() => make("span", { "aria-hidden": "true" }));
  at.time = make("span", { class: "mp-time", "aria-hidden": "true" });
  const seen = make("figure", {}, at.sees, make("figcaption", {}, "What it sees"));
  const near = make("figure", { class: "mp-near" }, make("div", {}, ...at.near.map((canvas, k) => make("div", {}, canvas, at.nearLabels[k]))),
                    make("figcaption", {}, "The nearest training digits"));
  const grid = make("div", { class: "mp-grid" }, at.sheet, at.says, at.aloud, acts, make("div", { class: "mp-meters" }, ...at.meters),
                    make("div", { class: "mp-figures" }, seen, near), sources, make("div", { class: "mp-foot" }, at.keys, at.time));
  at.root = make("div", { class: "mnist-pad", role: "group", "aria-label": "Draw a digit", "data-lm-suppress-shortcuts": "true" }, grid);
  return at;
}

function sentence(answer) {
  // What a person is told, and what is said aloud.
  if (answer.error) return answer.error;
  const digit = `${answer.digit}, ${percent(answer.probabilities[answer.digit])}`;
  if (answer.is_digit === false) return `Not a digit? ${cap(answer.doubt)}. If it is one, it is ${digit}.`;
  if (answer.doubt) return `Not sure: ${digit}, but ${answer.doubt}.`;
  return answer.is_sure === null || answer.is_sure === undefined ? `It reads ${digit}. (This network was given no thresholds, so it never doubts.)` : `It reads ${digit}.`;
}

const cap = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function readerOf(model) {
  // The network to read with in this browser: the page has it, and Jupyter lends it, in a model of its own that is given back.
  if (model.get("_parts")) return unpacked(model.get("_parts"));
  const token = crypto.getRandomValues(new Uint32Array(2)).join("-");
  return new Promise((resolve, reject) => {
    async function take(message) {
      if (message.kind !== "network" || message.token !== token) return;
      model.off("msg:custom", take);
      try {
        const lent = await model.widget_manager.get_model(message.model);
        resolve(await unpacked(lent.get("_parts")));
      } catch (error) {
        reject(error);
      }
      model.send({ kind: "taken", token });
    }
    model.on("msg:custom", take);
    model.send({ kind: "network", token });
  });
}

function answerTo(network, image) {
  // The same as Python answers, and the pictures of the nearest digits.
  const { examples } = network, close = nearest(examples, image);
  return {
    answer: { ...read(network, image), labels: close.map((k) => examples.labels[k]) },
    neighbours: Uint8Array.from(close.flatMap((k) => [...examples.images.subarray(784 * k, 784 * (k + 1))])),
  };
}

function render({ model, el }) {
  const at = build(), drawing = new Drawing(), brush = at.canvas.getContext("2d");
  const over = new AbortController(), listen = (target, names, act) => names.split(" ").forEach((name) => target.addEventListener(name, act, { signal: over.signal }));
  const pen = { x: SIDE / 2, y: SIDE / 2, down: false };
  let network = null, image = null, answer = {}, neighbours = new Uint8Array(0), ink = [0, 0, 0];
  let pointer = null, waiting = false, again = false, asked = 0, began = 0, late = 0, spoken = 0, mine = null;

  // ---- painting
  function paintStep(step) {
    if (step.points) {
      const [x, y] = step.points;
      brush.lineWidth = 2 * step.radius;
      brush.beginPath();
      brush.moveTo(x, y);
      for (let k = 2; k < step.points.length; k += 2) brush.lineTo(step.points[k], step.points[k + 1]);
      if (step.points.length === 2) brush.lineTo(x, y + 1e-3);
      brush.stroke();
    } else {
      brush.clearRect(0, 0, SIDE, SIDE);
      if (step.image) brush.drawImage(asCanvas(enlarged(step.image), SIDE, ink), 0, 0);
    }
  }

  function paint() {
    ink = inkColour(at.canvas);
    brush.setTransform(2, 0, 0, 2, 0, 0);
    brush.lineCap = brush.lineJoin = "round";
    brush.strokeStyle = `rgb(${ink.join(", ")})`;
    brush.clearRect(0, 0, SIDE, SIDE);
    brush.drawImage(asCanvas(drawing.base.ink, SIDE, ink), 0, 0);
    drawing.steps.forEach(paintStep);
    show();
  }

  function showPen() {
    at.pen.hidden = document.activeElement !== at.canvas || !at.canvas.matches(":focus-visible");
    at.pen.style.left = `${100 * pen.x / SIDE}%`;
    at.pen.style.top = `${100 * pen.y / SIDE}%`;
    at.pen.classList.toggle("mp-down", pen.down);
  }

  function say(text) {
    // Seen at once; said aloud when the hand rests, not at every move.
    at.canvas.setAttribute("aria-label", `Drawing pad. ${text}`);
    at.says.textContent = text;
    clearTimeout(spoken);
    spoken = setTimeout(() => { if (at.aloud.textContent !== text) at.aloud.textContent = text; }, 400);
  }

  function show() {
    const known = image && answer.probabilities;
    at.hint.hidden = drawing.steps.length > 0 || image !== null;
    at.undo.disabled = !drawing.steps.length;
    paintImage(at.sees, image ?? [], ink);
    at.sees.setAttribute("aria-label", image ? "What the network sees: your drawing, fitted into 28 by 28 pixels" : "What the network sees: nothing yet");
    at.meters.forEach((meter, k) => {
      const share = known ? answer.probabilities[k] : 0, first = Boolean(known) && k === answer.digit;
      meter.setAttribute("aria-valuenow", (100 * share).toFixed(1));
      meter.setAttribute("aria-valuetext", percent(share));
      meter.classList.toggle("mp-first", first);
      meter.classList.toggle("mp-doubt", first && Boolean(answer.doubt));
      meter.querySelector(".mp-bar").style.width = `${100 * share}%`;
      meter.querySelector(".mp-share").textContent = known ? percent(share) : "";
    });
    at.near.forEach((canvas, k) => {
      const there = known && k < answer.labels.length;
      paintImage(canvas, there ? neighbours.slice(784 * k, 784 * (k + 1)) : [], ink);
      canvas.setAttribute("aria-label", there ? `Near training digit ${k + 1}: a ${answer.labels[k]}` : "No training digit yet");
      at.nearLabels[k].textContent = there ? answer.labels[k] : "";
    });
    if (known || answer.error) say(sentence(answer));
    else if (!image) say(drawing.steps.length && !drawing.steps.at(-1).clear ? "Too little ink for a digit." : "Nothing is drawn yet.");
  }

  function showTime(milliseconds, where) {
    at.root.dataset.milliseconds = milliseconds.toFixed(1);
    at.time.textContent = `${where} in ${milliseconds < 1 ? "under 1" : milliseconds.toFixed(0)} ms`;
  }

  // ---- reading
  function changed(ended = false) {
    // The drawing is another one: read it here, or ask.
    const start = performance.now();
    image = drawing.seen();
    if (network) {
      answer = {};
      if (image) ({ answer, neighbours } = answerTo(network, image));
      show();
      if (image) showTime(performance.now() - start, "read in this browser");
      if (ended) share();
    } else ask(ended);
    at.root.dataset.settled = !waiting && !again;
  }

  function share() {
    // What a stroke has left, for the kernel and its next cell.
    mine = image ?? new Uint8Array(0);
    model.set("_image", mine);
    model.set("_drawing", image ? drawing.ink.slice() : new Uint8Array(0));
    model.save_changes();
  }

  function ask(ended) {
    // Only one question is on its way at a time; the next one is about the newest picture.
    if (waiting) {
      again = ended || again === "ended" ? "ended" : "moved";
      return;
    }
    waiting = true;
    began = performance.now();
    asked = (model.get("_asked") ?? 0) + 1;
    model.set("_asked", asked);
    mine = image ?? new Uint8Array(0);
    model.set("_image", mine);
    if (ended) model.set("_drawing", image ? drawing.ink.slice() : new Uint8Array(0));
    model.save_changes();
    paintImage(at.sees, image ?? [], ink);
    at.hint.hidden = drawing.steps.length > 0;
    at.undo.disabled = !drawing.steps.length;
    clearTimeout(late);
    late = setTimeout(() => { if (waiting) say("Python is busy. It answers as soon as it is free; you can go on drawing."); }, 2000);
  }

  function answered() {
    const came = model.get("_answer") ?? {};
    if (came.error) {
      answer = { ...answer, error: came.error };
      show();
      delete answer.error;
    }
    if (!waiting || came.of !== asked) return;
    waiting = false;
    answer = came;
    neighbours = bytes(model.get("_neighbours"));
    show();
    showTime(performance.now() - began, "answered by Python");
    if (again) {
      const ended = again === "ended";
      again = false;
      changed(ended);
    }
    at.root.dataset.settled = !waiting;
  }

  function given() {
    // A sample or a picture came, with what Python says of it, or for this browser to read.
    drawing.add({ image: bytes(model.get("_given_image")).slice() });
    image = drawing.seen();
    at.root.dataset.given = model.get("_given").number;
    const came = model.get("_answer") ?? {};
    if (came.probabilities) {
      answer = came;
      neighbours = bytes(model.get("_neighbours"));
    } else if (network) ({ answer, neighbours } = answerTo(network, image));
    paint();
  }

  function begun() {
    // What lies on the model's pad: at first, and when another view or another page has drawn on it.
    const before = bytes(model.get("_drawing")), known = bytes(model.get("_image"));
    drawing.steps = [];
    drawing.base = { ink: new Uint8Array(SIDE * SIDE), image: null };
    if (before.length === SIDE * SIDE) drawing.base.ink.set(before);
    else if (known.length === 784) drawing.base = { ink: enlarged(known), image: known.slice() };
    drawing.replay();
    image = known.length === 784 ? known.slice() : null;
    const came = model.get("_answer") ?? {}, fits = came.probabilities && same(known, bytes(model.get("_given_image")));
    if (image && network && !fits) ({ answer, neighbours } = answerTo(network, image));
    else [answer, neighbours] = image && came.probabilities ? [came, bytes(model.get("_neighbours"))] : [{}, neighbours];
  }

  function elsewhere() {
    // Another view has drawn, or Python; what Python gives comes by `given`.
    const now = bytes(model.get("_image"));
    if (pointer !== null || waiting || [mine, model.get("_given_image")].some((known) => same(now, bytes(known)))) return;
    mine = now;
    begun();
    paint();
  }

  async function learn() {
    // Take the network into this browser. Until it is here, Python answers.
    const revision = model.get("_revision");
    network = null;
    at.root.dataset.reads = "python";
    if (image && model.get("_answer")?.probabilities) { // another network reads from now on
      [answer, neighbours] = [model.get("_answer"), bytes(model.get("_neighbours"))];
      show();
    }
    const found = await readerOf(model).catch(() => null);
    if (!found || over.signal.aborted || revision !== model.get("_revision")) return;
    network = found;
    at.root.dataset.reads = "here";
    if (image && !answer.probabilities) {
      ({ answer, neighbours } = answerTo(network, image));
      show();
    }
  }

  // ---- drawing
  function place(event) {
    const box = at.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * SIDE / box.width, (event.clientY - box.top) * SIDE / box.height];
  }

  function begin(x, y) {
    drawing.add({ points: [x, y], radius: Number(at.width.value) / 2 });
    paintStep(drawing.steps.at(-1));
    changed();
  }

  function goOn(x, y) {
    const { points, radius } = drawing.steps.at(-1), n = points.length;
    drawing.extend(x, y);
    paintStep({ points: [points[n - 2], points[n - 1], x, y], radius });
  }

  function end() {
    pointer = null;
    pen.down = false;
    changed(true);
    showPen();
  }

  function takeBack() {
    pen.down = false;
    if (!drawing.undo()) return;
    changed(true);
    paint();
  }

  listen(at.canvas, "pointerdown", (event) => {
    if (pointer !== null || !event.isPrimary || event.button !== 0) return; // a second finger, a palm, another button
    if (pen.down) end();
    pointer = event.pointerId;
    at.canvas.setPointerCapture(pointer);
    begin(...place(event));
  });
  listen(at.canvas, "pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length ? moves : [event]) goOn(...place(move));
    changed();
  });
  listen(at.canvas, "pointerup", (event) => {
    if (event.pointerId === pointer) end();
  });
  listen(at.canvas, "pointercancel", (event) => {
    if (event.pointerId !== pointer) return; // the system took the finger: it was no stroke
    pointer = null;
    takeBack();
  });
  listen(at.canvas, "keydown", (event) => {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.ctrlKey || event.metaKey || event.altKey || pointer !== null) return;
    if (ways[event.key]) {
      const step = event.shiftKey ? 3 : 14, [x, y] = ways[event.key], inside = (value) => Math.min(SIDE - 12, Math.max(12, value));
      pen.x = inside(pen.x + step * x);
      pen.y = inside(pen.y + step * y);
      if (pen.down) {
        goOn(pen.x, pen.y);
        changed();
      }
    } else if (event.key === " " || event.key === "Enter") {
      if (!pen.down) {
        pen.down = true;
        begin(pen.x, pen.y);
      } else end();
    } else if (event.key === "Delete" || event.key === "Backspace") takeBack();
    else if (event.key === "Escape" && pen.down) end();
    else return;
    event.preventDefault();
    event.stopPropagation();
    showPen();
  });
  listen(at.canvas, "focus blur", () => {
    if (pen.down && document.activeElement !== at.canvas) end();
    showPen();
  });

  // ---- buttons
  listen(at.clear, "click", () => {
    if (pen.down) end();
    if (image || drawing.steps.length) drawing.add({ clear: true });
    changed(true);
    paint();
  });
  listen(at.undo, "click", takeBack);
  listen(at.sample, "click", () => model.send({ kind: "sample", digit: at.digit.value === "" ? null : Number(at.digit.value) }));

  async function load(file) {
    if (!file) return;
    if (file.size > MOST_BYTES) say(`${file.name} has ${(file.size / 1e6).toFixed(0)} MB. Shrink it to at most ${MOST_BYTES / 1e6} MB.`);
    else model.send({ kind: "picture", name: file.name }, undefined, [await file.arrayBuffer()]);
  }
  listen(at.file, "change", () => {
    load(at.file.files[0]);
    at.file.value = ""; // so that the same file can be loaded again
  });
  listen(at.sheet, "dragover", (event) => event.preventDefault());
  listen(at.sheet, "drop", (event) => {
    event.preventDefault();
    load(event.dataTransfer?.files[0]);
  });

  // ---- the model, and the page's colours
  const heard = { "change:_answer": answered, "change:_given": given, "change:_image": elsewhere, "change:_revision": learn };
  for (const [name, act] of Object.entries(heard)) model.on(name, act);
  const theme = new MutationObserver(() => setTimeout(paint, 50));
  listen(matchMedia("(prefers-color-scheme: dark)"), "change", paint);
  for (const element of [document.documentElement, document.body])
    theme.observe(element, { attributes: true, attributeFilter: ["class", "style", "data-jp-theme-name", "data-jp-theme-light"] });

  begun();
  keepKeys(at.root);
  el.append(at.root);
  requestAnimationFrame(paint); // once its colours are known
  learn();
  return () => {
    over.abort();
    theme.disconnect();
    clearTimeout(late);
    clearTimeout(spoken);
    for (const [name, act] of Object.entries(heard)) model.off(name, act);
  };
}

export default { render };
