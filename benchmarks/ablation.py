"""What each part of the recipe *record* is worth: the recipe in a tenth of its epochs, whole and with one part left out or added.

Every variant is trained from three seeds on 50,000 digits, and examined on the 10,000 validation digits; the test set is not read.
All learn from one teacher, that of the whole recipe with seed 0: a tenth of its epochs would make no teacher. Rows that are in the
table already are not measured again, so that a run that was stopped goes on; a table of another recipe must be removed first.
"""
from dataclasses import replace

import pandas as pd
from table import ROOT, arguments, output_folder, today, write_table

import mnist_ann as ma

RECORD = ma.load_recipe("record")
SHOWN = RECORD.augment
VARIANTS = {  # what is changed; a teacher of False means the labels
    "the whole recipe": {},
    "without distortions": {"augment": None},
    "without the elastic ones": {"augment": replace(SHOWN, alpha=0)},
    "without turning, scaling, slanting": {"augment": replace(SHOWN, rotation=0, scale=0, shear=0)},
    "not centred by mass": {"augment": replace(SHOWN, centred=False)},
    "without a teacher": {"teacher": False},
    "without momentum": {"momentum": 0.0, "nesterov": False},
    "plain momentum, not Nesterov's": {"nesterov": False},
    "constant learning rate": {"schedule": "constant", "warmup": 0.0},
    "without weight decay": {"weight_decay": 0.0},
    "a smaller network, 512-256": {"hidden_units": (512, 256)},
    "and a weight average": {"weight_average": 0.9995},
    "and label smoothing": {"label_smoothing": 0.1},
}


def main():
    parser = arguments(__doc__, seeds=3)
    options = parser.parse_args()
    folder = output_folder(parser, options)
    path = folder and folder / "ablation.csv"
    rows = pd.read_csv(path).to_dict("records") if path and path.exists() else []
    train, valid = ma.split(ma.load_mnist()[0])
    teacher = ma.train_teacher(train, valid, SHOWN, RECORD.teacher_epochs, checkpoint=ROOT / "runs/ablation", resume=True)
    epochs = round(RECORD.epochs / 10)
    for seed in range(options.seeds):
        for name, changes in VARIANTS.items():
            recipe = replace(RECORD, epochs=epochs, **{key: value for key, value in changes.items() if key != "teacher"})
            told = {"variant": name, "seed": seed, "recipe": str(recipe)}
            if any(told.items() <= row.items() for row in rows):
                continue
            model = ma.build_model(recipe.hidden_units, seed=seed)
            history = ma.train(model, train, valid, seed=seed, verbose=0, teacher=changes.get("teacher", teacher) or None, **recipe.settings())
            rows.append({**told, "val_errors": history.attributes()["val_errors"], "val_loss": round(history.val_loss[-1], 5),
                         "train_loss": round(history.loss[-1], 5), "seconds": round(sum(history.seconds)), "date": today()})
            print(f"{name}, seed {seed}: {rows[-1]['val_errors']} mistakes, {rows[-1]['seconds']} s", flush=True)
            if path:
                write_table(rows, path)


if __name__ == "__main__":
    main()
