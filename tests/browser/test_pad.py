"""The drawing pad in a real browser: in JupyterLab with a kernel, and as the page of `mnist-ann draw`, without one."""
import re

import numpy as np
import pytest
from conftest import SEVEN, draw, keep, serious, settled, touch

import mnist_ann as ma

STARTED_WITH = ("import matplotlib.pyplot as plt", "one_core = threadpool_limits", "def draw(strokes", "pad = ma.DrawingPad(network, seven)")


def shares(page):
    "The ten probabilities as the page shows them to screen readers."
    return [float(page.get_by_role("meter", name=f"probability of {digit}").get_attribute("aria-valuenow")) / 100 for digit in range(10)]


def clear(page):
    page.get_by_role("button", name="Clear").click()
    settled(page)


def test_chapter_06_in_jupyterlab(lab, visit, axe):
    page = lab.notebook(visit, "06_recognition.ipynb")
    for text in STARTED_WITH:
        lab.run(page, text)
    said = page.get_by_role("status").filter(has_text=re.compile("It reads 7"))
    said.wait_for()  # the seven of the chapter lies on the pad
    clear(page)
    milliseconds = []
    draw(page, SEVEN)
    settled(page)
    said.wait_for()
    assert page.get_by_role("application", name=re.compile("It reads 7")).is_visible()
    seen = shares(page)
    lab.run(page, "print(pad.prediction)")
    assert lab.output(page, "print(pad.prediction)").startswith(f"Prediction(7, {max(seen):.1%})")
    for _ in range(20):  # every stroke is answered within a moment
        draw(page, [(70, 60), (72, 61)])
        settled(page)
        milliseconds.append(float(page.locator(".mnist-pad").get_attribute("data-milliseconds")))
    print(f"JupyterLab: an answer takes {np.median(milliseconds):.0f} ms (median of 20), at most {max(milliseconds):.0f} ms")
    keep(page, "lab-light-1280")
    assert serious(page, axe, ".mnist-pad") == []
