"""Makes mnist_ann/__init__.pyi, by which editors and type checkers know the package's names.  Use: python nbs/stub.py"""
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "mnist_ann"


def make_stub() -> str:
    """The public functions and classes of each chapter, as `_modidx.py`, which nbdev writes, lists them.

    Those of `mnist_ann.cli` bear the names of the functions that they call, and stay in their module.
    """
    spec = spec_from_file_location("_modidx", PACKAGE / "_modidx.py")
    spec.loader.exec_module(index := module_from_spec(spec))
    modules = {module.rpartition(".")[2]: sorted(name.rpartition(".")[2] for name in names if name.count(".") == 2 and "._" not in name)
               for module, names in sorted(index.d["syms"].items())}
    public = {module: names for module, names in modules.items() if module != "cli"}
    lines = ["# Made by nbs/stub.py from the chapters. Do not edit.", "from . import (", *(f"    {module} as {module}," for module in modules), ")"]
    for module, names in public.items():
        lines += [f"from .{module} import (", *(f"    {name} as {name}," for name in names), ")"]
    everything = sorted([*modules, *(name for names in public.values() for name in names)])
    return "\n".join([*lines, "", "__version__: str", "__all__ = [", *(f'    "{name}",' for name in everything), "]", ""])


if __name__ == "__main__":
    (PACKAGE / "__init__.pyi").write_text(make_stub(), encoding="utf-8")
