// The stand-in for anywidget's model, by which pad.js runs in a page without Python. It gives samples, and opens pictures.

import { bytes, prepare, rowsOf } from "./recogniser.js";

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

// ---------------------------------------------------------------- the stand-in

export function standIn({ samples, ...parts }) {
  // A model with what `pad_page` has packed.
  const values = { _parts: parts }, heard = new Map();
  let number = 0, kept = null;
  const tell = (name) => (heard.get(`change:${name}`) ?? []).forEach((act) => act());
  const give = (image, answer = null) => {
    number++;
    Object.assign(values, { _given_image: image, _given: { number }, _answer: answer });
    tell("_given");
  };

  return {
    get: (name) => values[name],
    set: (name, value) => { values[name] = value; },
    save_changes: () => {},
    on: (name, act) => heard.set(name, [...(heard.get(name) ?? []), act]),
    off: (name, act) => heard.set(name, (heard.get(name) ?? []).filter((other) => other !== act)),
    async send(message, callbacks, buffers) {
      if (message.kind === "sample") {
        kept ??= await rowsOf(samples.png, samples.labels);
        const some = [...kept.labels.keys()].filter((k) => message.digit === null || kept.labels[k] === message.digit);
        const k = some[Math.floor(Math.random() * some.length)];
        if (some.length) give(kept.images.slice(784 * k, 784 * (k + 1)));
      } else if (message.kind === "picture") {
        let image = null, error = `${message.name}: this is no picture that this browser can read. Save it as PNG or JPEG.`;
        try {
          image = await pictureOf(buffers[0]);
          error = `${message.name}: the picture is blank: no digit can be told from its background.`;
        } catch { /* it is said below */ }
        if (image) give(image);
        else {
          values._answer = { error };
          tell("_answer");
        }
      }
    },
  };
}
