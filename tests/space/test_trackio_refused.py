"""Trackio's write calls beside a store that refuses for a while."""

from __future__ import annotations

from trackio_client.errors import StoreFull


def test_a_run_whose_first_call_was_refused_keeps_its_name_config_and_steps(api):
    entry = {"project": "p", "run": "my-run", "run_id": "r1", "log_id": "l1", "metrics": {"loss": 1.0}}
    entry |= {"config": {"lr": 3, "_Created": "2026-11-22T10:00:00"}}
    api.store.trouble = StoreFull("no room")
    refused = api.client.post("/api/bulk_log", json={"kwargs": {"logs": [entry]}})
    assert refused.status_code == 507
    api.store.trouble = None
    for _ in range(2):  # Trackio's client sends all of it again
        assert api.client.post("/api/bulk_log", json={"kwargs": {"logs": [entry]}}).status_code == 200
    (row,) = api.get("/v1/experiments?project=p").json()["experiments"]
    assert (row["name"], row["last_step"], row["point_count"]) == ("my-run", 0, 1)
    assert api.get(f"/v1/experiments/{row['experiment_id']}").json()["config"]["lr"] == 3
