"""What bfloat16 costs in accuracy: `python benchmarks/precision.py`, about three minutes.

Trains the recipe `fast` with float32 and with bfloat16 products, from the same five seeds, and reports the accuracy on the 10,000
validation digits. The test set is not touched. Where its steps are not faster with bfloat16, `train` would refuse it; here its
accuracy is the question, so it computes all the same.
"""
from statistics import mean, stdev
from unittest.mock import patch

from table import arguments, output_folder, processor, today, write_table

import mnist_ann as ma


def main():
    parser = arguments(__doc__, seeds=5)
    options = parser.parse_args()
    folder = output_folder(parser, options)
    train, valid = ma.split(ma.load_mnist()[0])
    recipe, rows = ma.load_recipe("fast"), []
    for seed in range(options.seeds):
        for precision in ("float32", "bfloat16"):
            model = ma.build_model(recipe.hidden_units, seed=seed)
            with patch("mnist_ann.engine._bfloat16_speed", lambda *_, **__: 1.0):
                history = ma.train(model, train, valid, seed=seed, precision=precision, verbose=0, **recipe.settings())
            rows.append({"precision": precision, "seed": seed, "val_accuracy": round(history.val_accuracy[-1], 4),
                         "val_loss": round(history.val_loss[-1], 5), "processor": processor(), "date": today()})
            print(f"seed {seed}, {precision}: {history}", flush=True)
    if folder:
        write_table(rows, folder / "precision.csv")
    for precision in ("float32", "bfloat16"):
        accuracies = [row["val_accuracy"] for row in rows if row["precision"] == precision]
        print(f"{precision}: {mean(accuracies):.2%}" + (f", standard deviation {stdev(accuracies):.2%}" if len(accuracies) > 1 else ""))


if __name__ == "__main__":
    main()
