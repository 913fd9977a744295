"""The server goes away and comes back, is killed, loses its memory: what the real client logged is there, once."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys

import pytest

from tests.e2e.machines import environment, until
from tests.peers.machines import TOKEN, Killed, Server


def told(process, word):
    """The next line of a program that begins with a word."""
    while line := process.stdout.readline():
        if line.startswith(word):
            return line.split()
    raise AssertionError(f"the program ended before it said {word!r}")


def say(process, line):
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


@pytest.mark.crash
def test_what_was_logged_while_the_server_was_away_is_sent_when_it_is_back(tmp_path, start):
    server = Server(tmp_path / "space").start()
    try:
        process = start("steady.py", server.url, "away")
        told(process, "ready")
        say(process, 50)
        told(process, "logged")
        until(lambda: len(losses(server)) == 50, "the first calls arrive")
        server.stop()
        say(process, 70)
        told(process, "logged")
        pending = tmp_path / "trackio" / "away.db"
        until(pending.exists, "the client keeps what it cannot send", every_s=0.1)
        server.start()
        say(process, 30)
        told(process, "logged")
        say(process, "finish")
        output, _ = process.communicate(timeout=120)
        assert "finished" in output
        assert losses(server) == [(step, float(step)) for step in range(150)]
        own = server.experiment("away")["experiment_id"]
        assert sorted(value for _, value in server.series(own, "system/my/reading")) == [50.0, 120.0, 150.0]
    finally:
        server.stop()


def losses(server, project="away"):
    found = server.call("get_runs_for_project", project)
    return sorted(server.series(server.experiment(project)["experiment_id"], "loss")) if found else []


@pytest.mark.crash
def test_what_a_process_could_not_send_an_import_of_its_file_adds_to_the_same_experiment(tmp_path, start):
    server = Server(tmp_path / "space").start()
    try:
        process = start("steady.py", server.url, "later")
        told(process, "ready")
        say(process, 30)
        told(process, "logged")
        until(lambda: len(losses(server, "later")) == 30, "the first calls arrive")
        server.stop()
        say(process, 20)
        told(process, "logged")
        say(process, "finish")  # it gives up after 30 s, and keeps what is left in its own file
        file = tmp_path / "trackio" / "later.db"
        until(lambda: kept(file) == 20, "the client keeps what it cannot send", every_s=0.1)
        process.kill()
        server.start()
        for _ in range(2):
            words = [sys.executable, "-m", "trackio_client", "import", str(file)]
            environ = environment(tmp_path / "home", TRACKIO_URL=server.url, TRACKIO_TOKEN=TOKEN)
            done = subprocess.run(words, env=environ, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, done.stdout + done.stderr
        assert losses(server, "later") == [(step, float(step)) for step in range(50)]
        (known,) = server.call("get_runs_for_project", "later")
        entry = {"project": "later", "run": "steady", "run_id": known["id"], "metrics": {"loss": 50.0}, "step": 50}
        assert server.experiment("later")["state"] == "finished", "as an import of a file says"
        server.call("bulk_log", logs=[{**entry, "log_id": "after the import"}])
        assert losses(server, "later")[-1] == (50, 50.0)
        assert (server.experiment("later")["state"], server.experiment("later")["generation"]) == ("running", 1)
    finally:
        server.stop()


def kept(file):
    """Calls in a file of Trackio's own."""
    if not file.exists():
        return 0
    with contextlib.closing(sqlite3.connect(file)) as project:
        try:
            return project.execute("SELECT count(*) FROM metrics").fetchone()[0]
        except sqlite3.OperationalError:
            return 0


@pytest.mark.crash
def test_a_server_killed_while_trackio_logs_has_every_call_once(tmp_path, start):
    server = Server(tmp_path / "space")
    killed = Killed(server)
    try:
        killed.start()
        process = start("steady.py", server.url, "killed")
        told(process, "ready")
        for round in range(1, 3):
            say(process, 400)
            until(lambda most=round * 500 - 450: len(losses(server, "killed")) > most, "some of it arrives")
            say(process, 100)
            killed.kill()  # with a call on its way, or between two
            killed.start()
        say(process, "finish")
        output, _ = process.communicate(timeout=90)
        assert "finished" in output
        until(lambda: len(losses(server, "killed")) >= 1000, "all of it arrives")
        assert losses(server, "killed") == [(step, float(step)) for step in range(1000)]
    finally:
        killed.kill()


def test_a_server_that_was_started_anew_knows_what_it_has(tmp_path):
    server = Server(tmp_path / "space").start()
    logs = [
        {"project": "p", "run": "r", "run_id": "i", "metrics": {"loss": float(k)}, "step": k, "log_id": f"id {k}"}
        for k in range(1000)
    ]
    try:
        for first in range(0, 1000, 100):
            server.call("bulk_log", logs=logs[first : first + 100])
        server.stop()
        server.start()
        server.call("bulk_log", logs=logs[::-1])
        own = server.experiment("p")["experiment_id"]
        assert [step for step, _ in server.series(own, "loss")] == list(range(1000))
    finally:
        server.stop()
