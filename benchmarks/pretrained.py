"""Makes trained_model_weights.h5: the best that plain SGD with learning rate 0.01 gives.

Each candidate (sizes of the hidden layers, batch size) is trained on 50,000 digits until the validation loss has not
fallen for 10 epochs, and keeps its best epoch. The candidate with the fewest mistakes on the 10,000 validation digits wins. Only
then is the test set read, once, for the winner. Run it with `make pretrained`; it takes about half an hour on two cores.
"""
import csv
from datetime import datetime, timezone
from pathlib import Path

import mnist_ann as ma

ROOT = Path(__file__).parents[1]
CANDIDATES = [((512, 256), 32), ((512, 256), 8), ((512, 256), 4), ((1024, 512), 8), ((1024, 512), 4), ((1024, 512), 2)]
SEED = 0
COLUMNS = ["hidden_units", "batch_size", "parameters", "seed", "kept_epoch", "val_mistakes", "val_loss", "seconds", "date"]


def main():
    train, test = ma.load_mnist()
    train, valid = ma.split(train, seed=SEED)
    rows, best = [], None
    for hidden_units, batch_size in CANDIDATES:
        print(f"hidden units {hidden_units}, batches of {batch_size}", flush=True)
        model = ma.build_model(hidden_units, seed=SEED)
        history = ma.train(model, train, valid, epochs=200, batch_size=batch_size, patience=10, seed=SEED)
        mistakes = round(len(valid) * (1 - history.val_accuracy[history.kept_epoch - 1]))
        rows.append(dict(zip(COLUMNS, ["-".join(map(str, hidden_units)), batch_size, model.count_params(), SEED, history.kept_epoch, mistakes,
                                       round(history.val_loss[history.kept_epoch - 1], 5), round(sum(history.seconds)),
                                       datetime.now(timezone.utc).date().isoformat()])))
        with open(ROOT / "benchmarks/results/pretrained.csv", "w", newline="") as file:
            table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            table.writeheader()
            table.writerows(rows)
        print(f"{history}: {mistakes} mistakes on the validation digits", flush=True)
        if best is None or mistakes < best[0]:
            best = mistakes, model
    report = ma.evaluate(best[1], test)
    ma.save_weights(best[1], ROOT / "trained_model_weights.h5", report=report)
    print(f"{report}: written to trained_model_weights.h5")


if __name__ == "__main__":
    main()
