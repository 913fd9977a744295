"""What Trackio's clients logged outlives the disk of a Space; and no token of theirs is kept or printed anywhere."""

from __future__ import annotations

import shutil

import pytest

from tests.e2e.machines import until
from tests.hub.conftest import point_at
from tests.hub_server import HubProcess
from tests.peers.machines import TOKEN, Killed, Server

SECRET = "hf_" + "q" * 34
HEADERS = {"X-Trackio-Write-Token": TOKEN}


def calls(first, count):
    return [
        {"project": "kept", "run": "r", "run_id": "k", "metrics": {"loss": float(k)}, "step": k, "log_id": f"id {k}"}
        for k in range(first, first + count)
    ]


def sent(server, logs):
    """Whether a batch was taken; a Space that is starting says 503, and the real client sends it again."""
    body = {"args": [], "kwargs": {"logs": logs}}
    answer = server.http.post("/api/bulk_log", headers=HEADERS, json=body, timeout=120)
    assert answer.status_code in (200, 503), answer.text
    return answer.status_code == 200


@pytest.mark.crash
@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
def test_a_space_that_lost_its_disk_knows_from_the_repo_which_calls_it_has(tmp_path, monkeypatch):
    with HubProcess(tmp_path / "hub") as hub:
        point_at(hub, tmp_path, monkeypatch)
        theirs = {name: text for name, text in hub.env(tmp_path / "hf").items() if name.startswith("HF_")}
        server = Server(tmp_path / "space")
        killed = Killed(
            server, **theirs, HF_HUB_OFFLINE="0", TRACKIO_DATASET_REPO="me/kept", TRACKIO_DISK="ephemeral",
            TRACKIO_PUSH_INTERVAL_S="1",
        )  # fmt: skip
        try:
            killed.start()
            for first in range(0, 600, 100):
                until(lambda first=first: sent(server, calls(first, 100)), "the batch is taken", every_s=0.1)
            server.http.post("/v1/push", headers=HEADERS).raise_for_status()
            until(lambda: not server.get("/v1/health")["sync"]["behind_events"], "all of it is pushed", every_s=0.1)
            killed.kill()
            shutil.rmtree(server.settings.directory)
            killed.start()
            until(lambda: sent(server, calls(0, 700)[::-1]), "the calls are taken again", every_s=0.1)
            own = server.experiment("kept")["experiment_id"]
            until(lambda: len(server.series(own, "loss")) >= 700, "the rows are back", every_s=0.1)
            assert sorted(server.series(own, "loss")) == [(k, float(k)) for k in range(700)]
        finally:
            killed.kill()


@pytest.mark.crash
def test_no_token_of_a_client_is_kept_or_printed(tmp_path):
    server = Server(tmp_path / "space")
    killed = Killed(server)
    killed.start()
    try:
        logs = [{**entry, "config": {"api_key": SECRET, "note": f"with {SECRET}"}} for entry in calls(0, 3)]
        bodies = [
            {"args": [], "kwargs": {"logs": logs, "hf_token": SECRET}},
            {"args": [SECRET], "kwargs": {}},
            [SECRET],
        ]
        for body in bodies:
            for headers in (HEADERS, {"X-Trackio-Write-Token": SECRET}, {"Authorization": f"Bearer {SECRET}"}):
                answer = server.http.post("/api/bulk_log", headers=headers, json=body)
                assert SECRET not in answer.text
                assert TOKEN not in answer.text
        assert server.experiment("kept")["config"]["note"] == "with ***"
    finally:
        killed.kill()
    everything = [killed.log, *(path for path in server.settings.directory.rglob("*") if path.is_file())]
    assert len(everything) > 2
    for path in everything:
        content = path.read_bytes()
        assert SECRET.encode() not in content, path
        assert TOKEN.encode() not in content, path
