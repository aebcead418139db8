"""A training that is killed again and again ends as if it had never been: what chapter 11 promises, on real processes."""
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np
import pytest

import mnist_ann as ma

resource = pytest.importorskip("resource")  # limits and signals as Unix has them

EPOCHS = 400
TRAINING = f"""
import json, sys
import mnist_ann as ma
train, valid = ma.split(ma.load_mnist()[0])
model = ma.build_model((32, 16), seed=1)
print("ready", flush=True)
history = ma.train(model, train[:640], valid[:200], epochs={EPOCHS}, momentum=0.9, seed=1, verbose=0, patience={EPOCHS}, learning_rate=0.001,
                   checkpoint=sys.argv[1], resume=True)
ma.save_weights(model, sys.argv[2])
print(json.dumps(history.to_dict()))
"""


def start(folder, weights):
    return subprocess.Popen([sys.executable, "-c", TRAINING, str(folder), str(weights)], stdout=subprocess.PIPE, text=True)


def finish(process):
    "The history that the process prints in the end, as a History."
    out, _ = process.communicate(timeout=1200)
    assert process.returncode == 0
    return ma.History(**json.loads(out.splitlines()[-1]))


def epochs_behind(folder):
    return max((int(path.stem.split("-")[1]) for path in folder.glob("epoch-*.checkpoint")), default=0)


@pytest.mark.parametrize("times", [4, pytest.param(20, marks=pytest.mark.long)])
def test_killed_again_and_again(tmp_path, times):
    whole = finish(start(tmp_path / "whole", tmp_path / "whole.h5"))
    folder, moments = tmp_path / "killed", random.Random(0)
    stopped_at, half_written = [], 0
    for kills in range(times):
        process = start(folder, tmp_path / "killed.h5")
        process.stdout.readline()  # ready
        before, goal = epochs_behind(folder), EPOCHS * (kills + 1) // (times + 2)
        while epochs_behind(folder) < max(goal, before + 1):  # each time a bit further, and at least one epoch
            assert process.poll() is None
            time.sleep(0.001)
        if kills % 2:  # every second time in the middle of a write
            while not any(folder.glob(".*.tmp")):
                assert process.poll() is None
        else:
            time.sleep(moments.uniform(0, 0.01))
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        process.stdout.close()
        stopped_at.append(epochs_behind(folder))
        half_written += len(list(folder.glob(".*.tmp")))
    assert stopped_at == sorted(set(stopped_at)) and stopped_at[-1] < EPOCHS
    assert half_written, "no kill fell into a write"
    print(f"killed after epochs {stopped_at}, {half_written} times in the middle of writing")
    resumed = finish(start(folder, tmp_path / "killed.h5"))
    assert resumed == whole
    for a, b in zip(*(ma.load_network(tmp_path / name).weights + ma.load_network(tmp_path / name).biases for name in ("whole.h5", "killed.h5"))):
        assert np.array_equal(a, b)
    assert not list(folder.glob(".*.tmp")) and len(list(folder.iterdir())) == 2


def test_ctrl_c_ends_the_epoch(tmp_path):
    process = start(tmp_path / "stopped", tmp_path / "stopped.h5")
    process.stdout.readline()
    while not epochs_behind(tmp_path / "stopped"):
        assert process.poll() is None
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    history = finish(process)
    assert 0 < len(history.loss) < EPOCHS and not history.is_finished
    assert epochs_behind(tmp_path / "stopped") == len(history.loss)
    network = ma.load_network(tmp_path / "stopped.h5")
    assert network.attributes["epochs"] == history.kept_epoch and network.attributes["val_loss"] == min(history.val_loss)


LONG_EPOCH = """
import sys
import mnist_ann as ma
train, valid = ma.split(ma.load_mnist()[0])
ma.train(ma.build_model((512, 256)), train, valid, epochs=1000, checkpoint=sys.argv[1])
"""


def interrupted_in_its_first_epoch(folder):
    "A training that has heard a Ctrl-C. The answer comes while the epoch is still running, which takes seconds: no checkpoint is there yet."
    process = subprocess.Popen([sys.executable, "-c", LONG_EPOCH, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith("epoch")  # the first one begins
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline().startswith("Ctrl-C: the training ends with this epoch.") and epochs_behind(folder) == 0
    return process


def test_a_second_ctrl_c_gives_up_the_epoch(tmp_path):
    process = interrupted_in_its_first_epoch(tmp_path)
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline() == "Ctrl-C: this epoch is given up.\n"
    out, err = process.communicate(timeout=1200)
    assert process.returncode and err.endswith("KeyboardInterrupt\n") and (out, epochs_behind(tmp_path)) == ("", 0)


def test_ctrl_c_is_acknowledged_at_once(tmp_path):
    process = interrupted_in_its_first_epoch(tmp_path)
    out, err = process.communicate(timeout=1200)
    assert (process.returncode, err, epochs_behind(tmp_path)) == (0, "", 1)
    assert [line.split()[0] for line in out.splitlines()] == ["1", "stopped"]


def test_full_disk_leaves_the_last_checkpoint(tmp_path):
    train, valid = ma.split(ma.load_mnist()[0])
    train, valid, model, settings = train[:640], valid[:200], ma.build_model((64,)), {"momentum": 0.9, "verbose": 0, "checkpoint": tmp_path / "kept"}
    ma.train(model, train, valid, epochs=3, **settings)
    before = {path.name: path.read_bytes() for path in (tmp_path / "kept").iterdir()}
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, usual[1]))  # a checkpoint is larger: the system stops its writing in the middle
    try:
        with pytest.raises(ma.MnistAnnError, match="epoch-000004.checkpoint: cannot be written .* go on with resume=True"):
            ma.train(model, train, valid, epochs=6, resume=True, **settings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert {path.name: path.read_bytes() for path in (tmp_path / "kept").iterdir()} == before
    assert len(model.history.loss) == 4  # what was trained is in the model all the same
    resumed = ma.train(ma.build_model((64,)), train, valid, epochs=6, resume=True, **settings)
    assert resumed == ma.train(ma.build_model((64,)), train, valid, epochs=6, **(settings | {"checkpoint": None}))


@dataclass(frozen=True)
class Speckled:
    "A share of the pixels turns to ink."
    share: float

    def __call__(self, images, seed):
        return np.where(np.random.default_rng(seed).random(images.shape) < self.share, 255, images).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Knowing:
    "A teacher that knows the labels, but for a share of doubt."
    doubt: float
    labels: np.ndarray

    def __call__(self, images):
        answers = np.full((len(images), 10), self.doubt / 10)
        answers[range(len(images)), self.labels[:len(images)]] += 1 - self.doubt
        return answers

    def __repr__(self):
        return f"Knowing(doubt={self.doubt})"


def test_everything_of_chapter_08_is_taken_up_again(tmp_path):
    train, valid = ma.split(ma.load_mnist()[0])
    train, valid = train[:1000], valid[:1000]

    def quick(**settings):
        model = ma.build_model((64,))
        return model, ma.train(model, train, valid, **{"epochs": 3, "verbose": 0, **settings})

    speckled = {"momentum": 0.9, "augment": Speckled(0.02), "teacher": Knowing(0.1, train.labels), "weight_decay": 1e-3, "adversarial": 0.5,
                "weight_average": 0.99, "epochs": 4}
    model, whole = quick(**speckled)
    quick(checkpoint=tmp_path, **{**speckled, "epochs": 2})
    other, resumed = quick(checkpoint=tmp_path, resume=True, **speckled)
    assert resumed == whole
    for a, b, c in zip(model.get_weights(), other.get_weights(), quick(**{**speckled, "augment": None})[0].get_weights()):
        assert np.array_equal(a, b) and not np.array_equal(a, c)
    with pytest.raises(ma.MnistAnnError, match=r"augment is 'Speckled\(share=0.02\)' there and 'Speckled\(share=0.1\)' here"):
        quick(checkpoint=tmp_path, resume=True, **{**speckled, "augment": Speckled(0.1)})
    plain = quick()[1].val_loss
    assert np.allclose(quick(augment=lambda images, seed: images)[1].val_loss, plain, atol=1e-4)  # all pixels instead of the inked ones
    assert np.allclose(quick(teacher=Knowing(0.0, train.labels))[1].val_loss, plain, atol=1e-4)  # a teacher who is sure says what the labels say
    doubting = quick(teacher=Knowing(0.1, train.labels))[1].val_loss  # and doubt about all alike is label smoothing
    assert np.allclose(doubting, quick(label_smoothing=0.1)[1].val_loss, atol=1e-4)
