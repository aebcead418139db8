"""How long until it reads 97, 98, 98.5 % of the test digits? `python benchmarks/time_to_accuracy.py`, about twenty minutes.

Seconds from the start of a cold process, imports and compilation included, on all 60,000 training digits: this package's recipe
`fast` (chosen on validation digits by benchmarks/recipes.py), the settings of Keras' MLP example, PyTorch with the network of its
quickstart (with the quickstart's own settings, and with Adam at its defaults), the same network with Adam in JAX, where an epoch is one
compiled scan, and scikit-learn's MLPClassifier with its defaults.
Everyone's accuracy on the test digits is taken after each epoch, in everyone's time. Each trial stops at 98.5 % or at the end of its
epochs. The test set chooses nothing here: it is the finishing line.
"""
import json
import subprocess
import sys
import time
from argparse import SUPPRESS
from importlib.util import find_spec
from statistics import median

import numpy as np
from table import arguments, output_folder, processor, today, write_table

import mnist_ann as ma  # costs milliseconds: its parts are loaded when they are used

MARKS = (0.97, 0.98, 0.985)


class Reached(Exception):
    "The last mark is reached, or the epochs are used up."


class Clock:
    "Prints the accuracy after each epoch, with the seconds since the process was started."

    def __init__(self, started):
        self.started = started

    def tell(self, accuracy, at=None):
        print(json.dumps([(at or time.time()) - self.started, float(accuracy)]), flush=True)
        if accuracy >= MARKS[-1]:
            raise Reached


def by_recipe(seed, clock):
    train, test = ma.load_mnist()
    recipe = ma.load_recipe("fast")
    model = ma.build_model(recipe.hidden_units, seed=seed)
    history = ma.train(model, train, test, seed=seed, verbose=0, **recipe.settings())  # the test digits only report here
    begun = time.time() - sum(history.seconds)  # later than the call: what came before the first epoch counts, too
    for number, accuracy in enumerate(history.val_accuracy, 1):
        clock.tell(accuracy, at=begun + sum(history.seconds[:number]))


def by_keras(seed, clock, epochs=20):
    "Keras' examples/mnist_mlp.py: two layers of 512, dropout 0.2, RMSprop, batches of 128, 20 epochs."
    import keras

    keras.utils.set_random_seed(seed)
    train, test = ma.load_mnist()
    dense, dropout = keras.layers.Dense, keras.layers.Dropout
    model = keras.Sequential([keras.Input((784,)), dense(512, "relu"), dropout(0.2), dense(512, "relu"), dropout(0.2), dense(10, "softmax")])
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.RMSprop(), metrics=["accuracy"])
    told = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: clock.tell(logs["val_accuracy"]))
    model.fit(ma.normalize(train.images), ma.one_hot(train.labels), batch_size=128, epochs=epochs, verbose=0,
              validation_data=(ma.normalize(test.images), ma.one_hot(test.labels)), callbacks=[told])


def by_pytorch(seed, clock, optimizer=("Adam", {}), epochs=20):
    "The network of PyTorch's quickstart: two layers of 512, batches of 64."
    import torch

    torch.manual_seed(seed)
    train, test = ma.load_mnist()
    model = torch.nn.Sequential(torch.nn.Linear(784, 512), torch.nn.ReLU(), torch.nn.Linear(512, 512), torch.nn.ReLU(), torch.nn.Linear(512, 10))
    name, settings = optimizer
    steps, loss_of = getattr(torch.optim, name)(model.parameters(), **settings), torch.nn.CrossEntropyLoss()
    X, y = torch.tensor(ma.normalize(train.images)), torch.tensor(train.labels.astype(np.int64))
    X_test = torch.tensor(ma.normalize(test.images))
    for _ in range(epochs):
        for batch in torch.randperm(len(y)).split(64):
            steps.zero_grad()
            loss_of(model(X[batch]), y[batch]).backward()
            steps.step()
        with torch.no_grad():
            clock.tell(np.mean(model(X_test).argmax(1).numpy() == test.labels))


def by_jax(seed, clock, epochs=20):
    "The network and the settings of `by_pytorch` with Adam; an epoch is one compiled call."
    import jax
    import jax.numpy as jnp
    import optax

    train, test = ma.load_mnist()
    start, adam = ma.initialize((784, 512, 512, 10), seed=seed), optax.adam(1e-3)
    X, y, X_test = jnp.array(ma.normalize(train.images)), jnp.array(train.labels.astype(np.int32)), jnp.array(ma.normalize(test.images))

    def logits(layers, a):
        for W, b in layers[:-1]:
            a = jax.nn.relu(a @ W + b)
        return a @ layers[-1][0] + layers[-1][1]

    def loss(layers, batch):
        return optax.softmax_cross_entropy_with_integer_labels(logits(layers, X[batch]), y[batch]).mean()

    def step(state, batch):
        layers, moments = state
        changes, moments = adam.update(jax.grad(loss)(layers, batch), moments)
        return (optax.apply_updates(layers, changes), moments), None

    def epoch(state, key):
        order = jax.random.permutation(key, len(train))
        whole = len(train) - len(train) % 64
        state, _ = jax.lax.scan(step, state, order[:whole].reshape(-1, 64))
        return step(state, order[whole:])[0]

    epoch, read = jax.jit(epoch, donate_argnums=0), jax.jit(lambda layers: logits(layers, X_test).argmax(axis=1))
    layers = [(jnp.array(W), jnp.array(b)) for W, b in zip(start.weights, start.biases)]
    state = layers, adam.init(layers)
    for key in jax.random.split(jax.random.key(seed), epochs):
        state = epoch(state, key)
        clock.tell(np.mean(np.asarray(read(state[0])) == test.labels))


def by_scikit_learn(seed, clock, epochs=60):
    "MLPClassifier as it comes: 100 neurons, Adam, batches of 200. Its own stop is replaced by more epochs than it would take."
    from sklearn.neural_network import MLPClassifier

    train, test = ma.load_mnist()
    X, X_test = ma.normalize(train.images), ma.normalize(test.images)
    model = MLPClassifier(random_state=np.random.RandomState(seed))  # a whole number would shuffle alike in every epoch
    for _ in range(epochs):
        model.partial_fit(X, train.labels, classes=range(10))
        clock.tell(model.score(X_test, test.labels))


PEERS = {
    "mnist_ann, recipe fast": ("mnist_ann", by_recipe, {}),
    "Keras, its MLP example": ("keras", by_keras, {}),
    "PyTorch, Adam": ("torch", by_pytorch, {}),
    "PyTorch, its quickstart": ("torch", by_pytorch, {"optimizer": ("SGD", {"lr": 1e-3}), "epochs": 5}),
    "JAX, Adam": ("jax", by_jax, {}),
    "scikit-learn, defaults": ("sklearn", by_scikit_learn, {}),
}


def trial(peer, seed):
    "One cold process: a list of (seconds, accuracy), one pair for each epoch."
    process = subprocess.run([sys.executable, __file__, "--worker", peer, "--seed", str(seed), "--started", str(time.time())],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if process.returncode:
        sys.exit(f"{peer} failed:\n{process.stderr}")
    return [json.loads(line) for line in process.stdout.splitlines()]


def draw(curves, path):
    "The accuracy on the test digits against the seconds since the start, a line for each trial."
    from mnist_ann.data import figure_style

    with figure_style() as plt:
        fig, ax = plt.subplots(figsize=(8, 4))
        for k, (peer, style) in enumerate(zip(PEERS, ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3))))):
            for number, points in enumerate(curves.get(peer, [])):
                ax.plot(*zip(*[(seconds, 100 * accuracy) for seconds, accuracy in points]), color=f"C{k}", linestyle=style, marker=".",
                        label="" if number else peer)
        for mark in MARKS:
            ax.axhline(100 * mark, color="0.6", linewidth=1)
        ax.set(title="From a cold start to an accuracy", xlabel="seconds since the process was started", ylabel="test digits read rightly (%)",
               ylim=(95, 98.8), xlim=(0, None))
        ax.legend(loc="lower right")
        fig.savefig(path)
        plt.close(fig)


def row_of(peer, seed, points):
    "The row of one trial."
    reached = {f"seconds_to_{100 * mark:g}": next((round(seconds, 2) for seconds, accuracy in points if accuracy >= mark), None) for mark in MARKS}
    return {"peer": peer, "seed": seed, **reached, "best_accuracy": max(round(accuracy, 4) for _, accuracy in points), "epochs": len(points),
            "seconds": round(points[-1][0], 1), "installed": True, "processor": processor(), "date": today()}


def print_table(rows):
    print(f"\n{'median seconds to':28}" + "".join(f"{mark:>18.1%}" for mark in MARKS) + f"{'best accuracy':>16}")
    for peer in dict.fromkeys(row["peer"] for row in rows):
        mine = [row for row in rows if row["peer"] == peer]
        if not mine[0]["installed"]:
            print(f"{peer:28}{'not installed':>18}")
            continue
        words = []
        for mark in MARKS:
            times = [row[f"seconds_to_{100 * mark:g}"] for row in mine if row[f"seconds_to_{100 * mark:g}"] is not None]
            words.append(f"{median(times):.1f} ({len(times)} of {len(mine)})" if times else "never")
        print(f"{peer:28}" + "".join(f"{word:>18}" for word in words) + f"{max(row['best_accuracy'] for row in mine):>16.2%}")


def main():
    parser = arguments(__doc__, rounds=5)
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--worker", choices=list(PEERS), help=SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=SUPPRESS)
    parser.add_argument("--started", type=float, default=0.0, help=SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        _, run, settings = PEERS[options.worker]
        try:
            run(options.seed, Clock(options.started), **settings)
        except Reached:
            pass
        return
    folder = output_folder(parser, options)
    missing = [peer for peer in options.peers if not find_spec(PEERS[peer][0])]
    curves, rows = {peer: [] for peer in options.peers if peer not in missing}, [{"peer": peer, "installed": False} for peer in missing]
    for seed in range(options.rounds):
        for peer, found in curves.items():
            found.append(trial(peer, seed))
            rows.append(row_of(peer, seed, found[-1]))
            print(rows[-1], flush=True)
    print_table(rows)
    if folder:
        write_table(rows, folder / "time_to_accuracy.csv")
        draw(curves, folder / "time_to_accuracy.png")


if __name__ == "__main__":
    main()
