"""What it costs to train on digits that stay in their file: `python benchmarks/memory.py`, about three minutes.

Makes IDX files of a million images by repeating MNIST's training digits, each copy in an order of its own. Trains the network
784-512-256-10 on them for two epochs of batches of 128, from the file and from memory, in turn, each time in a process of its
own. Reported are the images a second of the second epoch, which compiles nothing, and the most memory that the process ever had.
"""
import argparse
import csv
import json
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

import numpy as np

import mnist_ann as ma

ROOT = Path(__file__).parents[1]
COLUMNS = ["digits", "images", "images_per_second", "lowest", "highest", "peak_mb", "rounds", "date"]
WORKER = """
import json, resource, sys
import mnist_ann as ma
train, test = ma.load_idx(sys.argv[1], in_memory=sys.argv[2] == "in memory")
history = ma.train(ma.build_model((512, 256)), train, test, epochs=2, batch_size=128, verbose=0)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"speed": len(train) / history.seconds[1], "peak_mb": peak / (1e6 if sys.platform == "darwin" else 1e3)}))
"""


def write_idx(path, arrays):
    "An IDX file of bytes that holds all `arrays`, one after the other."
    shape = (sum(map(len, arrays)), *arrays[0].shape[1:])
    with open(path, "wb") as file:
        file.write(bytes([0, 0, 8, len(shape)]) + np.array(shape, ">u4").tobytes())
        for array in arrays:
            array.tofile(file)


def make_files(folder, images):
    "Four IDX files with so many training images and MNIST's test images."
    train, test = ma.load_mnist()
    orders = [np.random.default_rng(copy).permutation(len(train)) for copy in range(-(-images // len(train)))]
    orders[-1] = orders[-1][:images - len(train) * (len(orders) - 1)]
    write_idx(folder / "train-images-idx3-ubyte", [train.images[order] for order in orders])
    write_idx(folder / "train-labels-idx1-ubyte", [train.labels[order] for order in orders])
    write_idx(folder / "t10k-images-idx3-ubyte", [test.images])
    write_idx(folder / "t10k-labels-idx1-ubyte", [test.labels])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results")
    options = parser.parse_args()
    found = {"in a file": [], "in memory": []}
    with tempfile.TemporaryDirectory() as folder:
        make_files(Path(folder), options.images)
        for _ in range(options.rounds):
            for where, results in found.items():
                process = subprocess.run([sys.executable, "-c", WORKER, folder, where], check=True, stdout=subprocess.PIPE, text=True)
                results.append(json.loads(process.stdout))
                print(f"{where}: {results[-1]['speed']:,.0f} images a second, {results[-1]['peak_mb']:,.0f} MB", flush=True)
    options.output.mkdir(parents=True, exist_ok=True)
    with open(options.output / "memory.csv", "w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        for where, results in found.items():
            speeds = [result["speed"] for result in results]
            table.writerow(dict(zip(COLUMNS, [where, options.images, *(round(f(speeds)) for f in (median, min, max)),
                                              round(max(result["peak_mb"] for result in results)), options.rounds,
                                              datetime.now(timezone.utc).date().isoformat()])))


if __name__ == "__main__":
    main()
