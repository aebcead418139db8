"""The book that `make site` makes: each notebook has its page, everything that is stored is on it, links arrive, nothing is fetched."""
import os
import re
import subprocess
import sys
from inspect import isfunction
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from fastcore.docments import docments
from test_repository import CHAPTERS, NOTEBOOKS, ROOT, by_name, cells_of

import mnist_ann as ma

for folder in ("nbs", "docs"):
    sys.path.insert(0, str(ROOT / folder))
from folds import without_first_line
from pages import is_shown_source

NAMES = [path.stem for path in NOTEBOOKS]


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    "The folder of the pages. Whatever Sphinx warns of (a link to nowhere, a page that no contents lists) has failed already."
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run([sys.executable, ROOT / "docs/pages.py", folder], env={**os.environ, "REPOSITORY_URL": "https://github.com/someone/mnist_ann"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def pages(site):
    return {str(path.relative_to(site)): BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in site.rglob("*.html") if "_static" not in path.parts}


def article(page):
    return page.select_one("article.bd-article")


def shown(path):
    "The code cells of a notebook that a page shows something of."
    return [cell for cell in cells_of(path, "code") if is_shown_source(cell["source"], cell["metadata"].get("tags", []))]


def test_every_notebook_and_every_module_has_a_page(pages):
    modules = {path.stem for path in (ROOT / "mnist_ann").glob("*.py")} - {"__init__", "_modidx", "exercises"}
    assert {f"{name}.html" for name in NAMES} | {f"api/{name}.html" for name in modules} | {"search.html", "genindex.html", "teaching.html"} <= set(pages)
    for name, page in pages.items():
        assert page.title.text and len(page.find_all("h1")) >= 1, name


def test_nothing_is_fetched(pages):
    for name, page in pages.items():
        for tag in page.find_all(["script", "link", "img", "iframe", "object", "source"]):
            if tag.get("rel") in (["canonical"], ["next"], ["prev"], ["index"], ["search"]):
                continue
            address = tag.get("src") or tag.get("href") or ""
            assert urlsplit(address).scheme in ("", "data"), (name, address[:200])


def test_pictures_are_described(pages):
    for name, page in pages.items():
        for image in article(page).find_all("img") if article(page) else []:
            assert len(image.get("alt", "")) >= 20 and not image["alt"].startswith(("_images", "../_images")), (name, image.get("src", "")[:80], image.get("alt"))


@pytest.mark.parametrize("name", NAMES)
def test_formulas_are_mathml(pages, name):
    source = "\n".join(cell["source"] for cell in cells_of(ROOT / f"nbs/{name}.ipynb", "markdown"))
    source = re.sub(r"```.*?```|`[^`\n]*`", "", source, flags=re.S)
    page = BeautifulSoup(str(article(pages[f"{name}.html"])), "html.parser")
    assert len(page.select("math")) == len(re.findall(r"\$\$.+?\$\$|\$[^$\n]+?\$", source, re.S))
    for code in page.select("code, pre, math, script, .highlight"):
        code.decompose()
    assert not re.search(r"\$|\\[a-z]+", page.text), "a formula was left as it is written"


def test_links_arrive(pages, site):
    for name, page in pages.items():
        for link in (article(page) or page).find_all("a", href=True):
            file, _, mark = link["href"].partition("#")
            if re.match(r"https?:|mailto:", file):
                continue
            target = (site / name).parent / unquote(file) if file else site / name
            assert target.exists(), (name, link["href"])
            other = pages.get(str(target.resolve().relative_to(site.resolve())))
            assert not mark or other is None or other.find(id=[mark, unquote(mark)]), (name, link["href"])


@pytest.mark.parametrize("path", CHAPTERS, ids=by_name)
def test_code_is_shown_or_folded_and_directives_are_not(pages, path):
    page = pages[f"{path.stem}.html"]
    assert not [code for code in page.select(".highlight") if "#|" in code.text]
    solutions = [cell for cell in cells_of(path, "code") if "solution" in cell["metadata"].get("tags", [])]
    assert len([summary for summary in page.select("summary") if "Solution: its source" in summary.text]) == len(solutions)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_every_output_is_on_the_page(pages, path):
    if path.stem == "glossary":
        return
    page = article(pages[f"{path.stem}.html"])
    outputs = [output for cell in shown(path) for output in without_first_line(cell.get("outputs", []))]
    assert len(page.select(".cell_output img")) == sum("image/png" in output.get("data", {}) for output in outputs)
    text = " ".join(page.text.split())
    plain = [output.get("text") or output["data"]["text/plain"] for output in outputs if not set(output.get("data", {})) - {"text/plain"}]
    for part in plain:
        assert " ".join(re.sub(r"\x1b\[[\d;]*m", "", "".join(part)).split()[:5]) in text, part


def test_questions_open_without_a_script(pages):
    for path in CHAPTERS:
        questions = article(pages[f"{path.stem}.html"]).select("section > details")
        assert len(questions) >= 24 and all(re.match(r"(Right|No)\. .{40}", " ".join(one.find("p").text.split())) for one in questions)


def test_every_public_name_is_in_the_api_with_its_arguments(pages, site):
    ids = {tag["id"] for name, page in pages.items() if name.startswith("api/") for tag in page.find_all("dt", id=True)}
    for name in ma.__all__:
        found = getattr(ma, name)
        module = getattr(found, "__module__", "")
        if module.startswith("mnist_ann.") and not module.endswith(".exercises"):
            assert f"{module}.{name}" in ids, name
    for name in ma.__all__:
        function = getattr(ma, name)
        if isfunction(function) and not function.__module__.endswith(".exercises"):
            said = {argument for argument, one in docments(function, full=True).items() if one.docment and argument != "return"}
            term = pages[f"api/{function.__module__.partition('.')[2]}.html"].find(id=f"{function.__module__}.{name}")
            assert said <= {strong.text for strong in term.find_next_sibling("dd").select("strong")}, name


def test_words_are_explained_once_on_each_page(pages):
    for path in CHAPTERS:
        words = [word.text.lower() for word in article(pages[f"{path.stem}.html"]).select("a.word")]
        assert len(words) == len(set(words)) >= 5
        assert all(word["data-says"] for word in article(pages[f"{path.stem}.html"]).select("a.word"))


def test_names_of_the_package_lead_to_the_api(pages):
    links = [link["href"] for link in article(pages["01_data.html"]).select("a.reference.internal") if link.find("code")]
    assert any(link.startswith("api/data.html#mnist_ann.data.split") for link in links)


def test_the_front_page_has_the_pad(pages, site):
    assert article(pages["index.html"]).select_one("iframe.pad")["src"] == "_static/draw.html"
    page = (site / "_static/draw.html").read_text(encoding="utf-8")
    assert page.count("<canvas") or "mp-canvas" in page
    assert len(page) < 7_000_000  # a telephone loads it


def test_a_chapter_opens_elsewhere(pages):
    "With the address of a repository, as the workflow gives it, each chapter has links to Colab and Binder."
    for path in CHAPTERS:
        links = {link["href"] for link in pages[f"{path.stem}.html"].find_all("a", href=True)}
        assert f"https://colab.research.google.com/github/someone/mnist_ann/blob/main/nbs/{path.name}" in links
        assert "mnist_ann[train] @ git+https://github.com/someone/mnist_ann" in article(pages[f"{path.stem}.html"]).text
        assert f"https://mybinder.org/v2/gh/someone/mnist_ann/main?urlpath=lab/tree/nbs/{path.name}" in links
