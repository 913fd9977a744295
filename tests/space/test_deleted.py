"""Deleted experiments over HTTP: who keeps a list hears of it."""

from __future__ import annotations


def test_a_list_that_is_followed_is_told_which_experiments_were_deleted(api, a_batch):
    api.send(a_batch())
    api.send(a_batch(writer="w2", experiment="exp_b"), writer="w2")
    api.send(a_batch(writer="w3", experiment="exp_c", project="other"), writer="w3")
    cursor = api.get("/v1/experiments?project=digits").json()["cursor"]
    for experiment in ("exp_a", "exp_c"):
        assert api.client.delete(f"/v1/experiments/{experiment}?now=1").json() == {"deleted": experiment}
    told = api.get(f"/v1/experiments?project=digits&since={cursor}").json()
    assert (told["experiments"], told["gone"]) == ([], ["exp_a"])
    later = api.get(f"/v1/experiments?project=digits&since={told['cursor']}").json()
    assert (later["experiments"], later["gone"]) == ([], [])


def test_the_last_experiment_of_a_project_is_told_gone_before_the_project_is(api, a_batch):
    api.send(a_batch())
    cursor = api.get("/v1/experiments?project=digits").json()["cursor"]
    api.client.delete("/v1/experiments/exp_a?now=1")
    told = api.get(f"/v1/experiments?project=digits&since={cursor}")
    assert (told.status_code, told.json()["gone"]) == (200, ["exp_a"])
    assert api.get("/v1/experiments?project=digits").status_code == 404


def test_a_first_list_tells_of_no_deleted_experiment(api, a_batch):
    api.send(a_batch())
    api.send(a_batch(writer="w2", experiment="exp_b"), writer="w2")
    api.client.delete("/v1/experiments/exp_a?now=1")
    told = api.get("/v1/experiments?project=digits").json()
    assert ([row["experiment_id"] for row in told["experiments"]], told["gone"]) == (["exp_b"], [])
