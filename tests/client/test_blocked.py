"""A process whose main thread waits in C code dies of SIGTERM at once, as it would without us, and tells it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from trackio_client.queries.experiments import list_experiments
from trackio_client.store.sqlite import SqliteStore

pytestmark = [pytest.mark.crash, pytest.mark.requirement("S4.21", "S1.39")]

PROGRAM = """
import ctypes, multiprocessing, sys, time
import trackio_client

experiment = trackio_client.init("p", name="rank")
experiment.log({"loss": 1.0}, step=0)
if "fork" in sys.argv:  # a worker that is ended is no end of its parent
    worker = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    worker.start()
    worker.terminate()
    worker.join()
    time.sleep(1.5)
    experiment.finish()
else:
    mutex = ctypes.create_string_buffer(128)  # a pthread mutex: what waits for it comes back for no signal
    libc = ctypes.CDLL(None)
    libc.pthread_mutex_lock(mutex)
    print("waits", flush=True)
    libc.pthread_mutex_lock(mutex)
"""


def row(folder):
    store = SqliteStore(folder / "v1" / "store.sqlite")
    (found,) = list_experiments(store, "p", time.time())["experiments"]
    store.close()
    return found


def begun(folder, *argv):
    environ = {**os.environ, "TRACKIO_DIR": str(folder), "TRACKIO_QUIET": "1", "TRACKIO_CAPTURE_CONSOLE": "0"}
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *argv], env=environ, stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(sys.platform != "linux", reason="the mutex of the test is glibc's")
def test_a_rank_that_waits_inside_a_collective_ends_within_seconds_and_says_by_what(tmp_path):
    process = begun(tmp_path)
    assert process.stdout.readline() == "waits\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == -signal.SIGTERM
    process.stdout.close()
    found = row(tmp_path)
    assert (found["state"], found["evidence"]) == ("interrupted", "Signal SIGTERM.")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_worker_that_is_terminated_does_not_end_its_parent(tmp_path):
    process = begun(tmp_path, "fork")
    assert process.wait(60) == 0
    process.stdout.close()
    assert row(tmp_path)["state"] == "finished"
