"""Makes trained_model_weights.h5: trains each recipe from several seeds, and ships the *record* network with the fewest validation mistakes.

Each run trains on 50,000 digits, is examined on the same 10,000 validation digits, and reads the test set once, at its end.
The validation digits also make its probabilities right on average, and tell when to doubt it (chapters 05 and 06).
Runs that are finished lie in the folder of runs and are not repeated; one that was stopped goes on from its checkpoint.
"""
from dataclasses import replace
from pathlib import Path

from table import ROOT, arguments, output_folder, processor, write_table

import mnist_ann as ma
from mnist_ann.augmentation import RECIPES


def trained(name, seed, runs, train, valid, test):
    "The network of this recipe and seed, from its file if there is one."
    path = runs / f"{name}-{seed}.h5"
    if not path.exists():
        print(f"{name}, seed {seed}", flush=True)
        model = ma.train_recipe(ma.load_recipe(name), train, valid, seed, checkpoint=runs / f"{name}-{seed}", resume=True)
        if not model.history.is_finished:
            raise SystemExit("stopped; run it again to go on")
        network = ma.set_thresholds(ma.calibrate(model, valid), valid)
        network = replace(network, attributes={**network.attributes, "processor": processor()})
        ma.save_weights(network, path, report=ma.evaluate(network, test))
    return ma.load_network(path)


def row(name, network):
    "What the table says about a run: all of it is in the attributes of its file."
    told = network.attributes
    return {"recipe": name, "seed": told["seed"], "epochs": told["epochs"], "hidden_units": "-".join(map(str, network.sizes[1:-1])),
            "parameters": sum(array.size for array in network.weights + network.biases),
            **{name: told[name] for name in ("val_errors", "val_loss", "test_errors", "test_loss", "training_seconds")},
            "teacher_seconds": told["recipe"].get("teacher_seconds"), "processor": told["processor"], "date": told["created"][:10]}


def main():
    parser = arguments(__doc__, seeds=3)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs/record", help="the folder for checkpoints and weights")
    options = parser.parse_args()
    folder = output_folder(parser, options)
    train, test = ma.load_mnist()
    train, valid = ma.split(train)
    rows, records = [], []
    for name in RECIPES:
        for seed in range(options.seeds):
            network = trained(name, seed, options.runs, train, valid, test)
            rows.append(row(name, network))
            records += [network] if name == "record" else []
            print(f"{name}, seed {seed}: {rows[-1]['val_errors']} validation mistakes, {rows[-1]['test_errors']} test mistakes", flush=True)
            if folder:
                write_table(rows, folder / "record.csv")
    best = min(records, key=lambda network: (network.attributes["val_errors"], network.attributes["val_loss"]))
    if folder:
        ma.save_weights(best, ROOT / "trained_model_weights.h5")
        print(f"seed {best.attributes['seed']} is trained_model_weights.h5")


if __name__ == "__main__":
    main()
