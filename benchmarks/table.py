"What the benchmarks share: where their tables go, and what they were measured on."
import argparse
import platform
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results"


def arguments(description, **numbers):
    "A parser with the docstring of a benchmark, an option for each number (name: default), and the folder of the tables."
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--output", type=Path, help="the folder to write to. Without it, a run with the usual options writes to "
                        "benchmarks/results, and a trial with others writes nothing")
    return parser


def output_folder(parser, options):
    "The folder to write to; None for a trial, so that it does not replace the results of a whole run."
    folder = options.output or (RESULTS if options == parser.parse_args([]) else None)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    else:
        print("a trial with other options than the usual ones: nothing is written (--output FOLDER changes that)", flush=True)
    return folder


def today():
    return datetime.now(timezone.utc).date().isoformat()


def write_table(rows, path):
    "Dictionaries as a CSV file; None leaves a field empty."
    import pandas as pd  # here, so that what is timed from its start does not wait for it

    pd.DataFrame(rows).convert_dtypes().to_csv(path, index=False, lineterminator="\n")


def processor():
    "The name of the processor, its widest instructions for products of matrices, and its cores, where the system tells them."
    path = Path("/proc/cpuinfo")
    lines = [line.split(":") for line in path.read_text().splitlines()] if path.exists() else []
    names = [line[1].strip() for line in lines if line[0].startswith("model name")]
    if not names:
        return platform.processor()
    flags = next((line[1].split() for line in lines if line[0].startswith("flags")), [])
    widest = next((f" with {name}" for name in ("amx_bf16", "avx512_bf16", "avx512f", "avx2") if name in flags), "")
    return f"{names[0]}{widest}, {len(names)} cores"
