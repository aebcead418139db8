"""What bfloat16 costs in accuracy: `python benchmarks/precision.py`, about three minutes.

Trains the recipe `fast` with float32 and with bfloat16 products, from the same five seeds, and reports the accuracy on the 10,000
validation digits. The test set is not touched.
"""
import csv
from datetime import datetime, timezone
from pathlib import Path
from statistics import mean, stdev

import mnist_ann as ma

RESULTS = Path(__file__).parent / "results/precision.csv"
SEEDS = range(5)
COLUMNS = ["precision", "seed", "val_accuracy", "val_loss", "seconds", "date"]


def main():
    train, valid = ma.split(ma.load_mnist()[0])
    recipe, rows = ma.load_recipe("fast"), []
    for seed in SEEDS:
        for precision in ("float32", "bfloat16"):
            model = ma.build_model(recipe.hidden_units, seed=seed)
            history = ma.train(model, train, valid, seed=seed, precision=precision, verbose=0, **recipe.settings())
            rows.append(dict(zip(COLUMNS, [precision, seed, history.val_accuracy[-1], round(history.val_loss[-1], 5),
                                           round(sum(history.seconds), 1), datetime.now(timezone.utc).date().isoformat()])))
            print(f"seed {seed}, {precision}: {history}", flush=True)
    with open(RESULTS, "w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    for precision in ("float32", "bfloat16"):
        accuracies = [row["val_accuracy"] for row in rows if row["precision"] == precision]
        print(f"{precision}: {mean(accuracies):.2%}, standard deviation {stdev(accuracies):.2%}")


if __name__ == "__main__":
    main()
