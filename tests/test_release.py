"""What the README's commands leave behind, and what the source distribution and the wheel are worth elsewhere.

Run by .ci/run, after `make run`: python -m pytest -m release tests
"""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mnist_ann as ma

pytestmark = pytest.mark.release
ROOT = Path(__file__).parents[1]

READS = """
import sys
from pathlib import Path
import mnist_ann as ma
network = ma.load_pretrained()
train, test = ma.load_mnist()
assert (network.predict(test.images) != test.labels).sum() == network.attributes["test_errors"]
assert ma.predict(sys.argv[1]).digit == int(Path(sys.argv[1]).name[0])
assert [answer.digit for _, answer in ma.predict_many([sys.argv[1]] * 3)] == [7] * 3
for lacks in (lambda: ma.train, lambda: ma.build_model((32,)), lambda: ma.evaluate, lambda: ma.plot_digits(test.images[:3]), lambda: ma.DrawingPad):
    try:
        lacks()
    except ma.MnistAnnError as error:
        assert "mnist_ann[train]" in str(error), error
    else:
        raise AssertionError("it should need the extra")
"""
SMOKE = """
import sys
from pathlib import Path
import mnist_ann as ma
assert "site-packages" in ma.__file__, ma.__file__
network = ma.load_pretrained()
train, test = ma.load_mnist()
assert (network.predict(test.images) != test.labels).sum() == network.attributes["test_errors"]
answer = ma.predict(sys.argv[1])
assert answer.digit == int(Path(sys.argv[1]).name[0])
assert "tensorflow" not in sys.modules
train, valid = ma.split(train)
history = ma.train(ma.build_model((32,)), train, valid, epochs=1, verbose=0)
assert history.val_accuracy[0] > 0.8
print("smoke test passed on Python %d.%d" % sys.version_info[:2])
"""


def newest_python():
    "Python 3.13 if it is found beside this one, otherwise this one."
    found = [shutil.which("python3.13"), *sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/3.13*/bin/python3.13"))]
    for python in filter(None, found):
        if subprocess.run([python, "-c", "import venv, ensurepip"], capture_output=True).returncode == 0:
            return str(python)
    return sys.executable


def test_make_run_left_a_whole_run():
    folders = sorted((ROOT / "runs").iterdir(), key=lambda path: path.stat().st_mtime)
    folder = folders[-1]
    assert {path.name for path in folder.iterdir()} == {"weights.h5", "report.json", "history.png", "confusion_matrix.png", "mistakes.png"}
    report = json.loads((folder / "report.json").read_text())
    network = ma.load_network(folder / "weights.h5")
    assert network.sizes == (784, 512, 256, 10)
    assert report["training"]["settings"]["learning_rate"] == 0.01 and report["training"]["settings"]["batch_size"] == 32
    assert ma.evaluate(network, ma.load_mnist()[1]).errors == report["test"]["errors"]
    assert report["test"]["accuracy"] > 0.9


def reads_without_tensorflow(python, folder):
    "Try the installed package without its extras: it reads digits, and says what the rest needs."
    sample = ROOT / "samples" / "7-pen.jpg"
    done = subprocess.run([python, "-c", READS, str(sample)], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for command, status in ((["predict", str(sample)], 0), (["info"], 0), (["train"], 2), (["evaluate"], 2), (["draw", "--output", "draw.html"], 2)):
        done = subprocess.run([python.parent / "mnist-ann", *command], cwd=folder, capture_output=True, text=True)
        assert done.returncode == status and "Traceback" not in done.stderr, (command, done.stderr)
        assert status == 0 or "mnist_ann[train]" in done.stderr and len(done.stderr.strip().splitlines()) == 1, done.stderr


def works(python, folder):
    "Try the installed package outside the checkout: read a digit and a test set, train a little, use the command."
    sample = ROOT / "samples" / "7-pen.jpg"
    smoke = subprocess.run([python, "-c", SMOKE, str(sample)], cwd=folder, capture_output=True, text=True)
    assert smoke.returncode == 0, smoke.stderr
    print(smoke.stdout)
    command = subprocess.run([python.parent / "mnist-ann", "predict", "--json", str(sample)], cwd=folder, capture_output=True, text=True, check=True)
    assert json.loads(command.stdout)[0]["digit"] == 7


def test_distributions_work_outside_the_checkout(tmp_path):
    "The source distribution in a fresh environment, and then, in its place, the wheel, which is built from it."
    subprocess.run([sys.executable, "-m", "build", "--outdir", str(tmp_path), str(ROOT)], check=True)
    (source,), (wheel,) = tmp_path.glob("*.tar.gz"), tmp_path.glob("*.whl")
    subprocess.run([newest_python(), "-m", "venv", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", str(source)], check=True)
    reads_without_tensorflow(python, tmp_path)
    subprocess.run([python, "-m", "pip", "install", "-q", f"{source}[train]"], check=True)
    works(python, tmp_path)
    subprocess.run([python, "-m", "pip", "install", "-q", "--force-reinstall", "--no-deps", str(wheel)], check=True)
    works(python, tmp_path)
