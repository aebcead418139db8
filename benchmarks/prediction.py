"""How long it takes to read digits with the shipped network, here and with others: `python benchmarks/prediction.py`, about a minute.

Cold: a whole program that reads one picture file, from its start to its end, with the most memory that it ever had. Warm: one image,
10,000 images, and a photograph of 12 megapixels, in this process, the peers in turn, the same number of rounds for each.
All peers compute the same network: Keras, ONNX Runtime and scikit-learn get its weights.
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
from PIL import Image
from table import ROOT, arguments, output_folder, processor, today, write_table

import mnist_ann as ma

END = """
import json
peak = [int(line.split()[1]) / 1000 for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(json.dumps({"digit": digit, "peak_mb": peak[0] if peak else None}))
"""
OURS = "import sys, mnist_ann; digit = mnist_ann.predict(sys.argv[1]).digit" + END
KERAS = """
import sys, os
os.environ["KERAS_BACKEND"], os.environ["TF_CPP_MIN_LOG_LEVEL"] = "tensorflow", "2"
import keras, numpy as np
from PIL import Image
model = keras.Sequential([keras.Input((784,)), *(keras.layers.Dense(n, activation="relu") for n in (2048, 1024, 512)), keras.layers.Dense(10, activation="softmax")])
model.load_weights(sys.argv[2])
image = 1 - np.asarray(Image.open(sys.argv[1]).convert("L").resize((28, 28)), np.float32) / 255
digit = int(model.predict(image.reshape(1, 784), verbose=0).argmax())
""" + END


def cold(program, *files):
    "Seconds that the whole program takes, and what it says."
    started = perf_counter()
    process = subprocess.run([sys.executable, "-c", program, *map(str, files)], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return perf_counter() - started, json.loads(process.stdout.splitlines()[-1])


def as_scikit_learn(network):
    "scikit-learn's classifier with the weights of `network`."
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(network.sizes[1:-1])
    model.partial_fit(np.zeros((10, 784), np.float32), range(10), classes=range(10))
    model.coefs_, model.intercepts_ = list(network.weights), list(network.biases)
    return model


def readers(network, folder):
    "What reads float32 (n, 784), by name: a function that gives probabilities (n, 10)."
    import keras
    import onnxruntime

    model = ma.to_keras(network)
    ma.export(network, folder / "digits.onnx")
    session = onnxruntime.InferenceSession(folder / "digits.onnx", providers=["CPUExecutionProvider"])
    return {"Network.predict_proba": network.predict_proba,
            "Keras predict": lambda X: model.predict(X, batch_size=1000, verbose=0),
            "Keras model(x)": lambda X: keras.ops.convert_to_numpy(model(X)),
            "ONNX Runtime": lambda X: session.run(["probabilities"], {"images": X})[0],
            "scikit-learn": as_scikit_learn(network).predict_proba}


def bare_products(network):
    "The products alone, without sums, relu and softmax."
    def products(X):
        for W in network.weights:
            X = X @ W
        return X
    return products


def milliseconds(function, repeats):
    started = perf_counter()
    for _ in range(repeats):
        function()
    return 1000 * (perf_counter() - started) / repeats


def photograph(path):
    "A phone's picture of a digit: 12 megapixels, JPEG."
    digit = Image.open(ROOT / "samples/4-pencil.png").convert("RGB").resize((4000, 3000), Image.Resampling.BICUBIC)
    grain = np.random.default_rng(0).normal(0, 4, (3000, 4000, 1))
    Image.fromarray((np.asarray(digit) + grain).clip(0, 255).astype(np.uint8)).save(path, quality=92)


def main():
    parser = arguments(__doc__, rounds=7)
    options = parser.parse_args()
    output, found, memory = output_folder(parser, options), {}, {}
    network, test = ma.load_pretrained(), ma.load_mnist()[1]
    X = ma.normalize(test.images)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        Image.fromarray(255 - test.images[0]).save(folder / "seven.png")
        photograph(folder / "photograph.jpg")
        cold(OURS, folder / "seven.png")  # so that all files have been read once
        for _ in range(max(3, options.rounds // 2)):
            for name, program in (("mnist_ann.predict", OURS), ("Keras predict", KERAS)):
                seconds, answer = cold(program, folder / "seven.png", ROOT / "trained_model_weights.h5")
                assert answer["digit"] == 7
                found.setdefault(("cold, one file", name), []).append(1000 * seconds)
                memory["cold, one file", name] = answer["peak_mb"]
        peers = readers(network, folder)
        for name, read in peers.items():
            assert np.abs(read(X) - network.predict_proba(X)).max() < 1e-5, name
        images = iter(np.tile(np.arange(10_000), 1000))
        tasks = {("one image", "mnist_ann.predict"): (lambda: ma.predict(test.images[next(images)], network), 200),
                 ("12-megapixel file", "mnist_ann.predict"): (lambda: ma.predict(folder / "photograph.jpg", network), 1)}
        for task, count, repeats in (("one image", 1, 200), ("10,000 images", 10_000, 1)):
            for name, read in {**peers, "bare products": bare_products(network)}.items():
                slow = count == 1 and name == "Keras predict"
                tasks[task, name] = (lambda read=read, count=count: read(X[(k := next(images) if count == 1 else 0):k + count])), 5 if slow else repeats
        import warnings
        warnings.simplefilter("ignore", UserWarning)  # some test digits look like none
        for _ in range(options.rounds):
            for key, (function, repeats) in tasks.items():
                found.setdefault(key, []).append(milliseconds(function, repeats))
    rows = [{"task": task, "peer": name, "milliseconds": round(median(times), 4), "lowest": round(min(times), 4), "highest": round(max(times), 4),
             "peak_mb": memory.get((task, name)), "rounds": len(times), "processor": processor(), "date": today()} for (task, name), times in found.items()]
    for row in rows:
        print(f"{row['task']:<18} {row['peer']:<22} {row['milliseconds']:>10.3f} ms", f"{row['peak_mb']:,.0f} MB" if row["peak_mb"] else "")
    if output:
        write_table(rows, output / "prediction.csv")


if __name__ == "__main__":
    main()
