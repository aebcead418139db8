"The search of chapter 12: killed and resumed, with trials that crash, on loopback alone, on a cluster that is there already."
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections import Counter
from pathlib import Path
from unittest.mock import patch

import psutil
import pytest

import mnist_ann as ma
from mnist_ann import tuning
from mnist_ann.cli import main
from mnist_ann.tuning import _cluster, _start_ray

LIMIT = int(os.environ.get("SCALE_TEST_SECONDS", 150))  # as in conftest.py

ROOT = Path(__file__).parents[2]
SEARCH = """
    import sys
    import mnist_ann as ma
    train, valid = ma.split(ma.load_mnist()[0])
    space = {"units": (8, 40), "layers": 1, "learning_rate": (0.01, 0.3), "batch_size": 50}
    ma.tune(space, train[:2000], valid[:500], trials=%(trials)d, epochs=%(epochs)d, folder=%(folder)r, resume=True, cores=2, **%(more)r)
"""


def start(folder, trials=6, epochs=3, **more):
    "A search in a process of its own."
    text = textwrap.dedent(SEARCH % dict(folder=str(folder), trials=trials, epochs=epochs, more=more))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"}
    return subprocess.Popen([sys.executable, "-c", text], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(folder):
    return {path.name: path.read_bytes() for path in sorted(Path(folder, "ended").glob("*.json"))}


def begun(folder):
    "The numbers of the trials that run, and have an epoch behind them."
    return {path.parent.name for path in Path(folder, "running").glob("*/*.checkpoint")}


def wait_for(condition, process, seconds=LIMIT - 10):
    until = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, "it does not come so far"
        time.sleep(0.02)


def wait_for_none(kind, seconds):
    "Until no process of this kind is below this one; what was below a killed one is (conftest.py)."
    until = time.monotonic() + seconds
    while left := [child for child in psutil.Process().children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE and kind(child)]:
        assert time.monotonic() < until, f"what a killed search has started outlives it: {left}"
        time.sleep(0.1)


def rows_of(folder):
    return {name: json.loads(content) for name, content in ended(folder).items()}


def test_a_killed_search_goes_on_and_runs_no_ended_trial_again(tmp_path):
    process = start(tmp_path / "search", epochs=9, early_stopping=False)
    wait_for(lambda: len(ended(tmp_path / "search")) >= 2 and begun(tmp_path / "search"), process)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    wait_for_none(is_trial, 5)  # who could write into the folder ends at once
    wait_for_none(lambda child: not is_helper(child), 20)
    for child in psutil.Process().children(recursive=True):
        child.kill()  # two of Ray's helpers look for the cluster for more than a minute, and then end by themselves
    before, half = ended(tmp_path / "search"), begun(tmp_path / "search")
    told = start(tmp_path / "search", epochs=9, early_stopping=False).communicate()
    after = ended(tmp_path / "search")
    assert len(after) == 6 and before.items() <= after.items(), told
    assert not (half - {Path(name).stem for name in after}), "what had begun has ended, too, under its number"
    assert not any(Path(tmp_path, "search/running").iterdir())
    assert told[0].count("finished") == 6 - len(before), "each line is a trial that has run"
    rows = rows_of(tmp_path / "search")
    assert all(len(row["val_accuracy"]) == 9 for row in rows.values())
    points = [json.dumps(row["settings"], sort_keys=True) for row in rows.values()]
    assert len(set(points)) == 6, "the second start must not suggest what the first one had"


def test_two_trials_that_crash_do_not_end_the_search(tmp_path):
    """Their processes are killed, as a system that is short of memory does it."""
    folder, killed = tmp_path / "search", set()
    process = start(folder, epochs=40, trials=5, early_stopping=False)
    for crash in (1, 2):
        wait_for(lambda: begun(folder) - killed and not len(ended(folder)) < crash - 1, process)
        workers = [child for child in psutil.Process(process.pid).children(recursive=True) if is_trial(child)]
        running = begun(folder)
        assert workers, running
        workers[0].kill()
        wait_for(lambda: len([row for row in rows_of(folder).values() if row["outcome"] == "crashed"]) >= crash, process)
        killed |= running
    told = process.communicate()
    rows = rows_of(folder)
    assert process.returncode == 0, told
    assert Counter(row["outcome"] for row in rows.values()) == {"crashed": 2, "finished": 3}, told
    assert all(row["error"] for row in rows.values() if row["outcome"] == "crashed")


def is_trial(process):
    "Ray names the process of a trial ray::ImplicitFunc.train during a step, and ray::ImplicitFunc between two."
    try:
        return " ".join(process.cmdline()).startswith("ray::ImplicitFunc")
    except psutil.Error:
        return False


def is_helper(process):
    try:
        return "Agent" in " ".join(process.cmdline())
    except psutil.Error:
        return True


def addresses(process):
    "Where a process and those below it listen."
    found = set()
    for one in [process, *process.children(recursive=True)]:
        try:
            found |= {connection.laddr.ip for connection in one.net_connections("inet") if connection.status == psutil.CONN_LISTEN}
        except psutil.Error:
            pass
    return {address.removeprefix("::ffff:") for address in found}


def a_full_disk_ends_a_search_in_a_line(folder):
    written = tuning._write_json

    def full(path, document):
        if path.parent.name == "ended" and path.stem != "00001":
            raise ma.MnistAnnError(f"{path}: cannot be written (No space left on device).")
        written(path, document)

    train, valid = ma.split(ma.load_mnist()[0])
    given = dict(space={"units": (8, 40), "layers": 1}, train=train[:1000], valid=valid[:500], trials=4, epochs=1, folder=folder, verbose=0)
    with patch.object(tuning, "_write_json", full), pytest.raises(ma.MnistAnnError, match="No space left"):
        ma.tune(**given)
    assert len(ended(folder)) <= 1
    assert len(ma.tune(**given, resume=True).table) == 4


def the_command_searches_and_goes_on(folder, capsys):
    write = [(part, digits[:n]) for part, digits, n in zip(("train", "t10k"), ma.load_mnist(), (3000, 500))]
    for part, digits in write:
        (folder / "data").mkdir(exist_ok=True)
        ma.write_idx(folder / "data" / f"{part}-images-idx3-ubyte", digits.images)
        ma.write_idx(folder / "data" / f"{part}-labels-idx1-ubyte", digits.labels)
    command = ["tune", "units=8..40", "layers=1", "--epochs", "1", "--name", "small", "--runs", str(folder / "runs"), "--data", str(folder / "data")]
    assert main([*command, "--trials", "2"]) == 0
    assert "mnist-ann" not in capsys.readouterr().err
    assert main([*command, "--trials", "4"]) == 2 and "not overwritten" in capsys.readouterr().err
    assert main([*command, "--trials", "4", "--resume", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["trials"] == 4 and told["best"]["layers"] == 1 and 8 <= told["best"]["units"] <= 40
    written = {path.name for path in (folder / "runs/small").iterdir()}
    assert {"weights.h5", "trials.csv", "search.png", "settings.png", "importance.png", "parallel.png"} <= written
    assert ma.load_network(folder / "runs/small/weights.h5").sizes[1] == told["best"]["units"]


def test_ray_listens_on_loopback_alone_and_a_search_joins_a_cluster(tmp_path, monkeypatch, capsys):
    before = {name: value for name, value in os.environ.items() if name.startswith("RAY_")}
    with _cluster(2) as ray:
        assert ray.get(ray.remote(lambda: os.getpid()).remote()) != os.getpid()
        assert addresses(psutil.Process()) == {"127.0.0.1"}
        assert ray.nodes()[0]["NodeManagerAddress"] == "127.0.0.1"
        with _cluster() as same:
            assert same is ray
        assert ray.is_initialized(), "who has not begun it does not end it"
        a_full_disk_ends_a_search_in_a_line(tmp_path / "full")
        the_command_searches_and_goes_on(tmp_path, capsys)
        environment = {**os.environ, "RAY_ADDRESS": ray.get_runtime_context().gcs_address}
        monkeypatch.setattr(os, "environ", environment)
        process = start(tmp_path / "search", trials=2, epochs=1)
        told = process.communicate()
        assert process.returncode == 0 and len(ended(tmp_path / "search")) == 2, told
        assert ray.get(ray.remote(lambda: os.getpid()).remote()), "the cluster is still there"
        assert len([one for one in psutil.Process().children(recursive=True) if "gcs_server" in one.name()]) == 1
    assert not ray.is_initialized()
    left = {name for name in os.environ if name.startswith("RAY_")} - {*before, "RAY_ADDRESS", "RAY_AUTH_MODE", "RAY_CLIENT_MODE"}
    assert not left


def test_an_address_where_nobody_answers_is_said_at_once(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{port}")
    with pytest.raises(ma.MnistAnnError, match="no Ray cluster answers at RAY_ADDRESS"), _cluster():
        pass


def test_a_start_that_fails_is_told_in_a_line_and_leaves_nothing(monkeypatch, tmp_path):
    class Broken:
        class _private:
            class ray_constants: pass
            class parameter: RayParams = dict

        attempts = 0

        @classmethod
        def init(cls, **options):
            cls.attempts += 1
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)", options["_temp_dir"]])
            time.sleep(0.5)  # a process has no command line at first
            raise Exception("The current node timed out during startup.")

        @staticmethod
        def shutdown(): pass

    with pytest.raises(ma.MnistAnnError, match="does not start on this machine"):
        _start_ray(Broken, 2, tmp_path)
    assert Broken.attempts == 3


def test_a_folder_is_searched_by_one_at_a_time_and_by_one_search(tmp_path):
    from filelock import FileLock

    train, valid = ma.split(ma.load_mnist()[0])
    given = dict(space={"units": (8, 40)}, train=train[:500], valid=valid[:100], trials=1, epochs=1, folder=tmp_path / "search")
    (tmp_path / "search").mkdir()
    with FileLock(tmp_path / "search/lock"), pytest.raises(ma.MnistAnnError, match="another process is searching there"):
        ma.tune(**given)
    (tmp_path / "search/search.json").write_text("{}")
    with pytest.raises(ma.MnistAnnError, match="holds a search already"):
        ma.tune(**given)
    with pytest.raises(ma.MnistAnnError, match="this is another search"):
        ma.tune(**given, resume=True)
    with pytest.raises(ma.MnistAnnError, match="resume=True needs the folder"):
        ma.tune(**{**given, "folder": None}, resume=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(ma.MnistAnnError, match="cannot be written there"):
        ma.tune(**{**given, "folder": tmp_path / "file"})


def test_without_the_extra_one_line_says_what_to_install():
    text = "import sys; sys.modules['ray'] = None\nfrom mnist_ann.cli import main\nsys.exit(main(['tune']))"
    told = subprocess.run([sys.executable, "-c", text], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert told.returncode == 2 and told.stderr.count("\n") == 1 and "pip install 'mnist_ann[scale]'" in told.stderr, told
