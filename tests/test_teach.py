"""What a teacher makes of the chapters (docs/teach.py): handouts without answers, slides, and grades."""
import csv
import json
import re
import shutil
import sys

import nbformat
import pytest
from bs4 import BeautifulSoup
from test_repository import CHAPTERS, ROOT, by_name, cells_of

sys.path.insert(0, str(ROOT / "docs"))
import teach

ANSWER = "answer = (-np.log(0.5) - np.log(0.01)) / 2"


@pytest.mark.parametrize("path", CHAPTERS, ids=by_name)
def test_a_handout_gives_no_answer_away(path):
    notebook = teach.handout(path)
    text = nbformat.writes(notebook)
    cells = cells_of(path)
    assert "<details>" not in text and not re.search(r"# Exercise \d+\.\d+, a solution", text)
    assert not [cell for cell in notebook.cells if "guess" in cell.metadata.get("tags", []) and cell.outputs]
    names = [teach.name_of(cell) for cell in notebook.cells if teach.name_of(cell)]
    tasks = re.findall(r"^\*\*(\d+\.\d+) ", "\n".join(cell["source"] for cell in cells), re.M)
    assert len(set(names)) == len(names)
    assert [name for name in names if name.startswith("check-")] == [f"check-{task}" for task in dict.fromkeys(tasks)]
    assert [name for name in names if name.startswith("exercise-")] == [f"exercise-{task}" for task in dict.fromkeys(tasks)]
    assert 8 <= sum(name.startswith("question-") for name in names) <= 12
    nbformat.validate(notebook)
    marks = [cell.metadata["nbgrader"] for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert all(mark["solution"] != mark["grade"] and (mark["grade"] == ("points" in mark)) for mark in marks)


@pytest.mark.parametrize("path", CHAPTERS, ids=by_name)
def test_slides_have_the_figures_of_the_chapter(path):
    page = BeautifulSoup(teach.slides_of(path), "html.parser")
    captions = [cell for cell in cells_of(path, "markdown") if re.match(r"\*\*Figure \d+\.\*\* ", cell["source"])]
    assert len(page.find_all("img")) == len(captions) and all(len(image["alt"]) >= 30 for image in page.find_all("img"))
    assert not page.find_all(["script", "link"]) and "$" not in page.text


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    "A chapter with two exercises and a question, in place of all others."
    new = nbformat.v4
    question = ("## Questionnaire\n\n**1.** Why?\n\n<details><summary>One</summary>\n\n*No.* Since it is not so.\n\n</details>\n\n"
                "<details><summary>Two</summary>\n\n*Right.* Since it is so.\n\n</details>")
    cells = [new.new_code_cell("import numpy as np\nfrom mnist_ann import exercises"), new.new_markdown_cell(question), new.new_markdown_cell("**2.1 Two doubts.** How many?"),
             new.new_code_cell("answer = ...  # a number\nexercises.check_two_doubts(answer)"), new.new_markdown_cell("**2.2 A cooler softmax.** Write it."),
             new.new_code_cell("answer = ...  # a function\nexercises.check_softened(answer)"),
             new.new_code_cell("# Exercise 2.1, a solution", metadata={"tags": ["solution"]})]
    chapter = tmp_path / "02_network.ipynb"
    nbformat.write(new.new_notebook(cells=[new.new_markdown_cell("# The network"), *cells]), chapter)
    monkeypatch.setattr(teach, "numbered", lambda: [chapter])
    return teach.handout(chapter)


def hand_in(folder, student, notebook, **answers):
    "What a student hands in: the handout, with these texts in the cells of these names."
    notebook = nbformat.from_dict(json.loads(nbformat.writes(notebook)))
    for cell in notebook.cells:
        cell.source = answers.get(teach.name_of(cell).replace("-", "_").replace(".", "_"), cell.source)
    (folder / student).mkdir(parents=True)
    nbformat.write(notebook, folder / student / "02_network.ipynb")
    return notebook


def test_grades(tiny, tmp_path, capsys):
    folder = tmp_path / "handed in"
    hand_in(folder, "ada", tiny, exercise_2_1=ANSWER, question_2_1="question_1 = 'b'",
            exercise_2_2="def answer(z, T):\n    p = np.exp((z - z.max(axis=1, keepdims=True)) / T)\n    return p / p.sum(axis=1, keepdims=True)")
    hand_in(folder, "bob", tiny, exercise_2_1="answer = 2.3", exercise_2_2="1 / 0", question_2_1="question_1 = 'A'")
    notebook = hand_in(folder, "cheat", tiny)
    for cell in notebook.cells:
        if teach.name_of(cell).startswith("check-"):
            cell.source = "print('Right.')"
    nbformat.write(notebook, folder / "cheat/02_network.ipynb")
    (folder / "dan").mkdir()
    (folder / "dan/notes.ipynb").write_text("no notebook")
    (folder / "eve").mkdir()
    shutil.copy(folder / "bob/02_network.ipynb", folder / "eve/homework.ipynb")

    assert teach.grade(folder, tmp_path / "grades.csv") == 2  # one could not be read
    with open(tmp_path / "grades.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    points = {student: [int(row["points"]) for row in rows if row["student"] == student] for student in ("ada", "bob", "cheat", "eve")}
    assert points == {"ada": [1, 1, 1], "bob": [0, 0, 0], "cheat": [0, 0, 0], "eve": [0, 0, 0]}
    hints = {(row["student"], row["task"]): row["hint"] for row in rows}
    assert "mean" in hints["bob", "2.1"] or len(hints["bob", "2.1"]) > 20
    assert hints["ada", "2.1"] == "" and hints["cheat", "2.1"] == "Not answered yet." and hints["cheat", "question 1"] == "no letter is given"
    assert [row["hint"] for row in rows if row["student"] == "dan"] == ["it cannot be read (NotJSONError)"]
    assert "ada, 02_network: 3 of 3" in capsys.readouterr().out


def test_an_answer_that_never_ends_is_stopped(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(teach, "SECONDS", 3)
    hand_in(tmp_path / "in", "ann", tiny, exercise_2_1="while True: pass", exercise_2_2="answer = 5")
    rows = teach.graded(tmp_path / "in/ann/02_network.ipynb", "ann")
    assert [row["points"] for row in rows] == [0, 0, 0] and len(rows) == 3


def test_nothing_was_handed_in(tmp_path):
    with pytest.raises(SystemExit, match="no notebook is there"):
        teach.grade(tmp_path, tmp_path / "grades.csv")
    assert not (tmp_path / "grades.csv").exists()
