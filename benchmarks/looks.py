"""What the penalties of chapter 10 buy when a picture is looked at again: digits that are read, and digits that are found where there are none.

With a digit are the kinds "together" and "on a table" of own_digits.py. Without one are the same sheets with nothing written on them:
plain, ruled, squared, in shadow, askew, coloured ("an empty sheet"), or on a table ("empty, on a table"). Each picture is read with each set of penalties in
turn: what is added to the energy of a 1, of the sheet alone, and of the later looks. The same seed gives the same pictures.
"""
import warnings
from time import perf_counter

import numpy as np
import own_digits
from own_digits import on_a_table, picture
from table import arguments, output_folder, processor, today, write_table

import mnist_ann as ma
from mnist_ann import pictures

PENALTIES = {"none": (0, 0, 0), "line only": (2, 0, 0), "looks only": (0, 2, 4), "as shipped": (2, 2, 4), "twice as large": (4, 4, 8)}
EMPTY = ("plain", "ruled", "squared", "shadow", "perspective", "colour")


def nothing_placed(mask, height, width, kind, rng):
    "A sheet of this size without a digit."
    return np.zeros((height, width), np.float32)


def remembered(function):
    "The function, which works out only once what becomes of a picture."
    found = {}

    def look(grey, *arguments, **options):
        key = grey.shape, grey.tobytes(), *(part.tobytes() if isinstance(part, np.ndarray) else part for some in (*arguments, *options.values())
                                            for part in (some if isinstance(some, tuple) else (some,)))
        if key not in found:
            if len(found) > 20:
                found.clear()  # the next picture has begun
            try:
                found[key] = function(grey, *arguments, **options)
            except ma.MnistAnnError as error:
                found[key] = error
        if isinstance(found[key], ma.MnistAnnError):
            raise found[key]
        return found[key]
    return look


def with_penalties(looks, sheet, later):
    "The ways to look at a picture, with these penalties."
    def changed(grey):
        for ways in looks(grey):
            yield [(name, {"the whole picture": 0.0, "the sheet alone": sheet, "the panel alone": sheet}.get(name, later), arguments) for name, _, arguments in ways]
    return changed


def read(pixels, looks, penalties):
    "What `predict` reads with these penalties, and whether it is sure."
    pictures._LINE, pictures._looks = float(penalties[0]), with_penalties(looks, *penalties[1:])
    try:
        answer = ma.predict(pixels)
    except ma.MnistAnnError:
        return None, False
    return answer.digit, answer.is_sure


def main():
    parser = arguments(__doc__, pictures=300)
    options = parser.parse_args()
    folder = output_folder(parser, options)
    test, rows = ma.load_mnist()[1][:options.pictures], []
    usual_looks, pictures._look, pictures._lighter_sheet = pictures._looks, remembered(pictures._look), remembered(pictures._lighter_sheet)
    warnings.simplefilter("ignore", UserWarning)  # that it looks like no digit

    def drawn(kind):
        "Pictures, and what is to be read in each."
        with_ink, own_digits.placed = own_digits.placed, own_digits.placed if kind in ("together", "on a table") else nothing_placed
        make = on_a_table if kind.endswith("on a table") else picture
        for k, image in enumerate(test.images):
            yield (make(image, k) if make is on_a_table else picture(image, kind if kind == "together" else EMPTY[k % len(EMPTY)], k))
        own_digits.placed = with_ink

    for kind in ("together", "on a table", "an empty sheet", "empty, on a table"):
        started, answers = perf_counter(), {name: [] for name in PENALTIES}
        labels = test.labels.tolist() if kind in ("together", "on a table") else [None] * len(test)
        for pixels in drawn(kind):
            for name, penalties in PENALTIES.items():
                answers[name].append(read(pixels, usual_looks, penalties))
        for name in PENALTIES:
            right = [digit == label and label is not None for (digit, _), label in zip(answers[name], labels)]
            sure = [bool(is_sure) for _, is_sure in answers[name]]
            rows.append({"kind": kind, "penalties": name, "pictures": len(labels), "right": sum(right), "surely_right": sum(map(min, right, sure)),
                         "surely_wrong": sum(sure) - sum(map(min, right, sure)), "seconds": round(perf_counter() - started, 1),
                         "processor": processor(), "date": today()})
            print(kind, *list(rows[-1].values())[1:6], sep="\t", flush=True)
    if folder:
        write_table(rows, folder / "looks.csv")


if __name__ == "__main__":
    main()
