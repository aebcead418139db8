"""How well rows and sheets of digits are read: exactly right, and surely wrong, for each kind of them.

The pictures are made from MNIST's validation digits, so each row is by as many writers as it has digits. Each kind has its own hardship; the
height of the digits, the pen, the spacing, the size of the picture, the light and the noise vary in all of them, and the same seed gives the
same pictures. The kinds from "in one hand" on are written by fonts after handwriting that the shipped network has not learned from, with the signs that people
put between digits. A row is right if all of its digits are, in their order, and nothing else. "surely wrong" counts rows with a mistake that
`is_sure` vouches for. A row with a letter is right if
it is doubted. Of sheets all numbers are counted; one that is sure, and was never written, is surely wrong.
"""
import warnings
from io import BytesIO
from time import perf_counter

import cv2
import hands
import numpy as np
from own_digits import enlarged
from PIL import Image, ImageDraw, ImageFont
from table import arguments, output_folder, processor, today, write_table

import mnist_ann as ma

HANDS = {"in one hand": "######", "dates": "##.##.####", "dates, slashes": "##/##/##", "telephone": "###-####", "brackets": "(###) ###", "times": "##:##", "per cent": "##%"}
ROWS = ("plain", "small digits", "far apart", "cells of a form", "a box for each", "a comb", "underlined", "ruled", "squared", "shadow of a telephone",
        "pencil", "light on dark", "slanted", "curved", "jpeg", "on a table", "commas and dots", "broken strokes",
        "touching pairs", "touching rows", "a letter", "together")
SHEETS = ("a page", "a page of columns", "a printed table", "a page with a word", "a page on a table")
LETTERS = "ABCDEFGHKLMNPRTUVWXYabdefghknrtwxy"


def digit(image, high, pen):
    "A digit so many pixels high, from 0 to 1, its strokes wider (1), narrower (-1) or as they are (0)."
    mask = enlarged(image, max(40, high), pen)
    rows, columns = np.nonzero(mask > 0.3)
    mask = mask[rows.min():rows.max() + 1, columns.min():columns.max() + 1]
    wide = max(2, round(mask.shape[1] * high / mask.shape[0]))
    return cv2.resize(mask, (wide, high), interpolation=cv2.INTER_AREA if high < mask.shape[0] else cv2.INTER_LINEAR)


def paste(sheet, ink, left, top):
    "Ink onto a sheet, in place, as far as it fits."
    top, left = max(0, int(top)), max(0, int(left))
    part = sheet[top:top + ink.shape[0], left:left + ink.shape[1]]
    np.maximum(part, ink[:part.shape[0], :part.shape[1]], out=part)


def written(images, high, gaps, rng, jitter=0.08, slope=0.0, curve=0.0, pen=0, overlap=False):
    "A row of digits on nothing, from 0 to 1, with a margin of one digit; and the columns in which each begins and ends."
    digits = [digit(image, max(6, round(high * rng.uniform(1 - jitter, 1 + jitter))), pen) for image in images]
    width = int(sum(d.shape[1] for d in digits) + np.sum(np.maximum(gaps, 0)) + 2 * high + 2)
    rise = abs(slope) * width + abs(curve) * high
    sheet, x, spans = np.zeros((int(3 * high + 2 * rise), width), np.float32), float(high), []
    for k, d in enumerate(digits):
        if k and overlap:  # push it left until it touches the one before
            y = sheet.shape[0] / 2 - d.shape[0] / 2
            for x in range(int(x), 0, -1):
                part = sheet[int(y):int(y) + d.shape[0], x:x + d.shape[1]]
                if part.shape == d.shape and ((part > 0.5) & (d > 0.5)).sum() > max(1, 0.001 * high**2):
                    break
        middle = x + d.shape[1] / 2
        y = sheet.shape[0] / 2 + slope * (middle - width / 2) + curve * high * np.sin(2 * np.pi * middle / width) - d.shape[0] / 2 + rng.normal(0, 0.04) * high
        paste(sheet, d, x, y)
        spans.append((int(x), int(x) + d.shape[1]))
        x += d.shape[1] + (gaps[k] if k < len(gaps) else 0)
    return sheet[:, :int(x + high)], spans


def photographed(ink, rng, pen=None, paper=None, light="even", noise=None, jpeg=False, blur=None):
    "A photograph, uint8, of ink (from 0 to 1) on paper in this light."
    height, width = ink.shape
    paper = rng.uniform(0.65, 0.97) if paper is None else paper
    pen = rng.uniform(0.08, 0.4) * paper if pen is None else pen
    blur = rng.uniform(0.2, 0.9) if blur is None else blur
    sheet = cv2.GaussianBlur(paper * (1 - ink) + pen * ink, (0, 0), blur)
    if light == "gradient":
        sheet *= np.linspace(rng.uniform(0.45, 0.9), 1, width, dtype=np.float32)[:: rng.choice([-1, 1])]
    if light == "telephone":
        shade = np.zeros((height, width), np.float32)
        left, top = int(rng.uniform(0.05, 0.5) * width), int(rng.uniform(0.2, 0.8) * height)
        cv2.rectangle(shade, (left, top), (width, height), 1, -1)
        cv2.circle(shade, (left, top), max(2, int(0.06 * min(height, width))), 1, -1)
        sheet *= 1 - rng.uniform(0.3, 0.75) * cv2.GaussianBlur(shade, (0, 0), rng.uniform(1, 0.02 * height + 2))
    sheet = sheet + rng.normal(0, rng.uniform(0.002, 0.015) if noise is None else noise, sheet.shape)
    pixels = (255 * sheet).clip(0, 255).astype(np.uint8)
    if jpeg or rng.random() < 0.3:
        quality = int(rng.integers(15, 40) if jpeg else rng.integers(60, 95))
        pixels = cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)
    return pixels


def printed(sheet, spans, high, kind, rng):
    "The cells, boxes, comb or line that a form has for its digits, printed on the sheet, in place."
    print_, middle = np.zeros_like(sheet), sheet.shape[0] // 2
    up, down = (int(rng.uniform(0.62, 1.1) * high) for _ in range(2))
    pen = max(1, round(rng.uniform(0.015, 0.06) * high))
    shade = rng.uniform(0.5, 1)
    top, bottom = middle - up, middle + down
    inside = np.nonzero(sheet.max(axis=1) > 0.3)[0]
    top, bottom = min(top, inside.min() - 2 * pen - 1), max(bottom, inside.max() + 2 * pen + 1)
    edges = [spans[0][0] - 0.25 * high, *((sum(a) + sum(b)) / 4 for a, b in zip(spans, spans[1:])), spans[-1][1] + 0.25 * high]
    if kind == "a box for each":
        half = (max(b - a for a, b in spans) + 0.25 * high) / 2
        for x in (sum(span) / 2 for span in spans):
            cv2.rectangle(print_, (int(x - half), top), (int(x + half), bottom), shade, pen)
    else:
        if kind != "underlined":
            up = bottom - int(rng.uniform(0.25, 0.5) * high) if kind == "a comb" else top
            for x in edges:
                cv2.line(print_, (int(x), up), (int(x), bottom), shade, pen)
        for y in [bottom] if kind in ("a comb", "underlined") else [top, bottom]:
            cv2.line(print_, (int(edges[0]), y), (int(edges[-1]), y), shade, pen)
    np.maximum(sheet, print_, out=sheet)


def row(kind, digits, seed):
    "A picture of a row, uint8 (height, width), and its text."
    rng = np.random.default_rng((seed, ROWS.index(kind)))
    some = lambda name, p=0.4: kind == name or kind == "together" and rng.random() < p
    touching = kind in ("touching pairs", "touching rows")
    count = 2 if kind == "touching pairs" else int(rng.integers(3, 11)) if kind != "touching rows" else int(rng.integers(3, 7))
    chosen = rng.integers(0, len(digits), count)
    images, text = digits.images[chosen], "".join(map(str, digits.labels[chosen]))
    high = int(np.exp(rng.uniform(np.log(22), np.log(160))))
    if kind == "small digits":
        high = int(rng.integers(13, 22))
    gaps = high * (rng.uniform(0.8, 2) * np.ones(count - 1) if some("far apart", 0.2)
                   else rng.uniform(0.12, 0.5) * rng.uniform(0.6, 1.6, count - 1))
    if kind in ("cells of a form", "a comb", "a box for each"):  # equal cells
        pitch = max(digit(image, high, 0).shape[1] for image in images) + high * rng.uniform(0.3, 0.8)
        gaps = [pitch - (digit(a, high, 0).shape[1] + digit(b, high, 0).shape[1]) / 2 for a, b in zip(images, images[1:])]
    if touching:
        gaps = np.where(rng.random(count - 1) < 0.5, 0, 0.25 * high) if kind == "touching rows" else np.zeros(count - 1)
    slope = np.tan(np.radians(rng.uniform(4, 12))) * rng.choice([-1, 1]) if some("slanted", 0.3) else rng.normal(0, 0.015)
    curve = rng.uniform(0.3, 0.8) if kind == "curved" else 0
    pen = int(rng.integers(-1, 2)) if high > 30 else 0
    is_form = kind in ("cells of a form", "a comb", "a box for each", "underlined")
    sheet, spans = written(images, high, gaps, rng, rng.choice([0.05, 0.12]), 0 if is_form else slope, curve, pen, overlap=touching)
    if kind == "commas and dots":
        text, sheet = punctuated(text, sheet, spans, high, rng)
    if kind == "broken strokes":
        for _ in range(count):
            x, y = rng.integers(high, sheet.shape[1] - high), sheet.shape[0] / 2 + rng.normal(0, 0.3) * high
            cv2.line(sheet, (int(x - high / 3), int(y)), (int(x + high / 3), int(y + rng.normal(0, 0.2) * high)), 0, max(1, round(0.05 * high)))
    if kind == "a letter":
        k = int(rng.integers(count))
        left, right = spans[k]
        sheet[:, left:right] = 0
        font = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX]))
        lettered(sheet, str(rng.choice(list(LETTERS))), (left, sheet.shape[0] // 2 + high // 2), font, high / 22, max(1, high // 12))
        text = "doubt"
    if is_form:
        printed(sheet, spans, high, kind, rng)
    margin = [int(rng.uniform(0, 2 if kind != "far apart" else 6) * high) for _ in range(4)]
    sheet = np.pad(sheet, ((margin[0], margin[1]), (margin[2] // 2, margin[3] // 2)))
    if some("ruled", 0.3) or kind == "squared":
        step = int(rng.uniform(1.0, 1.8) * high if kind != "squared" else rng.uniform(0.35, 0.9) * high)
        shade, line = rng.uniform(0.15, 0.5), max(1, int(0.03 * high))
        for k in range(int(rng.integers(step)), sheet.shape[0], step):
            sheet[k:k + line] = np.maximum(sheet[k:k + line], shade)
        for k in range(int(rng.integers(step)), sheet.shape[1] if kind == "squared" else 0, step):
            sheet[:, k:k + line] = np.maximum(sheet[:, k:k + line], shade)
    paper = rng.uniform(0.65, 0.97)
    picture = photographed(sheet, rng, paper * rng.uniform(0.6, 0.8) if some("pencil", 0.2) else None, paper,
                           "telephone" if some("shadow of a telephone") else rng.choice(["even", "gradient"]), jpeg=some("jpeg", 0.3))
    if some("light on dark", 0.25):
        picture = 255 - picture
    return (laid_down(picture, rng) if kind == "on a table" else picture), text


def in_one_hand(kind, font, seed):
    "A row as this font writes it, in ink of some strength on paper, uint8 (height, width), and its digits."
    rng = np.random.default_rng((seed, 200 + list(HANDS).index(kind)))
    text = "".join(str(rng.integers(10)) if sign == "#" else sign for sign in HANDS[kind])
    left, top, right, bottom = font.getbbox(text)
    sheet = Image.new("L", (right - left + 80, bottom - top + 80), 0)
    ImageDraw.Draw(sheet).text((40 - left, 40 - top), text, font=font, fill=255)
    return photographed(np.asarray(sheet).astype(np.float32) / 255, rng), "".join(filter(str.isdigit, text))


def lettered(sheet, text, place, font, scale, pen):
    "A printed text on the sheet, in place."
    print_ = np.zeros(sheet.shape, np.uint8)
    cv2.putText(print_, text, place, font, scale, 255, pen, cv2.LINE_AA)
    np.maximum(sheet, print_.astype(np.float32) / 255, out=sheet)


def punctuated(text, sheet, spans, high, rng):
    "Dots, commas and a minus between some of the digits."
    for (_, end), (begin, _) in zip(spans, spans[1:]):
        mark, size = rng.choice(["", "", ".", ",", "-"]), max(1, round(0.06 * high))
        x, foot = (end + begin) // 2, sheet.shape[0] // 2 + high // 2
        if mark in (".", ",") and begin - end > 0.15 * high:
            cv2.circle(sheet, (x, foot), size, 1, -1)
            if mark == ",":
                cv2.line(sheet, (x, foot), (x - size, foot + 3 * size), 1, size)
        elif mark == "-" and begin - end > 0.35 * high:
            cv2.line(sheet, (end + size + 2, sheet.shape[0] // 2), (begin - size - 2, sheet.shape[0] // 2), 1, size)
    return text, sheet


def laid_down(picture, rng):
    "The sheet on a table that shows all round it."
    height, width = picture.shape
    margin = int(rng.uniform(0.15, 0.4) * min(height, width)) + 20
    size = (height + 2 * margin, width + 2 * margin)
    grain = cv2.GaussianBlur(rng.standard_normal(size).astype(np.float32), (0, 0), sigmaX=15, sigmaY=3)
    table = (rng.uniform(30, 110) * (1 + 0.08 * grain / grain.std())).astype(np.float32)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.normal(0, 2.5), 1)
    turn[:, 2] += margin
    on = cv2.warpAffine(np.ones_like(picture, np.float32), turn, size[::-1])
    return (cv2.warpAffine(picture.astype(np.float32), turn, size[::-1]) * on + table * (1 - on) + rng.normal(0, 2, size)).clip(0, 255).astype(np.uint8)


def sheet(kind, digits, seed):
    "A picture of a sheet, uint8 (height, width), and its rows from top to bottom."
    rng = np.random.default_rng((seed, 100 + SHEETS.index(kind)))
    height, width = [(3000, 2250), (1600, 1200), (1200, 1600), (800, 600)][int(rng.integers(4))]
    lines = int(rng.integers(3, 11))
    high = int(rng.uniform(0.3, 0.55) * height / (lines + 1))
    page, texts = np.zeros((height, width), np.float32), []
    columns = 3 if kind in ("a page of columns", "a printed table") else 1
    edge_x, edge_y = width // 12, height // 14
    step, wide = (height - 2 * edge_y) / lines, (width - 2 * edge_x) / columns
    high = min(high, int(wide / 4.5))
    slope = rng.normal(0, 0.01) if kind != "a printed table" else 0
    for k in range(lines):
        for column in range(columns):
            count = int(rng.integers(1 if columns == 1 else 2, max(2, min(9, int(wide / high / 1.05) - 1)) + 1))
            chosen = rng.integers(0, len(digits), count)
            gaps, pen = high * rng.uniform(0.12, 0.4) * np.ones(count - 1), int(rng.integers(-1, 2)) if high > 30 else 0
            ink, _ = written(digits.images[chosen], high, gaps, rng, slope=slope, pen=pen)
            while ink.shape[1] > 1.05 * wide:  # it has to fit
                chosen = chosen[:-1]
                ink, _ = written(digits.images[chosen], high, high * 0.2 * np.ones(len(chosen) - 1), rng, slope=slope, pen=0)
            left = edge_x + column * wide + (rng.uniform(0, 0.9) * max(0, wide - ink.shape[1]) if columns == 1 else 0.02 * wide)
            paste(page, ink, left, edge_y + (k + 0.5) * step - ink.shape[0] / 2)
            texts.append("".join(map(str, digits.labels[chosen])))
    if kind == "a printed table":
        pen = max(2, round(0.04 * high))
        for k in range(lines + 1):
            cv2.line(page, (edge_x, int(edge_y + k * step)), (width - edge_x, int(edge_y + k * step)), 0.8, pen)
        for k in range(columns + 1):
            cv2.line(page, (int(edge_x + k * wide), edge_y), (int(edge_x + k * wide), height - edge_y), 0.8, pen)
    if kind == "a page with a word":
        word = str(rng.choice(["Readings", "Telephone", "Water", "Room"]))
        lettered(page, word, (edge_x, int(0.8 * edge_y)), cv2.FONT_HERSHEY_COMPLEX, edge_y / 40, max(1, edge_y // 25))
    if rng.random() < 0.4:
        for y in range(edge_y // 2, height, int(step / 2)):
            page[y:y + max(1, high // 30)] = np.maximum(page[y:y + max(1, high // 30)], 0.3)
    picture = photographed(page, rng, light=rng.choice(["even", "gradient", "telephone"]))
    return (laid_down(picture, rng) if kind == "a page on a table" else picture), texts


def outcome(kind, picture, wanted):
    "How many numbers there are, how many are read right, and how many are wrong and sure, or sure and not there."
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            numbers = ma.read_sheet(picture) if kind in SHEETS else [ma.read_number(picture)]
        except ma.MnistAnnError:
            numbers = []
    if wanted == "doubt":
        sure = bool(numbers and numbers[0].is_sure)
        return 1, int(not sure), int(sure)
    wanted = list(wanted) if kind in SHEETS else [wanted]
    total, wrong = len(wanted), [number for number in numbers if number.text not in wanted or wanted.remove(number.text)]
    return total, total - len(wanted), sum(bool(number.is_sure) for number in wrong)


def main():
    parser = arguments(__doc__, rows=30, sheets=6)
    options = parser.parse_args()
    folder = output_folder(parser, options)
    digits = ma.split(ma.load_mnist()[0])[1]
    fonts, table = [ImageFont.truetype(BytesIO(file), 72) for file in (hands.fetched(hands.ASKED) or {}).values()], []

    def pictures_of(kind):
        if kind in HANDS:
            return [in_one_hand(kind, font, seed) for seed, font in enumerate(fonts)]
        return [sheet(kind, digits, seed) for seed in range(options.sheets)] if kind in SHEETS else [row(kind, digits, seed) for seed in range(options.rows)]

    for kind in (*ROWS, *(HANDS if fonts else ()), *SHEETS):
        pictures = pictures_of(kind)
        started = perf_counter()
        numbers, right, surely_wrong = (sum(which) for which in zip(*(outcome(kind, *picture) for picture in pictures)))
        milliseconds = 1000 * (perf_counter() - started) / len(pictures)
        table.append({"kind": kind, "of": "sheets" if kind in SHEETS else "rows", "pictures": len(pictures), "numbers": numbers, "right": right,
                      "surely_wrong": surely_wrong, "milliseconds": round(milliseconds, 1), "processor": processor(), "date": today()})
        print(f"{kind:<22} {right} of {numbers} right, {surely_wrong} surely wrong, {milliseconds:.0f} ms", flush=True)
    if folder:
        write_table(table, folder / "rows.csv")


if __name__ == "__main__":
    main()
