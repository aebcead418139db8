"""Makes README.md from index.ipynb, with its figures in README_files/.  Use: python nbs/readme.py"""
import re
from pathlib import Path

from nbconvert import MarkdownExporter
from traitlets.config import Config

ROOT = Path(__file__).parents[1]


def make_readme() -> dict[str, bytes]:
    "The files of the README, by their path from the top of the checkout."
    config = Config({"TagRemovePreprocessor": {"remove_input_tags": ["remove-input"], "enabled": True},
                     "MarkdownExporter": {"preprocessors": ["nbconvert.preprocessors.TagRemovePreprocessor"]}})
    text, resources = MarkdownExporter(config=config).from_filename(
        str(ROOT / "nbs/index.ipynb"), resources={"output_files_dir": "README_files", "unique_key": "README"})
    text = re.sub(r"\]\((\w+\.ipynb)", r"](nbs/\1", text)  # the index lies beside the chapters, the README does not
    text = re.sub(r"\]\(\.\./", "](", text)
    text = re.sub(r"\]\(#([^)]+)\)", lambda anchor: f"](#{anchor[1].lower()})", text)  # as GitHub makes them
    text = text.replace("![png]", "![Six drawings of digits, and what the network reads in them]")
    return {"README.md": text.strip().encode() + b"\n", **resources["outputs"]}


if __name__ == "__main__":
    for name, content in make_readme().items():
        (ROOT / name).parent.mkdir(exist_ok=True)
        (ROOT / name).write_bytes(content)
