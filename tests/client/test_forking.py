"""Forks in the second in which our threads load what they need."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from trackio_client.forking import wait_for_imports
from trackio_client.reader import Api

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

PROGRAM = """
import os, sys, trackio_client
experiment = trackio_client.init("forks", quiet=True)
children = []
for child in range(4):
    pid = os.fork()
    if pid == 0:
        experiment.log({f"child/{child}": 1.0}, step=0)
        sys.exit()
    children.append(pid)
assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children] == [0] * 4
experiment.log({"parent": 1.0}, step=0)
experiment.finish()
print(experiment.experiment_id)
"""


def test_children_that_are_forked_at_once_after_init_log_and_end(tmp_path):
    environ = os.environ | {"TRACKIO_DIR": str(tmp_path), "TRACKIO_CAPTURE_ENVIRONMENT": "1", "TRACKIO_HARDWARE_S": "5"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environ, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert "Error" not in done.stderr
    found = Api(tmp_path).experiment(done.stdout.split()[-1])
    assert {"parent", *(f"child/{child}" for child in range(4))} <= set(found.metrics)


def test_a_fork_waits_for_an_import_of_ours_to_end(tmp_path, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(threading, "a_gate", gate, raising=False)
    (tmp_path / "a_slow_module.py").write_text("import threading\nthreading.a_gate.wait(60)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importing = threading.Thread(target=lambda: __import__("a_slow_module"), name="trackio-test", daemon=True)
    waiting = threading.Thread(target=wait_for_imports, name="forks", daemon=True)
    importing.start()
    until = time.monotonic() + 60
    while "a_slow_module" not in sys.modules and time.monotonic() < until:
        time.sleep(0.001)
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    gate.set()
    importing.join(60)
    waiting.join(60)
    assert not waiting.is_alive()
