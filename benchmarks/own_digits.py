"""How well pictures of digits are read: looked at as chapter 10 does it, and as most tutorials do (grey, inverted if bright, shrunk).

The pictures are made from the first test digits, each kind with its own hardship, "together" with several by chance, "on a table" as whole
sheets with what lies around them; the same seed gives the same pictures. Two kinds are by other hands: the 1,797 digits of scikit-learn's
`load_digits` (8 x 8 pixels), enlarged, and those of fonts that people drew after their own handwriting. The fonts come from npm's @fontsource
packages (open licences), which `npm pack` fetches into the folder `runs/fonts`; without npm, this kind is left out. No digit of the two kinds was
trained on. They were looked at, however, when chapter 08's drawn digits were thought out, and a fifth of scikit-learn's when two constants were set.
"""
import shutil
import subprocess
import tarfile
import warnings
from io import BytesIO
from time import perf_counter

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from table import ROOT, arguments, output_folder, processor, today, write_table

import mnist_ann as ma

KINDS = ("plain", "ruled", "squared", "shadow", "gradient", "blur", "perspective", "jpeg", "colour", "thin", "thick", "corner", "small",
         "light on dark", "pencil", "border", "noise", "together")
INKS = np.float32([[0.75, 0.1, 0.1], [0.1, 0.15, 0.7], [0.1, 0.5, 0.2], [0.5, 0.1, 0.5], [0.9, 0.45, 0.1]])
PAPERS = np.float32([[0.95, 0.95, 0.67], [0.9, 0.86, 0.95], [0.81, 0.95, 0.81], [0.95, 0.95, 0.95]])
LINES = np.float32([[0.55, 0.65, 0.9], [0.7, 0.7, 0.72], [0.9, 0.6, 0.6], [0.4, 0.4, 0.45]])
TABLES = np.float32([[0.45, 0.3, 0.2], [0.25, 0.25, 0.27], [0.65, 0.5, 0.35], [0.15, 0.13, 0.12], [0.75, 0.75, 0.73]])
HANDS = """architects-daughter annie-use-your-telescope bad-script beth-ellen caveat caveat-brush cedarville-cursive charmonman chilanka coming-soon
    covered-by-your-grace crafty-girls dawning-of-a-new-day dekko delius edu-nsw-act-foundation edu-sa-beginner fuzzy-bubbles gaegu gamja-flower
    give-you-glory gloria-hallelujah gochi-hand grape-nuts hachi-maru-pop handlee hi-melody homemade-apple indie-flower itim just-another-hand
    just-me-again-down-here kalam klee-one kristi la-belle-aurore liu-jian-mao-cao long-cang loved-by-the-king mali mansalva marck-script mynerve
    nanum-brush-script nanum-pen-script neucha nothing-you-could-do over-the-rainbow pangolin patrick-hand permanent-marker playwrite-cz
    playwrite-de-grund playwrite-fr-moderne playwrite-it-moderna playwrite-nl playwrite-pl poor-story reenie-beanie rock-salt schoolbell sedgwick-ave
    shadows-into-light shadows-into-light-two short-stack single-day sue-ellen-francisco sunshiney swanky-and-moo-moo the-girl-next-door vibur
    waiting-for-the-sunrise walter-turncoat yomogi zeyada""".split()


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
    "A picture, uint8 (height, width, 3), of an MNIST digit, with the hardship of this kind."
    rng = np.random.default_rng(seed)
    hard = {name: kind == name or kind == "together" and rng.random() < (0.25 if name in ("light on dark", "pencil") else 0.5) for name in KINDS}
    height, width = (int(side) for side in rng.integers(240, 420, 2))
    size = (rng.uniform(0.15, 0.25) if kind == "small" else rng.uniform(0.45, 0.75)) * min(height, width)
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
    "A photograph, uint8 (height, width, 3), of a whole sheet with an MNIST digit on a table, turned a little, in the shadow of hand and telephone."
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


def usual(pixels):
    "What most tutorials do, as in figure 1 of chapter 06: grey, shrunk to 28 x 28, inverted if bright."
    grey = cv2.resize(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (28, 28), interpolation=cv2.INTER_AREA)
    return 255 - grey if grey.mean() > 127 else grey


def ours(pixels):
    "What chapter 10 lets the network see; a blank image where it refuses the picture."
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that it looks like no digit
            return ma.predict(pixels).image
    except ma.MnistAnnError:
        return np.zeros((28, 28), np.uint8)


def other_writers():
    "scikit-learn's digits as pictures of 160 x 160 pixels, uint8, and their labels."
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.pad((digits.images * 15.9).astype(np.uint8), ((0, 0), (4, 4), (4, 4)))
    return [cv2.cvtColor(cv2.resize(image, (160, 160), interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2RGB) for image in images], digits.target


def handwritten_fonts():
    "The digits of the fonts as pictures of 360 x 360 pixels, and their labels; None without npm."
    folder, images = ROOT / "runs/fonts", []
    folder.mkdir(parents=True, exist_ok=True)
    for name in HANDS:
        if not list(folder.glob(f"fontsource-{name}-[0-9]*.tgz")):
            if not shutil.which("npm"):
                print("npm is missing: the handwritten fonts are left out", flush=True)
                return None
            subprocess.run(["npm", "pack", "--silent", f"@fontsource/{name}"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(next(folder.glob(f"fontsource-{name}-[0-9]*.tgz"))) as package:
            file = min((file for file in package.getnames() if file.endswith("-latin-400-normal.woff2")), key=len)
            font = ImageFont.truetype(BytesIO(package.extractfile(file).read()), 160)
        for digit in "0123456789":
            sheet = Image.new("RGB", (360, 360), "white")
            ImageDraw.Draw(sheet).text((180, 180), digit, font=font, fill="black", anchor="mm")
            images.append(np.asarray(sheet))
    return images, np.tile(np.arange(10), len(HANDS))


def main():
    parser = arguments(__doc__, pictures=300)
    options = parser.parse_args()
    folder = output_folder(parser, options)
    test, network, rows = ma.load_mnist()[1][:options.pictures], ma.load_pretrained(), []
    cases = {kind: ([picture(image, kind, k) for k, image in enumerate(test.images)], test.labels) for kind in KINDS}
    cases["on a table"] = [on_a_table(image, k) for k, image in enumerate(test.images)], test.labels
    cases |= {"other writers": other_writers(), "handwritten fonts": handwritten_fonts()}
    for kind, (pictures, labels) in ((kind, case) for kind, case in cases.items() if case):
        started = perf_counter()
        prepared = np.stack([ours(pixels) for pixels in pictures])
        milliseconds = 1000 * (perf_counter() - started) / len(pictures)
        right = {name: np.count_nonzero(network.predict(images) == labels)
                 for name, images in (("usual", np.stack([usual(pixels) for pixels in pictures])), ("ours", prepared))}
        rows.append({"kind": kind, "pictures": len(pictures), "usual_right": right["usual"], "ours_right": right["ours"],
                     "milliseconds": round(milliseconds, 1), "processor": processor(), "date": today()})
        print(f"{kind:<17} usual {right['usual'] / len(pictures):.1%}, ours {right['ours'] / len(pictures):.1%}, {milliseconds:.1f} ms", flush=True)
    if folder:
        write_table(rows, folder / "own_digits.csv")


if __name__ == "__main__":
    main()
