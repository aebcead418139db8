"""Makes trained_model_weights.h5: trains the recipe *record* from several seeds, and ships the network with the fewest validation mistakes.

Each run trains on 50,000 digits, is examined on the same 10,000 validation digits, and reads the test set once, at its end.
Runs that are finished lie in the folder of runs and are not repeated; one that was stopped goes on from its checkpoint.
The file that is shipped now is not from here yet, but from `benchmarks/pretrained.py`.
"""
from pathlib import Path

from table import ROOT, arguments, output_folder, write_table

import mnist_ann as ma


def trained(seed, runs, train, valid, test):
    "The network of this seed, from its file if there is one."
    path = runs / f"seed-{seed}.h5"
    if not path.exists():
        print(f"seed {seed}", flush=True)
        model = ma.train_recipe(ma.load_recipe("record"), train, valid, seed, checkpoint=runs / f"seed-{seed}", resume=True)
        if not model.history.is_finished:
            raise SystemExit("stopped; run it again to go on")
        ma.save_weights(model, path, report=ma.evaluate(model, test))
    return ma.load_network(path)


def main():
    parser = arguments(__doc__, seeds=3)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs/record", help="the folder for checkpoints and weights")
    options = parser.parse_args()
    folder = output_folder(parser, options)
    train, test = ma.load_mnist()
    train, valid = ma.split(train)
    rows, networks = [], []
    for seed in range(options.seeds):
        networks.append(trained(seed, options.runs, train, valid, test))
        told = networks[-1].attributes
        rows.append({"seed": seed, "epochs": told["epochs"], "parameters": sum(array.size for array in networks[-1].weights + networks[-1].biases),
                     **{name: told[name] for name in ("val_errors", "val_loss", "test_errors", "test_loss", "training_seconds")},
                     "teacher_seconds": told["recipe"].get("teacher_seconds"), "date": told["created"][:10]})
        print(f"seed {seed}: {told['val_errors']} validation mistakes, {told['test_errors']} test mistakes", flush=True)
        if folder:
            write_table(rows, folder / "record.csv")
    best = min(range(options.seeds), key=lambda seed: (rows[seed]["val_errors"], rows[seed]["val_loss"]))
    if folder:
        ma.save_weights(networks[best], ROOT / "trained_model_weights.h5")
        print(f"seed {best} is trained_model_weights.h5")


if __name__ == "__main__":
    main()
