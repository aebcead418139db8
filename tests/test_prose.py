"""What the chapters say: each number is shown, each word explained, each figure described, each question answered, each exercise checked."""
import re
import sys

import pytest
from test_repository import CHAPTERS, LESSONS, ROOT, by_name, cells_of

sys.path.insert(0, str(ROOT / "docs"))
from teach import CHOICE

EXTRAS = {name: ROOT / "nbs" / f"{name}.ipynb" for name in ("exercises", "glossary")}
NUMBER = re.compile(r"(?<![\w.,/#])(\d[\d,]*\d|\d)(\.\d+)?(?![\w])( %)?")
KB = 1024


def sections(path):
    "The cells under each heading: a list of (heading, cells); a cell with several headings begins the last of them."
    found = [("", [])]
    for cell in cells_of(path):
        headings = re.findall(r"^##+ (.+)$", cell["source"], re.M) if cell["cell_type"] == "markdown" else []
        for heading in headings:
            found.append((heading, []))
        found[-1][1].append(cell)
    return found


def section(path, heading):
    return [cell for name, cells in sections(path) if name == heading for cell in cells]


def prose(source):
    "Markdown without formulas, code, links' targets and tables' rulers."
    source = re.sub(r"```.*?```|\$\$.*?\$\$|\$[^$\n]+\$|`[^`\n]*`", " ", source, flags=re.S)
    return re.sub(r"\]\([^)]*\)|<[^>]+>", " ", source)


def text_of(cell):
    "What a code cell prints or shows as text."
    parts = []
    for output in cell.get("outputs", []):
        parts += [output.get("text", ""), *(output.get("data", {}).get(kind, "") for kind in ("text/plain", "text/markdown", "text/html"))]
    return "\n".join("".join(part) for part in parts)


def figures(cell):
    return [output["data"]["image/png"] for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]


def values(text):
    "The numbers in a text, as floats."
    return [float(match.replace(",", "").replace("_", "")) for match in re.findall(r"(?<![\w.])\d[\d,_]*(?:\.\d+)?(?:e[+-]?\d+)?", text) if match.strip(",_")]


def shown(number, digits, percent, seen):
    "Whether a number that was printed rounds to this one; a percentage may have been printed as a share."
    half = 0.5 * 10**-digits * 1.001
    return any(abs(value - number) <= half or percent and abs(100 * value - number) <= half for value in seen)


def unshown_numbers(path):
    """Numbers of the prose that no cell above shows, and not the cell below either.

    Small whole numbers, years and numbers of chapters are words; so are the numbers of a paragraph that names its
    source with a link, of an exercise's task, and of the opening, whose times a test of their own compares.
    """
    seen, found = [], []
    all_cells = cells_of(path)
    for k, cell in enumerate(all_cells):
        if cell["cell_type"] == "code":
            seen += values(cell["source"]) + values(text_of(cell))
            continue
        if cell["source"].startswith("## Questionnaire"):
            break
        below = next((c for c in all_cells[k + 1:] if c["cell_type"] == "code"), None)
        near = seen + (values(below["source"]) if below else []) + values(" ".join(re.findall(r"\$[^$]+\$|`[^`]+`", cell["source"])))
        for paragraph in re.split(r"\n\s*\n", cell["source"]):
            if "](http" in paragraph or paragraph.startswith(("**It takes**", "#", ">")):
                continue
            text = re.sub(r"[Cc]hapters? \d\d(?:(?:, | and | to )\d\d)*|\*\*Figure \d+\.\*\*|[Ff]igures? \d+|[Ee]xercise \d+\.\d", " ", prose(paragraph))
            for match in NUMBER.finditer(text):
                whole, decimals, percent = match[1].replace(",", ""), match[2] or "", match[3]
                number = float(whole + decimals)
                word = not decimals and not percent and (number <= 12 or 1700 < number < 2100)
                if not word and not shown(number, max(len(decimals) - 1, 0), bool(percent), near):
                    found.append((match[0], paragraph[max(0, match.start() - 60):match.end() + 40]))
    return found


@pytest.mark.parametrize("path", CHAPTERS, ids=by_name)
def test_numbers_in_the_prose_are_shown(path):
    assert not (found := unshown_numbers(path)), found


def test_a_wrong_number_would_be_found(tmp_path):
    notebook = (ROOT / "nbs/01_data.ipynb").read_text(encoding="utf-8")
    for wrong in ("It is 47.11 % of them.", "That makes 123,457 digits.", "About 0.3719 each."):
        (changed := tmp_path / "01_data.ipynb").write_text(notebook.replace('"## Summary\\n"', f'"{wrong}\\n", "\\n", "## Summary\\n"'), encoding="utf-8")
        assert len(unshown_numbers(changed)) == len(unshown_numbers(ROOT / "nbs/01_data.ipynb")) + 1, wrong


@pytest.mark.parametrize("path", CHAPTERS, ids=by_name)
def test_stated_times(path):
    text = "\n".join(cell["source"] for cell in cells_of(path, "markdown"))
    seconds, minutes = map(int, re.search(r"\*\*It takes\*\* about (\d+) seconds to run on two cores, and about (\d+) minutes to read", text).groups())
    words = len(prose(re.sub(r"<details>.*?</details>", "", text, flags=re.S)).split())  # without what is shut
    assert seconds < 60 and minutes < 40
    assert abs(words / 200 - minutes) <= 1.5, f"{words} words take {words / 200:.0f} minutes at 200 a minute"


@pytest.mark.parametrize("path", CHAPTERS, ids=by_name)
def test_figures_are_small_described_and_captioned(path):
    assert path.stat().st_size <= 1500 * KB
    cells = cells_of(path)
    for k, cell in enumerate(cells):
        if not figures(cell):
            continue
        start = cell["source"][:80]
        assert all(len(png) * 3 / 4 <= 150 * KB for png in figures(cell)), f"larger than 150 KB: {start}"
        alternative = re.search(r"^#\| fig-alt: (.+)$", cell["source"], re.M)
        assert alternative and len(alternative[1]) >= 30, f"no '#| fig-alt: ...' that says what the figure shows: {start}"
        below = next(c for c in cells[k + 1:] if "#| hide" not in c["source"] and c["source"].strip())
        assert below["cell_type"] == "markdown" and re.match(r"\*\*Figure \d+\.\*\* ", below["source"]), f"no caption under the figure of: {start}"
    numbers = [int(n) for cell in cells if cell["cell_type"] == "markdown" for n in re.findall(r"^\*\*Figure (\d+)\.\*\* ", cell["source"], re.M)]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) == sum(bool(figures(cell)) for cell in cells)


def numbered(path, heading, pattern):
    text = "\n".join(cell["source"] for cell in section(path, heading) if cell["cell_type"] == "markdown")
    return [int(number) for number in re.findall(pattern, text, re.M)]


@pytest.mark.parametrize("path", CHAPTERS, ids=by_name)
def test_questions_have_choices(path):
    "Each question has three or four choices, one of them right, and each says why; which one is right cannot be told from its place or its length."
    text = "\n".join(cell["source"] for cell in section(path, "Questionnaire"))
    questions = re.split(r"^\*\*\d+\.\*\* ", text, flags=re.M)[1:]
    assert 8 <= len(questions) <= 12 and numbered(path, "Questionnaire", r"^\*\*(\d+)\.\*\* ") == list(range(1, len(questions) + 1))
    places, longest = [], 0
    for question in questions:
        choices = CHOICE.findall(question)
        assert 3 <= len(choices) <= 4 and question.count("<details>") == question.count("</details>") == len(choices), question
        right = [k for k, choice in enumerate(choices) if choice[1] == "Right"]
        assert len(right) == 1 and all(len(why) >= 40 for _, _, why in choices), question
        places += right
        longest += choices[right[0]][0] == max((choice[0] for choice in choices), key=len)
    assert all(places.count(place) <= len(places) / 2 for place in range(4)) and longest <= len(questions) / 2


def test_each_check_has_a_name_of_its_own():
    text = "\n".join(cell["source"] for cell in cells_of(EXTRAS["exercises"], "code"))
    names = re.findall(r"^def (check_\w+)", text, re.M)
    assert len(names) == len(set(names)), sorted(name for name in set(names) if names.count(name) > 1)


def checks_called(cells):
    return [name for cell in cells if cell["cell_type"] == "code" for name in re.findall(r"exercises\.(check_\w+)\(", cell["source"])]


@pytest.mark.parametrize("path", CHAPTERS, ids=by_name)
def test_exercises_check_themselves(path):
    exercises = numbered(path, "Exercises", r"^\*\*(?:\d+\.)?(\d)\.? ")
    assert 4 <= len(exercises) <= (8 if path.name.startswith("02") else 6) and exercises == list(range(1, len(exercises) + 1))
    asked = checks_called(section(path, "Exercises"))
    solved = checks_called(cell for cell in section(path, "Solutions") if "solution" in cell["metadata"].get("tags", []))
    assert len(asked) == len(exercises) and set(asked) == set(solved), "each exercise is checked, and its solution, too"
    assert all("Right" in text_of(cell) for cell in section(path, "Solutions") if checks_called([cell])), "a solution must be accepted"
    assert all("Not answered yet" in text_of(cell) for cell in section(path, "Exercises") if checks_called([cell])), "leave the answer open"
    tests = "\n".join(cell["source"] for cell in cells_of(EXTRAS["exercises"], "code"))
    for check in asked:
        assert re.search(rf"^def {check}\(", tests, re.M), f"{check} is not exported"
        assert len(re.findall(rf"refuses\({check},", tests)) >= 2, f"{check} must be shown to refuse two wrong answers"


ENTRY = re.compile(r"^- \*\*(.+?)\*\*: (.+) \[(\d\d)\]\((\d\d_\w+\.ipynb)#([^)]+)\)$", re.M)


def entries():
    return ENTRY.findall("\n".join(cell["source"] for cell in cells_of(EXTRAS["glossary"], "markdown")))


def test_glossary_is_sorted_and_whole():
    text = "\n".join(cell["source"] for cell in cells_of(EXTRAS["glossary"], "markdown"))
    words = [word for word, *_ in entries()]
    assert len(words) == len(re.findall(r"^- ", text, re.M)), "an entry is not written as the others"
    assert words == sorted(words, key=str.lower) and len(set(words)) == len(words)
    assert {path.name[:2] for path in LESSONS} <= {chapter for _, _, chapter, _, _ in entries()}


def uses(word, text):
    "Where prose uses a word, as it is or in the plural."
    return re.search(rf"(?<![\w-]){re.escape(word)}(?:s|es)?(?![\w-])", text, re.I)


@pytest.mark.parametrize("word, chapter, file, anchor", [(word, chapter, file, anchor) for word, _, chapter, file, anchor in entries()],
                         ids=lambda value: value if " " in value or value.islower() else "")
def test_word_is_explained_where_it_first_appears(word, chapter, file, anchor):
    "In its section the word stands in italics, and no prose uses it before: not in this chapter, and not in an earlier one."
    path = ROOT / "nbs" / file
    assert file.startswith(chapter)
    names = [heading.replace(" ", "-") for heading, _ in sections(path)]
    assert anchor in names, f"{file} has no section {anchor}"
    here = [cells for heading, cells in sections(path)][names.index(anchor)]
    text = "\n".join(cell["source"] for cell in here if cell["cell_type"] == "markdown")
    assert (italic := re.search(rf"(?<!\*)\*{re.escape(word)}(?:s|es)?\*(?!\*)", text, re.I)), f"'{word}' is not in italics in section {anchor}"
    assert not uses(word, prose(text[:italic.start()])), f"'{word}' is used before it is explained"
    for earlier in [path for path in CHAPTERS if path.name[:2] <= chapter]:
        for heading, cells in sections(earlier):
            if earlier == path and heading == here_heading(path, anchor):
                break
            if heading in ("Where to go next", "Exercises", "Solutions") or not heading:
                continue
            for cell in cells:
                if cell["cell_type"] == "markdown" and (use := uses(word, plain := prose(cell["source"]))):
                    raise AssertionError(f"{earlier.name}, section {heading} uses '{word}' first: ...{plain[max(0, use.start() - 40):use.end() + 30]}...")


def here_heading(path, anchor):
    return next(heading for heading, _ in sections(path) if heading.replace(" ", "-") == anchor)


@pytest.mark.parametrize("before, after", [pair for pair in zip(LESSONS, LESSONS[1:]) if int(pair[1].name[:2]) - int(pair[0].name[:2]) == 1], ids=by_name)
def test_a_chapter_begins_with_the_question_left_open(before, after):
    "The bold question at the end of one chapter is the one the next begins with, word for word."
    open_question = re.findall(r"\*\*([^*]+\?)\*\*", "\n".join(cell["source"] for cell in section(before, "Where to go next")))
    assert len(open_question) == 1, "one question in bold under 'Where to go next'"
    opening = "\n".join(cell["source"] for cell in sections(after)[0][1] if cell["cell_type"] == "markdown")
    assert open_question[0] in opening
