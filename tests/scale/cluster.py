"Two Ray nodes on this machine, programs that use them, and what the tests do to both: real processes, real kills."
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import psutil

from mnist_ann.tuning import _free_ports

ROOT = Path(__file__).parents[2]
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # the second keeps 127.0.0.1 from being taken for the network's address
PATIENCE = 240  # seconds: a busy machine needs most of a minute to start Ray


@contextmanager
def two_nodes(head=4, other=2):
    "A cluster of two nodes with so many cores each, on loopback, without a dashboard; it is gone afterwards, whatever has happened to it."
    os.environ.update(QUIET)
    from ray.cluster_utils import Cluster

    common = {"object_store_memory": 200_000_000, "node_ip_address": "127.0.0.1", "include_dashboard": False}
    with tempfile.TemporaryDirectory(prefix="mnist", dir="/tmp" if os.path.isdir("/tmp") else None) as folder:  # the name of a socket may have 107 bytes
        cluster = start_two(Cluster, Path(folder), head, other, common)
        try:
            yield cluster
        finally:
            cluster.shutdown()
            for process in ray_processes(cluster):
                process.kill()


def ports_of_agents():
    "With ports that are given, a node need not wait for its agents to tell theirs: it waits 15 seconds, and a busy machine takes longer."
    return dict(zip(("metrics_agent_port", "runtime_env_agent_port", "dashboard_agent_listen_port", "metrics_export_port"), _free_ports(4)))


def start_two(Cluster, folder, head, other, common):
    "Three attempts, for busy machines."
    for attempt in range(3):
        cluster = Cluster()
        cluster.folder = folder / str(attempt)
        try:
            cluster.add_node(num_cpus=head, temp_dir=str(cluster.folder), **ports_of_agents(), **common)
            cluster.second = cluster.add_node(num_cpus=other, temp_dir=str(cluster.folder), **ports_of_agents(), **common)
            return cluster
        except Exception:  # Ray raises no class of its own here
            cluster.shutdown()
            for process in ray_processes(cluster):
                process.kill()
            if attempt == 2:
                raise


def ray_processes(cluster, title=""):
    "The processes below this one, of them those that Ray has given a title with this text; without one, those that name the cluster's folder."
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if (title or str(cluster.folder)) in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


@contextmanager
def program(text, log, **environment):
    "A Python program that runs beside the test, its output in a file; it is killed in the end, if it still runs."
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]), "TF_CPP_MIN_LOG_LEVEL": "3",
                   "OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", **QUIET, **environment}
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
