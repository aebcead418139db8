"""The package as a program uses it: in processes of their own."""
import gzip
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
SAMPLES = sorted([*(ROOT / "samples").glob("*.png"), *(ROOT / "samples").glob("*.jpg")])

MEMORY = """
import resource, sys
from pathlib import Path
from mnist_ann.cli import main
status = main(["predict", *sys.argv[1:]])
if Path("/proc/self/status").exists():  # Linux: its ru_maxrss would include the process that started this one
    peak = [int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("VmHWM")][0]
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 * 1024 if sys.platform == "darwin" else 1024)
print(peak)
print(sorted({name.partition(".")[0] for name in sys.modules} & {"tensorflow", "keras", "matplotlib", "sklearn", "scipy", "pandas", "IPython"}))
sys.exit(status)
"""


COMMAND = "import sys; from mnist_ann.cli import main; sys.exit(main())"


def run(*arguments, cwd=ROOT, **variables):
    return subprocess.run([sys.executable, *map(str, arguments)], cwd=cwd, env=os.environ | variables, capture_output=True, text=True, timeout=1200)


def test_example_usage_reads_its_sample(tmp_path):
    answer = run(ROOT / "example_usage.py", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("7-pen.jpg shows a 7 ")
    assert run("example_usage.py", ROOT / "samples/2-chalk.png").stdout.startswith("2-chalk.png shows a 2 ")
    assert len((ROOT / "example_usage.py").read_text().splitlines()) <= 12


def test_predict_is_light():
    answer = run("-c", MEMORY, *SAMPLES)
    assert answer.returncode == 0, answer.stderr
    *table, megabytes, heavy = answer.stdout.splitlines()
    assert [re.split(" {2,}", row)[1] for row in table[1:]] == [path.name[0] for path in SAMPLES]  # single spaces may be in the path
    assert heavy == "[]", "reading a digit must import none of these"
    assert int(megabytes) < 150


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no device that is always full")
@pytest.mark.parametrize("arguments", (("predict", str(SAMPLES[0])), ("info", "--json"), ("--version",)))
def test_an_output_that_cannot_be_written_is_told_in_one_line(arguments):
    with open("/dev/full", "w") as full:
        answer = subprocess.run([sys.executable, "-c", COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=1200)
    assert answer.returncode == 2
    assert answer.stderr.startswith("mnist-ann: the output: cannot be written") and answer.stderr.count("\n") == 1


def test_import_alone_loads_nothing():
    answer = run("-c", "import sys, mnist_ann; print('numpy' in sys.modules, 'h5py' in sys.modules); mnist_ann.no_such_name")
    assert answer.stdout == "False False\n"
    assert "AttributeError" in answer.stderr and "no_such_name" in answer.stderr


def test_each_public_name_has_one_home():
    import mnist_ann as ma

    assert len(ma.__all__) == len(set(ma.__all__))
    assert all(getattr(ma, name) is not None for name in ma.__all__)
    assert [getattr(ma, name).__module__ for name in ("train", "evaluate", "predict", "load_mnist")] == [f"mnist_ann.{m}" for m in ("engine", "evaluation", "pictures", "files")]
    assert {"cli", "load_mnist", "build_model", "Network", "MnistAnnError"} <= set(ma.__all__) and "main" not in ma.__all__


def test_a_public_function_is_one_object_under_both_its_names():
    import mnist_ann as ma

    for function in (ma.split, ma.evaluate, ma.predict):
        assert pickle.loads(pickle.dumps(function)) is function is getattr(sys.modules[function.__module__], function.__name__)


def test_a_package_without_its_stub_says_how_to_freeze_it(tmp_path):
    shutil.copytree(ROOT / "mnist_ann", tmp_path / "mnist_ann", ignore=shutil.ignore_patterns("*.pyi", "mnist", "__pycache__"))
    answer = run("-c", "import mnist_ann", cwd=tmp_path)
    assert answer.returncode == 1 and "pyinstaller --collect-all mnist_ann" in answer.stderr.splitlines()[-1]


def test_wrong_keras_backend_is_said(tmp_path):
    program = "import os; os.environ['KERAS_BACKEND'] = 'numpy'\nimport mnist_ann as ma\nma.build_model()"
    answer = run("-c", program)
    assert answer.returncode == 1 and "KERAS_BACKEND=tensorflow" in answer.stderr.splitlines()[-1]


@pytest.mark.parametrize("command, words", [("predict nowhere.png", "there is no such file"), ("info README.md", "not a weights file"), ("fly", "No such command")])
def test_errors_are_one_line_and_status_2(command, words):
    answer = run("-c", COMMAND, *command.split())
    assert answer.returncode == 2 and answer.stdout == ""
    assert answer.stderr.count("\n") == 1 and words in answer.stderr


def test_the_command_alone_prints_its_help():
    alone, asked = run("-c", COMMAND), run("-c", COMMAND, "--help")
    assert (alone.returncode, alone.stdout, alone.stderr) == (0, asked.stdout, "")
    assert alone.stdout.startswith("Usage: mnist-ann") and alone.stdout.count("\n") > 10


MANY = """
import sys
import mnist_ann as ma
readings = ma.predict_many(sys.argv[1], workers=2)
next(readings)
print("reading", flush=True)
for reading in readings:
    pass
"""


WAITING = """
import signal, sys
import mnist_ann as ma
from mnist_ann.cli import main

def wait(*arguments, **settings):
    print("working", flush=True)
    signal.pause()

setattr(ma, sys.argv[1], wait)
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is no signal there")
@pytest.mark.parametrize("at_work, arguments", [("predict_many", ["predict", SAMPLES[0]]), ("predict_many", ["predict", "--csv", "out.csv", SAMPLES[0]]),
                                                ("read_number", ["predict", "--number", SAMPLES[0]]), ("evaluate", ["evaluate"]),
                                                ("train_recipe", ["train", "--runs", "runs", "--json"])])
def test_ctrl_c_is_told(tmp_path, at_work, arguments):
    process = subprocess.Popen([sys.executable, "-c", WAITING, at_work, *map(str, arguments)], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, start_new_session=True)
    assert process.stdout.readline() == "working\n"
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all its processes
    out, err = process.communicate(timeout=1200)
    assert (process.returncode, out, err) == (130, "", "mnist-ann: interrupted.\n")
    assert not [path for path in tmp_path.rglob("*") if path.name != "runs"], "something half-written is left"


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="this system does not list a process' children in files")
@pytest.mark.parametrize("stop", (os.killpg, os.kill))  # by a terminal, all its processes; by a program, this one alone
def test_ctrl_c_ends_the_processes_that_read(tmp_path, stop):
    for k in range(600):
        (tmp_path / f"{k:03}{SAMPLES[0].suffix}").symlink_to(SAMPLES[0])
    process = subprocess.Popen([sys.executable, "-c", MANY, tmp_path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout.readline() == "reading\n"
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) >= 2, "one process alone has read"
    stop(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode in (1, -signal.SIGINT) and "KeyboardInterrupt" in err.splitlines()  # joblib may warn after it of a folder that it clears away
    ended = time.time() + 60
    while (left := [child for child in children if Path(f"/proc/{child}").exists()]) and time.time() < ended:
        time.sleep(0.1)
    assert not left


@pytest.mark.skipif(sys.platform == "win32", reason="has no such files")
def test_what_is_no_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    for path, words in ((tmp_path / "pipe.png", "a device or a pipe"), ("/dev/zero", "a device or a pipe"), (tmp_path / ("x" * 300), "is no file name"), (tmp_path, "no picture in this folder")):
        answer = run("-c", COMMAND, "predict", path)
        assert answer.returncode == 2 and answer.stderr.count("\n") == 1 and words in answer.stderr, answer.stderr
    answer = run("-c", COMMAND, "predict", SAMPLES[0], "--csv", tmp_path / ("x" * 300))
    assert answer.returncode == 2 and answer.stderr.count("\n") == 1 and "cannot be written" in answer.stderr, answer.stderr


UNREADABLE = """
import os, sys
from mnist_ann.cli import main

main(["predict", "seven.jpg"])  # so that everything is loaded
os.setresuid(65534, 65534, 65534)  # somebody who may not read it; root may read everything
print("status", main(["predict", "closed.jpg", "seven.jpg"]))
"""


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can become somebody else")
def test_an_unreadable_file_does_not_stop_the_others(tmp_path):
    for name, mode in (("closed.jpg", 0), ("seven.jpg", 0o644)):
        shutil.copy(ROOT / "samples/7-pen.jpg", tmp_path / name)
        (tmp_path / name).chmod(mode)
    answer = run("-c", f"import os; os.chdir({str(tmp_path)!r}); os.chmod('.', 0o755)" + UNREADABLE)
    assert answer.stdout.count("seven.jpg  7") == 2 and answer.stdout.endswith("status 2\n"), answer.stderr
    assert answer.stderr == "mnist-ann: closed.jpg: this file may not be read: permission denied.\n"


def test_the_shell_completes_commands_and_options():
    for typed, place, expected in (("mnist-ann pre", "1", ["predict"]), ("mnist-ann predict --nu", "2", ["--number"])):
        answer = run("-c", COMMAND, _MNIST_ANN_COMPLETE="complete_bash", COMP_WORDS=typed, COMP_CWORD=place)
        assert answer.stdout.split() == expected, answer.stderr


@pytest.mark.parametrize("most", (255, 256))  # what the pixels were divided by: both are about
def test_the_line_that_converts_a_pickle_converts_it(tmp_path, most):
    import mnist_ann as ma

    digits = [digits[:300] for digits in ma.load_mnist()]
    parts = [(part.images.reshape(-1, 784) / np.float32(most), part.labels.astype(np.int64)) for part in (digits[0][:250], digits[0][250:], digits[1])]
    with gzip.open(tmp_path / "mnist.pkl.gz", "wb") as file:
        pickle.dump(parts, file)
    with pytest.raises(ma.MnistAnnError, match="runs what is in it") as refusal:
        ma.load_digits(tmp_path / "mnist.pkl.gz")
    line = re.search('python -c "(.*)"', str(refusal.value)).group(1)
    assert run("-c", line, cwd=tmp_path).returncode == 0
    for kept, part in zip(digits, ("train", "test")):
        again = ma.load_digits(tmp_path / "mnist.npz", part)
        assert (kept.images == again.images).all() and (kept.labels == again.labels).all()


def test_plain_keras_reads_the_shipped_weights():
    program = """
import json, h5py, keras, numpy as np
sizes = h5py.File("trained_model_weights.h5").attrs["layer_sizes"]
model = keras.Sequential([keras.Input((int(sizes[0]),)), *(keras.layers.Dense(int(n), activation="relu") for n in sizes[1:-1]), keras.layers.Dense(10, activation="softmax")])
model.load_weights("trained_model_weights.h5")
import mnist_ann as ma
_, test = ma.load_mnist()
X = ma.normalize(test.images[:500])
print(float(np.abs(model.predict(X, verbose=0) - ma.load_pretrained().predict_proba(X)).max()))
"""
    answer = run("-c", program)
    assert answer.returncode == 0, answer.stderr
    assert float(answer.stdout.splitlines()[-1]) < 1e-5


def test_a_killed_save_leaves_the_old_file(tmp_path):
    program = f"""
import os, mnist_ann as ma

ma.save_weights(ma.initialize((784, 10), seed=0), {str(tmp_path / "w.h5")!r})
os.replace = lambda *paths: os.kill(os.getpid(), 9)
ma.save_weights(ma.initialize((784, 10), seed=1), {str(tmp_path / "w.h5")!r})
"""
    assert run("-c", program).returncode == -9
    check = f"import mnist_ann as ma; print((ma.load_network({str(tmp_path / 'w.h5')!r}).weights[0] == ma.initialize((784, 10), seed=0).weights[0]).all())"
    assert run("-c", check).stdout == "True\n"
