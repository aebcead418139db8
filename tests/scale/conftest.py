"""Each test here has a time limit, and must leave no process behind: what starts Ray can hang, and can outlive its tests."""
import ctypes
import faulthandler
import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

LIMIT = int(os.environ.get("SCALE_TEST_SECONDS", 150))  # for each test; a busy machine may be given more
PR_SET_CHILD_SUBREAPER = 36
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    "They run with `-m scale` alone (make test-scale), and the others without it."
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.scale)


@pytest.fixture(scope="session", autouse=True)
def reaper():
    if sys.platform == "linux":  # what a killed parent leaves becomes ours, and is found below; not before, since other tests do not wait for it
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def left_behind(seconds):
    "The processes below this one that are still there after so many seconds, at most; joblib's own helper may stay."
    until = time.monotonic() + seconds
    while True:
        found = []
        for process in psutil.Process().children(recursive=True):
            try:
                if process.status() == psutil.STATUS_ZOMBIE:
                    if process.ppid() == os.getpid():
                        os.waitpid(process.pid, os.WNOHANG)
                elif "resource_tracker" not in " ".join(process.cmdline()):
                    found.append(process)
            except (psutil.Error, ChildProcessError):
                pass
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.2)


@pytest.fixture(autouse=True)
def within_limits(request):
    "Fails a test after LIMIT seconds, ends pytest if even that does not help, and fails a test that leaves a process."
    def too_long(number, frame):
        raise TimeoutError(f"{request.node.name} takes longer than {LIMIT} seconds")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(LIMIT)
    faulthandler.dump_traceback_later(LIMIT + 60, exit=True)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        if "ray" in sys.modules:
            sys.modules["ray"].shutdown()
        left = left_behind(30)
        told = [f"{process.pid} {' '.join(process.cmdline())[:100]}" for process in left if process.is_running()]
        for process in left:
            process.kill()
        left_behind(10)
        faulthandler.cancel_dump_traceback_later()
    assert not told, f"left behind: {told}"
