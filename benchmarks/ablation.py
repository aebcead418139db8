"""What each part of the recipe *record* is worth: the recipe in a tenth of its epochs, whole and with one part left out or changed.

Every variant is trained from three seeds on 50,000 digits, and examined on the 10,000 validation digits; the test set is not read.
Without momentum every step is ten times shorter at the same learning rate, so larger rates are tried for it as well.
Rows that are in the table already are not measured again, so that a run that was stopped goes on. Rows of another recipe are dropped.
"""
from dataclasses import replace

import pandas as pd
from table import arguments, output_folder, today, write_table

import mnist_ann as ma

RECORD = ma.load_recipe("record")
SHOWN = RECORD.augment


def scaled(factor):
    "The recipe's distortions, so many times as strong."
    return replace(SHOWN, **{name: factor * getattr(SHOWN, name) for name in ("rotation", "scale", "shear", "alpha")})


VARIANTS = {  # what was thought to matter most comes first, and what takes longest last
    "the whole recipe": {},
    "without distortions": {"augment": None},
    "without the elastic ones": {"augment": replace(SHOWN, alpha=0)},
    "without turning, scaling, slanting": {"augment": replace(SHOWN, rotation=0, scale=0, shear=0)},
    "not centred by mass": {"augment": replace(SHOWN, centred=False)},
    "without steps against the network": {"adversarial": 0.0},
    "without momentum": {"momentum": 0.0, "nesterov": False},
    "without momentum, rate 0.3": {"momentum": 0.0, "nesterov": False, "learning_rate": 0.3},
    "without momentum, rate 1": {"momentum": 0.0, "nesterov": False, "learning_rate": 1.0},
    "without momentum, rate 3": {"momentum": 0.0, "nesterov": False, "learning_rate": 3.0},
    "momentum, not Nesterov's": {"nesterov": False},
    "constant learning rate": {"schedule": "constant", "warmup": 0.0},
    "without warm-up": {"warmup": 0.0},
    "without weight decay": {"weight_decay": 0.0},
    "distortions a third stronger": {"augment": scaled(4 / 3)},
    "distortions a third weaker": {"augment": scaled(2 / 3)},
    "and label smoothing": {"label_smoothing": 0.1},
    "and a weight average": {"weight_average": 0.9995},
    "half as many neurons": {"hidden_units": tuple(units // 2 for units in RECORD.hidden_units)},
    "one layer less": {"hidden_units": RECORD.hidden_units[1:]},
    "and a teacher": {"teacher_epochs": 5},
}


def trained(recipe, train, valid, seed):
    "What a training has led to; nothing, where it diverged."
    try:
        model = ma.train_recipe(recipe, train, valid, seed, verbose=0)
    except ma.MnistAnnError as error:
        if "diverged" not in str(error):
            raise
        print(error, flush=True)
        return dict.fromkeys(("val_errors", "val_loss", "train_loss", "seconds"))
    told = model.history.attributes()
    return {"val_errors": told["val_errors"], "val_loss": round(told["val_loss"], 5), "train_loss": round(model.history.loss[-1], 5),
            "seconds": round(told["training_seconds"])}


def main():
    parser = arguments(__doc__, seeds=3)
    options = parser.parse_args()
    folder = output_folder(parser, options)
    path = folder and folder / "ablation.csv"
    recipes = {name: replace(RECORD, epochs=round(RECORD.epochs / 10), **changes) for name, changes in VARIANTS.items()}
    rows = pd.read_csv(path).to_dict("records") if path and path.exists() else []
    rows = [row for row in rows if str(recipes.get(row["variant"])) == row["recipe"]]
    train, valid = ma.split(ma.load_mnist()[0])
    for name, recipe in recipes.items():
        for seed in range(options.seeds):
            if any((row["variant"], row["seed"]) == (name, seed) for row in rows):
                continue
            rows.append({"variant": name, "seed": seed, **trained(recipe, train, valid, seed), "date": today(), "recipe": str(recipe)})
            print(f"{name}, seed {seed}: {rows[-1]['val_errors']} mistakes, {rows[-1]['seconds']} s", flush=True)
            if path:
                write_table(rows, path)


if __name__ == "__main__":
    main()
