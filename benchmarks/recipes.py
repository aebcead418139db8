"""Chooses the recipe `fast`, on validation digits: `python benchmarks/recipes.py`, about ten minutes.

Each candidate is trained on 50,000 digits, from three seeds, and examined on the 10,000 validation digits after each epoch. The
best is the first to reach 98.5 %, by the median of the seconds that its epochs took, among those that always get there. The seconds
include what is compiled for the first epoch, as they do for whoever uses the recipe. The test set is not touched.
"""
import json
import subprocess
import sys
from argparse import SUPPRESS
from math import inf
from statistics import median

from table import arguments, output_folder, processor, today, write_table

MARKS = (0.97, 0.98, 0.985)
COMMON = dict(momentum=0.9, nesterov=True, schedule="linear", warmup=1.0)
CANDIDATES = [dict(hidden_units=units, epochs=epochs, batch_size=size, learning_rate=rate, label_smoothing=smoothing, **COMMON)
              for units, epochs, size, rate, smoothing in [
                  ((512, 256), 8, 64, 0.1, 0.1), ((512, 256), 8, 64, 0.1, 0.0), ((512, 256), 8, 128, 0.2, 0.1), ((512, 256), 8, 128, 0.2, 0.2),
                  ((512, 256), 8, 128, 0.3, 0.1), ((512, 256), 8, 256, 0.4, 0.1), ((512, 256), 6, 128, 0.2, 0.1), ((512, 256), 10, 128, 0.2, 0.1),
                  ((384, 192), 8, 128, 0.2, 0.1), ((768, 256), 8, 128, 0.2, 0.1), ((512, 512), 8, 128, 0.2, 0.1), ((512, 256, 128), 8, 128, 0.2, 0.1)]]
VARIED = ("epochs", "batch_size", "learning_rate", "label_smoothing")


def run(candidate, seed):
    "Train one candidate in this process: the seconds to each mark (or None), all seconds, and the last accuracy."
    import mnist_ann as ma

    train, valid = ma.split(ma.load_mnist()[0])
    units = candidate.pop("hidden_units")
    history = ma.train(ma.build_model(units, seed=seed), train, valid, seed=seed, verbose=0, **candidate)
    reached = [next((sum(history.seconds[:k + 1]) for k, accuracy in enumerate(history.val_accuracy) if accuracy >= mark), None) for mark in MARKS]
    return reached, sum(history.seconds), history.val_accuracy[-1]


def main():
    parser = arguments(__doc__, seeds=3)
    parser.add_argument("--worker", help=SUPPRESS)  # a candidate and a seed as JSON: one training in a process of its own
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(run(*json.loads(options.worker))))
        return
    folder, rows, times = output_folder(parser, options), [], [[] for _ in CANDIDATES]
    for seed in range(options.seeds):  # the candidates in turn, since a machine is not always equally fast
        for candidate, reached_last in zip(CANDIDATES, times):
            process = subprocess.run([sys.executable, __file__, "--worker", json.dumps([candidate, seed])], stdout=subprocess.PIPE, text=True, check=True)
            reached, seconds, accuracy = json.loads(process.stdout)
            reached_last.append(reached[-1] or inf)
            rows.append({"hidden_units": "-".join(map(str, candidate["hidden_units"])), **{name: candidate[name] for name in VARIED}, "seed": seed,
                         "val_accuracy": round(accuracy, 4), **{f"seconds_to_{100 * mark:g}": t and round(t, 2) for mark, t in zip(MARKS, reached)},
                         "seconds": round(seconds, 2), "processor": processor(), "date": today()})
            print(rows[-1], flush=True)
    best = min(range(len(CANDIDATES)), key=lambda k: (max(times[k]) == inf, median(times[k])))
    print(f"first at {MARKS[-1]:.1%}, after {median(times[best]):.2f} s: {CANDIDATES[best]}")
    if folder:
        write_table(rows, folder / "recipes.csv")


if __name__ == "__main__":
    main()
