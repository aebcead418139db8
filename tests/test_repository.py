"""What holds the repository together: fresh exports, clean notebooks, one list of requirements, the anatomy of a chapter."""
import ast
import json
import re
import shutil
import statistics
import subprocess
import sys
from configparser import ConfigParser
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import mnist_ann

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "nbs"))
from folds import folded_text
from readme import make_readme
from stub import make_stub

CHAPTERS = sorted((ROOT / "nbs").glob("[0-9][0-9]_*.ipynb"))
LESSONS = [path for path in CHAPTERS if path.name < "09"]
NOTEBOOKS = sorted((ROOT / "nbs").glob("*.ipynb"))
SETTINGS = ConfigParser(delimiters=["="])
SETTINGS.read(ROOT / "settings.ini", encoding="utf-8")


def cells_of(path, kind=None):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [{**cell, "source": "".join(cell["source"])} for cell in cells if kind in (None, cell["cell_type"])]


def by_name(path):
    return path.name


@pytest.fixture(scope="session")
def exported_again(tmp_path_factory):
    "A copy of the checkout in which nbdev has cleaned and exported once more."
    copy = tmp_path_factory.mktemp("fresh") / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", "runs", "__pycache__", "build", "*.egg-info", ".ipynb_checkpoints"))
    for command in ("nbdev_clean", "nbdev_export"):
        subprocess.run([Path(sys.executable).parent / command], cwd=copy, check=True)
    return copy


@pytest.mark.parametrize("folder, pattern", [("nbs", "*.ipynb"), ("mnist_ann", "*.py")])
def test_cleaning_and_exporting_change_nothing(exported_again, folder, pattern):
    here, there = ({path.name: path.read_text(encoding="utf-8") for path in (root / folder).glob(pattern)} for root in (ROOT, exported_again))
    assert here.keys() == there.keys()
    stale = [name for name in here if here[name] != there[name]]
    assert not stale, f"run nbdev_clean and nbdev_export: {stale} would change"


def test_pyproject_is_what_export_leaves(exported_again):
    assert (ROOT / "pyproject.toml").read_text() == (exported_again / "pyproject.toml").read_text()


def test_readme_comes_from_the_index():
    for name, content in make_readme().items():
        assert (ROOT / name).read_bytes() == content, f"{name} is stale: run make readme"
    assert "#|" not in (ROOT / "README.md").read_text(encoding="utf-8"), "a hidden cell of the index lacks the tag remove-input"


def test_stub_lists_what_the_chapters_export():
    assert (ROOT / "mnist_ann/__init__.pyi").read_text(encoding="utf-8") == make_stub(), "it is stale: run make export"


@pytest.mark.parametrize("file, keys", [("requirements.txt", ["requirements", "train_requirements"]), ("requirements-dev.txt", ["dev_requirements"])])
def test_requirements_are_those_of_settings(file, keys):
    lines = (ROOT / file).read_text().splitlines()
    listed = [line for line in lines if line and not line.startswith(("#", "-r"))]
    assert listed == [one for key in keys for one in SETTINGS["DEFAULT"][key].split()]
    assert all("<" in line or "==" in line for line in listed), "every requirement has an upper bound"


USED_IF_INSTALLED = {"07": ["cleanlab"], "12": ["ray", "optuna", "psutil"], "13": ["ray", "pyarrow", "psutil"]}
IMPORTED_AS = {"pillow": "PIL", "opencv-python-headless": "cv2", "scikit-learn": "sklearn", "ipython": "IPython", "pillow-heif": "pillow_heif"}


def imported(*keys):
    "The names under which one imports what these lists of settings.ini install."
    listed = " ".join(SETTINGS["DEFAULT"][f"{key}requirements"] for key in keys).split()
    return {IMPORTED_AS.get(name, name) for name in (re.match(r"[\w-]+", line)[0] for line in listed)}


def test_what_is_said_to_come_with_the_extra_train_does():
    assert mnist_ann._TRAINS == imported("train_")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_notebooks_import_what_the_readme_installs(path):
    """`pip install -r requirements.txt` and the extras `export` and `heic` are enough to run them.

    Chapter 07 compares with cleanlab where that is installed, and says so where it is not; so do 12 and 13 with the extra `scale`.
    """
    installed = imported("", "train_", "export_", "heic_") | {"mnist_ann", *sys.stdlib_module_names, *USED_IF_INSTALLED.get(path.name[:2], [])}
    trees = [ast.parse(cell["source"]) for cell in cells_of(path, "code") if not cell["source"].startswith("%%")]
    found = {alias.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    found |= {node.module for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in found} <= installed


def test_the_citation_names_the_version_of_the_package():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {SETTINGS['DEFAULT']['version']}\n" in text and f"title: \"mnist_ann: {SETTINGS['DEFAULT']['description'].lower()}\"" in text


def test_contributing_names_commands_that_there_are():
    text, makefile = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"`make ([a-z-]+)", text))
    assert targets >= {"test", "notebooks"} and all(f"\n{target}:" in makefile for target in targets)
    programs = set(re.findall(r"(?:benchmarks|tests)/\w+\.py", text))
    assert len(programs) > 4 and all((ROOT / program).is_file() for program in programs)


def test_each_chapter_is_a_module():
    modules = {path.stem for path in (ROOT / "mnist_ann").glob("*.py")} - {"__init__", "_modidx"}
    texts = ["\n".join(cell["source"] for cell in cells_of(path)) for path in [*CHAPTERS, ROOT / "nbs/exercises.ipynb"]]
    exported = {re.search(r"#\| default_exp (\w+)", text)[1] for text in texts}
    assert exported == modules


@pytest.mark.parametrize("path", CHAPTERS, ids=by_name)
def test_chapter_has_its_anatomy(path):
    markdown = "\n".join(cell["source"] for cell in cells_of(path, "markdown"))
    code = [cell["source"] for cell in cells_of(path, "code")]
    assert cells_of(path)[0]["source"].startswith("# ") and "\n> " in cells_of(path)[0]["source"]
    for heading in ("Summary", "Questionnaire", "Exercises", "Solutions", "Where to go next"):
        assert f"\n## {heading}\n" in markdown, f"no section '{heading}'"
    for words in ("**You will be able to**", "**You need**", "**It takes**", "**What we simplified.**"):
        assert words in markdown, words
    lengths = [len(source.splitlines()) for source in code]
    assert statistics.median(lengths) < 12 and max(lengths) <= 50, f"code cells are too long: {max(lengths)} lines"
    solutions = [cell for cell in cells_of(path, "code") if "solution" in cell["metadata"].get("tags", [])]
    assert len(solutions) >= 2 and all(cell["metadata"]["jupyter"]["source_hidden"] for cell in solutions)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_cells_are_folded_as_their_tags_say(path):
    assert folded_text(path) == path.read_text(encoding="utf-8"), "run python nbs/folds.py"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_guesses_and_solutions_are_not_in_view(path):
    """What answers a "Guess first" shows it when asked; a solution begins with a line that gives nothing away, since JupyterLab shows it."""
    asked = False
    for cell in cells_of(path):
        tags = cell["metadata"].get("tags", [])
        if cell["cell_type"] == "markdown":
            asked = "**Guess first" in cell["source"]
        elif asked and cell["outputs"]:
            assert "guess" in tags, f"tag it guess: {cell['source'][:80]}"
            asked = False
        if "solution" in tags and cell["cell_type"] == "code":
            assert re.match(r"# Exercise \d\d?\.\d, a solution\n", cell["source"]), cell["source"][:80]


@pytest.mark.parametrize("path", LESSONS, ids=by_name)
def test_a_lesson_is_read_without_scrolling_sideways_or_opening_folds(path):
    for cell in cells_of(path, "code"):
        lines, tags = cell["source"].splitlines(), cell["metadata"].get("tags", [])
        assert all(len(line) <= 100 for line in lines if not line.startswith("#|")), f"a line is longer than 100 characters: {cell['source'][:80]}"
        if "#| export" in cell["source"]:
            assert len(lines) <= 25, f"{len(lines)} lines: {cell['source'][:80]}"
            public = re.findall(r"^(?:class|def) ([A-Za-z]\w*)", cell["source"], re.M)
            assert not public or not {"tests", "machinery"} & set(tags), f"{public} is folded"


def test_lessons_import_lessons_before_them():
    """And nothing of the workshop, but for `augmentation`, which trains with `engine`; and no two modules import each other."""
    modules = {re.search(r"#\| default_exp (\w+)", "".join(cell["source"] for cell in cells_of(path)))[1]: path for path in CHAPTERS}
    numbers = {module: path.name[:2] for module, path in modules.items()}
    imported = {}
    for module in modules:
        tree = ast.parse((ROOT / f"mnist_ann/{module}.py").read_text(encoding="utf-8"))
        top = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
        imported[module] = {name for node in top for name in ([node.module] if isinstance(node, ast.ImportFrom) and node.level else
                            [alias.name.removeprefix("mnist_ann.") for alias in node.names if alias.name.startswith("mnist_ann.")]) if name}
        if modules[module] in LESSONS:
            assert all(numbers[name] < numbers[module] for name in imported[module] - ({"engine"} if module == "augmentation" else set())), module
    assert list(TopologicalSorter(imported).static_order())


def test_files_of_data_and_weights_come_in_through_one_door():
    "What reads the formats in which strangers send data or weights is imported by `files` alone; `engine` reads its own checkpoints."
    readers = {"gzip", "h5py", "pickle", "zipfile", "zlib", "tarfile", "shelve", "csv"}
    for path in (ROOT / "mnist_ann").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
        called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        allowed = {"files": readers, "cli": {"csv"}}.get(path.stem, set())  # the command line writes CSV
        assert not imported & readers - allowed, path.name
        assert path.stem in ("files", "engine") or not called & {"fromfile", "memmap", "load_weights", "load_model", "genfromtxt", "loadtxt"}, path.name


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_notebook_is_committed_as_it_ran(path):
    code = cells_of(path, "code")
    assert not code or any(cell["outputs"] for cell in code), "run it: make notebooks"
    for cell in code:
        assert cell["execution_count"] is None
        for output in cell["outputs"]:
            assert output["output_type"] != "error", output
            text = json.dumps(output)
            assert str(ROOT) not in text and "/tmp/" not in text and str(Path.home()) + "/" not in text, "an output shows a path of a machine"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_links_between_chapters_lead_somewhere(path):
    for cell in cells_of(path, "markdown"):
        for link in re.findall(r"\]\(([^)#:]+\.ipynb)\)", cell["source"]):
            assert (path.parent / link).exists(), link
