"""Runs the notebooks as other processors would, or with other seeds, and names each cell that fails, with its figures, and each
number in a sentence that no cell prints there.

    python tests/machines.py                            # every notebook, on every machine that this processor can imitate
    python tests/machines.py --machines sse avx         # on these two
    python tests/machines.py --machines farthest        # on the one that differs most from this processor
    python tests/machines.py --machines this --seeds 5  # on this one, with five other seeds
    python tests/machines.py 02 03 --keep FOLDER        # two chapters; the executed notebooks are kept, to be read

Each library adds in the order that the processor likes best, so rounding differs from processor to processor, and a training
amplifies it. A machine is imitated by telling each library which instructions it may use, and how many threads. Settings that
this processor cannot run are named, and left out.
"""
import argparse
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from test_prose import unshown_numbers
from test_repository import CHAPTERS
from traitlets.config import Config

ROOT = Path(__file__).parents[1]
LEVELS = ("sse4_2", "avx", "avx2", "avx512f")  # instruction sets, as /proc/cpuinfo calls them
OPENCV = {"AVX": "avx", "FP16": "avx2", "AVX2": "avx2", "AVX512-SKX": "avx512f"}  # what OpenCV calls its sets, and the level of each
NUMPY = {"X86_V3": "avx2", "AVX2": "avx2", "FMA3": "avx2", "AVX512F": "avx512f", "X86_V4": "avx512f", "AVX512_SKX": "avx512f",
         "AVX512_ICL": "avx512f", "AVX512_SPR": "avx512f"}  # and NumPy, which refuses to disable what it was not built with


@dataclass(frozen=True)
class Machine:
    "A processor to imitate."

    level: str = ""  # its highest instruction set; empty for this processor as it is
    blas: str = ""  # the kernels of OpenBLAS, for NumPy's and SciPy's products
    xla: str = ""  # the highest instruction set of XLA, for compiled epochs
    onednn: str = ""  # and of oneDNN, for TensorFlow's other products
    one_core: bool = False
    threads: int = 0  # of each library, as if there were so many cores; 0 for one on each core

    def variables(self):
        "The environment variables that tell the libraries."
        found = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"), str(self.threads)) if self.threads else {}
        if not self.level:
            return found
        beyond = LEVELS[LEVELS.index(self.level) + 1:]
        return found | {
            "OPENBLAS_CORETYPE": self.blas, "XLA_FLAGS": f"--xla_cpu_max_isa={self.xla}", "ONEDNN_MAX_CPU_ISA": self.onednn,
            "TF_ENABLE_ONEDNN_OPTS": str(int(self.level == "avx512f")),  # TensorFlow leaves oneDNN alone on older processors
            "OPENCV_CPU_DISABLE": ",".join(name for name, level in OPENCV.items() if level in beyond),
            "NPY_DISABLE_CPU_FEATURES": " ".join(name for name in numpy_built_with() if NUMPY.get(name) in beyond)}


MACHINES = {  # from the one that differs most from today's processors to the one that differs least
    "sse-one-core": Machine("sse4_2", "Prescott", "SSE4_2", "SSE41", one_core=True),
    "sse": Machine("sse4_2", "Nehalem", "SSE4_2", "SSE41"),
    "avx-one-core": Machine("avx", "Sandybridge", "AVX", "AVX", one_core=True),
    "avx2": Machine("avx2", "Haswell", "AVX2", "AVX2"),
    "avx2-four-threads": Machine("avx2", "Zen", "AVX2", "AVX2", threads=4),
    "avx512-one-core": Machine("avx512f", "SkylakeX", "AVX512", "AVX512_CORE", one_core=True),
    "this": Machine(),
}

# Runs in the kernel before the first cell: failing assertions print their figures, as pytest's do.
ASSERTIONS = """
import ast
from _pytest.assertion.rewrite import rewrite_asserts

class Rewritten(ast.NodeTransformer):
    def visit_Module(self, tree):
        rewrite_asserts(tree, b"")
        for node in ast.walk(tree):  # the rewriter leaves out where its own statements end, and IPython would guess wrong
            if hasattr(node, "lineno") and not getattr(node, "end_lineno", None):
                node.end_lineno, node.end_col_offset = node.lineno, node.col_offset
        return tree

get_ipython().ast_transformers.append(Rewritten())
"""
# What each process runs when it starts, those that a notebook starts, too.
ONE_CORE = """
import os
os.sched_setaffinity(0, {{{core}}})
"""
# Every draw of NumPy's is another one, but for the choice of the validation digits: the shipped network has learnt from the others.
OTHER_SEEDS = """
import sys
import numpy as np

def other_rng(seed=None, usual=np.random.default_rng):
    is_number = isinstance(seed, (int, tuple, list))  # and no generator, which libraries hand over
    return usual([*np.atleast_1d(seed), 10_000 + {shift}] if is_number and sys._getframe(1).f_code.co_name != "split" else seed)

np.random.default_rng = other_rng
"""


def numpy_built_with():
    "The names of the instruction sets that NumPy can be told to leave alone."
    from numpy._core._multiarray_umath import __cpu_dispatch__

    return __cpu_dispatch__


def instruction_sets():
    "Those of this processor, as Linux names them; none where it names none."
    try:
        return set(re.search(r"^flags\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)[1].split())
    except (OSError, TypeError):
        return set()


def is_left_out(cell):
    "Whether `nbdev_test` leaves the cell out, too."
    return cell.cell_type == "code" and re.search(r"^#\| *(slow|notest|eval: *false)\b", cell.source, re.M)


def figures_of(output):
    "What an error says, in a few lines."
    text = re.sub(r"\x1b\[[\d;]*m", "", output.evalue).strip()
    return f"{output.ename}: " + "\n        ".join(text.splitlines()[:6])


def run(path, notebook, machine, shift, core, keep, folder):
    """Run a copy of a notebook on a machine, with an empty folder for what that needs.

    Returns the seconds; the failing cells with what they say; and the numbers in sentences that no cell shows there.
    """
    notebook = deepcopy(notebook)
    Path(folder, "sitecustomize.py").write_text((ONE_CORE.format(core=core) if machine.one_core else "") + (OTHER_SEEDS.format(shift=shift) if shift else ""))
    for cell in notebook.cells:
        if is_left_out(cell):
            cell.source = ""
    notebook.cells.insert(0, nbformat.v4.new_code_cell(ASSERTIONS))
    started, running = perf_counter(), []
    client = NotebookClient(notebook, timeout=None, kernel_name="python3", allow_errors=True, resources={"metadata": {"path": str(path.parent)}},
                            on_cell_execute=lambda cell, cell_index: running.append(cell),
                            config=Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"}}))  # no ports: two kernels that start at once may choose the same
    try:
        client.execute(env=os.environ | machine.variables() | {"PYTHONPATH": f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}", "PYTHONDONTWRITEBYTECODE": "1"})
    except DeadKernelError:
        running[-1].outputs.append(nbformat.v4.new_output("error", ename="DeadKernelError", evalue="the process of the notebook died here"))
    prepared = notebook.cells.pop(0)
    if any(output.output_type == "error" for output in prepared.outputs):
        raise RuntimeError(f"the cell that imitates a machine fails: {prepared.outputs}")
    nbformat.write(notebook, executed := Path(folder, path.name))
    prose = [f"{number}: ...{text}" for number, text in unshown_numbers(executed)] if path in CHAPTERS else []
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, keep / path.name)
    failed = [(k, cell, output) for k, cell in enumerate(notebook.cells) for output in cell.get("outputs", ()) if output.output_type == "error"]
    return perf_counter() - started, [(k, cell.source.splitlines()[0], figures_of(output)) for k, cell, output in failed], prose


def chosen_machines(names):
    "The machines of these names that this processor can be; the others are told."
    have = instruction_sets()
    possible = {name: machine for name, machine in MACHINES.items() if not machine.level or machine.level in have}
    if names == ["farthest"]:
        names = list(possible)[:1]
    for name in names or MACHINES:
        if name in possible:
            yield name, possible[name]
        else:
            print(f"{name}: left out, this processor has no {MACHINES[name].level}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", help="how their names begin; all if left out")
    parser.add_argument("--machines", nargs="*", choices=[*MACHINES, "farthest"], default=[])
    parser.add_argument("--seeds", type=int, default=0, help="run with so many other seeds, instead of the notebooks' own")
    parser.add_argument("--jobs", type=int, default=2, help="notebooks that run side by side")
    parser.add_argument("--keep", type=Path, help="folder for the executed notebooks")
    options = parser.parse_args()
    notebooks = [path for path in sorted((ROOT / "nbs").glob("*.ipynb"), key=lambda path: -path.stat().st_size)
                 if path.name.startswith(tuple(options.notebooks) or "")]
    read = {path: nbformat.read(path, as_version=4) for path in notebooks}  # now, so that editing them does no harm
    shifts = range(1, options.seeds + 1) if options.seeds else [0]
    runs = [(path, name, machine, shift) for name, machine in chosen_machines(options.machines) for shift in shifts for path in notebooks]

    def one(k):
        path, name, machine, shift = runs[k]
        name += f"-seeds-{shift}" if shift else ""
        with TemporaryDirectory() as folder:
            seconds, failed, prose = run(path, read[path], machine, shift, k % os.cpu_count(), options.keep and options.keep / name, folder)
        print(f"{name}: {path.name}: {f'{len(failed)} cells fail' if failed else 'every cell holds'} ({seconds:.0f} s)", flush=True)
        for cell, first_line, figures in failed:
            print(f"    cell {cell}, {first_line[:80]}\n        {figures}", flush=True)
        for sentence in prose if not shift else ():  # other seeds print other numbers
            print(f"    not printed here: {sentence}", flush=True)
        return len(failed) + len(prose) * (not shift)

    with ThreadPoolExecutor(options.jobs) as pool:
        failures = sum(pool.map(one, range(len(runs))))
    print(f"{len(runs)} runs of {len(notebooks)} notebooks: {failures} cells fail, or sentences")
    return min(1, failures)


if __name__ == "__main__":
    sys.exit(main())
