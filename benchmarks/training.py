"""How fast is an epoch? `make bench`, of which this takes about seven minutes.

The network 784-512-256-10, plain SGD with learning rate 0.01, 50,000 digits shuffled for each epoch, in batches of 32 and of 128: by
this package, and by the tools that people use for it. Each peer has a process of its own and starts from the same weights. After a
first epoch, which is reported apart since it compiles, they run one epoch each in turn. What counts is the time of the whole call. In
the end all networks read the 10,000 validation digits, to show that they did the same work. The limit is the number of floating-point
operations in an epoch, divided by the speed of a large float32 matrix product measured in turn with the others.
"""
import argparse
import csv
import json
import platform
import subprocess
import sys
from datetime import datetime, timezone
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

import mnist_ann as ma

ROOT = Path(__file__).parents[1]
HIDDEN_UNITS, LEARNING_RATE = (512, 256), 0.01
COLUMNS = ["batch_size", "peer", "version", "images_per_second", "lowest", "highest", "share_of_limit", "speed_of_mnist_ann", "first_epoch_seconds",
           "val_accuracy", "rounds", "processor", "date"]


def by_mnist_ann(train, batch_size, precision="float32"):
    model = ma.build_model(HIDDEN_UNITS)

    def epoch(number):
        ma.train(model, train, train[:10], epochs=1, batch_size=batch_size, learning_rate=LEARNING_RATE, precision=precision, seed=number, verbose=0)

    return epoch, lambda: ma.to_network(model)


def by_keras(train, batch_size, **options):
    from tensorflow import keras

    model, X, Y = ma.build_model(HIDDEN_UNITS), ma.normalize(train.images), ma.one_hot(train.labels)
    model.compile(optimizer=keras.optimizers.SGD(LEARNING_RATE), loss="categorical_crossentropy", metrics=["accuracy"], **options)
    return lambda number: model.fit(X, Y, batch_size=batch_size, epochs=1, verbose=0), lambda: ma.Network(model.get_weights()[::2], model.get_weights()[1::2])


def by_pytorch(train, batch_size):
    import torch

    start = ma.initialize((784, *HIDDEN_UNITS, 10), seed=0)
    layers = [torch.nn.Linear(*W.shape) for W in start.weights]
    with torch.no_grad():
        for layer, W, b in zip(layers, start.weights, start.biases):
            layer.weight.copy_(torch.tensor(W.T.copy()))
            layer.bias.copy_(torch.tensor(b.copy()))
    model = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])
    optimizer, loss_of = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE), torch.nn.CrossEntropyLoss()
    X, y = torch.tensor(ma.normalize(train.images)), torch.tensor(train.labels.astype(np.int64))

    def epoch(number):
        for batch in torch.randperm(len(y)).split(batch_size):
            optimizer.zero_grad()
            loss_of(model(X[batch]), y[batch]).backward()
            optimizer.step()

    return epoch, lambda: ma.Network([layer.weight.detach().numpy().T for layer in layers], [layer.bias.detach().numpy() for layer in layers])


def by_scikit_learn(train, batch_size):
    from sklearn.neural_network import MLPClassifier

    start, X = ma.initialize((784, *HIDDEN_UNITS, 10), seed=0), ma.normalize(train.images)
    model = MLPClassifier(HIDDEN_UNITS, solver="sgd", alpha=0, batch_size=batch_size, learning_rate_init=LEARNING_RATE, momentum=0,
                          nesterovs_momentum=False, random_state=0)
    model.partial_fit(X[:batch_size], train.labels[:batch_size], classes=range(10))  # makes the arrays, which its optimiser knows
    for array, value in zip(model.coefs_ + model.intercepts_, start.weights + start.biases):
        array[:] = value
    return lambda number: model.partial_fit(X, train.labels), lambda: ma.Network([W.astype(np.float32) for W in model.coefs_],
                                                                                [b.astype(np.float32) for b in model.intercepts_])


def by_numpy(train, batch_size):
    from mnist_ann.network import train_by_hand

    networks = [ma.initialize((784, *HIDDEN_UNITS, 10), seed=0)]

    def epoch(number):
        networks[:] = train_by_hand(networks[0], train, train[:10], epochs=1, batch_size=batch_size, learning_rate=LEARNING_RATE, seed=number)[:1]

    return epoch, lambda: networks[0]


def by_products(train, batch_size, size=4096):
    "As many large matrix products as have the floating-point operations of an epoch; the last one in part."
    sizes = (784, *HIDDEN_UNITS, 10)
    each = [2 * inputs * outputs for inputs, outputs in zip(sizes, sizes[1:])]
    operations = len(train) * (3 * sum(each) - each[0])  # forward, slopes of the weights, slopes of the inputs but for the first layer's
    a = np.random.default_rng(0).normal(size=(size, size)).astype(np.float32)

    def epoch(number):
        left = operations
        while left > 0:
            rows = min(size, round(left / (2 * size * size)) or 1)
            a[:rows] @ a
            left -= 2 * rows * size * size

    return epoch, lambda: None


PEERS = {
    "mnist_ann": ("mnist_ann", by_mnist_ann, {}),
    "mnist_ann, bfloat16": ("mnist_ann", by_mnist_ann, {"precision": "bfloat16"}),
    "Keras fit": ("keras", by_keras, {}),
    "Keras fit, jit_compile, 50 steps per execution": ("keras", by_keras, {"jit_compile": True, "steps_per_execution": 50}),
    "PyTorch": ("torch", by_pytorch, {}),
    "scikit-learn MLPClassifier": ("sklearn", by_scikit_learn, {}),
    "NumPy, as in chapter 02": ("numpy", by_numpy, {}),
    "limit: matrix products alone": ("numpy", by_products, {}),
}
PACKAGES = {"sklearn": "scikit-learn"}  # where the module is named otherwise


def work(peer, batch_size):
    "Runs in a process of its own: an epoch for each line that comes in, its seconds out; at the end of the lines, the accuracy."
    train, valid = ma.split(ma.load_mnist()[0])
    _, prepare, options = PEERS[peer]
    epoch, network = prepare(train, batch_size, **options)
    for number, _ in enumerate(sys.stdin):
        start = perf_counter()
        epoch(number)
        print(json.dumps(perf_counter() - start), flush=True)
    trained = network()
    print(json.dumps(trained and float(np.mean(trained.predict(valid.images) == valid.labels))))


def time_peers(peers, batch_size, rounds):
    "For each peer: the seconds of its epochs, the first one first, and the accuracy; or None if it is missing or refuses."
    workers = {peer: subprocess.Popen([sys.executable, __file__, "--worker", peer, "--batch-sizes", str(batch_size)], text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
               for peer in peers if find_spec(PEERS[peer][0])}
    found = {peer: ([], None) for peer in workers}
    for number in range(rounds + 1):
        for peer, worker in workers.items():
            if worker.poll() is None:
                worker.stdin.write("epoch\n")
                worker.stdin.flush()
                if line := worker.stdout.readline():
                    found[peer][0].append(json.loads(line))
                    print(f"batch {batch_size}, {'first' if number == 0 else number}: {peer} {found[peer][0][-1]:.2f} s", flush=True)
    for peer, worker in workers.items():
        rest, _ = worker.communicate()
        found[peer] = found[peer][0], json.loads(rest) if rest and worker.returncode == 0 else None
    return {peer: seconds_and_accuracy for peer, seconds_and_accuracy in found.items() if len(seconds_and_accuracy[0]) == rounds + 1}


def rows_of(peers, batch_size, rounds, images=50_000):
    found, rows = time_peers(peers, batch_size, rounds), []
    middle = {peer: median(seconds[1:]) for peer, (seconds, _) in found.items()}
    for peer in peers:
        module = PEERS[peer][0]
        row = dict.fromkeys(COLUMNS, "") | {"batch_size": batch_size, "peer": peer, "rounds": rounds, "processor": processor(),
                                            "date": datetime.now(timezone.utc).date().isoformat()}
        if peer in found:
            seconds, accuracy = found[peer]
            row |= {"version": version(PACKAGES.get(module, module)), "images_per_second": round(images / middle[peer]),
                    "lowest": round(images / max(seconds[1:])), "highest": round(images / min(seconds[1:])),
                    "first_epoch_seconds": round(seconds[0], 2), "val_accuracy": "" if accuracy is None else accuracy}
            for column, other in (("share_of_limit", "limit: matrix products alone"), ("speed_of_mnist_ann", "mnist_ann")):
                if other in middle:
                    ratio = middle[other] / middle[peer]
                    row[column] = round(ratio if column == "share_of_limit" else 1 / ratio, 3)
        else:
            row["version"] = "not supported by this processor" if find_spec(module) else "not installed"
        rows.append(row)
    return rows


def processor():
    "The name of the processor, where the system tells it."
    path = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in path.read_text().splitlines() if line.startswith("model name")] if path.exists() else []
    return f"{names[0]}, {len(names)} cores" if names else platform.processor()


def print_table(rows):
    print(f"\n{'':5} {'':47} {'images/s':>9} {'lowest':>8} {'highest':>8} {'limit':>6} {'mnist_ann is':>13} {'first':>7} {'accuracy':>9}")
    for row in rows:
        if row["images_per_second"] == "":
            print(f"{row['batch_size']:>5} {row['peer']:47} {row['version']}")
            continue
        ratio = f"{row['speed_of_mnist_ann']:.2f} x" if row["speed_of_mnist_ann"] != "" else ""
        print(f"{row['batch_size']:>5} {row['peer']:47} {row['images_per_second']:>9,} {row['lowest']:>8,} {row['highest']:>8,} "
              f"{row['share_of_limit'] or 0:>6.0%} {ratio:>13} {row['first_epoch_seconds']:>5.1f} s "
              + (f"{row['val_accuracy']:>9.2%}" if row["val_accuracy"] != "" else ""))


def draw(rows, path):
    "Bars for each peer, one panel for each batch size; the thin lines go from the lowest to the highest measurement."
    from mnist_ann.data import figure_style

    sizes = sorted({row["batch_size"] for row in rows})
    with figure_style() as plt:
        fig, axes = plt.subplots(1, len(sizes), figsize=(10, 3.2), sharey=True, squeeze=False)
        for ax, size in zip(axes.flat, sizes):
            measured = [row for row in rows if row["batch_size"] == size and row["images_per_second"] != ""][::-1]
            speeds = [row["images_per_second"] for row in measured]
            reach = [[row["images_per_second"] - row["lowest"] for row in measured], [row["highest"] - row["images_per_second"] for row in measured]]
            colors = ["C1" if row["peer"].startswith("mnist_ann") else "0.75" if row["peer"].startswith("limit") else "C0" for row in measured]
            ax.barh([row["peer"] for row in measured], speeds, xerr=reach, color=colors, error_kw={"linewidth": 1})
            ax.set(title=f"Batches of {size}", xlabel="images a second")
            ax.xaxis.set_major_formatter("{x:,.0f}")
            ax.tick_params(axis="x", labelrotation=30)
        fig.savefig(path)
        plt.close(fig)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[32, 128])
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results")
    parser.add_argument("--worker", choices=list(PEERS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return work(options.worker, *options.batch_sizes)
    rows = [row for size in options.batch_sizes for row in rows_of(options.peers, size, options.rounds)]
    print_table(rows)
    options.output.mkdir(parents=True, exist_ok=True)
    with open(options.output / "training.csv", "w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    draw(rows, options.output / "training.png")
    for size in options.batch_sizes:  # the same work gives the same accuracy, but for the order of the digits
        accuracies = {row["peer"]: row["val_accuracy"] for row in rows if row["batch_size"] == size and row["val_accuracy"] != ""}
        off = [peer for peer, accuracy in accuracies.items() if abs(accuracy - median(accuracies.values())) > 0.01]
        if off:
            sys.exit(f"not the same work at batches of {size}: the accuracy of {', '.join(off)} is off by more than a point")


if __name__ == "__main__":
    main()
