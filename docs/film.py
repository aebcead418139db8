"""Makes README_files/pad.gif: digits are drawn on the pad, in a browser, and read at every stroke.  Use: python docs/film.py  (it needs chromium)"""
import math
import shutil
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

import mnist_ann as ma

TARGET = Path(__file__).parents[1] / "README_files/pad.gif"
FOUR_THEN_NINE = [[(92, 62), (82, 95), (78, 128), (92, 148), (130, 152), (186, 144)], [(182, 66), (180, 110), (176, 165), (170, 232)], [(92, 62), (112, 44), (140, 40), (166, 48), (182, 66)]]
STEP = 13  # pixels of the pad between two pictures


def along(points):
    "Points on the way through these, one every few pixels."
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        count = max(1, round(math.hypot(x1 - x0, y1 - y0) / STEP))
        yield from ((x0 + (x1 - x0) * k / count, y0 + (y1 - y0) * k / count) for k in range(count + 1))


def record():
    "The pictures of the film, how long each is shown, in milliseconds, and how high they need be."
    pictures, times = [], []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        path = Path(folder, "draw.html")
        path.write_text(ma.pad_page(), encoding="utf-8")
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"])
        page = browser.new_page(viewport={"width": 760, "height": 800})
        page.goto(path.as_uri())
        page.wait_for_function("globalThis.mnistAnn")
        page.evaluate("mnistAnn.read(new Uint8Array(784))")  # the network is unpacked
        pad, box = page.locator(".mnist-pad"), page.locator(".mp-canvas").bounding_box()

        def keep(milliseconds):
            page.wait_for_timeout(120)
            pictures.append(Image.open(BytesIO(pad.screenshot())).convert("RGB"))
            times.append(milliseconds)

        keep(700)
        for stroke in FOUR_THEN_NINE:
            for k, (x, y) in enumerate(along(stroke)):
                page.mouse.move(box["x"] + x, box["y"] + y)
                if not k:
                    page.mouse.down()
                keep(60)
            page.mouse.up()
            keep(1400)
        height = round(page.locator(".mp-foot").bounding_box()["y"] - pad.bounding_box()["y"])  # without the words below
        browser.close()
    return pictures, times, height


def main():
    pictures, times, height = record()
    pictures = [picture.crop((0, 0, picture.width, height)).quantize(48, dither=Image.Dither.NONE) for picture in pictures]
    TARGET.parent.mkdir(exist_ok=True)
    pictures[0].save(TARGET, save_all=True, append_images=pictures[1:], duration=times, loop=0, optimize=True)
    print(TARGET, f"{TARGET.stat().st_size / 1e3:.0f} kB, {len(pictures)} pictures")


if __name__ == "__main__":
    main()
