"""A training on two Ray nodes loses a worker, then a node, then its driver, and ends as if nothing had happened; and the same with nothing but TF_CONFIG.

The undisturbed training is `train` on one process: the same up to rounding.
"""
import json
import os
import signal
from contextlib import ExitStack

import numpy as np
import pytest
from cluster import program, ray_processes, two_nodes, wait_for

import mnist_ann as ma
from mnist_ann.tuning import _free_ports

pytestmark = pytest.mark.scale

SETTINGS = "epochs=9, batch_size=40, learning_rate=0.05, momentum=0.5"
DATA = """
import mnist_ann as ma
digits, _ = ma.load_mnist()
train, valid, start = digits[:6_000], digits[50_000:51_000], ma.initialize((784, 128, 10), seed=1)
"""
WORKERS = DATA + """
network, history = ma.train_on_workers(start, train, valid, workers={workers}, {settings}, checkpoint={folder!r}, resume=True)
ma.save_weights(network, {result!r})
"""


@pytest.fixture(scope="module")
def undisturbed():
    "The network and the history of one process, which nobody disturbs."
    given = {}
    exec(DATA, given)
    model = ma.to_keras(given["start"])
    history = eval(f"ma.train(model, given['train'], given['valid'], verbose=0, {SETTINGS})")
    return ma.to_network(model), history


def check_equal(path, undisturbed):
    "The network in a file is that of the undisturbed training, up to rounding."
    found, (wanted, history) = ma.load_network(path), undisturbed
    for a, b in zip((*found.weights, *found.biases), (*wanted.weights, *wanted.biases)):
        np.testing.assert_allclose(a, b, atol=2e-3)
    assert abs(found.attributes["val_loss"] - history.val_loss[-1]) < 1e-3 and found.attributes["epochs"] == 9


def epochs_in(folder):
    "How many epochs the newest checkpoint has behind it."
    return max((int(path.name[6:12]) for path in folder.glob("epoch-*.checkpoint")), default=0)


def test_a_worker_a_node_and_the_driver_are_lost(tmp_path, undisturbed):
    folder, result, log = tmp_path / "checkpoints", tmp_path / "result.h5", tmp_path / "log"
    text = WORKERS.format(workers=2, settings=SETTINGS, folder=str(folder), result=str(result))
    with two_nodes() as cluster:
        with program(text, log, RAY_ADDRESS=cluster.address) as driver:
            wait_for(lambda: epochs_in(folder) >= 1 or driver.poll(), "the first epoch", log)
            workers = ray_processes(cluster, "RayTrainWorker")
            assert len(workers) == 2, workers
            workers[1].kill()  # SIGKILL: it cannot say goodbye
            lost = epochs_in(folder)
            wait_for(lambda: epochs_in(folder) >= lost + 2 or driver.poll(), "an epoch after the loss of a worker", log)
            cluster.remove_node(cluster.second, allow_graceful=False)
            lost = epochs_in(folder)
            wait_for(lambda: epochs_in(folder) >= lost + 2 or driver.poll(), "an epoch after the loss of a node", log)
            assert driver.poll() is None and epochs_in(folder) < 9, log.read_text()[-3000:]
            driver.send_signal(signal.SIGKILL)
            driver.wait()
        assert not result.exists()
        with program(text, log, RAY_ADDRESS=cluster.address) as driver:
            wait_for(lambda: driver.poll() is not None, "the end of the training", log)
            assert driver.returncode == 0, log.read_text()[-3000:]
    assert f"going on after epoch {epochs_in(folder)}" not in log.read_text() and "going on after epoch" in log.read_text()
    check_equal(result, undisturbed)


def workers_of(text):
    "The programs of two workers, as (text, environment), who find each other by TF_CONFIG alone."
    addresses = [f"127.0.0.1:{port}" for port in _free_ports(2)]
    return [(text, {"TF_CONFIG": json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": rank}})}) for rank in range(2)]


def test_without_ray_a_lost_worker_ends_the_other_and_both_go_on(tmp_path, undisturbed):
    folder, result, log = tmp_path / "checkpoints", tmp_path / "result.h5", tmp_path / "log"
    text = WORKERS.format(workers=None, settings=SETTINGS, folder=str(folder), result=str(result))
    for kill in (True, False):
        (first, one), (second, two) = workers_of(text)
        with program(first, log, **one) as a, program(second, log, **two) as b:
            if kill:
                wait_for(lambda: epochs_in(folder) >= 2 or a.poll() or b.poll(), "the second epoch", log)
                os.kill(b.pid, signal.SIGKILL)
                wait_for(lambda: a.poll() is not None, "the end of the worker that is left", log)
                assert a.returncode != 0
                assert "another worker" in log.read_text(), log.read_text()[-3000:]
            else:
                wait_for(lambda: a.poll() is not None and b.poll() is not None, "the end of the training", log)
                assert a.returncode == b.returncode == 0, log.read_text()[-3000:]
    check_equal(result, undisturbed)


def test_train_and_workers_go_on_from_each_others_checkpoints(tmp_path, undisturbed):
    folder, result, log = tmp_path / "checkpoints", tmp_path / "result.h5", tmp_path / "log"
    alone = DATA + "ma.train(model := ma.to_keras(start), train, valid, {settings}, checkpoint={folder!r}, resume={resume}, verbose=0)\nma.save_weights(model, {result!r})\n"
    for epochs in (3, 6, 9):  # by one process, by two workers, by one process
        given = dict(settings=SETTINGS.replace("epochs=9", f"epochs={epochs}"), folder=str(folder), result=str(result), resume=epochs > 3)
        texts = [(alone.format(**given), {})] if epochs != 6 else workers_of(WORKERS.format(workers=None, **given))
        with ExitStack() as stack:
            running = [stack.enter_context(program(text, log, **env)) for text, env in texts]
            wait_for(lambda: all(process.poll() is not None for process in running), f"epoch {epochs}", log)
            assert not any(process.returncode for process in running), log.read_text()[-3000:]
        assert epochs_in(folder) == epochs and ma.load_network(result).attributes["epochs"] == epochs
    check_equal(result, undisturbed)
