"""What it costs to train on digits that stay in their file: `python benchmarks/memory.py`, about three minutes.

Makes IDX files of a million images by repeating MNIST's training digits, each copy in an order of its own. Trains the network
784-512-256-10 on them for two epochs of batches of 128, from the file and from memory, in turn, each time in a process of its
own. Reported are the images a second of the second epoch, which compiles nothing, and the most memory that the process ever had.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
from table import arguments, output_folder, processor, today, write_table

import mnist_ann as ma

WORKER = """
import json, resource, sys
import mnist_ann as ma
train, test = ma.load_idx(sys.argv[1], in_memory=sys.argv[2] == "in memory")
history = ma.train(ma.build_model((512, 256)), train, test, epochs=2, batch_size=128, verbose=0)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"speed": len(train) / history.seconds[1], "peak_mb": peak / (1e6 if sys.platform == "darwin" else 1e3)}))
"""


def make_files(folder, images):
    "Four IDX files with so many training images and MNIST's test images."
    train, test = ma.load_mnist()
    copies = -(-images // len(train))
    order = np.concatenate([np.random.default_rng(copy).permutation(len(train)) for copy in range(copies)])[:images]
    for part, digits in (("train", train[order]), ("t10k", test)):
        ma.write_idx(folder / f"{part}-images-idx3-ubyte", digits.images)
        ma.write_idx(folder / f"{part}-labels-idx1-ubyte", digits.labels)


def main():
    parser = arguments(__doc__, images=1_000_000, rounds=3)
    options = parser.parse_args()
    output, found, rows = output_folder(parser, options), {"in a file": [], "in memory": []}, []
    with tempfile.TemporaryDirectory() as folder:
        make_files(Path(folder), options.images)
        for _ in range(options.rounds):
            for where, results in found.items():
                process = subprocess.run([sys.executable, "-c", WORKER, folder, where], check=True, stdout=subprocess.PIPE, text=True)
                results.append(json.loads(process.stdout))
                print(f"{where}: {results[-1]['speed']:,.0f} images a second, {results[-1]['peak_mb']:,.0f} MB", flush=True)
    for where, results in found.items():
        speeds = [result["speed"] for result in results]
        rows.append({"digits": where, "images": options.images, "images_per_second": round(median(speeds)), "lowest": round(min(speeds)),
                     "highest": round(max(speeds)), "peak_mb": round(max(result["peak_mb"] for result in results)), "rounds": options.rounds,
                     "processor": processor(), "date": today()})
    if output:
        write_table(rows, output / "memory.csv")


if __name__ == "__main__":
    main()
