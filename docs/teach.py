"""What a teacher makes of the chapters.  `make handout`, `make slides`, `make grade HANDED_IN=folder`

    python docs/teach.py handout [FOLDER]    each chapter without solutions, without stored answers to guesses, with a cell for each task  (_handout)
    python docs/teach.py slides [FOLDER]     a page for each chapter: its headings, guesses and figures, one at a time  (_slides)
    python docs/teach.py grade HANDED_IN [--output grades.csv]

`grade` looks for notebooks in HANDED_IN/STUDENT/NN_name.ipynb. It takes the answers from them, and everything else from the chapters, runs that, and
writes a row for each task: student, chapter, task, points, out of, hint. The cells bear the marks of nbgrader, so that its own tools take them, too.
Handed-in answers are programs of somebody else: grade them where they can do no harm (a container, another account).
"""
import argparse
import csv
import html
import re
import sys
import tempfile
from copy import deepcopy
from pathlib import Path

import latex2mathml.converter
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from pages import is_shown, numbered, title_of

LETTERS = "abcd"
CHOICE = re.compile(r"<details><summary>(.+)</summary>\n\n\*(Right|No)\.\* (.+)\n\n</details>")  # the choice, which it is, and why
SECONDS = 300  # for a cell that is handed in


class Unreadable(Exception):
    "A notebook that cannot be graded; its text says why."


def marked(cell, name, points=None):
    "A cell with nbgrader's marks: an answer, or with points a check."
    cell.metadata["nbgrader"] = {"grade": points is not None, "grade_id": name, "locked": points is not None, "schema_version": 3, "solution": points is None,
                                 "task": False, **({} if points is None else {"points": points})}
    return cell


def name_of(cell):
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def questions_of(source):
    "The questions of a chapter: the text, the choices, and the letter of the right one."
    for number, text in re.findall(r"^\*\*(\d+)\.\*\* (.*?)(?=^\*\*\d+\.\*\* |\Z)", source, re.M | re.S):
        choices = CHOICE.findall(text)
        yield int(number), text.split("\n")[0], [choice for choice, *_ in choices], LETTERS[[kind for _, kind, _ in choices].index("Right")]


def question_cells(source, chapter):
    "Each question with its choices, and a cell for the letter."
    yield nbformat.v4.new_markdown_cell("## Questionnaire\n\nWrite the letter of the choice that comes nearest.")
    for number, text, choices, _ in questions_of(source):
        lines = [f"**{number}.** {text}", "", *(f"- {letter}) {choice}" for letter, choice in zip(LETTERS, choices))]
        yield nbformat.v4.new_markdown_cell("\n".join(lines))
        yield marked(nbformat.v4.new_code_cell(f"question_{number} = ...  # {', '.join(map(repr, LETTERS[:len(choices)]))}"), f"question-{chapter}-{number}")


def exercise_cells(cell, task):
    "The place for an answer, and the check below it."
    answer, check = cell.source.rsplit("\n", 1)
    yield marked(nbformat.v4.new_code_cell(answer), f"exercise-{task}")
    yield marked(nbformat.v4.new_code_cell(check), f"check-{task}", points=1)


def handout(path):
    "The notebook of a chapter for a class."
    notebook = nbformat.read(path, as_version=4)
    cells, task, chapter = [], "", int(path.name[:2])
    for cell in notebook.cells:
        tags, source = cell.metadata.get("tags", []), cell.source
        if "solution" in tags or source.startswith("## Solutions"):
            continue
        if source.startswith("## Questionnaire"):
            cells += question_cells(source, chapter)
            continue
        if cell.cell_type == "markdown" and (found := re.search(r"^\*\*(\d+\.\d+) ", source, re.M)):
            task = found[1]
        if cell.cell_type == "code" and re.search(r"\nexercises\.check_\w+\(.*\)$", source) and "..." in source:
            cells += exercise_cells(cell, task)
            continue
        if "guess" in tags:
            cell.outputs = []
        cells.append(cell)
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    notebook.cells = cells
    notebook.metadata["mnist_ann"] = {"chapter": path.stem}
    return notebook


def write_handouts(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for path in numbered():
        nbformat.write(handout(path), folder / path.name)
        print(folder / path.name)


# ---------------------------------------------------------------- grading

def answers_of(path):
    "The chapter of a notebook that was handed in, and the text of each answer by the name of its cell."
    try:
        notebook = nbformat.read(path, as_version=4)
        chapter = next(chapter for chapter in numbered() if chapter.stem == notebook.metadata.get("mnist_ann", {}).get("chapter", path.stem))
    except StopIteration:
        raise Unreadable("it is none of the chapters") from None
    except Exception as error:  # whatever nbformat and json make of a file that is no notebook
        raise Unreadable(f"it cannot be read ({type(error).__name__})") from error
    return chapter, {name_of(cell): cell.source for cell in notebook.cells if cell.cell_type == "code" and name_of(cell)}


def with_answers(chapter, answers):
    "The handout of a chapter with these answers in it; all else is as it was handed out."
    notebook = deepcopy(handout(chapter))
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = answers.get(name_of(cell), cell.source)
    return notebook


def run(notebook):
    "Run it in a folder of its own, to its end, whatever fails."
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder, "nbs")
        here.mkdir()
        root = Path(__file__).parents[1]
        for name in ("samples", "benchmarks"):
            Path(folder, name).symlink_to(root / name)
        try:
            NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", allow_errors=True, interrupt_on_timeout=True, resources={"metadata": {"path": str(here)}}).execute()
        except (CellTimeoutError, DeadKernelError):  # what had been checked before counts
            pass


def said_by(cell):
    "What a check said: the points, and the hint."
    for output in cell.outputs:
        if output.output_type == "error":
            return 0, " ".join(re.sub(r"\x1b\[[\d;]*m", "", output.evalue or output.ename).split())
    said = "".join(output.get("text", "") for output in cell.outputs)
    return (1, "") if said.startswith("Right.") else (0, said.strip() or "its cell was not reached")


def graded(path, student):
    "A row for each task of a notebook that was handed in."
    chapter, answers = answers_of(path)
    notebook = with_answers(chapter, answers)
    run(notebook)
    about = {"student": student, "chapter": chapter.stem}
    rows = [{**about, "task": name_of(cell).removeprefix("check-"), "points": points, "of": 1, "hint": hint}
            for cell in notebook.cells if name_of(cell).startswith("check-") for points, hint in [said_by(cell)]]
    source = next(cell.source for cell in nbformat.read(chapter, as_version=4).cells if cell.source.startswith("## Questionnaire"))
    for number, _, _, right in questions_of(source):
        given = re.search(r"^question_\d+ *= *['\"]([a-dA-D])['\"]", answers.get(f"question-{int(chapter.name[:2])}-{number}", ""), re.M)
        rows.append({**about, "task": f"question {number}", "points": int(bool(given) and given[1].lower() == right), "of": 1,
                     "hint": "" if given else "no letter is given"})
    return rows


def grade(folder, output):
    "Grade all that was handed in, and write the table. One that cannot be read does not stop the others."
    paths = sorted(path for path in folder.glob("*/*.ipynb"))
    if not paths:
        sys.exit(f"{folder}: no notebook is there. They are expected as {folder}/STUDENT/02_network.ipynb.")
    rows, failed = [], 0
    for path in paths:
        student = path.parent.name
        try:
            found = graded(path, student)
        except Unreadable as error:
            failed += 1
            found = [{"student": student, "chapter": path.name, "task": "", "points": 0, "of": 0, "hint": str(error)}]
            print(f"{path}: {error}", file=sys.stderr)
        else:
            print(f"{student}, {path.stem}: {sum(row['points'] for row in found)} of {len(found)}", flush=True)
        rows += found
    with open(output, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ["student", "chapter", "task", "points", "of", "hint"])
        table.writeheader()
        table.writerows({key: f"'{value}" if str(value).startswith(("=", "+", "-", "@")) else value for key, value in row.items()} for row in rows)  # no formula for a spreadsheet
    print(f"written to {output}")
    return 2 if failed else 0


# ---------------------------------------------------------------- slides

SLIDES = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
html {{ scroll-snap-type: y mandatory; font: 3.2vmin/1.4 system-ui, sans-serif; color-scheme: light dark; }}
body {{ margin: 0; }}
section {{ box-sizing: border-box; height: 100vh; padding: 4vmin 8vmin; scroll-snap-align: start; display: flex; flex-direction: column; justify-content: center; gap: 2vmin; break-after: page; }}
h1 {{ font-size: 7vmin; margin: 0; }} h2 {{ font-size: 5vmin; margin: 0; }} p {{ margin: 0; max-width: 60em; }}
img {{ max-width: 100%; max-height: 68vh; object-fit: contain; align-self: center; background: #fff; }}
.caption {{ font-size: 2.4vmin; opacity: .8; }}
</style>
{slides}
</html>
"""


def in_html(text):
    "A sentence of Markdown, without its links."
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    text = html.escape(text, quote=False)
    text = re.sub(r"\$([^$]+)\$", lambda formula: latex2mathml.converter.convert(html.unescape(formula[1])), text)
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", re.sub(r"(?<!\*)\*([^*]+)\*(?!\*)", r"<i>\1</i>", text)))


def slides_of(path):
    "A slide for each guess and each figure, under the heading of its section; a page without scripts: scroll, page down, or print."
    notebook, heading = nbformat.read(path, as_version=4), ""
    title = title_of(path)
    slides, picture = [f"<section><h1>{path.name[:2]} {html.escape(title)}</h1></section>"], None
    for cell in filter(is_shown, notebook.cells):
        if cell.cell_type == "code":
            found = re.search(r"^#\| fig-alt: (.+)$", cell.source, re.M)
            pictures = [output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {})]
            picture = (pictures[-1], found[1] if found else "") if pictures else picture
            continue
        for part in re.split(r"\n\s*\n", cell.source):
            if level := re.match(r"##+ (.+)", part):
                heading = in_html(level[1])
            elif "**Guess first:**" in part:
                asked = re.search(r"\*\*Guess first:\*\*.*?\?", part, re.S)
                slides.append(f"<section><h2>{heading}</h2><p>{in_html(asked[0] if asked else part)}</p></section>")
            elif re.match(r"\*\*Figure \d+\.\*\* ", part) and picture:
                slides.append(f'<section><h2>{heading}</h2><img src="data:image/png;base64,{"".join(picture[0].split())}" alt="{html.escape(picture[1])}">'
                              f'<p class="caption">{in_html(part)}</p></section>')
                picture = None
        if cell.source.startswith("## Questionnaire"):
            break
    return SLIDES.format(title=html.escape(title), slides="\n".join(slides))


def write_slides(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for path in numbered():
        target = folder / f"{path.stem}.html"
        target.write_text(slides_of(path), encoding="utf-8")
        print(target)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("handout", "slides"):
        commands.add_parser(name).add_argument("folder", nargs="?", type=Path, default=Path(f"_{name}"))
    command = commands.add_parser("grade")
    command.add_argument("handed_in", type=Path)
    command.add_argument("--output", type=Path, default=Path("grades.csv"))
    options = parser.parse_args()
    if options.command == "grade":
        sys.exit(grade(options.handed_in, options.output))
    (write_handouts if options.command == "handout" else write_slides)(options.folder)


if __name__ == "__main__":
    main()
