"""Makes the site: from each notebook a page, from each module a page of its API.  Use: python docs/pages.py [FOLDER]  (_site by default)

The notebooks are not run: their stored outputs are shown. What is made here goes into FOLDER/source, and the pages into FOLDER/html.
"""
import os
import re
import shutil
import sys
from configparser import ConfigParser
from pathlib import Path

import nbformat
from sphinx.cmd.build import build_main

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "nbs"))
from folds import FOLDED, SHUT, without_first_line

import mnist_ann as ma

SETTINGS = ConfigParser(delimiters=["="])
SETTINGS.read(ROOT / "settings.ini", encoding="utf-8")
SETTINGS = SETTINGS["DEFAULT"]
PAD = "live-pad"  # the tag of the cell in whose place the page has a pad that reads
TOPICS = {"exercises": "Exercises", "glossary": "Glossary", "api/index": "API", "teaching": "Teaching with it", "contributing": "Working on it", "changelog": "Changes"}


def repository_url():
    "Where the repository is to be found, or an empty text: the workflow that publishes the site knows it, or settings.ini."
    return os.environ.get("REPOSITORY_URL") or SETTINGS["git_url"]


def numbered():
    "The paths of the chapters, in their order."
    return sorted((ROOT / "nbs").glob("[0-9][0-9]_*.ipynb"))


def title_of(path):
    "The title of a notebook, without its number."
    return re.match(r"# (.+)", nbformat.read(path, as_version=4).cells[0].source)[1]


def module_of(path):
    "The name of the module that a chapter exports."
    return next(match[1] for cell in nbformat.read(path, as_version=4).cells if (match := re.match(r"#\| default_exp (\w+)", cell.source)))


def is_shown_source(source, tags):
    "Whether a page shows anything of a code cell."
    directives = re.findall(r"^#\| (.+)$", source, re.M)
    hidden = "hide" in directives and "remove-input" not in tags
    return not hidden and not (directives and directives[0].startswith("default_exp"))


def is_shown(cell):
    return cell.cell_type != "code" or is_shown_source(cell.source, cell.metadata.get("tags", []))


def prepared_code(cell):
    "A code cell without its directives, with the description of its figure, and folded as its tags say, by the words of MyST-NB."
    tags, described = set(cell.metadata.get("tags", [])), re.search(r"^#\| fig-alt: (.+)$", cell.source, re.M)
    cell.outputs = without_first_line(cell.outputs)
    for output in cell.outputs:
        if "text/markdown" in output.get("data", {}):  # its links are not followed
            output.data["text/markdown"] = re.sub(r"\]\((\w+)\.ipynb", r"](\1.html", output.data["text/markdown"])
    cell.source = re.sub(r"^#\| .+\n?", "", cell.source, flags=re.M).strip("\n")
    kind, lines = next((name for tag, name in FOLDED.items() if tag in tags), None), len(cell.source.splitlines())
    shut = next((name for tag, name in SHUT.items() if tag in tags), None)
    myst = {"code_prompt_show": shut} if shut else {}
    if kind:
        myst["code_prompt_show"] = f"{kind}: its {{type}}" if shut else f"{kind}, {lines} lines" if lines > 1 else kind
    if myst:
        myst["code_prompt_hide"] = myst["code_prompt_show"]
    if described:
        myst["image"] = {"alt": described[1]}
    cell.metadata = {"tags": sorted(tags & {"remove-input"} | ({"hide-input"} if kind else set()) | ({"hide-output"} if shut else set())), "mystnb": myst}
    return cell


def live_pad(cell):
    "The pad that reads, where the notebook has a film of it."
    described, film = re.search(r"!\[(.+)\]\((.+)\)", cell.source).groups()
    return nbformat.v4.new_markdown_cell('<iframe class="pad" src="_static/draw.html" title="A pad to draw a digit on"></iframe>\n'
                                         f'<noscript><img src="_static/{Path(film).name}" alt="{described}"></noscript>')


def glossary():
    "The words of the glossary, each with what is said of it, in Markdown."
    cells = nbformat.read(ROOT / "nbs/glossary.ipynb", as_version=4).cells
    return [entry for cell in cells for entry in re.findall(r"^- \*\*(.+?)\*\*: (.+)$", cell.source, re.M)]


def as_glossary():
    "The list of the glossary's notebook as Sphinx's own kind of glossary, to which other pages can point."
    return "```{glossary}\n" + "\n\n".join(f"{word}\n  {says}" for word, says in glossary()) + "\n```"


def contents():
    "The table of contents of the site, for the first page."
    def tree(caption, *names):
        return "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *names, "```"])

    chapters = [path.stem for path in numbered()]
    return "\n\n".join([tree("The lessons", *chapters[:8]), tree("The workshop", *chapters[8:]), tree("Beside the chapters", *(f"{title} <{name}>" for name, title in TOPICS.items()))])


def prepared(path):
    "The notebook of a page."
    notebook = nbformat.read(path, as_version=4)
    cells = [live_pad(cell) if PAD in cell.metadata.get("tags", []) else prepared_code(cell) if cell.cell_type == "code" else cell
             for cell in notebook.cells if is_shown(cell)]
    for cell in cells:
        cell.source = cell.source.replace("](../docs/", "](")
    if path.stem == "glossary":
        cells[1:] = [nbformat.v4.new_markdown_cell(as_glossary())]
    elif path.stem == "index":
        cells.append(nbformat.v4.new_markdown_cell(contents()))
    elif path.stem[:2].isdigit():
        cells[0].source = re.sub(r"^# ", f"# {path.stem[:2]} ", cells[0].source)
        if repository := repository_url():
            cells[0].source += f"\n\nOpened on Colab (by the rocket above), this chapter needs the package first: `%pip install 'mnist_ann[train] @ git+{repository}'`. On Binder it is there."
    notebook.cells = cells
    return notebook


def api_pages():
    "The pages of the API, by their names: one for each chapter's module, and one that lists them."
    pages, lines = {}, ["# API", "", "> Every public name, by the chapter that makes it. All of them are reached as `ma.name` after `import mnist_ann as ma`.", ""]
    modules = [(path, module_of(path)) for path in numbered()]
    for path, name in modules:
        lines.append(f"- [`mnist_ann.{name}`]({name}.md), of [{path.stem[:2]} {title_of(path)}](../{path.name})")
        pages[name] = "\n".join([f"# mnist_ann.{name}", "", f"[Chapter {path.stem[:2]}](../{path.name}) makes this module, and explains it.", "",
                                 "```{eval-rst}", f".. automodule:: mnist_ann.{name}", "   :members:", "```", ""])
    pages["index"] = "\n".join([*lines, "", "```{toctree}", ":hidden:", "", *(name for _, name in modules), "```", ""])
    return pages


def write(path, text):
    "Write a source only if it is another one: Sphinx makes anew what is newer than its page."
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def write_sources(folder):
    "All that Sphinx makes pages of."
    for path in sorted((ROOT / "nbs").glob("*.ipynb")):
        write(folder / path.name, nbformat.writes(prepared(path)))
    for name, text in api_pages().items():
        write(folder / f"api/{name}.md", text)
    for name in ("CONTRIBUTING", "CHANGELOG"):
        write(folder / f"{name.lower()}.md", (ROOT / f"{name}.md").read_text(encoding="utf-8"))
    for path in (ROOT / "docs").glob("*.md"):
        write(folder / path.name, path.read_text(encoding="utf-8").replace("](../nbs/", "]("))  # there it lies beside the chapters
    write(folder / "_static/site.css", (ROOT / "docs/site.css").read_text(encoding="utf-8"))
    shutil.copy(ROOT / "README_files/pad.gif", folder / "_static")
    write(folder / "_static/draw.html", ma.pad_page(numbers="int8"))  # a third of the size, and the same digits


def make_site(folder):
    "The site in FOLDER/html. Whatever Sphinx warns of is an error."
    write_sources(folder / "source")
    return build_main(["-c", str(ROOT / "docs"), "-D", f"html_static_path={folder.resolve() / 'source/_static'}", "-b", "html", "-q", "-W", "--keep-going", str(folder / "source"), str(folder / "html")])


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "_site")
    failed = make_site(target)
    print(failed and "the site has faults, see above" or f"open {target / 'html/index.html'}")
    sys.exit(failed)
