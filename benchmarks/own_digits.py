"""How well pictures of digits are read: looked at as chapter 10 does it, and as most tutorials do (grey, inverted if bright, shrunk); and what is
made of pictures in which there is no digit.

Most pictures are made from the first test digits, each kind with its own hardship, "together" with several by chance, "dark squares" in pencil on
squared paper whose lines are darker than it, "on a table" as whole sheets with what lies around them; the same seed gives the same pictures. Some
are as they come from a program: "on a panel" a digit on a dark panel on a light page, "in a box" with a printed frame, "shrunk" to 8 to 27 pixels,
"tight crop" without any margin, "16 x 16" filling a frame of so many black or white pixels. Two kinds are by hands that the shipped network did not
learn from (hands.py): the second half of scikit-learn's digits, as they are (8 x 8 pixels, 0 to 16), and fonts that people drew after their own
handwriting. Both were looked at, however, when chapter 08's drawn digits were thought out, and a tenth of that half of scikit-learn's when two
constants were set.

In the kinds that begin with "no digit" there is none: empty boxes, empty sheets, empty sheets on a table, empty squares, and the letters and signs of
those fonts (without O, l and the others that are digits to many; "new signs" were learned from no font, the others from others). Right is then a doubt, or a refusal. Surely wrong is an answer called sure that is
not the digit on the picture.
"""
import warnings
from io import BytesIO
from time import perf_counter

import cv2
import hands
import numpy as np
from PIL import ImageFont
from table import arguments, output_folder, processor, today, write_table

import mnist_ann as ma

KINDS = ("plain", "ruled", "squared", "shadow", "gradient", "blur", "perspective", "jpeg", "colour", "thin", "thick", "corner", "small",
         "light on dark", "pencil", "border", "noise", "together")
INKS = np.float32([[0.75, 0.1, 0.1], [0.1, 0.15, 0.7], [0.1, 0.5, 0.2], [0.5, 0.1, 0.5], [0.9, 0.45, 0.1]])
PAPERS = np.float32([[0.95, 0.95, 0.67], [0.9, 0.86, 0.95], [0.81, 0.95, 0.81], [0.95, 0.95, 0.95]])
LINES = np.float32([[0.55, 0.65, 0.9], [0.7, 0.7, 0.72], [0.9, 0.6, 0.6], [0.4, 0.4, 0.45]])
TABLES = np.float32([[0.45, 0.3, 0.2], [0.25, 0.25, 0.27], [0.65, 0.5, 0.35], [0.15, 0.13, 0.12], [0.75, 0.75, 0.73]])
EMPTY = ("plain", "ruled", "squared", "shadow", "perspective", "colour")


def enlarged(image, size, change):
    "A digit of this size in pixels with sharp edges, from 0 to 1; its strokes wider (change 1), narrower (-1) or as they are (0)."
    rows, columns = np.nonzero(image)
    image = np.pad(image[rows.min():rows.max() + 1, columns.min():columns.max() + 1].astype(np.float32) / 255, 3)
    scale = size / 20
    large = cv2.GaussianBlur(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), (0, 0), 0.35 * scale)
    mask = np.clip((large - 0.5) * scale * 1.2 + 0.5, 0, 1)
    if change:
        across = round(0.55 * scale)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, [2 * (across // 2) + 1] * 2 if change < 0 else [2 * across + 1] * 2)
        mask = (cv2.erode if change < 0 else cv2.dilate)(mask, disc)
    return mask


def placed(mask, height, width, kind, rng):
    "The digit somewhere on a sheet of this size: in a corner, at the border, or near the middle."
    rows, columns = np.nonzero(mask > 0.3)
    mask = mask[rows.min():rows.max() + 1, columns.min():columns.max() + 1]
    mask = cv2.resize(mask, None, fx=(f := min(1, 0.95 * height / mask.shape[0], 0.95 * width / mask.shape[1])), fy=f, interpolation=cv2.INTER_AREA)
    free = height - mask.shape[0], width - mask.shape[1]
    top, left = (int(np.clip(space / 2 + rng.normal(0, 0.1 * space), 0, space)) for space in free)
    if kind in ("corner", "small"):
        top, left = (int(rng.choice([0.1, 0.9]) * space) for space in free)
    if kind == "border":
        top, left = [(0, left), (free[0], left), (top, 0), (top, free[1])][rng.integers(4)]
    sheet = np.zeros((height, width), np.float32)
    sheet[top:top + mask.shape[0], left:left + mask.shape[1]] = mask
    return sheet


def ruled(sheet, digit_size, squared, rng):
    "A sheet with lines, or squares."
    step = max(12, int(rng.uniform(0.15, 0.4) * digit_size if squared else rng.uniform(0.5, 1.2) * digit_size))
    lines, thickness = np.zeros(sheet.shape[:2], bool), int(rng.integers(1, 4))
    for k in range(int(rng.integers(step)), lines.shape[0], step):
        lines[k:k + thickness] = True
    for k in range(int(rng.integers(step)), lines.shape[1] if squared else 0, step):
        lines[:, k:k + thickness] = True
    return np.where(lines[..., None], 0.2 * sheet + 0.8 * LINES[rng.integers(len(LINES))], sheet)


def lit(sheet, gradient, shadow, rng):
    "A sheet in uneven light."
    rows, columns = np.mgrid[-1:1:sheet.shape[0] * 1j, -1:1:sheet.shape[1] * 1j]
    for wanted, light in ((gradient, lambda away: 1 - rng.uniform(0.2, 0.35) * (1 + away) / 1.2),
                          (shadow, lambda away: 1 - rng.uniform(0.25, 0.5) / (1 + np.exp(-(away - rng.uniform(-0.4, 0.4)) * rng.uniform(8, 60))))):
        if wanted:
            angle = rng.uniform(0, 2 * np.pi)
            sheet = sheet * np.clip(light(np.cos(angle) * columns + np.sin(angle) * rows), 0.2, 1)[..., None]
    return sheet


def picture(image, kind, seed):
    "A picture, uint8 (height, width, 3), of an MNIST digit, or of nothing (None), with the hardship of this kind."
    rng = np.random.default_rng(seed)
    hard = {name: kind == name or kind == "together" and rng.random() < (0.25 if name in ("light on dark", "pencil") else 0.5) for name in KINDS}
    height, width = (int(side) for side in rng.integers(240, 420, 2))
    size = (rng.uniform(0.15, 0.25) if kind == "small" else rng.uniform(0.45, 0.75)) * min(height, width)
    ink = np.zeros((height, width), np.float32)
    if image is not None:
        ink = placed(enlarged(image, size, -1 if hard["thin"] else int(hard["thick"])), height, width, kind, rng)
    colour = rng.uniform(0.82, 0.97) * np.float32([1, 0.99, 0.95]) if not hard["colour"] else PAPERS[rng.integers(len(PAPERS))]
    pen = INKS[rng.integers(len(INKS))] if hard["colour"] else np.float32([0.12, 0.12, 0.14]) * rng.uniform(0.5, 2)
    grain = cv2.GaussianBlur(rng.standard_normal((height, width)).astype(np.float32), (0, 0), rng.uniform(0.7, 3))
    sheet = colour * (1 + 0.015 * grain / grain.std())[..., None]
    if hard["ruled"] or hard["squared"]:
        sheet = ruled(sheet, size, hard["squared"], rng)
    if hard["pencil"]:
        pen = colour * rng.uniform(0.45, 0.65)
        ink = ink * np.clip(0.75 + 0.5 * cv2.GaussianBlur(rng.standard_normal((height, width)).astype(np.float32), (0, 0), 1.2), 0, 1)
    sheet = sheet * (1 - ink[..., None]) + pen * ink[..., None]
    if hard["perspective"]:
        corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
        moved = (corners + rng.uniform(-0.12, 0.12, (4, 2)) * [width, height]).astype(np.float32)
        border = cv2.BORDER_CONSTANT if rng.random() < 0.3 else cv2.BORDER_REPLICATE  # the table, or more paper
        sheet = cv2.warpPerspective(sheet, cv2.getPerspectiveTransform(corners, moved), (width, height), borderMode=border, borderValue=(0.35, 0.25, 0.2))
    sheet = lit(1 - sheet if hard["light on dark"] else sheet, hard["gradient"], hard["shadow"], rng)
    if hard["blur"]:
        sheet = cv2.GaussianBlur(sheet, (0, 0), rng.uniform(0.02, 0.045) * size)
    sheet = sheet + rng.normal(0, 0.05 if hard["noise"] else rng.uniform(0.003, 0.02), sheet.shape)
    pixels = (255 * np.clip(sheet, 0, 1)).astype(np.uint8)
    if hard["jpeg"]:
        pixels = cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(12, 40))])[1], cv2.IMREAD_COLOR)
    return pixels


def on_a_table(image, seed):
    "A photograph, uint8 (height, width, 3), of a whole sheet with an MNIST digit, or nothing, on a table, turned a little, in the shadow of hand and telephone."
    rng = np.random.default_rng((seed, 1))
    sheet = picture(image, rng.choice(["plain", "ruled", "squared", "colour", "pencil"]), seed).astype(np.float32) / 255
    height, width = (int(side) for side in rng.integers(420, 600, 2))
    size = rng.uniform(0.5, 1.05) * min(height / sheet.shape[0], width / sheet.shape[1]) * np.float32(sheet.shape[1::-1])
    middle = np.float32([width, height]) / 2 + rng.normal(0, 0.06, 2) * [width, height]
    angle = np.radians(rng.normal(0, 5))
    turn = np.float32([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners = np.float32([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * size / 2
    corners = (corners @ turn + middle + rng.normal(0, 0.02, (4, 2)) * size).astype(np.float32)
    across, down = sheet.shape[1], sheet.shape[0]
    view = cv2.getPerspectiveTransform(np.float32([[0, 0], [across, 0], [across, down], [0, down]]), corners)
    on = cv2.warpPerspective(np.ones(sheet.shape, np.float32), view, (width, height))
    grain = cv2.GaussianBlur(rng.standard_normal((height, width)).astype(np.float32), (0, 0), sigmaX=rng.uniform(2, 25), sigmaY=rng.uniform(1, 6))
    table = TABLES[rng.integers(len(TABLES))] * (1 + 0.08 * grain / grain.std())[..., None]
    scene = cv2.warpPerspective(sheet, view, (width, height)) * on + table * (1 - on)
    for _ in range(int(rng.integers(3))):
        scene = lit(scene, rng.random() < 0.5, True, rng)
    scene = cv2.GaussianBlur(scene, (0, 0), rng.uniform(0.3, 1.5)) * rng.uniform(0.6, 1.05) + rng.normal(0, 0.01, scene.shape)
    return (255 * np.clip(scene, 0, 1)).astype(np.uint8)


def on_a_panel(image, seed):
    "A light digit on a dark panel on a light page, uint8 (height, width, 3): a drawing program's window, a blackboard on a wall."
    rng = np.random.default_rng((seed, 2))
    panel = picture(image, "light on dark", seed)
    margins = (rng.uniform(0.08, 0.6, 4) * np.repeat(panel.shape[:2], 2)).astype(int)
    page = (255 * rng.uniform(0.8, 1) * PAPERS[rng.integers(len(PAPERS))]).tolist()
    return cv2.copyMakeBorder(panel, *margins.tolist(), cv2.BORDER_CONSTANT, value=page)


def on_squares(image, seed):
    "A photograph, uint8 (height, width), of an MNIST digit, or nothing, in pencil on squared paper whose lines are darker than the pencil, turned a little."
    rng = np.random.default_rng((seed, 4))
    height, width = (int(side) for side in rng.integers(280, 420, 2))
    size, thickness = rng.uniform(0.4, 0.7) * min(height, width), int(rng.integers(1, 4))
    ink = np.zeros((height, width), np.float32) if image is None else placed(enlarged(image, size, 0), height, width, "squares", rng)
    lines, step = np.zeros((2 * height, 2 * width), np.float32), int(rng.uniform(0.15, 0.5) * size)
    for k in range(thickness):
        lines[k::step] = lines[:, k::step] = 1
    turn = cv2.getRotationMatrix2D((width, height), rng.uniform(-5, 5), 1)
    lines = cv2.warpAffine(lines, turn, (2 * width, 2 * height))[height // 2:height // 2 + height, width // 2:width // 2 + width]
    line, pencil = rng.uniform(0.4, 0.8), rng.uniform(0.3, 0.4)
    sheet = 0.93 * (1 - line * lines) * (1 - pencil * ink)
    return (255 * np.clip(cv2.GaussianBlur(sheet, (0, 0), rng.uniform(0.5, 1.2)) + rng.normal(0, 0.012, sheet.shape), 0, 1)).astype(np.uint8)


def in_a_box(image, seed):
    "A digit in a printed frame, uint8 (height, width, 3); with None the frame alone, at times cut out so that nothing is around it."
    rng = np.random.default_rng((seed, 3))
    page = picture(image, "plain", seed)
    inside = rng.uniform(0.01, 0.06, 4) * np.repeat(page.shape[:2], 2)
    top, bottom, left, right = inside.astype(int).tolist()
    if image is None and rng.random() < 0.5:
        top = bottom = left = right = 0
    pen = int(rng.integers(1, 6))
    return cv2.rectangle(np.ascontiguousarray(page), (left, top), (page.shape[1] - 1 - right, page.shape[0] - 1 - bottom),
                         (int(rng.integers(0, 120)),) * 3, pen)


def shrunk(image, seed):
    "A plain picture of 8 to 27 pixels, uint8 (height, width, 3)."
    page = picture(image, "plain", seed)
    rows, columns = np.nonzero(page.min(axis=2) < 120)
    margin, middle = max(np.ptp(rows), np.ptp(columns)) * 7 // 10, (int(np.mean(rows)), int(np.mean(columns)))
    page = page[max(0, middle[0] - margin):middle[0] + margin, max(0, middle[1] - margin):middle[1] + margin]
    side = 8 + seed % 20
    return cv2.resize(page, (side, side), interpolation=cv2.INTER_AREA)


def tight(image, seed):
    "The part of a plain picture that its ink fills, uint8 (height, width, 3)."
    page = picture(image, "plain", seed)
    rows, columns = np.nonzero(page.min(axis=2) < 120)
    return np.ascontiguousarray(page[rows.min():rows.max() + 1, columns.min():columns.max() + 1])


def filling(image, seed):
    "The digit as 16 x 16 pixels, uint8 of 0 and 255, which it fills from edge to edge; light or dark ink."
    rows, columns = np.nonzero(image > 60)
    cut = image[rows.min():rows.max() + 1, columns.min():columns.max() + 1]
    if cut.shape[1] < cut.shape[0] / 2:  # a 1 stays narrow
        missing = cut.shape[0] // 2 - cut.shape[1]
        cut = np.pad(cut, ((0, 0), (missing // 2, missing - missing // 2)))
    binary = (cv2.resize(cut, (16, 16), interpolation=cv2.INTER_AREA) > 100).astype(np.uint8) * 255
    return 255 - binary if seed % 2 else binary


def usual(pixels):
    "What most tutorials do, as in figure 1 of chapter 06: grey, shrunk to 28 x 28, inverted if bright."
    if pixels.dtype != np.uint8:  # scikit-learn's
        pixels = (pixels * (255 / 16)).astype(np.uint8)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.ndim == 3 else pixels
    grey = cv2.resize(grey, (28, 28), interpolation=cv2.INTER_AREA)
    return 255 - grey if grey.mean() > 127 else grey


def ours(pixels):
    "The digit that `predict` reads, and whether it is sure; (None, False) where it refuses the picture."
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that it looks like no digit
            answer = ma.predict(pixels)
            return answer.digit, bool(answer.is_sure)
    except ma.MnistAnnError:
        return None, False


def other_writers():
    "The half of scikit-learn's digits that was not learned from, as they are: floats (8, 8) from 0 to 16."
    images, labels = hands.scikit_writers(learned=False)
    return list(images), labels.tolist()


def fonts_write(signs):
    "These signs of the fonts that were not learned from, as pictures of 360 x 360 pixels, and the signs; None without npm."
    fonts = hands.fetched(hands.ASKED)
    if fonts is None:
        return None
    fonts = [ImageFont.truetype(BytesIO(file), 160) for file in fonts.values()]
    written = [(hands.written(sign, font), sign) for font in fonts for sign in signs]
    return tuple(zip(*(one for one in written if one[0].min() < 128)))  # some fonts lack a sign


def all_kinds(test):
    "Each kind, and a function that gives its pictures and the digits on them, None where there is none; or None, if there are no such pictures."
    def each(make, images, *more):
        labels = test.labels.tolist() if images is test.images else [None] * len(test)
        return lambda: ([make(image, *more, seed) for seed, image in enumerate(images)], labels)

    def fonts_digits():
        if found := fonts_write("0123456789"):
            return found[0], list(map(int, found[1]))

    def fonts_others(signs):
        if found := fonts_write(signs):
            return found[0], [None] * len(found[0])

    nothing = [None] * len(test)
    made = {"on a table": on_a_table, "dark squares": on_squares, "on a panel": on_a_panel, "in a box": in_a_box, "shrunk": shrunk, "tight crop": tight, "16 x 16": filling}
    return {
        **{kind: each(picture, test.images, kind) for kind in KINDS},
        **{kind: each(make, test.images) for kind, make in made.items()},
        "other writers": other_writers,
        "handwritten fonts": fonts_digits,
        "no digit: box": each(in_a_box, nothing),
        "no digit: sheet": lambda: ([picture(None, EMPTY[k % len(EMPTY)], k) for k in range(len(test))], nothing),
        "no digit: table": each(on_a_table, nothing),
        "no digit: squares": each(on_squares, nothing),
        "no digit: letters": lambda: fonts_others(hands.LETTERS[:-len(hands.SIGNS)][::4]),
        "no digit: signs": lambda: fonts_others(hands.SIGNS),
        "no digit: new signs": lambda: fonts_others(hands.NEW_SIGNS),
    }


def main():
    parser = arguments(__doc__, pictures=300)
    parser.add_argument("--only", default="", help="only the kinds that begin so; nothing is written")
    options = parser.parse_args()
    folder = output_folder(parser, options)
    test, network, rows = ma.load_mnist()[1][:options.pictures], ma.load_pretrained(), []
    ma.predict(test.images[0])  # what the first call loads is not timed
    for kind, make in all_kinds(test).items():
        if not kind.startswith(options.only) or (made := make()) is None:
            continue
        pictures, labels = made
        started = perf_counter()
        answers = [ours(pixels) for pixels in pictures]
        milliseconds = 1000 * (perf_counter() - started) / len(pictures)
        with_digit = labels[0] is not None
        right = [digit == label if with_digit else not sure for (digit, sure), label in zip(answers, labels)]
        wrong = sum(sure and digit != label for (digit, sure), label in zip(answers, labels))
        in_the_usual_way = network.predict(np.stack([usual(pixels) for pixels in pictures]))
        rows.append({"kind": kind, "pictures": len(pictures), "usual_right": np.count_nonzero(in_the_usual_way == labels) if with_digit else 0,
                     "ours_right": sum(right), "sure": sum(sure for _, sure in answers), "surely_wrong": wrong,
                     "milliseconds": round(milliseconds, 1), "processor": processor(), "date": today()})
        print(f"{kind:<17} {len(pictures):4} pictures: usual {rows[-1]['usual_right'] / len(pictures):.1%}, ours {sum(right) / len(pictures):.1%}, "
              f"surely wrong {wrong}, {milliseconds:.1f} ms", flush=True)
    if folder:
        write_table(rows, folder / "own_digits.csv")


if __name__ == "__main__":
    main()
