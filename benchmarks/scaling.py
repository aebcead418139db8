"""What more workers buy, and what they cost: `python benchmarks/scaling.py`, about a quarter of an hour on two cores that do nothing else.

Reading: a million digits, MNIST's training digits distorted (`distort`), in ten IDX files; and 600 drawings of 224 x 224 pixels. A plain loop in one
process, which writes the same columns; `predict_dataset` on one worker and on two; in turn, `--rounds` times. Ray's start is timed by itself, and a worker
has imported the package before the clock runs, as in any run that takes longer than a minute. CPU seconds are those of all processes, Ray's own included.

Alone: how many images a second are read from each kind of file, without the network. Blocks: what a block costs that holds one digit.
Training: a step of one worker with shares of a batch of several sizes, and an all-reduce of several sizes between two processes on loopback, both for the
network 784-512-256-10 and for one with about a hundred times as many weights.

Each figure is written when it is there. What is there is not measured again: stopped at any moment, the same command goes on. `--digits` tries it with fewer.
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # one core is one core, in the plain loop, too

import numpy as np
import pandas as pd
from PIL import Image
from table import ROOT, arguments, output_folder, processor, today, write_table

import mnist_ann as ma
from mnist_ann import scaling
from mnist_ann.recognition import energy
from mnist_ann.tuning import _cluster, _free_ports

SHARDS = 10
SMALL, LARGE = (784, 512, 256, 10), (784, 6500, 7200, 10)
SHARES, SIZES = (4, 8, 16, 32, 64, 128, 256, 512), (1_000, 10_000, 100_000, 535_818, 5_000_000, 52_000_000)  # images; float32 numbers

WORKER = """
import json, os, sys
from time import perf_counter
port, rank, sizes = sys.argv[1].split("-"), int(sys.argv[2]), json.loads(sys.argv[3])
os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": [f"127.0.0.1:{p}" for p in port]}, "task": {"type": "worker", "index": rank}})
import numpy as np
from mnist_ann.scaling import _join
crew = _join()
import tensorflow as tf
def many(values, count):
    def once(k, values):
        def add(values):
            return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values * 0.5)
        return k + 1, crew.strategy.run(add, (values,))
    return tf.while_loop(lambda k, *_: k < count, once, (0, values))[1]
for size in sizes:
    values, count = tf.ones(size), max(1, min(50, 2_000_000 // size))  # short bursts, many of them: the best one was not interrupted
    compiled = tf.function(many, autograph=False)
    compiled(values, 2)
    best = None
    for _ in range(15):
        started = perf_counter()
        compiled(values, count)[:1].numpy()
        taken = (perf_counter() - started) / count
        best = taken if best is None else min(best, taken)
    if rank == 0:
        print(json.dumps([size, best]), flush=True)
"""
STEP = """
import json, sys
from time import perf_counter
import mnist_ann.model
import numpy as np, tensorflow as tf
from mnist_ann.engine import _step
sizes, share = json.loads(sys.argv[1]), int(sys.argv[2])
rng = np.random.default_rng(0)
arrays = [tf.constant((rng.standard_normal(shape) * 0.02).astype(np.float32)) for k, (a, b) in enumerate(zip(sizes, sizes[1:]))
          for shape in (((b, a) if k else (a, b)), (b,))]
images, labels = tf.constant(rng.integers(0, 256, (share, 784)).astype(np.uint8)), tf.constant(rng.integers(0, 10, share).astype(np.int32))
@tf.function(autograph=False)
def steps(weights, count):
    def once(k, weights):
        return k + 1, _step(images, labels, None, weights, [], 0.01, 0.0, False, 0.0, 0.0, 0.0, tf.float32)[0]
    return tf.while_loop(lambda k, *_: k < count, once, (0, weights))[1]
steps(arrays, 2)
count = max(1, min(50, int(1e9 / share / sum(a * b for a, b in zip(sizes, sizes[1:])))))
best = None
for _ in range(25 if count > 1 else 5):
    started = perf_counter()
    steps(arrays, count)[-1].numpy()
    taken = (perf_counter() - started) / count
    best = taken if best is None else min(best, taken)
print(json.dumps(best))
"""


def made(folder, digits):
    "The digits in ten files, each made whole or not at all; the drawings; and a network that has seen the originals."
    train, _ = ma.load_mnist()
    for k in range(SHARDS):
        if not (shard := folder / f"digits-{k}-idx3-ubyte").exists():
            rng = np.random.default_rng((22, k))
            rows = rng.integers(0, 60_000, digits // SHARDS)
            pieces = enumerate(np.array_split(rows, 20))
            ma.write_idx(shard, np.concatenate([ma.distort(train.images[some], ma.Distortion(), (22, k, part)) for part, some in pieces]))
            np.save(folder / f"labels-{k}.npy", train.labels[rows])
            print("made", shard.name, flush=True)
    (pictures := folder / "pictures").mkdir(exist_ok=True)
    for k in range(600):
        if not (path := pictures / f"{k:03}.png").exists():
            Image.fromarray(255 - train.images[k]).resize((224, 224)).save(path)
    if not (weights := folder / "network.h5").exists():
        model = ma.build_model((512, 256), seed=0)
        ma.train(model, *ma.split(train, 10_000), epochs=5, batch_size=64, learning_rate=0.1, verbose=0)
        ma.save_weights(model, weights)
    return ma.load_network(weights)


def plain_digits(shards, target, network):
    "What one would write without this chapter."
    import pyarrow as pa
    from pyarrow import parquet

    for shard in shards:
        images, most = ma.map_idx(shard), network.attributes.get("max_energy")
        writer = None
        for row in range(0, len(images), 2_000):
            logits = network.logits(np.array(images[row:row + 2_000]))
            table = pa.table({
                "file": [shard.name] * len(logits), "row": np.arange(row, row + len(logits)), "digit": logits.argmax(axis=1).astype(np.int8),
                "probabilities": pa.FixedSizeListArray.from_arrays(pa.array(ma.softmax(logits).ravel()), 10),
                "is_digit": pa.array(energy(logits) <= (most or 0))})
            writer = writer or parquet.ParquetWriter(target / f"{shard.name}.parquet", table.schema, compression="zstd")
            writer.write_table(table)
        writer.close()


def plain_pictures(folder, target, network):
    import pyarrow as pa
    from pyarrow import parquet

    files = ma.pictures_in(folder)
    found = [ma.predict(file, network) for file in files]
    parquet.write_table(pa.table({"file": [file.name for file in files], "digit": [one.digit for one in found],
                                  "probabilities": [one.probabilities for one in found], "is_digit": [one.is_digit for one in found]}),
                        target / "pictures.parquet")


def cpu_and_peak():
    "CPU seconds of all processes below this one, and the most memory that one of Ray's workers has had, in MB."
    import psutil

    seconds, peak = 0.0, 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            seconds += sum(process.cpu_times()[:2])
            if "ray::" in " ".join(process.cmdline()):
                peak = max(peak, *(int(line.split()[1]) / 1000 for line in open(f"/proc/{process.pid}/status") if line.startswith("VmHWM")))
        except (psutil.Error, OSError, TypeError):
            continue
    return seconds, peak


class Table:
    "The rows that are there, and a way to add one."

    def __init__(self, path):
        self.path = path
        self.rows = pd.read_csv(path).to_dict("records") if path and path.exists() else []
        self.had = {(row["task"], row["way"], row["workers"], row["amount"], row["round"]) for row in self.rows}

    def lacks(self, *key):
        return key not in self.had

    def add(self, task, way, workers, amount, round_, seconds, cpu_seconds=None, peak_mb=None):
        self.rows.append(dict(task=task, way=way, workers=workers, amount=amount, round=round_, seconds=float(f"{seconds:.5g}"),
                              cpu_seconds=None if cpu_seconds is None else round(cpu_seconds, 2), peak_mb=None if peak_mb is None else round(peak_mb, 1),
                              processor=processor(), date=today()))
        self.had.add((task, way, workers, amount, round_))
        print(task, way, workers, "workers", amount, f"{seconds:.5g} s", "" if cpu_seconds is None else f"{cpu_seconds:.1f} CPU s", flush=True)
        if self.path:
            write_table(self.rows, self.path)


def read(table, data, network, amounts, rounds):
    "A plain loop, one worker and two, in turn."
    shards = sorted(data.glob("digits-*-idx3-ubyte"))
    for round_ in range(rounds):
        for amount in amounts:
            for way, workers in (("plain", 1), ("predict_dataset", 1), ("predict_dataset", 2)):
                for task in ("digits", "pictures"):
                    count = amount if task == "digits" else 600
                    if (task == "pictures" and amount != amounts[0]) or not table.lacks(task, way, workers, count, round_):
                        continue
                    with tempfile.TemporaryDirectory(dir=data) as own:
                        source = data / "pictures"
                        if task == "digits":
                            (source := Path(own, "some")).mkdir()
                            for shard in shards[:max(1, amount * len(shards) // amounts[-1])]:
                                os.link(shard, source / shard.name)
                        (target := Path(own, "answers")).mkdir()
                        if way == "plain":
                            started, cpu = perf_counter(), process_time()
                            (plain_digits(sorted(source.iterdir()), target, network) if task == "digits" else plain_pictures(source, target, network))
                            table.add(task, way, 1, count, round_, perf_counter() - started, process_time() - cpu)
                        else:
                            with_ray(table, task, source, target, Path(own), network, workers, count, round_)


def with_ray(table, task, source, target, own, network, workers, count, round_):
    began = perf_counter()
    with _cluster(workers):
        if table.lacks("start", "Ray", workers, 0, round_):
            table.add("start", "Ray", workers, 0, round_, perf_counter() - began)
        (own / "warm").mkdir()
        for k in range(2 * workers):
            ma.write_idx(own / "warm" / f"{k}.idx", np.zeros((2_000, 28, 28), np.uint8))
        ma.predict_dataset(own / "warm", own / "answers of warm", network, workers, verbose=0)
        cpu, _ = cpu_and_peak()
        own_cpu = process_time()
        reading = ma.predict_dataset(source, target, network, workers, verbose=0)
        after, peak = cpu_and_peak()
        assert reading.rows == count and not reading.errors, reading
        table.add(task, "predict_dataset", workers, count, round_, reading.seconds, after - cpu + process_time() - own_cpu, peak)
        if task == "digits" and table.lacks("blocks", "predict_dataset", workers, 400, round_):
            (own / "tiny").mkdir()
            for k in range(400):
                ma.write_idx(own / "tiny" / f"{k:03}.idx", np.zeros((1, 28, 28), np.uint8))
            reading = ma.predict_dataset(own / "tiny", own / "answers of tiny", network, workers, verbose=0)
            table.add("blocks", "predict_dataset", workers, 400, round_, reading.seconds)


def alone(table, data, count=20_000):
    "Reading without a network: images from each kind of file."
    import pyarrow as pa
    from pyarrow import parquet

    images = np.array(ma.map_idx(data / "digits-0-idx3-ubyte")[:count])
    with tempfile.TemporaryDirectory(dir=data) as own:
        own = Path(own)
        ma.write_idx(own / "a.idx", images)
        ma.write_idx(own / "b.idx.gz", images)
        parquet.write_table(pa.table({"image": pa.array([image.tobytes() for image in images], pa.binary(784))}), own / "c.parquet", compression="zstd")
        for k in range(1000):
            Image.fromarray(images[k]).save(own / f"{k}.png")
        ways = {
            "IDX": lambda: sum(len(some) for _, some in scaling._pieces_of_idx(own / "a.idx", 0, None, 2_000)),
            "IDX, gzipped": lambda: sum(len(some) for _, some in scaling._pieces_of_idx(own / "b.idx.gz", 0, None, 2_000)),
            "Parquet": lambda: sum(len(some) for _, some in scaling._images_of_parquet(own / "c.parquet", scaling._Block("parquet", ("c.parquet",)))),
            "PNG": lambda: len([np.asarray(Image.open(own / f"{k}.png")) for k in range(1000)])}
        for way, act in ways.items():
            for round_ in range(3):
                if table.lacks("alone", way, 1, count if way != "PNG" else 1000, round_):
                    started, cpu = perf_counter(), process_time()
                    found = act()
                    table.add("alone", way, 1, found, round_, perf_counter() - started, process_time() - cpu)


def train(table):
    "A step without the others, and an all-reduce without a step."
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    for sizes, shares in ((SMALL, SHARES), (LARGE, (4, 32, 128))):
        name = "-".join(map(str, sizes))
        for share in shares:
            if table.lacks("step", name, 1, share, 0):
                done = subprocess.run([sys.executable, "-c", STEP, json.dumps(sizes), str(share)], env=environment, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL, check=True, text=True, timeout=1200)
                table.add("step", name, 1, share, 0, json.loads(done.stdout.splitlines()[-1]))
    missing = [size for size in SIZES if table.lacks("all-reduce", "loopback", 2, 4 * size, 0)]
    if missing:
        ports = "-".join(map(str, _free_ports(2)))
        workers = [subprocess.Popen([sys.executable, "-c", WORKER, ports, str(rank), json.dumps(missing)], env=environment, stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL, text=True) for rank in range(2)]
        try:
            for line in workers[0].stdout:
                size, seconds = json.loads(line)
                table.add("all-reduce", "loopback", 2, 4 * size, 0, seconds)
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()


def main():
    parser = arguments(__doc__, digits=1_000_000, rounds=3)
    parser.add_argument("--data", type=Path, default=ROOT / "runs/scaling-digits", help="the folder for the digits, 0.8 GB; they are left there")
    options = parser.parse_args()
    folder = output_folder(parser, options)
    data = options.data
    data.mkdir(parents=True, exist_ok=True)
    network = made(data, options.digits)
    table = Table(folder and folder / "scaling.csv")
    train(table)
    alone(table, data)
    read(table, data, network, (options.digits // 10, 3 * options.digits // 10, options.digits), options.rounds)


if __name__ == "__main__":
    main()
