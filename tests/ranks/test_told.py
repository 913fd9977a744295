"""What is told of each rank: where it ran, how it ended, who failed first, what is other there than at rank 0."""

from __future__ import annotations

import time

import pytest

from tests.ranks.launching import held, launch, rows
from trackio_client.queries.environment import detail_with_environment
from trackio_client.queries.ranks import device_of, differences

EIGHT = [{"index": number, "name": "NVIDIA H100", "uuid": f"GPU-{number}e2"} for number in range(8)]


def told(store):
    (row,) = rows(store)
    return detail_with_environment(store, row["experiment_id"], time.time())


@pytest.mark.requirement("S4.19", "S4.22")
def test_of_ranks_that_fail_the_first_is_marked_with_its_error(tmp_path):
    launch(tmp_path, 3, "fails", "project=p", FAILS="2")
    with held(tmp_path) as store:
        ranks = told(store)["ranks"]
    assert (ranks["size"], ranks["left_out"]) == (3, 0)
    assert [row["rank"] for row in ranks["ranks"]] == [0, 1, 2]
    assert [row["state"] for row in ranks["ranks"]] == ["failed"] * 3
    assert [row.get("is_first") for row in ranks["ranks"]] == [None, None, True]
    assert [row["error"]["error"] for row in ranks["ranks"]] == ["ConnectionError", "ConnectionError", "ValueError"]
    assert ranks["ranks"][2]["error"]["message"] == "no more data on rank 2"
    assert len({row["pid"] for row in ranks["ranks"]}) == 3
    assert all(row["host"] for row in ranks["ranks"])


def test_a_rank_that_was_killed_told_no_end_and_the_others_finished(tmp_path):
    launch(tmp_path, 2, "killed", "project=p")
    with held(tmp_path, sync=True) as store:
        ranks = told(store)["ranks"]["ranks"]
    assert [row["state"] for row in ranks] == ["finished", "untold"]
    assert not any("error" in row or "is_first" in row for row in ranks)


def test_one_process_has_no_ranks_to_tell(tmp_path):
    launch(tmp_path, 1, "finishes", "project=p")
    with held(tmp_path) as store:
        assert "ranks" not in told(store)


@pytest.mark.parametrize(
    ("visible", "local_rank", "device"),
    [
        ({}, 3, "GPU 3, NVIDIA H100"),
        ({"CUDA_VISIBLE_DEVICES": "4,5"}, 1, "GPU 5, NVIDIA H100"),
        ({"CUDA_VISIBLE_DEVICES": "6"}, 3, "GPU 6, NVIDIA H100"),  # one a process, as some launchers give them out
        ({"CUDA_VISIBLE_DEVICES": "GPU-7"}, 0, "GPU 7, NVIDIA H100"),
        ({"CUDA_VISIBLE_DEVICES": ""}, 0, None),
        ({}, None, None),
        ({}, 8, None),
    ],
)
def test_the_device_is_the_one_that_launchers_give_to_a_place(visible, local_rank, device):
    gpu = {"devices": EIGHT, **({"visible": visible} if visible else {})}
    assert device_of(gpu, local_rank) == device


@pytest.mark.parametrize("gpu", [None, "text", {}, {"devices": None}, {"devices": ["text"]}, {"devices": []}])
def test_no_device_is_made_up(gpu):
    assert device_of(gpu, 0) is None


def test_only_what_both_told_and_is_other_is_a_difference():
    main = {"host": "a", "gpu": {"driver": "550.1", "devices": EIGHT, "count": 8}, "python": {"version": "3.11"}}
    there = {"host": "b", "gpu": {"driver": "535.2", "devices": [{**each, "uuid": "GPU-x"} for each in EIGHT[:4]]}}
    assert differences(there, main) == {
        "gpu.driver": ["535.2", "550.1"],
        "gpu.devices": ["4 × NVIDIA H100", "8 × NVIDIA H100"],
    }
