"""The search of chapter 12: settings of a network for MNIST, in at least 100 trials; and at equal seconds, against two other ways to search.

`tuning.csv` has a row for each trial of the long search, on 50,000 digits, examined on 10,000 validation digits. `tuning_compared.csv` has the best
trial of each way and seed: scikit-learn's HalvingRandomSearchCV with its MLPClassifier comes first, and the time that it takes is the time that `tune`
is given, with Ray's start and TensorFlow's, once as it is and once without its two ideas (random search, every trial to its end). All ways search the
same ranges, and what they found is trained on the same digits and examined on the same. The test set is not read.

Both are resumed: run the command again, and what has ended is not run again. `--seconds` ends the long search after this time, for now.
"""
import warnings
from time import perf_counter

import numpy as np
import pandas as pd
from table import ROOT, arguments, output_folder, processor, today, write_table

import mnist_ann as ma
from mnist_ann.tuning import _cluster

EPOCHS = 9
SPACE = {"layers": [1, 2, 3], "units": (32, 1024), "taper": (0.25, 1.0), "batch_size": [16, 32, 64, 128, 256], "learning_rate": (0.001, 1.0), "momentum": (0.0, 0.95),
         "weight_average": [0.0, 0.99, 0.999]}
SMALL = {name: SPACE[name] for name in ("layers", "batch_size", "learning_rate", "momentum")} | {"units": (32, 256), "taper": 0.5}  # what the two can both search
WAYS = "scikit-learn", "random", "tune"
CANDIDATES = 243  # of scikit-learn's search: so many for one epoch, a third of them for three, a ninth for nine


def long_search(path, train, valid, trials, seconds):
    "The table of the long search, as far as it has come."
    folder = ROOT / "runs/tuning" / path.stem
    search = ma.tune(SPACE, train, valid, trials=trials, epochs=EPOCHS, seconds=seconds or None, folder=folder, resume=True, cores=2)
    write_table([{"trial": trial, **row} for trial, row in zip(search.table.index, search.table.to_dict("records"))], path)
    print(search, flush=True)


class Draws:
    "One of SMALL's ranges, in the form in which scikit-learn wants to draw from it."
    def __init__(self, draw):
        self.draw = draw

    def rvs(self, random_state=None):
        return self.draw(random_state)


def by_scikit_learn(train, valid, seed):
    "The best validation accuracy that HalvingRandomSearchCV finds, and how many settings it has tried."
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingRandomSearchCV, PredefinedSplit
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")  # each training would warn that a few epochs are not enough to converge

    def hidden(rng):
        units = int(np.exp(rng.uniform(*np.log(SMALL["units"]))))
        return tuple(max(1, round(units * 0.5**k)) for k in range(rng.choice(SMALL["layers"])))

    ranges = {"hidden_layer_sizes": Draws(hidden), "batch_size": SMALL["batch_size"], "momentum": Draws(lambda rng: rng.uniform(*SMALL["momentum"])),
              "learning_rate_init": Draws(lambda rng: float(np.exp(rng.uniform(*np.log(SMALL["learning_rate"])))))}
    whole = ma.Digits(np.concatenate([train.images, valid.images]), np.concatenate([train.labels, valid.labels]))
    split = PredefinedSplit(np.repeat([-1, 0], [len(train), len(valid)]))
    network = MLPClassifier(solver="sgd", nesterovs_momentum=False, alpha=0, max_iter=EPOCHS, n_iter_no_change=EPOCHS, random_state=seed)
    search = HalvingRandomSearchCV(network, ranges, factor=3, resource="max_iter", min_resources=1, max_resources=EPOCHS, n_candidates=CANDIDATES, cv=split, refit=False, n_jobs=2,
                                   random_state=seed, error_score=0.0)
    search.fit(ma.normalize(whole.images), whole.labels)
    return search.cv_results_["mean_test_score"].max(), CANDIDATES


def by_tune(way, train, valid, seed, seconds):
    "The same for `tune`, as it is or without its two ideas, in so many seconds in all, with the start of Ray."
    options = {} if way == "tune" else {"searcher": "random", "early_stopping": False}
    began = perf_counter()
    with _cluster(2):
        left = seconds - (perf_counter() - began)
        search = ma.tune(SMALL, train, valid, trials=1000, epochs=EPOCHS, seconds=left, seed=seed, verbose=0, **options)
    return search.table.val_accuracy.max(), len(search.table)


def compared(path, train, valid, seeds):
    "The table of the comparison, a row at a time."
    rows = pd.read_csv(path).to_dict("records") if path and path.exists() else []
    for seed in range(seeds):
        for way in WAYS:
            if any((row["way"], row["seed"]) == (way, seed) for row in rows):
                continue
            given = next((row["seconds"] for row in rows if (row["way"], row["seed"]) == ("scikit-learn", seed)), None)
            began = perf_counter()
            best, tried = by_scikit_learn(train, valid, seed) if way == "scikit-learn" else by_tune(way, train, valid, seed, given)
            rows.append({"way": way, "seed": seed, "val_accuracy": round(float(best), 5), "trials": tried, "seconds": round(perf_counter() - began), "date": today(),
                         "processor": processor()})
            print(rows[-1], flush=True)
            if path:
                write_table(rows, path)


def main():
    parser = arguments(__doc__, trials=120, seeds=3, seconds=0)
    options = parser.parse_args()
    seconds, options.seconds = options.seconds, 0  # a search that is ended for now is not another search
    folder = output_folder(parser, options)
    train, valid = ma.split(ma.load_mnist()[0])
    if folder:
        long_search(folder / "tuning.csv", train, valid, options.trials, seconds)
    compared(folder and folder / "tuning_compared.csv", train[:10_000], valid, options.seeds)


if __name__ == "__main__":
    main()
