// The drawing pad. A view only: it draws, prepares the picture that a network sees, and shows what the model answers.
//
// Its model is anywidget's, with a Python kernel behind it (nbs/14_widgets.ipynb), or the stand-in of recogniser.js, which answers
// in this browser. Both have get, set, on, off, save_changes and send, and the same names:
//   to the model    _image (784 bytes), _drawing (280 x 280 bytes, when a stroke ends), _asked (a number that grows by one);
//                   messages {kind: "sample", digit} and {kind: "picture"} with the bytes of a file
//   from the model  _answer {of, digit, probabilities, is_digit, is_sure, doubt, labels, error}, _neighbours (784 bytes each),
//                   _given {number} with _given_image (784 bytes): a sample or a picture that was asked for

export const SIDE = 280; // pixels of the drawing, both ways
const MOST_STEPS = 50; // what can be undone; older steps are kept as one picture
const MOST_BYTES = 8e6; // of a picture: Jupyter closes the connection at 10 MB

// ---------------------------------------------------------------- the picture that the network sees (chapter 06)

export function strokeInto(ink, x0, y0, x1, y1, radius) {
  // A round pen from one point to the next: each pixel takes the share of it that the pen covers.
  const within = (value) => Math.min(SIDE - 1, Math.max(0, value));
  const left = within(Math.floor(Math.min(x0, x1) - radius - 1)), right = within(Math.ceil(Math.max(x0, x1) + radius + 1));
  const top = within(Math.floor(Math.min(y0, y1) - radius - 1)), bottom = within(Math.ceil(Math.max(y0, y1) + radius + 1));
  const dx = x1 - x0, dy = y1 - y0, square = dx * dx + dy * dy;
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const px = x + 0.5 - x0, py = y + 0.5 - y0;
      const along = square ? Math.min(1, Math.max(0, (px * dx + py * dy) / square)) : 0;
      const covered = radius + 0.5 - Math.hypot(px - along * dx, py - along * dy);
      if (covered > 0) {
        const value = covered >= 1 ? 255 : Math.round(255 * covered), at = y * SIDE + x;
        if (value > ink[at]) ink[at] = value;
      }
    }
  }
}

export function drawn(strokes, radius) {
  // The ink of strokes, each a list x, y, x, y, ...
  const ink = new Uint8Array(SIDE * SIDE);
  for (const points of strokes) inkStroke(ink, points, radius);
  return ink;
}

function inkStroke(ink, points, radius) {
  if (points.length === 2) strokeInto(ink, points[0], points[1], points[0], points[1], radius);
  for (let k = 2; k < points.length; k += 2) strokeInto(ink, points[k - 2], points[k - 1], points[k], points[k + 1], radius);
}

function evenRound(value) {
  // As Python rounds: a half goes to the even number.
  const down = Math.floor(value), rest = value - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
}

function shares(length, size) {
  // For each of `size` new pixels the old ones that it covers, and by which shares (OpenCV's INTER_AREA).
  const scale = length / size, table = [];
  for (let k = 0; k < size; k++) {
    const begin = k * scale, end = begin + scale, width = Math.min(scale, length - begin);
    const last = Math.min(Math.floor(end), length - 1), first = Math.min(Math.ceil(begin), last), row = [];
    if (first - begin > 1e-3) row.push([first - 1, (first - begin) / width]);
    for (let at = first; at < last; at++) row.push([at, 1 / width]);
    if (end - last > 1e-3) row.push([last, Math.min(end - last, 1, width) / width]);
    table.push(row);
  }
  return table;
}

function between(length, size) {
  // For each of `size` new pixels two old ones and their shares: for pictures that are enlarged (OpenCV's INTER_LINEAR).
  const table = [];
  for (let k = 0; k < size; k++) {
    const place = Math.max(0, (k + 0.5) * length / size - 0.5), at = Math.min(Math.floor(place), length - 1), share = place - at;
    table.push([[at, at + 1 < length ? 1 - share : 1], ...(at + 1 < length ? [[at + 1, share]] : [])]);
  }
  return table;
}

function resized(values, wide, high, columns, rows, ways) {
  // First along the rows, then along the columns; `values` has `wide` numbers in each of `high` rows.
  const across = ways(wide, columns), down = ways(high, rows), narrow = new Float64Array(high * columns), small = new Float64Array(rows * columns);
  for (let y = 0; y < high; y++)
    for (let x = 0; x < columns; x++) {
      let sum = 0;
      for (const [at, share] of across[x]) sum += share * values[y * wide + at];
      narrow[y * columns + x] = sum;
    }
  for (let y = 0; y < rows; y++)
    for (const [at, share] of down[y])
      for (let x = 0; x < columns; x++) small[y * columns + x] += share * narrow[at * columns + x];
  return small;
}

export function prepare(ink, width = SIDE, height = SIDE) {
  // `fit_and_centre` of chapter 06: bytes of ink -> 784 bytes, or null if there is no ink.
  let top = height, bottom = -1, left = width, right = -1;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (ink[y * width + x] > 76.5) { // above 0.3
        if (y < top) top = y;
        if (y > bottom) bottom = y;
        if (x < left) left = x;
        if (x > right) right = x;
      }
  if (bottom < 0) return null;
  const high = bottom - top + 1, wide = right - left + 1, cut = new Float64Array(high * wide);
  for (let y = 0; y < high; y++)
    for (let x = 0; x < wide; x++) cut[y * wide + x] = ink[(top + y) * width + left + x] / 255;
  const scale = 20 / Math.max(high, wide);
  const rows = Math.max(1, evenRound(high * scale)), columns = Math.max(1, evenRound(wide * scale));
  const small = resized(cut, wide, high, columns, rows, scale < 1 ? shares : between);

  const sorted = Float64Array.from(small).sort(), place = 0.97 * (sorted.length - 1), at = Math.floor(place);
  const above = sorted[Math.min(at + 1, sorted.length - 1)], percentile = sorted[at] + (above - sorted[at]) * (place - at);
  const strong = Math.max(percentile, 0.3);
  let mass = 0, x0 = 0, y0 = 0;
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      const value = Math.min(1, Math.max(0, 1.05 * small[y * columns + x] / strong));
      small[y * columns + x] = value;
      mass += value;
      x0 += x * value;
      y0 += y * value;
    }
  const corner = (middle, side) => Math.min(28 - side, Math.max(0, evenRound(14 - middle)));
  const image = new Uint8Array(784), down = corner(y0 / mass, rows), along = corner(x0 / mass, columns);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) image[(down + y) * 28 + along + x] = evenRound(255 * small[y * columns + x]);
  return image;
}

function enlarged(image) {
  // A picture of 28 x 28 pixels as large as the drawing.
  return Uint8Array.from(resized(image, 28, 28, SIDE, SIDE, between), Math.round);
}

// ---------------------------------------------------------------- small tools

function bytes(value) {
  // Bytes of the model: a DataView from Jupyter, a Uint8Array from the stand-in.
  if (!value) return new Uint8Array(0);
  return ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value);
}

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;

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

  at.says = make("p", { class: "mp-says", role: "status", "aria-live": "polite" });
  at.meters = Array.from({ length: 10 }, (_, k) => make("div", { class: "mp-meter", role: "meter", "aria-label": `probability of ${k}`, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0 },
    make("span", { class: "mp-digit" }, String(k)), make("span", { class: "mp-track" }, make("span", { class: "mp-bar" })), make("span", { class: "mp-share" })));
  at.sees = make("canvas", { class: "mp-sees", width: 28, height: 28, role: "img" });
  at.near = Array.from({ length: 5 }, () => make("canvas", { width: 28, height: 28, role: "img" }));
  at.nearLabels = at.near.map(() => make("span", { "aria-hidden": "true" }));
  at.time = make("span", { class: "mp-time", "aria-hidden": "true" });
  const seen = make("figure", {}, at.sees, make("figcaption", {}, "What the network sees"));
  const near = make("figure", { class: "mp-near" }, make("div", {}, ...at.near.map((canvas, k) => make("div", {}, canvas, at.nearLabels[k]))),
                    make("figcaption", {}, "The nearest training digits"));
  const grid = make("div", { class: "mp-grid" }, at.sheet, at.says, acts, make("div", { class: "mp-meters" }, ...at.meters),
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

function render({ model, el }) {
  const at = build(), drawing = new Drawing(), brush = at.canvas.getContext("2d");
  const over = new AbortController(), listen = (target, names, act, options = {}) => names.split(" ").forEach((name) => target.addEventListener(name, act, { signal: over.signal, ...options }));
  let pointer = null, waiting = false, again = false, asked = 0, began = 0, late = 0, spoken = 0, ink = [0, 0, 0];
  const pen = { x: SIDE / 2, y: SIDE / 2, down: false };

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
    showAnswer();
  }

  function showPen() {
    at.pen.hidden = document.activeElement !== at.canvas || !at.canvas.matches(":focus-visible");
    at.pen.style.left = `${100 * pen.x / SIDE}%`;
    at.pen.style.top = `${100 * pen.y / SIDE}%`;
    at.pen.classList.toggle("mp-down", pen.down);
  }

  function say(text, soon = false) {
    // Screen readers are told when a stroke has ended, not at every move.
    clearTimeout(spoken);
    at.canvas.setAttribute("aria-label", `Drawing pad. ${text}`);
    if (soon || !text) at.says.textContent = text;
    else spoken = setTimeout(() => { at.says.textContent = text; }, pointer === null ? 0 : 150);
  }

  function showAnswer() {
    const image = bytes(model.get("_image")), answer = model.get("_answer") ?? {}, known = image.length === 784 && answer.probabilities;
    at.root.classList.toggle("mp-empty", image.length !== 784);
    at.hint.hidden = drawing.steps.length > 0 || image.length === 784;
    at.undo.disabled = !drawing.steps.length;
    paintImage(at.sees, image, ink);
    at.sees.setAttribute("aria-label", image.length === 784 ? "What the network sees: your drawing, fitted into 28 by 28 pixels" : "What the network sees: nothing yet");
    at.meters.forEach((meter, k) => {
      const share = known ? answer.probabilities[k] : 0, first = known && k === answer.digit;
      meter.setAttribute("aria-valuenow", (100 * share).toFixed(1));
      meter.setAttribute("aria-valuetext", percent(share));
      meter.classList.toggle("mp-first", Boolean(first));
      meter.classList.toggle("mp-doubt", Boolean(first && answer.doubt));
      meter.querySelector(".mp-bar").style.width = `${100 * share}%`;
      meter.querySelector(".mp-share").textContent = known ? percent(share) : "";
    });
    const near = bytes(model.get("_neighbours")), labels = answer.labels ?? [];
    at.near.forEach((canvas, k) => {
      const there = known && k < labels.length;
      paintImage(canvas, there ? near.slice(784 * k, 784 * (k + 1)) : [], ink);
      canvas.setAttribute("aria-label", there ? `Near training digit ${k + 1}: a ${labels[k]}` : "No training digit yet");
      at.nearLabels[k].textContent = there ? labels[k] : "";
    });
    say(known || answer.error ? sentence(answer) : "Nothing is drawn yet.");
  }

  // ---- asking the model
  function ask(ended = false) {
    // Only one question is on its way at a time; the next one is of the newest picture.
    if (waiting) {
      again = ended ? "ended" : again || "moved";
      return;
    }
    const image = drawing.seen();
    asked = (model.get("_asked") ?? 0) + 1;
    began = performance.now();
    waiting = true;
    model.set("_image", image ?? new Uint8Array(0));
    if (ended) model.set("_drawing", image ? drawing.ink.slice() : new Uint8Array(0));
    model.set("_asked", asked);
    at.root.dataset.asked = asked;
    model.save_changes();
    paintImage(at.sees, image ?? [], ink);
    at.hint.hidden = drawing.steps.length > 0;
    at.undo.disabled = !drawing.steps.length;
    clearTimeout(late);
    late = setTimeout(() => { if (waiting) say("Python is busy. It answers as soon as it is free; you can go on drawing.", true); }, 2000);
  }

  function answered() {
    const answer = model.get("_answer") ?? {};
    if (waiting && answer.of === asked) {
      waiting = false;
      const milliseconds = performance.now() - began;
      at.root.dataset.milliseconds = milliseconds.toFixed(1);
      at.time.textContent = `answered in ${milliseconds.toFixed(0)} ms`;
    }
    showAnswer();
    at.root.dataset.answered = answer.of ?? 0;
    if (!waiting && again) {
      const ended = again === "ended";
      again = false;
      ask(ended);
    }
  }

  function given() {
    // A sample or a picture came from the model, with its answer.
    drawing.add({ image: bytes(model.get("_given_image")).slice() });
    paint();
  }

  // ---- drawing
  function place(event) {
    const box = at.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * SIDE / box.width, (event.clientY - box.top) * SIDE / box.height];
  }

  function begin(x, y) {
    drawing.add({ points: [x, y], radius: Number(at.width.value) / 2 });
    paintStep(drawing.steps.at(-1));
    ask();
  }

  function goOn(x, y) {
    const { points, radius } = drawing.steps.at(-1), n = points.length;
    drawing.extend(x, y);
    paintStep({ points: [points[n - 2], points[n - 1], x, y], radius });
  }

  function end() {
    pointer = null;
    pen.down = false;
    ask(true);
    showPen();
  }

  function takeBack() {
    pen.down = false;
    if (drawing.undo()) {
      paint();
      ask(true);
    }
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
    ask();
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
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (ways[event.key]) {
      const step = event.shiftKey ? 3 : 14, [x, y] = ways[event.key], inside = (value) => Math.min(SIDE - 12, Math.max(12, value));
      pen.x = inside(pen.x + step * x);
      pen.y = inside(pen.y + step * y);
      if (pen.down) {
        goOn(pen.x, pen.y);
        ask();
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
    if (drawing.steps.length || bytes(model.get("_image")).length) drawing.add({ clear: true });
    paint();
    ask(true);
    showAnswer();
  });
  listen(at.undo, "click", takeBack);
  listen(at.sample, "click", () => model.send({ kind: "sample", digit: at.digit.value === "" ? null : Number(at.digit.value) }));

  async function load(file) {
    if (!file) return;
    if (file.size > MOST_BYTES) say(`${file.name} has ${(file.size / 1e6).toFixed(0)} MB. Shrink it to at most ${MOST_BYTES / 1e6} MB.`, true);
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
  model.on("change:_answer", answered);
  model.on("change:_given", given);
  const scheme = matchMedia("(prefers-color-scheme: dark)"), theme = new MutationObserver(() => setTimeout(paint, 50));
  listen(scheme, "change", paint);
  for (const element of [document.documentElement, document.body])
    theme.observe(element, { attributes: true, attributeFilter: ["class", "style", "data-jp-theme-name", "data-jp-theme-light"] });

  const before = bytes(model.get("_drawing")), image = bytes(model.get("_image"));
  if (before.length === SIDE * SIDE) drawing.base.ink.set(before);
  else if (image.length === 784) drawing.base = { ink: enlarged(image), image: image.slice() };
  drawing.replay();
  el.append(at.root);
  requestAnimationFrame(paint); // once its colours are known
  return () => {
    over.abort();
    theme.disconnect();
    clearTimeout(late);
    clearTimeout(spoken);
    model.off("change:_answer", answered);
    model.off("change:_given", given);
  };
}

export default { render };
