"""The book in a real browser: the pad on its first page, its search, its words, on a laptop and on a telephone, light and dark."""
import os
import re
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
from conftest import ROOT, keep, serious
from test_pad import drawings

import mnist_ann as ma

sys.path.insert(0, str(ROOT / "docs"))
from pages import numbered

SIZES = [(1280, 900), (390, 844)]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    subprocess.run([sys.executable, ROOT / "docs/pages.py", folder], env={**os.environ, "REPOSITORY_URL": "https://github.com/someone/mnist_ann"}, check=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder / "html")))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_): pass


def settled(frame):
    frame.wait_for_function("() => document.querySelector('.mnist-pad')?.dataset.settled === 'true'")


@pytest.mark.filterwarnings("ignore:it looks like no digit", "ignore:there seem")
def test_two_hundred_drawings_on_the_first_page_are_read_as_python_reads_them(visit, site):
    "Drawn with the mouse, in the reader's browser, with no server: the digit is the one that Python reads in the same picture."
    page = visit(f"{site}/index.html")
    page.locator("iframe.pad").scroll_into_view_if_needed()
    frame = next(one for one in page.frames if one.url.endswith("draw.html"))
    frame.wait_for_function("() => document.querySelector('.mnist-pad')?.dataset.reads === 'here'")
    network, off, right = ma.load_pretrained(), [], 0
    for digit, strokes, _ in drawings(200):
        frame.get_by_role("button", name="Clear").click()
        box = frame.get_by_role("application").bounding_box()
        for stroke in strokes:
            points = np.clip(np.reshape(stroke, (-1, 2)), 8, 272) * box["width"] / 280 + [box["x"], box["y"]]
            some = points[np.linspace(0, len(points) - 1, min(len(points), 8)).round().astype(int)]
            page.mouse.move(*some[0])
            page.mouse.down()
            for point in some[1:]:
                page.mouse.move(*point)
            page.mouse.up()
        settled(frame)
        seen = np.array(frame.evaluate("() => [...mnistAnn.model.get('_image')]"), np.uint8).reshape(1, 28, 28)
        shares = np.array(frame.evaluate("() => [...document.querySelectorAll('[role=meter]')].map(one => Number(one.ariaValueNow))")) / 100
        expected = network.predict_proba(seen)[0]
        off.append(np.abs(expected - shares).max())
        assert np.argmax(shares) == expected.argmax() or np.sort(expected)[-1] - np.sort(expected)[-2] < 0.02, (digit, shares, expected)
        right += expected.argmax() == digit
    print(f"\nprobabilities off by at most {max(off):.1e}, {right} of 200 read rightly")
    assert max(off) < 0.05 and np.median(off) < 0.005 and right > 120
    keep(page, "site-pad")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width, height", SIZES)
def test_a_chapter_is_read_on_any_screen(visit, site, axe, scheme, width, height):
    page = visit(f"{site}/02_network.html", scheme=scheme, width=width, height=height, touch=width < 400)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", paper)[:3])) > 380) == (scheme == "light"), paper
    assert serious(page, axe, "article.bd-article") == []
    page.locator("#questionnaire details").first.scroll_into_view_if_needed()
    keep(page, f"site-questions-{scheme}-{width}")


@pytest.mark.parametrize("width, height", SIZES)
def test_no_page_scrolls_sideways(visit, site, width, height):
    page = visit(f"{site}/index.html", width=width, height=height)
    for path in ["index.html", *(f"{chapter.stem}.html" for chapter in numbered()), "exercises.html", "glossary.html", "teaching.html", "api/pictures.html", "api/index.html"]:
        page.goto(f"{site}/{path}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_a_search_finds(visit, site):
    page = visit(f"{site}/search.html?q=momentum")
    page.get_by_role("link", name=re.compile("Training")).first.wait_for()
    assert page.locator("#search-results li").count() >= 2


def test_a_question_says_why(visit, site):
    page = visit(f"{site}/04_training.html", java_script_enabled=False)
    choice = page.locator("#questionnaire details").first
    assert not choice.locator("p").is_visible()
    choice.locator("summary").click()
    assert choice.locator("p").is_visible() and re.match(r"(Right|No)\.", choice.locator("p").inner_text())


def test_a_word_says_what_it_means(visit, site):
    page = visit(f"{site}/08_record.html")
    word = page.locator("a.word").first
    word.scroll_into_view_if_needed()
    word.hover()
    assert word.get_attribute("data-says") in page.evaluate("word => getComputedStyle(word, '::after').content", word.element_handle())
    keep(page, "site-word")
    word.click()
    page.wait_for_url("**/glossary.html#term-*")
    assert page.locator(page.evaluate("'#' + CSS.escape(decodeURIComponent(location.hash.slice(1)))")).is_visible()


def test_the_next_chapter_is_one_step_away(visit, site):
    page = visit(f"{site}/index.html")
    for path in numbered()[:3]:
        page.locator("a.right-next").click()
        page.wait_for_url(f"**/{path.stem}.html")
    page.locator("a.left-prev").click()
    page.wait_for_url("**/02_network.html")
