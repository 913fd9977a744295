"""The ranks of an experiment on its page: host, device, how each ended, what differs, who failed first and of what.

Real processes with the real client make the first; machines that are not here are told by events.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.panels import open_experiment, pane
from tests.browser.programs import started, told
from tests.browser.told import ODD
from tests.browser.trainings import Training, curve
from tests.browser.waiting import fits, holds, reads_well

pytestmark = [pytest.mark.browser, pytest.mark.requirement("S4.19", "S4.22")]

PROGRAM = """
import json, os, threading
from pathlib import Path
import trackio_client

rank, failed = int(os.environ["RANK"]), Path("failed")
experiment = trackio_client.init("ranks", name="three of which one fails")
experiment.log({"loss": 1.0 + rank}, step=0)
print(json.dumps(experiment.experiment_id), flush=True)
if rank == 2:
    failed.touch()
    raise ValueError("no <b>more</b> data on rank 2")
while not failed.exists():
    threading.Event().wait(0.05)
threading.Event().wait(1.0)
raise ConnectionError("the other side is gone")
"""
H100 = [{"index": number, "name": "NVIDIA H100 80GB HBM3", "uuid": f"GPU-{number}"} for number in range(8)]


def place(rank, size, host, local_rank):
    return {"pid": 100 + rank, "host": host, "rank": rank, "world_size": size, "local_rank": local_rank}


def begun(space, project, size, per_host=8):
    """Ranks on several machines, each with a start of its own; rank 0 has logged."""
    ranks = []
    for rank in range(size):
        process = place(rank, size, f"node-{rank // per_host}", rank % per_host)
        same = {"experiment_id": ranks[0].experiment_id} if ranks else {}
        ranks.append(Training(space.url, project, "many", process=process, **same))
    ranks[0].log([(step, curve(step)) for step in range(5)])
    return ranks


def test_each_rank_is_a_line_where_the_reader_asks(page, space):
    training = Training(space.url, "lines of ranks", "alone")
    training.log(
        [
            (
                step,
                {
                    "train/loss": 1.0 + step,
                    "train/loss@rank=1": 2.0 + step,
                    "train/loss@rank=10": 9.0,
                    "eval/loss": 1.0,
                },
            )
            for step in range(40)
        ]
    )
    page.goto(f"{space.url}/?project=lines of ranks&view=metrics")

    def figures(name, *told):
        rows = page.locator(f'.tk-chart[data-metric="{name}"] tbody tr')
        expect(rows).to_have_text([re.compile(f"^{words}") for words in told])

    for name in ("train/loss", "eval/loss"):
        page.locator(f'.tk-chart[data-metric="{name}"] .tk-plot').focus()
        page.keyboard.press("t")
    figures("train/loss", "alone30")  # the mean of 40, 41 and 9
    page.get_by_title("Band, outliers").first.click()
    page.get_by_role("option", name="Each rank a line").click()
    figures("train/loss", "alone rank 040", "alone rank 141", "alone rank 109")
    figures("eval/loss", "alone1")
    expect(page).to_have_url(re.compile("ranks=1"))


def environment(training, rank, driver="550.54", **gpu):
    values = {"host": f"node-{rank // 8}", "gpu": {"devices": H100, "driver": driver, **gpu}}
    training.event("environment", values=values, not_captured={}, rank=rank)


@pytest.fixture(scope="module")
def failed(space, tmp_path_factory):
    """The id of an experiment of three real processes, of which rank 2 fails first and takes the others with it."""
    folder = tmp_path_factory.mktemp("ranks")
    places = [
        {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "3", "MASTER_PORT": "29512"} for rank in range(3)
    ]
    programs = [started(folder, space.url, PROGRAM, MASTER_ADDR="127.0.0.1", **each) for each in places]
    (experiment_id,) = {told(program, code=1) for program in programs}
    return experiment_id


def test_of_real_processes_the_one_that_failed_first_is_marked_with_its_error(page, space, failed):
    open_experiment(page, space.url, failed, "Ranks")
    ranks = pane(page, "Ranks")
    expect(ranks.locator(".tk-panel-head")).to_contain_text("3 on 1 host, 3 failed")
    rows = ranks.locator("tbody tr:not(.tk-rank-more)")
    expect(rows.locator("th")).to_have_text(["0", "1", "2"])
    expect(rows.locator(".tk-state")).to_have_text(["failed", "failed", "failed"])
    first = ranks.locator("tbody tr.tk-first")
    expect(first.locator("th")).to_have_text("2")
    expect(first.locator(".tk-tag")).to_have_text("first")
    more = ranks.locator("tbody tr.tk-first + tr.tk-rank-more")
    expect(more).to_contain_text("ValueError: no <b>more</b> data on rank 2")
    expect(ranks.locator("tr.tk-rank-more").first).to_contain_text("ConnectionError: the other side is gone")
    host = rows.nth(1).locator("td").first
    expect(host).not_to_have_text("–")
    expect(host).to_have_attribute("title", re.compile(r"local rank 1, process \d+$"))
    expect(pane(page, "Why it failed")).to_contain_text("first on rank 2")


def test_devices_hosts_and_what_is_other_than_on_rank_0_stand_beside_each_rank(page, space):
    ranks = begun(space, "ranks-gpus", 3)
    environment(ranks[0], 0)
    environment(ranks[1], 1, driver="535.104")
    environment(ranks[2], 2, visible={"CUDA_VISIBLE_DEVICES": "5"})
    open_experiment(page, space.url, ranks[0].experiment_id, "Ranks")
    shown = pane(page, "Ranks")
    devices = shown.locator(".tk-rank-device")
    expect(devices).to_have_text([f"GPU {number}, NVIDIA H100 80GB HBM3" for number in (0, 1, 5)])
    expect(shown.locator("tr.tk-rank-more")).to_have_count(1)
    expect(shown.locator("tr.tk-rank-more")).to_contain_text("gpu driver 535.104, on rank 0 550.54")
    expect(shown.locator(".tk-panel-head")).to_contain_text("3 on 1 host, 1 unlike rank 0")
    expect(shown.locator(".tk-state")).to_have_text(["running"] * 3)


def test_ranks_that_never_came_or_told_no_end_are_not_taken_for_running(page, space):
    ranks = begun(space, "ranks-silent", 3)
    begin_of_four = Training(
        space.url, "ranks-silent", "many", process=place(2, 4, ODD, 2), experiment_id=ranks[0].experiment_id
    )
    ranks[0].finish("finished", rank=0, world_size=4)
    begin_of_four.finish("finished", rank=2, world_size=4)
    open_experiment(page, space.url, ranks[0].experiment_id, "Ranks")
    shown = pane(page, "Ranks")
    expect(shown.locator(".tk-state")).to_have_text(["finished", "no end told", "finished", "never heard"])
    expect(shown.locator(".tk-panel-head")).to_contain_text("2 silent")
    expect(shown.locator("tbody tr").nth(2)).to_contain_text(ODD)
    expect(page.locator("img")).to_have_count(0)


def test_of_many_ranks_those_with_something_to_tell_come_first_and_the_others_on_asking(page, space):
    ranks = begun(space, "ranks-many", 40)
    ranks[33].event("error", step=7, error="RuntimeError", message="NCCL timed out", trace="…", rank=33)
    ranks[33].finish("failed", error="RuntimeError", message="NCCL timed out", rank=33, world_size=40)
    page.set_viewport_size({"width": 390, "height": 844})
    open_experiment(page, space.url, ranks[0].experiment_id, "Ranks")
    shown = pane(page, "Ranks")
    expect(shown.locator(".tk-panel-head")).to_contain_text("40 on 5 hosts, 1 failed")
    rows = shown.locator("tbody tr:not(.tk-rank-more)")
    expect(rows.locator("th")).to_have_text([*map(str, range(15)), "33"])
    expect(shown.locator("tr.tk-first + .tk-rank-more")).to_contain_text("NCCL timed out step 7")
    shown.get_by_role("button", name="Show 24 more ranks").click()
    expect(rows).to_have_count(40)
    fits(page)
    reads_well(page)
    holds(lambda: shown.locator(".tk-panel-scroll").evaluate("each => each.scrollWidth <= each.clientWidth"))


def test_an_experiment_of_one_process_has_no_such_panel(page, space):
    training = Training(space.url, "ranks-one", "alone")
    training.log([(step, curve(step)) for step in range(5)])
    training.event("environment", values={"host": "h", "command": ["a"]}, not_captured={}, rank=0)
    open_experiment(page, space.url, training.experiment_id, "Environment")
    expect(pane(page, "Ranks")).to_be_hidden()
