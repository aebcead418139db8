"""What it costs to be watched: `python benchmarks/monitor.py`, about five minutes.

Trains on 20,000 of MNIST's training digits with a `TrainingMonitor` and without one, in turn, each round beginning with the other one: the networks
784-64-10 and 784-512-256-10 with `train`, and 784-64-10 with chapter 02's `train_by_hand`. No browser is attached, but all that a browser would
get is made. Reported is the median, over the rounds, of the time with a monitor divided by the time without one in the same round: by the clock,
and by the time that the processor spent on the process, which other programs on the machine disturb less.
"""
from statistics import median
from time import perf_counter, process_time

from table import arguments, output_folder, processor, today, write_table

import mnist_ann as ma


def trainings(train, valid, epochs):
    "Each training as a function of `on_epoch`, by its name."
    def compiled(hidden_units):
        def run(on_epoch):
            ma.train(ma.build_model(hidden_units, seed=0), train, valid, epochs=epochs, verbose=0, on_epoch=on_epoch)
        return run

    def by_hand(on_epoch):
        ma.train_by_hand(ma.initialize((784, 64, 10)), train, valid, epochs, learning_rate=0.1, on_epoch=on_epoch)

    return {"train, 784-64-10": compiled((64,)), "train, 784-512-256-10": compiled((512, 256)), "train_by_hand, 784-64-10": by_hand}


def seconds(run, valid, is_watched):
    "By the clock and by the processor."
    monitor = ma.TrainingMonitor(valid) if is_watched else None
    began = perf_counter(), process_time()
    if monitor:
        monitor.start(lambda on_epoch: run(on_epoch)).wait()
    else:
        run(None)
    return perf_counter() - began[0], process_time() - began[1]


def main():
    parser = arguments(__doc__, epochs=20, rounds=5)
    options = parser.parse_args()
    output, rows = output_folder(parser, options), []
    train, valid = ma.split(ma.load_mnist()[0])
    train = train[:20_000]
    for name, run in trainings(train, valid, options.epochs).items():
        run(None)  # what is compiled is compiled now
        ratios = []
        for round_ in range(options.rounds):
            order = (False, True) if round_ % 2 else (True, False)
            found = {is_watched: seconds(run, valid, is_watched) for is_watched in order}
            ratios.append([a / b for a, b in zip(found[True], found[False])])
            print(f"{name}: {ratios[-1][0]:.3f} by the clock, {ratios[-1][1]:.3f} by the processor; {found[False][0]:.1f} s without", flush=True)
        clock, cpu = zip(*ratios)
        rows.append({"training": name, "ratio": round(median(clock), 3), "lowest": round(min(clock), 3), "highest": round(max(clock), 3),
                     "processor_ratio": round(median(cpu), 3), "epochs": options.epochs, "rounds": options.rounds, "processor": processor(), "date": today()})
    if output:
        write_table(rows, output / "monitor.csv")


if __name__ == "__main__":
    main()
