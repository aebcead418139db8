"""What other hands and other things brought: the same pictures, read by the *record* network, which learned from MNIST alone, and by the shipped one.

Sets that neither learned from: digits drawn with another seed, scikit-learn's other writers, the digits of other fonts; and, of what is no digit,
their letters and signs, signs that no font's were learned of ("new"), and drawn shapes of another seed. They are made ready as `predict` does. Of digits it is counted how many are
read, of the rest how many are called a digit surely. The network before is the one that benchmarks/record.py leaves in its folder of runs.
"""
import warnings
from pathlib import Path

import hands
import numpy as np
from own_digits import fonts_write, other_writers
from table import ROOT, arguments, output_folder, today, write_table

import mnist_ann as ma


def prepared(pictures):
    "The pictures as `predict` makes them ready; those without clear ink are left out, and False for them."
    images, kept = [], []
    for pixels in pictures:
        try:
            images.append(ma.prepare(pixels))
        except ma.MnistAnnError:
            pass
        kept.append(len(images) > sum(kept))
    return np.stack(images), np.array(kept)


def surely(network, images):
    "Which of the images the network calls a digit surely."
    logits = network.logits(images)
    is_digit = ma.energy(logits) <= network.attributes["max_energy"]
    return is_digit & (ma.softmax(logits).max(axis=1) >= network.attributes["sure_probability"])


def main():
    parser = arguments(__doc__, drawn=2000, seed=1)
    parser.add_argument("--before", type=Path, default=ROOT / "runs/record/record-0.h5", help="the weights of the record network")
    options = parser.parse_args()
    folder = output_folder(parser, options)
    networks = {"before": ma.load_network(options.before), "shipped": ma.load_pretrained()}
    drawn = ma.drawn_digits(options.drawn, seed=options.seed)
    cases = {f"drawn {digit}": (drawn.images[drawn.labels == digit], digit) for digit in (1, 4, 9)}
    warnings.simplefilter("ignore", UserWarning)  # that there may be several digits
    for kind, (pictures, signs) in {"other writers": other_writers(), "other fonts": fonts_write("0123456789") or ((), ())}.items():
        if pictures:
            images, kept = prepared(pictures)
            labels = np.array(list(map(int, signs)))[kept]
            cases |= {kind: (images, labels)} | {f"{kind} {digit}": (images[labels == digit], digit) for digit in range(10)}
    cases["no digit: shapes"] = ma.non_digits(ma.load_mnist()[1], options.drawn, options.seed), None
    for kind, signs in (("letters", hands.LETTERS[:-len(hands.SIGNS)][::4]), ("signs", hands.SIGNS), ("new signs", hands.NEW_SIGNS)):
        if found := fonts_write(signs):
            cases[f"no digit: {kind}"] = prepared(found[0])[0], None
    rows = []
    for kind, (images, digits) in cases.items():
        count = {name: np.count_nonzero(surely(network, images) if digits is None else network.predict(images) == digits)
                 for name, network in networks.items()}
        rows.append({"kind": kind, "pictures": len(images), **count, "drawn_seed": options.seed, "date": today()})
        print(f"{kind:<17} {len(images)} pictures, {'called a digit surely' if digits is None else 'right'}: {count['before']} before, "
              f"{count['shipped']} after", flush=True)
    if folder:
        write_table(rows, folder / "drawn.csv")


if __name__ == "__main__":
    main()
