"Two Ray nodes on this machine, programs that use them, and what the tests do to both: real processes, real kills."
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
PATIENCE = 240  # seconds: a busy machine needs most of a minute to start Ray


@contextmanager
def two_nodes(folder, head=4, other=2):
    "A cluster of two nodes with so many cores each, on loopback, without a dashboard; it is gone afterwards, whatever has happened to it."
    before = os.environ.get("RAY_USAGE_STATS_ENABLED")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    common = {"object_store_memory": 200_000_000, "node_ip_address": "127.0.0.1"}
    for attempt in range(3):  # Ray gives itself 15 seconds for each of its processes
        cluster = Cluster(head_node_args={"num_cpus": head, "include_dashboard": False, "temp_dir": str(folder / f"ray{attempt}"), **common})
        try:
            cluster.add_node(num_cpus=head, include_dashboard=False, temp_dir=str(folder / f"r{attempt}"), **common)
            cluster.second = cluster.add_node(num_cpus=other, **common)
            break
        except Exception:  # Ray raises no class of its own here
            cluster.shutdown()
            if attempt == 2:
                raise
    try:
        yield cluster
    finally:
        cluster.shutdown()
        for process in ray_processes(folder):
            process.kill()
        if before is None:
            del os.environ["RAY_USAGE_STATS_ENABLED"]


def ray_processes(folder, title=""):
    "Ray's processes below this one, and those that name the folder; of them those whose title contains this text."
    found = []
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
            ours = str(folder) in line or any(parent.pid == os.getpid() for parent in process.parents())
            if ours and process.pid != os.getpid() and (title in line if title else str(folder) in line):
                found.append(process)
        except psutil.Error:
            continue
    return found


@contextmanager
def program(text, log, **environment):
    "A Python program that runs beside the test, its output in a file; it is killed in the end, if it still runs."
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]), "TF_CPP_MIN_LOG_LEVEL": "3",
                   "OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "RAY_USAGE_STATS_ENABLED": "0", **environment}
    with open(log, "ab") as out:
        process = subprocess.Popen([sys.executable, "-c", text], env=environment, stdout=out, stderr=out)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def wait_for(condition, what, log, seconds=PATIENCE):
    "What the condition gives as soon as it is true."
    end = time.monotonic() + seconds
    while not (found := condition()):
        said = Path(log).read_text(errors="replace")[-3000:] if Path(log).exists() else ""
        assert time.monotonic() < end, f"waited {seconds} seconds for {what}\n{said}"
        time.sleep(0.1)
    return found
