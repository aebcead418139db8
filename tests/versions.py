"""Runs the tests with other versions of what the package needs.

    python tests/versions.py oldest   # the lowest that settings.ini allows, of all that it allows
    python tests/versions.py newest   # the highest that there are, beyond what it allows, too: what will break next?
    python tests/versions.py oldest --only 02 test_use  # with these chapters and programs alone

It makes an environment of its own (.venv-oldest, .venv-newest), says which versions are in it, and ends with what has failed.
"""
import argparse
import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).parents[1]


def wanted(which):
    "The requirements of the package and of its tests, at their lowest, or without an upper bound."
    settings = ConfigParser(delimiters=["="])
    settings.read(ROOT / "settings.ini", encoding="utf-8")
    needed, tools = ([one for key in keys for one in settings["DEFAULT"][key].split()] for keys in (("requirements", "train_requirements"), ("dev_requirements",)))
    if which == "newest":
        return [re.match(r"[\w\[\],-]+", one)[0] for one in needed] + tools
    lowest = []
    for one in needed:
        name, low = re.match(r"([\w-]+)(?:>=([\d.]+))?", one).groups()
        lowest.append(one if low is None else f"{name}=={low}" + ".*" * (low.count(".") < 2))
    return lowest + tools


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=["oldest", "newest"])
    parser.add_argument("--only", nargs="+", help="chapters by their numbers, and programs of tests/ by their names")
    options = parser.parse_args()
    folder = ROOT / f".venv-{options.which}"
    run = lambda *command: subprocess.run(list(map(str, command)), cwd=ROOT).returncode
    if run(sys.executable, "-m", "venv", folder):
        sys.exit("no environment could be made")
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if run(python, "-m", "pip", "install", "-q", *wanted(options.which)) or run(python, "-m", "pip", "install", "-q", "--no-deps", "-e", ROOT):
        sys.exit("these versions cannot be installed together")
    run(python, "-m", "pip", "list", "--format", "freeze")
    only = options.only or []
    chapters, programs = [name for name in only if name[0].isdigit()], [name for name in only if not name[0].isdigit()]
    failed = []
    if chapters or not only:
        notebooks = [python.with_name("nbdev_test"), "--n_workers", 1, *(["--file_re", f"^({'|'.join(chapters)})_"] if chapters else [])]
        failed += ["notebooks"] * bool(run(*notebooks))
    if programs or not only:
        failed += ["programs"] * bool(run(python, "-m", "pytest", *(f"tests/{name}.py" for name in programs), *([] if programs else ["tests"])))
    sys.exit(f"{options.which}: failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
