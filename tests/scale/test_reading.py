"A reading on two Ray nodes loses a worker and then its driver: no row is lost or doubled, and what was finished is not done again."
import os
import signal

import numpy as np
import pytest
from cluster import program, ray_processes, two_nodes, wait_for

import mnist_ann as ma

pytestmark = pytest.mark.scale

READ = """
import mnist_ann as ma
print(ma.predict_dataset({source!r}, {target!r}, workers=2, verbose=0))
"""
FILES, EACH = 24, 3_000


@pytest.fixture
def source(tmp_path):
    "Test digits, each file with others, and two that are damaged."
    _, test = ma.load_mnist()
    (folder := tmp_path / "digits").mkdir()
    for k in range(FILES):
        ma.write_idx(folder / f"{k:02}-idx3-ubyte", test.images[100 * k:100 * k + EACH])
    (folder / "bad-idx3-ubyte").write_bytes((folder / "00-idx3-ubyte").read_bytes()[:-5])
    (folder / "bad.png").write_text("no picture")
    return folder


def parts_in(target):
    "The finished files of answers, with the time of each."
    return {path.name: path.stat().st_mtime_ns for path in target.glob("part-*.parquet")}


def test_a_worker_and_the_driver_are_lost(tmp_path, source):
    pandas = pytest.importorskip("pandas")
    target, log = tmp_path / "answers", tmp_path / "log"
    text = READ.format(source=str(source), target=str(target))
    with two_nodes() as cluster:
        with program(text, log, RAY_ADDRESS=cluster.address) as driver:
            wait_for(lambda: len(parts_in(target)) >= 2 or driver.poll() is not None, "two blocks", log)
            wait_for(lambda: ray_processes(cluster, "_read_with_ray"), "a worker that reads", log)[0].kill()
            before = len(parts_in(target))
            wait_for(lambda: len(parts_in(target)) >= before + 3 or driver.poll() is not None, "blocks after the loss of a worker", log)
            assert driver.poll() is None, log.read_text()[-3000:]
            driver.send_signal(signal.SIGKILL)
            driver.wait()
        finished = parts_in(target)
        assert 2 <= len(finished) < FILES + 2
        with program(text, log, RAY_ADDRESS=cluster.address) as driver:
            wait_for(lambda: driver.poll() is not None, "the end of the reading", log)
            assert driver.returncode == 0, log.read_text()[-3000:]
    now = parts_in(target)
    assert len(now) == FILES + 2 and {name: now[name] for name in finished if now[name] != finished[name]} == {}
    assert not [name for name in os.listdir(target) if name.endswith(".tmp") or name.startswith("_tries")]
    table = pandas.read_parquet(target)
    whole = table[table.error.isna() & ~table.file.str.startswith("bad")]  # the file that breaks off has given what comes before
    assert len(whole) == FILES * EACH and not whole.duplicated(["file", "row"]).any()
    assert table.duplicated(["file", "row"]).sum() == 0 and sorted(table[table.error.notna()].file) == ["bad-idx3-ubyte", "bad.png"]
    network, (_, test) = ma.load_pretrained(), ma.load_mnist()
    for k in (0, FILES - 1):
        some = whole[whole.file == f"{k:02}-idx3-ubyte"].sort_values("row")
        assert some.row.tolist() == list(range(EACH))
        assert (some.digit.to_numpy() == network.predict(test.images[100 * k:100 * k + EACH])).mean() > 0.999  # rounding may decide a close one
        np.testing.assert_allclose(np.stack(some.probabilities.to_list()).sum(axis=1), 1, atol=1e-3)


KILLER = """
import os, signal
import mnist_ann as ma
from mnist_ann import scaling

def ends(*given):
    os.kill(os.getpid(), signal.SIGKILL)

def read(item, **given):
    from mnist_ann import scaling as fresh  # that of the worker
    fresh._read_block = ends
    return fresh._read_with_ray(item, **given)

scaling._read_with_ray = read
try:
    ma.predict_dataset({source!r}, {target!r}, workers=1, verbose=0)
except ma.MnistAnnError as error:
    print("refused:", error)
"""


def test_what_ends_every_process_is_named_and_does_not_go_on_for_ever(tmp_path):
    (source := tmp_path / "digits").mkdir()
    ma.write_idx(source / "poison-idx3-ubyte", np.zeros((5, 28, 28), np.uint8))
    target, log = tmp_path / "answers", tmp_path / "log"
    with program(KILLER.format(source=str(source), target=str(target)), log) as driver:
        wait_for(lambda: driver.poll() is not None, "the end of the program", log)
        assert driver.returncode == 0, log.read_text()[-3000:]
    assert "refused: poison-idx3-ubyte: the process that reads it has ended 4 times" in log.read_text(), log.read_text()[-3000:]
    assert not parts_in(target)
