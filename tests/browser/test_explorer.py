"""The network explorer in JupyterLab: a unit clicked and its sum compared with NumPy's, switched off, by mouse and by keyboard."""
import re

import numpy as np
import pytest
from conftest import SEVEN, draw, keep, serious, settled
from playwright.sync_api import expect
from test_monitor import answer, open_cells

import mnist_ann as ma

SMALL = "import mnist_ann as ma\nexplorer = ma.NetworkExplorer(ma.initialize((784, 16, 16, 10), seed=3))\nexplorer.choose(2, 1)\nexplorer"
SHIPPED = "import mnist_ann as ma\nexplorer = ma.NetworkExplorer()\nexplorer"
PAD, FOLLOWS = "import mnist_ann as ma\npad = ma.DrawingPad()\npad", "explorer = ma.NetworkExplorer(digits=pad)\nexplorer"
OFF = "print(explorer.state['off'])"


def number(text):
    return float(text.replace("\u2212", "-").rstrip(" %"))


def sums(network, image, off=()):
    "The sums z of each layer, computed here, and the ten shares."
    a, found = image.reshape(784) / np.float32(255), []
    for layer, (W, b) in enumerate(zip(network.weights, network.biases), 1):
        found.append(a @ W + b)
        a = np.maximum(found[-1], 0)
        a[[unit for where, unit in off if where == layer]] = 0
    return found, ma.softmax(found[-1][None])[0]


@pytest.fixture(scope="module")
def digits():
    return ma.load_mnist()[1].images


def table(explorer):
    "The rows of the chosen unit's table: the words on the left, and the last number."
    rows = [row.inner_text().split("\t") for row in explorer.get_by_role("row").all()[1:]]
    return [(row[0].strip(), number(row[-1])) for row in rows]


def test_a_small_network_by_mouse(lab, visit, axe, digits):
    page = open_cells(lab, visit, "small.ipynb", SMALL, OFF)
    lab.run(page, SMALL)
    explorer, network = page.locator(".mnist-ann-explorer"), ma.initialize((784, 16, 16, 10), seed=3)
    z, shares = sums(network, digits[0])
    expect(explorer.get_by_role("status")).to_contain_text(f"It reads {shares.argmax()}, with {shares.max():.1%}".replace("%", " %"))
    for layer, unit, name in ((1, 4, "Hidden 1, unit 4"), (2, 9, "Hidden 2, unit 9"), (3, 7, "Answer 7")):
        explorer.get_by_role("button", name=re.compile(f"^{name}:")).click()
        expect(explorer.get_by_role("heading", name=name)).to_be_visible()
        rows = table(explorer)
        assert rows[-1][0] == "the sum, z" and abs(rows[-1][1] - z[layer - 1][unit]) < 1e-3
        assert abs(sum(value for _, value in rows[:-1]) - rows[-1][1]) < 0.01  # ten rounded numbers
    expect(explorer.get_by_role("status")).to_contain_text(f"share {shares[7]:.1%}".replace("%", " %"))
    unit = int(np.maximum(z[1], 0).argmax())
    explorer.get_by_role("button", name=re.compile(f"^Hidden 2, unit {unit}:")).click()
    explorer.get_by_role("button", name="Switch this unit off").click()
    off = sums(network, digits[0], [(2, unit)])[1]
    expect(explorer.get_by_role("status")).to_contain_text(f"With 1 unit off it reads {off.argmax()}, with {off.max():.1%}".replace("%", " %"))
    assert answer(lab, page, OFF) == f"[[2, {unit}]]"
    keep(page, "explorer-lab-light-1280")
    explorer.get_by_role("button", name="Next digit").click()
    off = sums(network, digits[1], [(2, unit)])[1]
    expect(explorer.get_by_role("status")).to_contain_text(f"it reads {off.argmax()}, with {off.max():.1%}".replace("%", " %"))
    explorer.get_by_role("button", name="Switch all on again").click()
    shares = sums(network, digits[1])[1]
    expect(explorer.get_by_role("status")).to_contain_text(f"It reads {shares.argmax()}, with {shares.max():.1%}".replace("%", " %"))
    assert serious(page, axe, ".mnist-ann-explorer") == []


def test_the_shipped_network_by_keyboard_dark_and_narrow(lab, visit, axe, digits):
    page = open_cells(lab, visit, "shipped.ipynb", SHIPPED, OFF)
    page.evaluate("() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    lab.run(page, SHIPPED)
    explorer, network = page.locator(".mnist-ann-explorer"), ma.load_pretrained()
    z, shares = sums(network, digits[0])
    expect(explorer.get_by_text("the strongest; 2,032 more")).to_be_visible(timeout=60_000)
    first = explorer.get_by_role("group", name=re.compile("^Hidden layer 1")).get_by_role("button").first
    first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(explorer.get_by_role("heading", name=re.compile("Hidden 2, unit"))).to_be_visible()
    unit = int(explorer.get_by_role("heading", name=re.compile("Hidden 2, unit")).inner_text().split()[-1])
    assert abs(table(explorer)[-1][1] - z[1][unit]) < 1e-3 * max(1, abs(z[1][unit]))
    expect(explorer.get_by_role("button", name=re.compile(f"^Hidden 2, unit {unit}:"))).to_be_focused()
    keep(page, "explorer-lab-dark-1280")
    assert serious(page, axe, ".mnist-ann-explorer") == []
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
    keep(page, "explorer-lab-dark-390")


def test_it_follows_a_pad_and_no_key_reaches_the_notebook(lab, visit):
    page = open_cells(lab, visit, "follows.ipynb", PAD, FOLLOWS)
    lab.run(page, PAD)
    lab.run(page, FOLLOWS)
    said = page.locator(".mnist-ann-explorer").get_by_role("status")
    expect(said).to_contain_text("Nothing is drawn: only the biases speak.", timeout=60_000)
    lab.show(page, PAD)
    draw(page, SEVEN)
    settled(page)
    expect(said).to_contain_text("It reads 7, with ", timeout=30_000)
    keep(page, "explorer-follows-pad")
    for inside in (page.get_by_role("application"), page.get_by_role("button", name="Undo"), page.get_by_role("button", name=re.compile("^Answer 7:"))):
        inside.focus()
        for key in "ddab":  # in JupyterLab "d d" deletes a cell; a and b make new ones
            page.keyboard.press(key)
    assert page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length") == 2
