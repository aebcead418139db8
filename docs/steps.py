"What Sphinx does for this site beside its own: formulas without a script, argument comments in the API, and links from names and words of the trade."
import re
from html import escape
from inspect import getdoc, isclass
from pathlib import Path
from zlib import crc32

import latex2mathml.converter
from docutils import nodes
from fastcore.docments import docments
from pages import glossary
from sphinx.addnodes import desc_signature, pending_xref

import mnist_ann


def anchor(title):
    "The anchor of a heading, as JupyterLab and GitHub make it, so that the notebooks' links arrive."
    return title.replace(" ", "-")


# ---------------------------------------------------------------- formulas, as MathML: no script is needed

def inline_formula(self, node):
    self.body.append(latex2mathml.converter.convert(node.astext().strip()))
    raise nodes.SkipNode


def block_formula(self, node):
    self.body.append('<div class="formula" tabindex="0">' + latex2mathml.converter.convert(node.astext().strip(), display="block") + "</div>")
    raise nodes.SkipNode


# ---------------------------------------------------------------- the comment behind each argument, in the API

def with_argument_comments(app, what, name, obj, options, lines):
    "What stands behind each argument in the code becomes its description; a dataclass has no other docstring than it was given."
    if isclass(obj) and (getdoc(obj) or "").startswith(f"{obj.__name__}("):
        lines.clear()
    try:
        said = docments(obj, full=True) if what in ("function", "method", "class") else {}
    except (TypeError, ValueError, OSError, AttributeError):
        return
    fields = [f":returns: {one.docment}" if argument == "return" else f":param {argument}: {one.docment}" for argument, one in said.items() if one.docment]
    if fields:
        lines += ["", *(field.replace("\n", " ").replace("*", r"\*").replace("|", r"\|") for field in fields)]


# ---------------------------------------------------------------- names of the package, and words of the trade

PUBLIC = {name: f"{getattr(mnist_ann, name).__module__}.{name}" for name in mnist_ann.__all__ if hasattr(getattr(mnist_ann, name), "__module__")}


def is_plain(node):
    "Whether a text may become a link: not in a title, a link, a caption or code."
    while node.parent is not None:
        node = node.parent
        if isinstance(node, (nodes.title, nodes.reference, nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw, nodes.term, pending_xref, desc_signature)):
            return False
    return True


def link_names(app, document):
    "A name of the package, in code type, leads to the API."
    for literal in list(document.findall(nodes.literal)):
        target = PUBLIC.get(re.sub(r"^ma\.|\(.*\)$", "", literal.astext()))
        if target and is_plain(literal):
            link = pending_xref("", literal.deepcopy(), refdomain="py", reftype="obj", reftarget=target, refdoc=app.env.docname, refwarn=False)
            literal.replace_self(link)


WORDS = {word.lower(): (word, re.sub(r" \[\d\d\]\(.*|[*`]", "", says)) for word, says in glossary()}
SOME_WORD = re.compile(r"\b(" + "|".join(map(re.escape, sorted(WORDS, key=len, reverse=True))) + r")\b", re.I)


def explain_words(app, document):
    "The first time that a page uses a word of the glossary, it leads there, and says what the word means when it is pointed at."
    if app.env.docname in ("glossary", "index") or "/" in app.env.docname:
        return
    met = set()
    for text in list(document.findall(nodes.Text)):
        if not is_plain(text):
            continue
        parts, end = [], 0
        for match in SOME_WORD.finditer(text):
            if (key := match[0].lower()) not in met:
                met.add(key)
                word, says = WORDS[key]
                target = f"glossary.html#term-{re.sub(r'[^A-Za-z0-9]+', '-', word).strip('-')}"
                parts += [nodes.Text(text[end:match.start()]),
                          nodes.raw("", f'<a class="word" href="{target}" data-says="{escape(says)}">{escape(match[0])}</a>', format="html")]
                end = match.end()
        if parts:
            text.parent.replace(text, [*parts, nodes.Text(text[end:])])


def link_all(app, document):
    link_names(app, document)
    explain_words(app, document)


def setup(app):
    app.add_html_math_renderer("mathml", inline_renderers=(inline_formula, None), block_renderers=(block_formula, None))
    app.connect("autodoc-process-docstring", with_argument_comments)
    app.connect("doctree-read", link_all)
    return {"parallel_read_safe": True, "env_version": crc32(Path(__file__).read_bytes())}  # another one: all pages are made anew
