"""Makes trained_model_weights.h5: the best that plain SGD with learning rate 0.01 gives.

Each candidate (sizes of the hidden layers, batch size) is trained on 50,000 digits until the validation loss has not
fallen for 10 epochs, and keeps its best epoch. The candidate with the fewest mistakes on the 10,000 validation digits wins. Only
then is the test set read, once, for the winner. Run it with `make pretrained`; it takes about half an hour on two cores.
"""
from pathlib import Path

from table import today, write_table

import mnist_ann as ma

ROOT = Path(__file__).parents[1]
CANDIDATES = [((512, 256), 32), ((512, 256), 8), ((512, 256), 4), ((1024, 512), 8), ((1024, 512), 4), ((1024, 512), 2)]
SEED = 0


def main():
    train, test = ma.load_mnist()
    train, valid = ma.split(train, seed=SEED)
    rows, best = [], None
    for hidden_units, batch_size in CANDIDATES:
        print(f"hidden units {hidden_units}, batches of {batch_size}", flush=True)
        model = ma.build_model(hidden_units, seed=SEED)
        history = ma.train(model, train, valid, epochs=200, batch_size=batch_size, patience=10, seed=SEED)
        mistakes = round(len(valid) * (1 - history.val_accuracy[history.kept_epoch - 1]))
        rows.append({"hidden_units": "-".join(map(str, hidden_units)), "batch_size": batch_size, "parameters": model.count_params(), "seed": SEED,
                     "kept_epoch": history.kept_epoch, "val_mistakes": mistakes, "val_loss": round(history.val_loss[history.kept_epoch - 1], 5),
                     "seconds": round(sum(history.seconds)), "date": today()})
        write_table(rows, ROOT / "benchmarks/results/pretrained.csv")
        print(f"{history}: {mistakes} mistakes on the validation digits", flush=True)
        if best is None or mistakes < best[0]:
            best = mistakes, model
    report = ma.evaluate(best[1], test)
    ma.save_weights(best[1], ROOT / "trained_model_weights.h5", report=report)
    print(f"{report}: written to trained_model_weights.h5")


if __name__ == "__main__":
    main()
