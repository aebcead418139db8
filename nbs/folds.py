"""Folds cells as their tags say, in JupyterLab and on pages.  Use: python nbs/folds.py"""
import json
from pathlib import Path

NOTEBOOKS = Path(__file__).parent
FOLDED = {"imports": "Imports", "tests": "Tests", "plotting": "Drawing", "machinery": "Machinery", "solution": "Solution"}  # tag -> its name on a page
SHUT = {"guess": "Guess first, then look", "solution": "What it shows"}  # tags whose output waits until it is asked for

# Of a folded output JupyterLab shows the first line, so that must not be the answer.
FIRST_LINE = {"guess": "Your guess?", "solution": "What it shows:"}
WIDGET = "application/vnd.jupyter.widget-view+json"


def without_first_line(outputs: list) -> list:
    "The outputs of a cell, without the line that stands for them while they are folded."
    return [output for output in outputs if "".join(output.get("data", {}).get("text/plain", "")) not in FIRST_LINE.values()]


def without_widget(output: dict) -> dict:
    "An output without the widget whose kernel is gone, if there is a picture of it: JupyterLab would show an error instead."
    if "image/png" not in output.get("data", {}):
        return output
    return {**output, "data": {kind: content for kind, content in output["data"].items() if kind != WIDGET}}


def fold(notebook: dict) -> dict:
    "The notebook with its code and outputs folded by the tags of each cell, and by nothing else; of widgets only their pictures."
    for cell in notebook["cells"]:
        tags, folds = set(cell["metadata"].get("tags", [])), {}
        if tags & FOLDED.keys():
            folds["source_hidden"] = True
        if tags & SHUT.keys():
            folds["outputs_hidden"] = True
        cell["metadata"].pop("jupyter", None)
        if cell.get("outputs"):
            lines = [line for tag, line in FIRST_LINE.items() if tag in tags][:1]
            first = [{"data": {"text/plain": [line]}, "metadata": {}, "output_type": "display_data"} for line in lines]
            cell["outputs"] = first + [without_widget(output) for output in without_first_line(cell["outputs"])]
        if folds:
            cell["metadata"]["jupyter"] = folds
    return notebook


def folded_text(path: Path) -> str:
    "What the file of a notebook should hold."
    return json.dumps(fold(json.loads(path.read_text(encoding="utf-8"))), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if (text := folded_text(path)) != path.read_text(encoding="utf-8"):
            path.write_text(text, encoding="utf-8")
            print("folded:", path.name)
