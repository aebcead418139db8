"""What editors and type checkers see of the package: every public name has a type, and the README's code has no error in it."""
import inspect
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jedi
import pytest
from test_repository import ROOT

import mnist_ann as ma

PYRIGHT = Path(sys.executable).with_name("basedpyright")  # pyright, as a package that needs no download


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    "A folder with a copy of the package, as it lies in site-packages."
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "mnist_ann", folder / "mnist_ann", ignore=shutil.ignore_patterns("__pycache__", "mnist"))
    return folder


def check(installed, tmp_path, code):
    "What pyright, as strict as it is by itself (basic), says of a program."
    (tmp_path / "program.py").write_text(code)
    settings = {"typeCheckingMode": "basic", "extraPaths": [str(installed)], "include": [str(tmp_path / "program.py")]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [PYRIGHT, "--outputjson", "--pythonpath", sys.executable, "-p", tmp_path]
    found = json.loads(subprocess.run(command, capture_output=True, text=True).stdout)["generalDiagnostics"]
    return [f"line {one['range']['start']['line'] + 1}: {one['message']}" for one in found]


def test_the_code_of_the_readme_has_no_type_error(installed, tmp_path):
    code = "\n".join(re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S))
    assert "ma.predict(" in code and "ma.train(" in code
    assert check(installed, tmp_path, code) == []


def test_mistakes_are_seen(installed, tmp_path):
    wrong = "import mnist_ann as ma\nma.predict(7)\nma.load_network('w.h5').sizes.nothing\nma.no_such_name\nmodel = ma.build_model(seed='one')\n"
    assert [found.partition(":")[0] for found in check(installed, tmp_path, wrong) if "expression" not in found] == ["line 2", "line 3", "line 4", "line 5"]


def public_functions():
    "Each public function, and each public method of a public class, by its name."
    for name in ma.__all__:
        thing = getattr(ma, name)
        if inspect.isfunction(thing):
            yield name, thing
        elif inspect.isclass(thing):
            yield from ((f"{name}.{part}", method) for part, method in vars(thing).items()
                        if inspect.isfunction(method) and (part[0] != "_" or part in ("__call__", "__len__")))  # dataclasses make the others


def test_every_public_argument_and_result_has_a_type():
    bare = []
    for name, function in public_functions():
        signature = inspect.signature(function)
        bare += [f"{name}({one})" for one, parameter in signature.parameters.items() if one != "self" and parameter.annotation is parameter.empty]
        bare += [name] if signature.return_annotation is signature.empty and not name.startswith("exercises.") else []
    assert len(list(public_functions())) > 80 and bare == []


@pytest.mark.parametrize("typed, names", [("import mnist_ann as ma\nma.pre", {"predict", "predict_many", "prepare"}),
                                          ("import mnist_ann as ma\nma.load_pretrained().", {"predict_proba", "weights", "sizes"}),
                                          ("import mnist_ann as ma\nma.predict('seven.png').", {"digit", "probability", "is_sure"})])
def test_editors_complete_names(typed, names):
    found = {completion.name for completion in jedi.Script(typed, path=ROOT / "program.py", project=jedi.Project(ROOT)).complete()}
    assert names <= found
