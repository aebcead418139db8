"""Sliders in JupyterLab: moved by keyboard, and the figure is another."""
from conftest import keep, serious
from playwright.sync_api import expect
from test_monitor import open_cells

LINE = """
import matplotlib.pyplot as plt
import mnist_ann as ma

def line(slope=1.0, bias=0.0):
    fig, ax = plt.subplots(figsize=(4, 2))
    ax.plot([-1, 1], [bias - slope, bias + slope])
    return fig

ma.what_if(line, slope=[-1.0, 1.0, 2.0], bias=[0.0, 3.0])
"""


def test_a_slider_draws_another_figure(lab, visit, axe):
    page = open_cells(lab, visit, "sliders.ipynb", LINE)
    lab.run(page, "ma.what_if")
    figure = page.get_by_role("img", name="what_if(slope 1, bias 0)")
    expect(figure).to_be_visible(timeout=60_000)
    before = figure.get_attribute("src")
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    other = page.get_by_role("img", name="what_if(slope 2, bias 0)")
    expect(other).to_be_visible(timeout=60_000)
    expect(page.get_by_role("slider", name="slope")).to_have_attribute("aria-valuetext", "2")
    assert other.get_attribute("src") != before
    keep(page, "sliders-lab-light-1280")
    assert serious(page, axe, ".jp-OutputArea-output .widget-vbox") == []
