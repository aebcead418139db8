"""The training monitor in JupyterLab: paused, stepped, given another learning rate, stopped."""
import json
import re

from conftest import keep, serious
from playwright.sync_api import expect

import mnist_ann as ma

BEGIN = """
import mnist_ann as ma
train, valid = ma.split(ma.load_mnist()[0])
train, valid = train[:6000], valid[:500]
"""
WATCHED = BEGIN + """
model = ma.build_model((32,), seed=0)
monitor = ma.TrainingMonitor(valid)
monitor.pause()
monitor.start(ma.train, model, train, valid, epochs=400)
"""
WHERE, RESULT = "print(monitor.mode, len(monitor.history.loss) if monitor.history else 0)", "history = monitor.wait(); print(len(history.loss), history.changed_rates)"


LAST = "print(history.loss[-1])"


def open_cells(lab, visit, name, *cells, **how):
    "A notebook of these cells of code, opened in JupyterLab."
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
                "cells": [{"cell_type": "code", "id": f"cell{k}", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
                          for k, source in enumerate(cells)]}
    (lab.folder / "nbs" / name).write_text(json.dumps(notebook))
    return lab.notebook(visit, name, **how)


def answer(lab, page, source):
    "What a cell prints when it is run."
    lab.run(page, source)
    return lab.output(page, source).strip()


def test_pause_one_epoch_rate_and_stop(lab, visit, axe):
    page = open_cells(lab, visit, "watched.ipynb", WATCHED, WHERE, RESULT, LAST)
    lab.run(page, "monitor.pause()")
    monitor = page.locator(".mnist-ann-monitor")
    said, step = monitor.get_by_role("status"), monitor.get_by_role("button", name="One epoch")
    expect(said).to_contain_text("Paused.", timeout=60_000)
    assert answer(lab, page, WHERE) == "paused 0"
    step.click()
    expect(monitor.get_by_text("1 of 400 epochs")).to_be_visible(timeout=60_000)
    expect(said).to_contain_text("Paused.")
    assert answer(lab, page, WHERE) == "paused 1"
    rate = monitor.get_by_label("Learning rate")
    rate.fill("0")
    rate.press("Enter")
    expect(said).to_contain_text("A learning rate must be a number above 0, not 0.")
    rate.fill("0.2")
    rate.press("Enter")
    expect(said).to_contain_text("The learning rate will be 0.2 from the next epoch on.")
    step.focus()
    page.keyboard.press("Enter")  # by keyboard, and the button keeps the focus
    expect(monitor.get_by_text("2 of 400 epochs. Learning rates: 0.01, 0.2 from epoch 2 on")).to_be_visible()
    expect(step).to_be_focused()
    monitor.get_by_role("button", name="Play").click()
    expect(said).to_contain_text("Training.")
    expect(monitor.get_by_text(re.compile(r"^\d\d+ of 400 epochs"))).to_be_visible(timeout=60_000)
    monitor.get_by_role("button", name="Pause").click()
    expect(said).to_contain_text("Paused.", timeout=30_000)
    monitor.scroll_into_view_if_needed()
    keep(page, "monitor-lab-light-1280")
    page.evaluate("() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    keep(page, "monitor-lab-dark-1280")
    monitor.get_by_role("button", name="Stop").click()
    expect(said).to_contain_text("Stopped.", timeout=30_000)
    done = int(monitor.get_by_text(re.compile("of 400 epochs")).inner_text().split()[0])
    assert answer(lab, page, RESULT) == f"{done} [[2, 0.2]]" and 10 <= done < 400
    assert monitor.get_by_role("img", name=re.compile("^Loss .* now: training")).count() == 1
    assert monitor.get_by_role("img", name=re.compile("^Weights of unit")).count() == 20
    assert serious(page, axe, ".mnist-ann-monitor") == []
    # the same course without a page, to the bit
    train, valid = ma.split(ma.load_mnist()[0])
    model = ma.build_model((32,), seed=0)
    history = ma.train(model, train[:6000], valid[:500], epochs=400, verbose=0, on_epoch=lambda history, network: {1: 0.2, done: 0}.get(len(history.loss)))
    assert answer(lab, page, LAST) == str(history.loss[-1])
    # once more from the start, by hand: it waits there
    monitor.get_by_role("button", name="Restart").click()
    expect(monitor.get_by_text("0 of 400 epochs")).to_be_visible(timeout=60_000)
    expect(said).to_contain_text("Paused.", timeout=30_000)
    step.click()
    expect(monitor.get_by_text("1 of 400 epochs")).to_be_visible(timeout=60_000)
    monitor.get_by_role("button", name="Stop").click()
    expect(said).to_contain_text("Stopped.", timeout=30_000)
