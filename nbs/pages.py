"""Renders every notebook to a page without scripts, for reading in a browser.  Use: python nbs/pages.py [FOLDER]  (_html by default)"""
import re
import sys
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

import latex2mathml.converter
import nbformat
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments.formatters import HtmlFormatter

from folds import FOLDED, SHUT, without_first_line

NOTEBOOKS = Path(__file__).parent
EXTRAS = {"exercises": "Exercises", "answers": "Answers", "glossary": "Glossary"}


class Renderer(IPythonRenderer):
    "Markdown with formulas as MathML, links between notebooks as links between pages, and tables that scroll by themselves."

    def block_math(self, body):
        return f'<div class="formula" tabindex="0">{latex2mathml.converter.convert(body.strip(), display="block")}</div>'

    def inline_math(self, body):
        return latex2mathml.converter.convert(body.strip())

    def link(self, text, url, title=None):
        return super().link(text, re.sub(r"^(\w+)\.ipynb", r"\1.html", url), title)

    def image(self, text, url, title=None):
        if (NOTEBOOKS / url).is_file():  # a page stands alone
            kind = {".png": "png", ".jpg": "jpeg", ".svg": "svg+xml"}[Path(url).suffix]
            url = f"data:image/{kind};base64,{b64encode((NOTEBOOKS / url).read_bytes()).decode()}"
        return super().image(text, url, title)

    def table(self, text):
        return f'<div class="table" tabindex="0"><table>{text}</table></div>'


class PageExporter(HTMLExporter):
    "nbconvert's exporter with the template of this folder."

    def __init__(self, **options):
        super().__init__(extra_template_basedirs=[str(NOTEBOOKS)], template_name="page", exclude_input_prompt=True, exclude_output_prompt=True, **options)

    def default_filters(self):
        yield from super().default_filters()
        yield "markdown2html", lambda source: MarkdownWithMath(renderer=Renderer(escape=False)).render(source)
        yield "layout", lambda text: "columns" if re.search(r"\S {3,}\S|[│━]", text) else "sentences"  # on a phone, sentences wrap and columns scroll


def css():
    "The style of a page, and the colours of its code by day and by night."
    light, dark = ("\n".join(line for line in HtmlFormatter(style=style).get_style_defs(".highlight").splitlines() if ".highlight ." in line)
                   for style in ("tango", "github-dark"))
    return (NOTEBOOKS / "page/page.css").read_text() + light + "\n@media (prefers-color-scheme: dark) {\n" + dark + "\n}"


def title_of(notebook):
    return re.match(r"# (.+)", notebook.cells[0].source)[1]


def prepare(notebook):
    "The notebook as a reader should see it: without directives and hidden cells, and folded as its tags say."
    shown = []
    for cell in notebook.cells:
        directives = re.findall(r"^#\| (.+)$", cell.source, re.M) if cell.cell_type == "code" else []
        if "hide" in directives and "remove-input" not in cell.metadata.get("tags", []) or directives and directives[0].startswith("default_exp"):
            continue
        if cell.cell_type == "code":
            cell.outputs = without_first_line(cell.outputs)
            cell.metadata["alt"] = next((line.removeprefix("fig-alt: ") for line in directives if line.startswith("fig-alt: ")), "")
            cell.source = re.sub(r"^#\| .+\n?", "", cell.source, flags=re.M).strip("\n")
            tags, lines = cell.metadata.get("tags", []), len(cell.source.splitlines())
            kind = next((name for tag, name in FOLDED.items() if tag in tags), None)
            if "remove-input" in tags:
                cell.source = ""
            elif kind:
                cell.metadata["folded"] = f"{kind}, {lines} lines" if lines > 1 else kind
            cell.metadata["shut"] = next((name for tag, name in SHUT.items() if tag in tags), "")
        shown.append(cell)
    notebook.cells = shown
    return notebook


def make_pages():
    "Yields the name and the HTML of each page."
    notebooks = {path.stem: nbformat.read(path, as_version=4) for path in sorted(NOTEBOOKS.glob("*.ipynb"))}
    numbered = [(name, f"{name[:2]} {title_of(notebook).partition(':')[0]}") for name, notebook in notebooks.items() if name[0].isdigit()]
    chapters = [("index", "Start"), *numbered, *EXTRAS.items()]
    style, exporter = css(), PageExporter()
    for name, notebook in notebooks.items():
        text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
        headings = [re.sub(r"[`*$]", "", heading) for heading in re.findall(r"^## (.+)$", text, re.M)]
        subtitle = re.search(r"^> (.+)$", notebook.cells[0].source, re.M)
        page = {"name": name, "title": title_of(notebook), "description": subtitle[1] if subtitle else title_of(notebook), "css": style,
                "chapters": chapters, "sections": [(quote(heading.replace(" ", "-"), safe="?/:@!$&'()*+,;="), heading) for heading in headings]}
        html, _ = exporter.from_notebook_node(prepare(notebook), resources={"page": page})
        yield name, html


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "_html")
    folder.mkdir(parents=True, exist_ok=True)
    for name, html in make_pages():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
        print(folder / f"{name}.html", f"{len(html) / 1e6:.1f} MB")
