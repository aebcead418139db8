"""How long it takes to read digits with the shipped network, here and with others: `python benchmarks/prediction.py`, about ten minutes.

Cold: a whole program that reads one picture file, from its start to its end, with the most memory that it ever had. Warm: one image,
10,000 images, and a photograph of 12 megapixels, in this process, the peers in turn, the same number of rounds for each.
All peers compute the same network: Keras, ONNX Runtime and scikit-learn get its weights.

Many pictures: 600 files of drawings (224 x 224 pixels) and 300 of photographs (12 megapixels; six of them, again and again), in programs of their own,
which begin to read when all are ready. `predict_many` on one core and on two, with the time to start its processes; and one program that reads picture
by picture with `predict` on the same two cores, alone, and two of them side by side (only six photographs). These two also with NumPy's small products
shared between the cores, as they are by themselves; the package holds them to one. Times are milliseconds for a picture of one program. Needs two cores
that do nothing else.
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
from PIL import Image, ImageDraw
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
from PIL import Image, ImageDraw
model = keras.Sequential([keras.Input((784,)), *(keras.layers.Dense(n, activation="relu") for n in (2048, 1024, 512)), keras.layers.Dense(10, activation="softmax")])
model.load_weights(sys.argv[2])
image = 1 - np.asarray(Image.open(sys.argv[1]).convert("L").resize((28, 28)), np.float32) / 255
digit = int(model.predict(image.reshape(1, 784), verbose=0).argmax())
""" + END

MANY = """
import os, sys, warnings
from time import perf_counter
folder, cores, way, products = sys.argv[1:]
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:int(cores)])
import mnist_ann as ma
from mnist_ann import network as chapter, pictures
if products == "shared":
    chapter._FEW = 0  # no product is held to one core
warnings.simplefilter("ignore", UserWarning)  # some pictures are in doubt
network, files = ma.load_pretrained(), ma.pictures_in(folder)
if way == "predict_many":
    files *= -(-pictures._MANY_FILES // len(files))  # at least so many that processes read them
read = (lambda: list(ma.predict_many(files, network, progress=False))) if way == "predict_many" else (lambda: [ma.predict(file, network) for file in files])
ma.predict(files[0], network)
print("ready", flush=True)
sys.stdin.readline()
started = perf_counter()
answers = read()
print(1000 * (perf_counter() - started) / len(answers), flush=True)
"""


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


def photograph(path, seed=0):
    "A phone's picture of a digit: 12 megapixels, JPEG."
    digit = Image.open(ROOT / "samples/4-pencil.png").convert("RGB").resize((4000, 3000), Image.Resampling.BICUBIC)
    grain = np.random.default_rng(seed).normal(0, 4, (3000, 4000, 1))
    Image.fromarray((np.asarray(digit) + grain).clip(0, 255).astype(np.uint8)).save(path, quality=92)


def drawing(path, seed):
    "A drawing program's picture of a digit, 224 x 224 pixels: one line, black on white."
    rng = np.random.default_rng(seed)
    shapes = {1: [(.36, .25), (.52, .08), (.52, .93)], 3: [(.3, .15), (.7, .12), (.45, .42), (.72, .6), (.6, .85), (.28, .88)], 7: [(.22, .1), (.78, .1), (.42, .93)],
              2: [(.25, .25), (.45, .08), (.7, .2), (.65, .45), (.24, .92), (.8, .92)], 0: [(.5, .08), (.25, .35), (.3, .75), (.5, .92), (.72, .7), (.74, .3), (.5, .08)]}
    points = [(45 + 130 * x + rng.normal(0, 2), 40 + 130 * y + rng.normal(0, 2)) for x, y in shapes[list(shapes)[seed % 5]]]
    picture = Image.new("L", (4 * 224, 4 * 224), 255)
    ImageDraw.Draw(picture).line([(4 * x, 4 * y) for x, y in points], fill=0, width=int(rng.integers(24, 60)), joint="curve")
    picture.resize((224, 224), Image.Resampling.BOX).save(path)


def together(folder, cores, way, products, programs=1):
    "Milliseconds that each of so many programs, at work at the same time, needs for a picture."
    command = [sys.executable, "-c", MANY, folder, str(cores), way, products]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(programs)]
    for program in running:
        assert program.stdout.readline() == "ready\n"
    for program in running:
        program.stdin.write("\n")
        program.stdin.flush()
    return [float(program.communicate()[0]) for program in running]


def many_pictures(folder, rounds):
    "Milliseconds for a picture, a list for each kind, task and way with the products."
    found = {}
    for kind, count, make in (("drawings", 600, drawing), ("photographs", 6, lambda path, seed: photograph(path.with_suffix(".jpg"), seed))):
        (folder / kind).mkdir()
        for seed in range(count):
            make(folder / kind / f"{seed:03}.png", seed)
    for _ in range(rounds):
        for kind in ("drawings", "photographs"):
            for task, *settings in (("predict_many, one core", 1, "predict_many", "held"), ("predict_many, two cores", 2, "predict_many", "held"),
                                    ("predict, alone", 2, "predict", "held"), ("predict, two side by side", 2, "predict", "held"),
                                    ("predict, alone", 2, "predict", "shared"), ("predict, two side by side", 2, "predict", "shared")):
                times = together(folder / kind, *settings, 2 if "two side" in task else 1)
                found.setdefault((kind, task, settings[-1]), []).append(sum(times) / len(times))
    return found


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
        many = many_pictures(folder, options.rounds)
    rows = [{"task": task, "peer": name, "milliseconds": round(median(times), 4), "lowest": round(min(times), 4), "highest": round(max(times), 4),
             "peak_mb": memory.get((task, name)), "rounds": len(times), "processor": processor(), "date": today()} for (task, name), times in found.items()]
    for row in rows:
        print(f"{row['task']:<18} {row['peer']:<22} {row['milliseconds']:>10.3f} ms", f"{row['peak_mb']:,.0f} MB" if row["peak_mb"] else "")
    many_rows = [{"pictures": kind, "task": task, "products": products, "milliseconds": round(median(times), 3), "lowest": round(min(times), 3), "highest": round(max(times), 3),
                  "pictures_per_second": round((2 if "two side" in task else 1) * 1000 / median(times), 2),  # of all programs together
                  "rounds": len(times), "processor": processor(), "date": today()} for (kind, task, products), times in many.items()]
    for row in many_rows:
        print(f"{row['pictures']:<12} {row['task']:<26} products {row['products']:<7} {row['milliseconds']:>8.1f} ms, {row['pictures_per_second']:>6.1f} pictures a second")
    for kind in ("drawings", "photographs"):
        one, two = (many[kind, f"predict_many, {cores}", "held"] for cores in ("one core", "two cores"))
        print(f"{kind}: two cores are {median(a / b for a, b in zip(one, two)):.2f} times as fast as one")  # of the same round
        for products in ("held", "shared"):
            alone, side = (many[kind, f"predict, {way}", products] for way in ("alone", "two side by side"))
            print(f"    products {products}: side by side a program takes {median(b / a for a, b in zip(alone, side)):.2f} times as long as alone")
    if output:
        write_table(rows, output / "prediction.csv")
        write_table(many_rows, output / "many.csv")


if __name__ == "__main__":
    main()
