"""How fast is an epoch? `make bench`, of which this takes about ten minutes.

The network 784-512-256-10, plain SGD with learning rate 0.01, 50,000 digits shuffled for each epoch, in batches of 32 and of 128: by
this package, and by the tools that people use for it. Each peer has a process of its own and starts from the same weights. One after
the other, they are started and run a first epoch, which is reported apart since it may compile. Then they take turns, three epochs
each. What counts is the time of the whole call that trains three epochs, what it sets up included. A ratio of two speeds is taken turn
by turn; the table has the median, and the lowest and the highest. In the end all networks read the 10,000 validation digits, to show
that they did the same work.

The limit is the number of floating-point operations in an epoch, divided by the speed of a large float32 matrix product measured in
turn with the others. This package leaves out the pixels that are white in every digit, so its share of the limit is taken of the
operations that it does. Products in bfloat16 are not bound by that limit, and have no share.

`--sweep` measures more, with fewer turns, into `training_sizes.csv`, about half an hour: batches of 8 to 1,024; the larger networks 1024-512 and
2048-1024-512 with 10,000 digits; and this package beside the limit on imitated processors (tests/machines.py). Stopped, the same command goes on.
"""
import csv
import json
import os
import subprocess
import sys
from argparse import SUPPRESS
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from statistics import median
from tempfile import TemporaryFile
from time import perf_counter
from unittest.mock import patch

import numpy as np
from table import ROOT, arguments, output_folder, processor, today, write_table

import mnist_ann as ma

HIDDEN_UNITS, LEARNING_RATE, EPOCHS_IN_A_TURN = (512, 256), 0.01, 3  # one epoch in a turn of a sweep
LIMIT = "limit: matrix products alone"


def operations(inputs, hidden_units):
    "The floating-point operations of a step, for each image: forward, slopes of the weights, slopes of the inputs but for the first layer's."
    sizes = (inputs, *hidden_units, 10)
    each = [2 * above * below for above, below in zip(sizes, sizes[1:])]
    return 3 * sum(each) - each[0]


def as_network(arrays):
    "A Network of arrays W, b, W, b, ..."
    return ma.Network(tuple(np.asarray(W, np.float32) for W in arrays[::2]), tuple(np.asarray(b, np.float32) for b in arrays[1::2]))


# Each of these gives two functions: one trains so many epochs in one call, with a seed for the shuffling; the other gives the network.


def by_mnist_ann(train, hidden_units, batch_size, precision="float32"):
    model = ma.build_model(hidden_units)

    def run(epochs, seed):
        with patch("mnist_ann.engine._bfloat16_speed", lambda *_, **__: 1.0):  # `train` would refuse it where it is slower, and that is the question
            ma.train(model, train, train[:10], epochs=epochs, batch_size=batch_size, learning_rate=LEARNING_RATE, precision=precision, seed=seed, verbose=0)

    return run, lambda: ma.to_network(model)


def by_keras(train, hidden_units, batch_size, **options):
    from tensorflow import keras

    model, X, Y = ma.build_model(hidden_units), ma.normalize(train.images), ma.one_hot(train.labels)
    model.compile(optimizer=keras.optimizers.SGD(LEARNING_RATE), loss="categorical_crossentropy", metrics=["accuracy"], **options)

    def run(epochs, seed):
        keras.utils.set_random_seed(seed)
        model.fit(X, Y, batch_size=batch_size, epochs=epochs, verbose=0)

    return run, lambda: as_network(model.get_weights())


def by_pytorch(train, hidden_units, batch_size):
    import torch

    start = ma.initialize((784, *hidden_units, 10), seed=0)
    layers = [torch.nn.Linear(*W.shape) for W in start.weights]
    with torch.no_grad():
        for layer, W, b in zip(layers, start.weights, start.biases):
            layer.weight.copy_(torch.tensor(W.T.copy()))
            layer.bias.copy_(torch.tensor(b.copy()))
    model = torch.nn.Sequential(*(part for layer in layers for part in (layer, torch.nn.ReLU())))[:-1]  # no bend behind the last
    optimizer, loss_of = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE), torch.nn.CrossEntropyLoss()
    X, y = torch.tensor(ma.normalize(train.images)), torch.tensor(train.labels.astype(np.int64))

    def run(epochs, seed):
        torch.manual_seed(seed)
        for _ in range(epochs):
            for batch in torch.randperm(len(y)).split(batch_size):
                optimizer.zero_grad()
                loss_of(model(X[batch]), y[batch]).backward()
                optimizer.step()

    return run, lambda: as_network([array.detach().numpy() for layer in layers for array in (layer.weight.T, layer.bias)])


def by_jax(train, hidden_units, batch_size):
    "An epoch as one compiled call: a scan over the shuffled batches, whose arrays are given away to it."
    import jax
    import jax.numpy as jnp

    start = ma.initialize((784, *hidden_units, 10), seed=0)
    layers = [[(jnp.array(W), jnp.array(b)) for W, b in zip(start.weights, start.biases)]]
    X, y = jnp.array(ma.normalize(train.images)), jnp.array(train.labels.astype(np.int32))
    whole = len(train) - len(train) % batch_size  # the digits of the last, smaller batch are taken by a step of their own

    def loss(layers, batch):
        a = X[batch]
        for W, b in layers[:-1]:
            a = jax.nn.relu(a @ W + b)
        W, b = layers[-1]
        return -jnp.take_along_axis(jax.nn.log_softmax(a @ W + b), y[batch][:, None], axis=1).mean()

    def step(layers, batch):
        return jax.tree.map(lambda array, slope: array - LEARNING_RATE * slope, layers, jax.grad(loss)(layers, batch)), None

    def epoch(layers, key):
        order = jax.random.permutation(key, len(train))
        layers, _ = jax.lax.scan(step, layers, order[:whole].reshape(-1, batch_size))
        return step(layers, order[whole:])[0] if whole < len(train) else layers

    epoch = jax.jit(epoch, donate_argnums=0)

    def run(epochs, seed):
        for key in jax.random.split(jax.random.key(seed), epochs):
            layers[0] = epoch(layers[0], key)
        jax.block_until_ready(layers[0])

    return run, lambda: as_network([array for layer in layers[0] for array in layer])


def by_scikit_learn(train, hidden_units, batch_size):
    from sklearn.neural_network import MLPClassifier

    start, X = ma.initialize((784, *hidden_units, 10), seed=0), ma.normalize(train.images)
    model = MLPClassifier(hidden_units, solver="sgd", alpha=0, batch_size=batch_size, learning_rate_init=LEARNING_RATE, momentum=0,
                          nesterovs_momentum=False, random_state=np.random.RandomState(0))  # a whole number would shuffle alike in every epoch
    model.partial_fit(X[:batch_size], train.labels[:batch_size], classes=range(10))  # makes the arrays, which its optimiser knows
    for array, value in zip(model.coefs_ + model.intercepts_, start.weights + start.biases):
        array[:] = value

    def run(epochs, seed):
        for _ in range(epochs):
            model.partial_fit(X, train.labels)

    return run, lambda: as_network([array for pair in zip(model.coefs_, model.intercepts_) for array in pair])


def by_numpy(train, hidden_units, batch_size):
    from mnist_ann.network import train_by_hand

    networks = [ma.initialize((784, *hidden_units, 10), seed=0)]

    def run(epochs, seed):
        networks[:] = train_by_hand(networks[0], train, train[:10], epochs=epochs, batch_size=batch_size, learning_rate=LEARNING_RATE, seed=seed)[:1]

    return run, lambda: networks[0]


def by_products(train, hidden_units, batch_size, size=4096):
    "As many large matrix products as have the floating-point operations of an epoch; the last one in part."
    a = np.random.default_rng(0).normal(size=(size, size)).astype(np.float32)

    def run(epochs, seed):
        left = epochs * len(train) * operations(784, hidden_units)
        while left > 0:
            rows = min(size, round(left / (2 * size * size)) or 1)
            a[:rows] @ a
            left -= 2 * rows * size * size

    return run, lambda: None


PEERS = {
    "mnist_ann": ("mnist_ann", by_mnist_ann, {}),
    "mnist_ann, bfloat16": ("mnist_ann", by_mnist_ann, {"precision": "bfloat16"}),
    "Keras fit": ("keras", by_keras, {}),
    "Keras fit, jit_compile, 50 steps per execution": ("keras", by_keras, {"jit_compile": True, "steps_per_execution": 50}),
    "PyTorch": ("torch", by_pytorch, {}),
    "JAX, an epoch as one compiled scan": ("jax", by_jax, {}),
    "scikit-learn MLPClassifier": ("sklearn", by_scikit_learn, {}),
    "NumPy, as in chapter 02": ("numpy", by_numpy, {}),
    LIMIT: ("numpy", by_products, {}),
}
PACKAGES = {"sklearn": "scikit-learn"}  # where the module is named otherwise


@dataclass(frozen=True)
class Setting:
    "What all peers do in turn."

    machine: str  # a name of tests/machines.py
    hidden_units: tuple
    batch_size: int
    peers: list
    rounds: int
    epochs: int  # in a turn
    images: int = 50_000

    def variables(self):
        "The environment variables that imitate the machine."
        if self.machine == "this":
            return {}
        sys.path.append(str(ROOT / "tests"))
        from machines import MACHINES  # only here: it needs what the notebooks' tests need

        return MACHINES[self.machine].variables()

    def __str__(self):
        return f"{self.machine}, {'-'.join(map(str, self.hidden_units))}, batches of {self.batch_size}"


def work(peer, hidden_units, batch_size, images):
    """Runs in a process of its own. For each line that comes in, so many epochs in one call, and their seconds out; at the end of the
    lines, the accuracy. What the package refuses, it says instead."""
    train, valid = ma.split(ma.load_mnist()[0])
    _, prepare, options = PEERS[peer]
    try:
        run, network = prepare(train[:images], tuple(hidden_units), batch_size, **options)
        for seed, line in enumerate(sys.stdin):
            start = perf_counter()
            run(int(line), seed)
            print(json.dumps(perf_counter() - start), flush=True)
        trained = network()
        print(json.dumps(trained and float(np.mean(trained.predict(valid.images) == valid.labels))))
    except ma.MnistAnnError as error:
        print(json.dumps(str(error)), flush=True)


class Worker:
    "A peer in its process."

    def __init__(self, peer, setting):
        self.peer, self.setting, self.errors = peer, setting, TemporaryFile("w+")
        self.process = subprocess.Popen([sys.executable, __file__, "--worker", json.dumps([peer, setting.hidden_units, setting.batch_size, setting.images])], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, env=os.environ | setting.variables())

    def ask(self, epochs=None):
        "The seconds of so many epochs, or the accuracy at the end; text if it refuses. A worker that fails ends the benchmark."
        if epochs is not None:
            self.process.stdin.write(f"{epochs}\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        else:
            line, _ = self.process.communicate()
        if not line:
            self.process.wait()
            self.errors.seek(0)
            sys.exit(f"{self.peer}, {self.setting}, failed:\n{self.errors.read()}")
        return json.loads(line)


def time_peers(setting):
    "For each peer: the seconds of its first epoch, the seconds an epoch of each turn, and the accuracy; text for one that cannot take part."
    found, workers = {}, {}
    for peer in setting.peers:
        if not find_spec(PEERS[peer][0]):
            found[peer] = "not installed"
            continue
        worker = Worker(peer, setting)
        first = worker.ask(1)
        if isinstance(first, str):
            found[peer] = first
        else:
            workers[peer], found[peer] = worker, (first, [])
        print(f"{setting}, first epoch: {peer}: {first}", flush=True)
    for number in range(setting.rounds):
        for peer, worker in workers.items():
            found[peer][1].append(worker.ask(setting.epochs) / setting.epochs)
            print(f"{setting}, turn {number + 1}: {peer}: {found[peer][1][-1]:.2f} s an epoch", flush=True)
    return {peer: (*found[peer], workers[peer].ask()) if peer in workers else found[peer] for peer in setting.peers}


def rows_of(setting):
    "A row for each peer."
    train, _ = ma.split(ma.load_mnist()[0])
    done = operations(int(train.images.any(axis=0).sum()), setting.hidden_units) / operations(784, setting.hidden_units)  # the share that this package does
    found, rows = time_peers(setting), []
    for peer, result in found.items():
        row = {"machine": setting.machine, "hidden_units": "-".join(map(str, setting.hidden_units)), "batch_size": setting.batch_size, "peer": peer,
               "version": version(PACKAGES.get(PEERS[peer][0], PEERS[peer][0])) if result != "not installed" else None,
               "images_per_second": None, "lowest": None, "highest": None, "share_of_limit": None, "times_slower": None, "times_slower_lowest": None,
               "times_slower_highest": None, "first_epoch_seconds": None, "val_accuracy": None, "why_not": None}
        if isinstance(result, str):
            row["why_not"] = result
        else:
            first, seconds, accuracy = result
            speeds = [setting.images / s for s in seconds]
            row |= {"images_per_second": round(median(speeds)), "lowest": round(min(speeds)), "highest": round(max(speeds)),
                    "first_epoch_seconds": round(first, 2), "val_accuracy": accuracy}
            if LIMIT in found and "bfloat16" not in peer:
                ratio = median(limit / s for limit, s in zip(found[LIMIT][1], seconds))
                row["share_of_limit"] = round(ratio * (done if PEERS[peer][0] == "mnist_ann" else 1), 3)
            if "mnist_ann" in found:
                ratios = [s / ours for s, ours in zip(seconds, found["mnist_ann"][1])]
                row |= {"times_slower": round(median(ratios), 3), "times_slower_lowest": round(min(ratios), 3), "times_slower_highest": round(max(ratios), 3)}
        rows.append(row | {"rounds": setting.rounds, "processor": processor(), "date": today()})
    return rows


def check_same_work(rows, within=0.01):
    "The same work gives the same accuracy, but for the order of the digits."
    accuracies = {row["peer"]: row["val_accuracy"] for row in rows if row["val_accuracy"]}
    off = [peer for peer, accuracy in accuracies.items() if abs(accuracy - median(accuracies.values())) > within]
    if off:
        sys.exit(f"not the same work at batches of {rows[0]['batch_size']}: the accuracy of {', '.join(off)} is off by more than {within:.0%}. Nothing is written.")


def print_table(rows):
    print(f"\n{'':5} {'':47} {'images/s':>9} {'lowest':>8} {'highest':>8} {'limit':>6} {'mnist_ann is faster':>23} {'first':>7} {'accuracy':>9}")
    for row in rows:
        if row["why_not"]:
            print(f"{row['batch_size']:>5} {row['peer']:47} {row['why_not']}")
            continue
        share = f"{row['share_of_limit']:.0%}" if row["share_of_limit"] else ""
        ratio = f"{row['times_slower']:.2f} x ({row['times_slower_lowest']:.2f}-{row['times_slower_highest']:.2f})" if row["times_slower"] else ""
        accuracy = f"{row['val_accuracy']:.2%}" if row["val_accuracy"] else ""
        print(f"{row['batch_size']:>5} {row['peer']:47} {row['images_per_second']:>9,} {row['lowest']:>8,} {row['highest']:>8,} "
              f"{share:>6} {ratio:>23} {row['first_epoch_seconds']:>5.1f} s {accuracy:>9}")


def draw(rows, path):
    "Bars for each peer, one panel for each batch size; the thin lines go from the lowest to the highest measurement."
    from mnist_ann.data import figure_style

    sizes = sorted({row["batch_size"] for row in rows})
    with figure_style() as plt:
        fig, axes = plt.subplots(1, len(sizes), figsize=(10, 3.2), sharey=True, squeeze=False)
        for ax, size in zip(axes.flat, sizes):
            measured = [row for row in rows if row["batch_size"] == size and not row["why_not"]][::-1]
            speeds = [row["images_per_second"] for row in measured]
            reach = [[row["images_per_second"] - row["lowest"] for row in measured], [row["highest"] - row["images_per_second"] for row in measured]]
            colors = ["C1" if row["peer"].startswith("mnist_ann") else "0.75" if row["peer"].startswith("limit") else "C0" for row in measured]
            ax.barh([row["peer"] for row in measured], speeds, xerr=reach, color=colors, error_kw={"linewidth": 1})
            ax.set(title=f"Batches of {size}", xlabel="images a second")
            ax.xaxis.set_major_formatter("{x:,.0f}")
            ax.tick_params(axis="x", labelrotation=30)
        fig.savefig(path)
        plt.close(fig)


def sweep(folder, rounds):
    "What `--sweep` measures; what the file already has is not measured again."
    peers = [peer for peer in PEERS if peer != "Keras fit"]
    settings = [Setting("this", HIDDEN_UNITS, 2**k, peers, rounds, 1) for k in range(3, 11)]
    settings += [Setting(machine, HIDDEN_UNITS, size, ["mnist_ann", LIMIT], rounds, EPOCHS_IN_A_TURN) for machine in ("avx2", "sse") for size in (32, 128)]
    settings += [Setting("this", units, size, peers, rounds, 1, 10_000) for units in ((1024, 512), (2048, 1024, 512)) for size in (32, 128)]
    path, rows = folder and folder / "training_sizes.csv", []
    if path and path.exists():
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
    there = {(row["machine"], row["hidden_units"], int(row["batch_size"])) for row in rows}
    for setting in settings:
        if (setting.machine, "-".join(map(str, setting.hidden_units)), setting.batch_size) not in there:
            more = rows_of(setting)
            print_table(more)
            check_same_work(more, within=0.03)  # after few steps the order of the digits matters more
            rows += more
            if path:
                write_table(rows, path)


def main():
    parser = arguments(__doc__, rounds=7)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[32, 128])
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--sweep", action="store_true", help="batch sizes, larger networks, imitated processors")
    parser.add_argument("--worker", type=json.loads, help=SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return work(*options.worker)
    is_sweep, options.sweep = options.sweep, False
    folder, rows = output_folder(parser, options), []
    if is_sweep:
        return sweep(folder, min(options.rounds, 3))
    for size in options.batch_sizes:
        rows += rows_of(Setting("this", HIDDEN_UNITS, size, options.peers, options.rounds, EPOCHS_IN_A_TURN))
        check_same_work(rows[-len(options.peers):])
    print_table(rows)
    if folder:
        write_table(rows, folder / "training.csv")
        draw(rows, folder / "training.png")


if __name__ == "__main__":
    main()
