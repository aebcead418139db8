"""What drawn digits brought: the same pictures, read by the *record* network that the shipped one goes on from, and by the shipped one.

Two sets that neither network learned from: digits drawn with another seed, and the digits of other writers, from scikit-learn, made ready
as `predict` does. The network before is the one that benchmarks/record.py leaves in its folder of runs.
"""
from pathlib import Path

import numpy as np
from own_digits import other_writers, ours
from table import ROOT, arguments, output_folder, today, write_table

import mnist_ann as ma


def main():
    parser = arguments(__doc__, drawn=2000, seed=1)
    shipped = ma.load_pretrained()
    made_from = ROOT / f"runs/record/record-{shipped.attributes['seed']}.h5"
    parser.add_argument("--before", type=Path, default=made_from, help="the weights of the record network")
    options = parser.parse_args()
    folder = output_folder(parser, options)
    networks = {"before": ma.load_network(options.before), "shipped": shipped}
    told = networks["before"].attributes
    if (told["seed"], told["epochs"]) != (shipped.attributes["seed"], shipped.attributes["epochs_before"]):
        raise SystemExit(f"{options.before}: the shipped network does not go on from this one")
    drawn = ma.drawn_digits(options.drawn, seed=options.seed)
    pictures, labels = other_writers()
    prepared = np.stack([ours(pixels) for pixels in pictures])
    cases = {f"drawn {digit}": (drawn.images[drawn.labels == digit], digit) for digit in (1, 4, 9)}
    cases |= {"other writers": (prepared, labels)} | {f"other writers' {digit}": (prepared[labels == digit], digit) for digit in range(10)}
    rows = []
    for kind, (images, digits) in cases.items():
        right = {f"{name}_right": np.count_nonzero(network.predict(images) == digits) for name, network in networks.items()}
        rows.append({"kind": kind, "pictures": len(images), **right, "drawn_seed": options.seed, "date": today()})
        print(f"{kind:<17} {len(images)} pictures: {right['before_right']} right before, {right['shipped_right']} after", flush=True)
    if folder:
        write_table(rows, folder / "drawn.csv")


if __name__ == "__main__":
    main()
