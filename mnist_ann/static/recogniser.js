// What the pad computes, in plain JavaScript: the picture that a network sees (chapter 06), the network itself, the digits that are nearest.
//
// The network is packed by `_parts` (nbs/14_widgets.ipynb): of each layer the weights (inputs x units) as 4, 2 or 1 bytes each, floats
// or whole numbers with a scale for each column; the biases; the two thresholds; and digits to compare with. Bytes are bytes, or base64.

export const SIDE = 280; // pixels of the drawing, both ways

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

export function inkStroke(ink, points, radius) {
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

export function enlarged(image) {
  // A picture of 28 x 28 pixels as large as the drawing.
  return Uint8Array.from(resized(image, 28, 28, SIDE, SIDE, between), Math.round);
}

// ---------------------------------------------------------------- the network

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

// ---------------------------------------------------------------- what was packed

export function bytes(value) {
  // Bytes as a Uint8Array: from base64 in the page, from a DataView in Jupyter.
  if (!value) return new Uint8Array(0);
  if (typeof value === "string") return Uint8Array.from(atob(value), (letter) => letter.charCodeAt(0));
  return ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value);
}

export async function rowsOf(png, labels) {
  // Pictures of 784 bytes from a PNG with one in each row, and their labels.
  const bitmap = await createImageBitmap(new Blob([bytes(png)]), { colorSpaceConversion: "none" }), canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  const brush = canvas.getContext("2d");
  brush.drawImage(bitmap, 0, 0);
  const pixels = brush.getImageData(0, 0, canvas.width, canvas.height).data, images = new Uint8Array(pixels.length / 4);
  for (let k = 0; k < images.length; k++) images[k] = pixels[4 * k];
  const squares = Float64Array.from(labels, (_, k) => images.subarray(784 * k, 784 * (k + 1)).reduce((sum, value) => sum + value * value, 0));
  return { images, labels: [...labels].map(Number), squares };
}

export async function unpacked({ layers, max_energy, sure_probability, examples }) {
  // A network and its examples, ready for `read` and `nearest`.
  const kinds = { int8: Int8Array, int16: Int16Array, float32: Float32Array };
  const numbers = (kind, some) => some && new kinds[kind](bytes(some).slice().buffer); // little-endian, as every browser's machine is
  return {
    layers: layers.map(({ kind, weights, scales, biases }) => ({ weights: numbers(kind, weights), scales: numbers("float32", scales), biases: numbers("float32", biases) })),
    max_energy, sure_probability, examples: await rowsOf(examples.png, examples.labels),
  };
}
