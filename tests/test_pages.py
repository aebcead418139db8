"""The pages that `make html` makes: each notebook has one, without scripts; formulas are MathML, links arrive, pictures are described."""
import re
import sys
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup
from test_repository import CHAPTERS, NOTEBOOKS, ROOT, cells_of

sys.path.insert(0, str(ROOT / "nbs"))
from folds import without_first_line
from pages import make_pages

NAMES = [path.stem for path in NOTEBOOKS]


@pytest.fixture(scope="module")
def pages():
    return {name: BeautifulSoup(html, "html.parser") for name, html in make_pages()}


def test_every_notebook_has_a_page(pages):
    assert sorted(pages) == sorted(NAMES)
    for name, page in pages.items():
        assert page.title.text and page.find("meta", attrs={"name": "description"})["content"] and len(page.find_all("h1")) == 1
        assert page.find("a", attrs={"aria-current": "page"})["href"] == f"{name}.html"


def test_every_table_of_the_index_is_on_its_page(pages):
    texts = [cell["source"] for cell in cells_of(ROOT / "nbs/index.ipynb", "markdown")]
    texts += ["".join(output["data"].get("text/markdown", "")) for cell in cells_of(ROOT / "nbs/index.ipynb", "code") for output in cell["outputs"] if "data" in output]
    written = sum(len(re.findall(r"^\|[-:| ]*---[-:| ]*\|$", text, re.M)) for text in texts)  # the line under the headings
    assert len(pages["index"].select("main table")) == written >= 6


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_fetched_and_nothing_runs(pages, name):
    page = pages[name]
    assert not page.find_all(["script", "iframe", "link", "object"])
    assert all(image["src"].startswith("data:image/") for image in page.find_all("img"))
    assert not [tag for tag in page.find_all() if any(key.startswith("on") for key in tag.attrs)]


@pytest.mark.parametrize("name", NAMES)
def test_formulas_are_mathml(pages, name):
    page = pages[name]
    source = "\n".join(cell["source"] for cell in cells_of(ROOT / f"nbs/{name}.ipynb", "markdown"))
    source = re.sub(r"```.*?```|`[^`\n]*`", "", source, flags=re.S)
    written = len(re.findall(r"\$\$.+?\$\$|\$[^$\n]+?\$", source, re.S))
    assert len(page.select(".text math")) == written
    for text in page.select("main .text"):
        for part in text.find_all(["code", "pre", "math"]):
            part.decompose()
        assert not re.search(r"\$|\\[a-z]+", text.text), "a formula was left as it is written"
    assert not [math for math in pages[name].find_all("mtext") if "\\" in math.text]


@pytest.mark.parametrize("name", NAMES)
def test_links_arrive(pages, name):
    for link in pages[name].find_all("a", href=True):
        file, _, anchor = link["href"].partition("#")
        if re.match(r"https?:|mailto:", file):
            continue
        target = file.removesuffix(".html") or name
        if not file.endswith(".ipynb") and target in pages:
            assert not anchor or pages[target].find(id=[anchor, unquote(anchor)]), link["href"]  # as browsers look for it
        else:
            assert (ROOT / "nbs" / file).exists() and not file.endswith(".ipynb"), link["href"]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)
def test_code_is_shown_or_folded_and_directives_are_not(pages, path):
    page = pages[path.stem]
    assert not [code for code in page.select(".highlight") if "#|" in code.text]
    solutions = [cell for cell in cells_of(path, "code") if "solution" in cell["metadata"].get("tags", [])]
    assert len([summary for summary in page.select("details > summary") if summary.text.startswith("Solution")]) == len(solutions)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_every_output_is_on_the_page(pages, path):
    outputs = [output for cell in cells_of(path, "code") for output in without_first_line(cell["outputs"]) if "#| hide" not in cell["source"] or "remove-input" in cell["metadata"].get("tags", [])]
    shown = [output for output in outputs if output["output_type"] == "stream" or set(output["data"]) - {"application/javascript"}]
    page = pages[path.stem]
    assert len(page.select("main .output")) == len(shown)
    text = " ".join(page.main.text.split())
    plain = [output.get("text") or output["data"]["text/plain"] for output in shown if not set(output.get("data", {})) - {"text/plain"}]
    assert all(" ".join(re.sub(r"\x1b\[[\d;]*m", "", "".join(part)).split()[:5]) in text for part in plain)
