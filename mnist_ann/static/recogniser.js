// The network in plain JavaScript, and the stand-in for anywidget's model by which pad.js asks it: a page without Python.
//
// What it holds comes from `pad_page` (nbs/14_widgets.ipynb): of each layer the weights (inputs x units) as 4, 2 or 1 bytes each,
// whole numbers with a scale for each column, or floats; the biases; the two thresholds of chapter 06; and digits to compare with.

import { prepare } from "./pad.js";

export function logits(layers, image) {
  // Each layer a product, a bias and a bend, the last one without the bend. Inputs of 0 are left out: most are.
  let a = Float64Array.from(image, (value) => value / 255);
  layers.forEach(({ weights, scales, biases }, k) => {
    const units = biases.length, z = new Float64Array(units);
    for (let i = 0; i < a.length; i++) {
      const input = a[i];
      if (input !== 0) for (let j = 0, at = i * units; j < units; j++, at++) z[j] += input * weights[at];
    }
    const last = k === layers.length - 1;
    for (let j = 0; j < units; j++) {
      const score = (scales ? z[j] * scales[j] : z[j]) + biases[j];
      z[j] = last || score > 0 ? score : 0;
    }
    a = z;
  });
  return a;
}

export function read(network, image) {
  // What `predict` says of a picture that is ready: the digit, and when not to believe it.
  const scores = logits(network.layers, image), highest = Math.max(...scores);
  const powers = Array.from(scores, (score) => Math.exp(score - highest)), sum = powers.reduce((a, b) => a + b);
  const probabilities = powers.map((power) => power / sum), order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
  const [digit, second] = order, energy = -highest - Math.log(sum), { max_energy: most, sure_probability: sure } = network;
  const is_digit = most === null ? null : energy <= most;
  let doubt = "";
  if (is_digit === false) doubt = "it looks like no digit that the network knows";
  else if (sure !== null && probabilities[digit] < sure) doubt = `it could be a ${second}, too`;
  return { digit, probabilities, energy, is_digit, is_sure: most === null || sure === null ? null : !doubt, doubt };
}

export function nearest(examples, image, count = 5) {
  // The numbers of the examples that differ least from the picture, pixel by pixel.
  const inked = [...image.keys()].filter((k) => image[k]), n = examples.labels.length, distances = new Float64Array(n);
  for (let example = 0; example < n; example++) {
    let dot = 0;
    for (const k of inked) dot += image[k] * examples.images[784 * example + k];
    distances[example] = examples.squares[example] - 2 * dot;
  }
  return [...distances.keys()].sort((a, b) => distances[a] - distances[b]).slice(0, count);
}

// ---------------------------------------------------------------- pictures that are loaded

function isReady(image) {
  // Whether 784 bytes are prepared as MNIST is: paper all round, the centre of mass in the middle.
  let edge = 0, mass = 0, x0 = 0, y0 = 0;
  image.forEach((value, k) => {
    const x = k % 28, y = (k - x) / 28;
    if (value && (x % 27 === 0 || y % 27 === 0)) edge++;
    mass += value;
    x0 += x * value;
    y0 += y * value;
  });
  return mass > 0 && edge <= 20 && [x0 / mass, y0 / mass].every((middle) => middle >= 12.5 && middle <= 15.5);
}

function inkOf(grey, width, height) {
  // What stands out of the paper, as bytes of ink; paper is what most of the border is like. For clean pictures.
  const counts = new Array(256).fill(0);
  for (const value of grey) counts[value]++;
  let below = 0, sumBelow = 0, best = 0, threshold = 0;
  const total = grey.length, sum = counts.reduce((a, count, value) => a + count * value, 0);
  for (let value = 0; value < 255; value++) { // Otsu 1979: the two sides as far apart as can be
    below += counts[value];
    sumBelow += value * counts[value];
    if (!below || below === total) continue;
    const spread = below * (total - below) * (sumBelow / below - (sum - sumBelow) / (total - below)) ** 2;
    if (spread > best) [best, threshold] = [spread, value];
  }
  const border = [...grey.keys()].filter((k) => k % width === 0 || k % width === width - 1 || k < width || k >= total - width);
  const light = border.filter((k) => grey[k] > threshold).length > border.length / 2;
  const middle = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
  const paper = middle(grey.filter((value) => (value > threshold) === light)), full = middle(grey.filter((value) => (value > threshold) !== light));
  if (full === undefined || Math.abs(full - paper) < 16) return null;
  return Uint8Array.from(grey, (value) => Math.max(0, Math.min(255, Math.round(255 * (value - paper) / (full - paper)))));
}

async function pictureOf(file) {
  // 784 bytes of a file, or null if it is blank.
  const bitmap = await createImageBitmap(new Blob([file])), shrink = Math.min(1, 280 / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas"), brush = canvas.getContext("2d");
  canvas.width = Math.max(1, Math.round(shrink * bitmap.width));
  canvas.height = Math.max(1, Math.round(shrink * bitmap.height));
  brush.imageSmoothingQuality = "high";
  brush.fillStyle = "white";
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const pixels = brush.getImageData(0, 0, canvas.width, canvas.height).data, grey = new Uint8Array(pixels.length / 4);
  for (let k = 0; k < grey.length; k++) grey[k] = Math.round(0.299 * pixels[4 * k] + 0.587 * pixels[4 * k + 1] + 0.114 * pixels[4 * k + 2]);
  if (grey.length === 784 && canvas.width === 28) {
    const ready = [grey, grey.map((value) => 255 - value)].find(isReady);
    if (ready) return ready;
  }
  const ink = inkOf(grey, canvas.width, canvas.height);
  return ink && prepare(ink, canvas.width, canvas.height);
}

// ---------------------------------------------------------------- the stand-in for anywidget's model

export function standIn({ network, examples, samples }) {
  const values = { _asked: 0, _image: new Uint8Array(0), _drawing: new Uint8Array(0), _answer: {}, _neighbours: new Uint8Array(0) };
  const heard = new Map();
  let changed = new Set(), given = 0;
  const tell = (name) => (heard.get(`change:${name}`) ?? []).forEach((act) => act());

  function answer(of, more = {}) {
    const image = values._image;
    values._answer = { of, ...more };
    if (image.length === 784) {
      const close = nearest(examples, image);
      values._neighbours = Uint8Array.from(close.flatMap((k) => [...examples.images.subarray(784 * k, 784 * (k + 1))]));
      values._answer = { of, ...read(network, image), labels: close.map((k) => examples.labels[k]), ...more };
    }
    tell("_answer");
  }

  function give(image) {
    Object.assign(values, { _image: image, _drawing: new Uint8Array(0), _given_image: image, _given: { number: ++given } });
    tell("_given");
    answer(values._asked);
  }

  return {
    get: (name) => values[name],
    set(name, value) {
      values[name] = value;
      changed.add(name);
    },
    on: (name, act) => heard.set(name, [...(heard.get(name) ?? []), act]),
    off: (name, act) => heard.set(name, (heard.get(name) ?? []).filter((other) => other !== act)),
    save_changes() {
      const names = changed;
      changed = new Set();
      names.forEach(tell);
      if (names.has("_asked")) answer(values._asked);
    },
    async send(message, callbacks, buffers) {
      if (message.kind === "sample") {
        const some = [...samples.labels.keys()].filter((k) => message.digit === null || samples.labels[k] === message.digit);
        const k = some[Math.floor(Math.random() * some.length)];
        if (some.length) give(samples.images.slice(784 * k, 784 * (k + 1)));
        return;
      }
      try {
        const image = await pictureOf(buffers[0]);
        if (image) give(image);
        else answer(values._asked, { error: `${message.name}: the picture is blank: no digit can be told from its background.` });
      } catch {
        answer(values._asked, { error: `${message.name}: this is no picture that this browser can read. Save it as PNG or JPEG.` });
      }
    },
  };
}

// ---------------------------------------------------------------- what the page brings along, in base64

function decoded(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

async function rowsOf(png, labels) {
  // Pictures of 784 bytes from a PNG with one in each row, and their labels.
  const bitmap = await createImageBitmap(new Blob([decoded(png)]), { colorSpaceConversion: "none" }), canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  const brush = canvas.getContext("2d");
  brush.drawImage(bitmap, 0, 0);
  const pixels = brush.getImageData(0, 0, canvas.width, canvas.height).data, images = new Uint8Array(pixels.length / 4);
  for (let k = 0; k < images.length; k++) images[k] = pixels[4 * k];
  const squares = Float64Array.from(labels, (_, k) => images.subarray(784 * k, 784 * (k + 1)).reduce((sum, value) => sum + value * value, 0));
  return { images, labels: [...labels].map(Number), squares };
}

export async function unpacked({ layers, max_energy, sure_probability, examples, samples }) {
  // The page's data, ready for `standIn`.
  const kinds = { int8: Int8Array, int16: Int16Array, float32: Float32Array };
  const numbers = (kind, text) => text && new kinds[kind](decoded(text).buffer); // little-endian, as every browser's machine is
  return {
    network: {
      layers: layers.map(({ kind, weights, scales, biases }) => ({ weights: numbers(kind, weights), scales: numbers("float32", scales), biases: numbers("float32", biases) })),
      max_energy, sure_probability,
    },
    examples: await rowsOf(examples.png, examples.labels),
    samples: await rowsOf(samples.png, samples.labels),
  };
}
