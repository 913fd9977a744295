"""Waiting for a Space: by its stages and its own answers, with an end, and with the place of its logs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from trackio_client.errors import HubAway, HubRefused
from trackio_client.hub.spaces.asking import Answer
from trackio_client.hub.spaces.waiting import NotUp, wait_until_it_answers, wait_until_page

OURS = Answer(True, 200, "status 200", {"status": "ok"})
PROXY = Answer(False, 503, "status 503")


class Stages:
    """A Hub that tells one stage a look; the last stays. A stage may be an error, or (stage, running commit)."""

    endpoint = "https://huggingface.co"
    token = None

    def __init__(self, *stages: object) -> None:
        self.stages = list(stages)

    def runtime(self, space: str) -> dict[str, object]:
        now = self.stages.pop(0) if len(self.stages) > 1 else self.stages[0]
        if isinstance(now, Exception):
            raise now
        if isinstance(now, tuple):
            return {"stage": now[0], "sha": now[1]}
        return {"stage": now}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


def answers(*given: Answer):
    left = list(given)
    asked: list[str] = []

    def probe(url: str, **_: object) -> Answer:
        asked.append(url)
        return left.pop(0) if len(left) > 1 else left[0]

    probe.asked = asked  # type: ignore[attr-defined]
    return probe


def wait(stages: Sequence[object], probe=None, *, commit: str | None = "new", token: str | None = "w", **more):
    clock, said = Clock(), []
    probe = probe or answers(OURS)
    hub = Stages(*stages)
    wait_until_it_answers(
        hub, "me/curves", "https://me-curves.hf.space",
        commit=commit, token=token, say=said.append, wait=clock.wait, clock=clock, probe=probe, **more,
    )  # fmt: skip
    return clock.now, [line.strip() for line in said]


def test_it_waits_through_build_and_start_and_tells_each():
    took, said = wait(["BUILDING", "BUILDING", "APP_STARTING", "RUNNING"])
    assert took == 9.0
    assert said == ["building", "starting", "running"]


def test_running_right_after_an_upload_is_the_old_one():
    took, _ = wait(["RUNNING", "RUNNING_BUILDING", "RUNNING_APP_STARTING", "RUNNING"])
    assert took == 9.0
    took, _ = wait([("RUNNING", "old")] * 12 + [("RUNNING", "new")])
    assert took == 36.0


def test_where_nothing_was_uploaded_the_one_that_runs_will_do():
    assert wait(["RUNNING"], commit=None)[0] == 0.0


def test_a_page_of_the_proxy_is_no_answer_of_ours():
    probe = answers(PROXY, PROXY, OURS)
    assert wait(["RUNNING"], probe, commit=None)[0] == 6.0


def test_an_old_process_that_does_not_know_the_new_token_is_waited_out():
    refused = Answer(True, 401, "the token is not one of this server's")
    probe = answers(OURS, refused, OURS, OURS)
    assert wait(["RUNNING"], probe, commit=None)[0] == 3.0


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ("BUILD_ERROR", r"build failed.*logs=build"),
        ("RUNTIME_ERROR", r"stopped as soon.*logs=container"),
        ("CONFIG_ERROR", "does not accept its card"),
        ("NO_APP_FILE", "no app.py"),
        ("PAUSED", "paused.*settings"),
    ],
)
def test_a_failure_says_what_failed_and_where_its_log_is(stage, said):
    with pytest.raises(NotUp, match=said):
        wait(["BUILDING", stage])


def test_the_error_of_the_build_before_is_not_taken_for_this_ones():
    assert wait(["BUILD_ERROR", "BUILD_ERROR", "BUILDING", "APP_STARTING", "RUNNING"])[0] == 12.0
    with pytest.raises(NotUp, match="build failed"):
        wait(["BUILD_ERROR"])


def test_the_longest_wait_ends_with_the_stage_and_where_the_log_is():
    with pytest.raises(NotUp, match=r"within 60 s \(stage BUILDING\).*logs=container; then run the same command again"):
        wait(["BUILDING"], timeout_s=60)
    with pytest.raises(NotUp, match="not as Trackio does"):
        wait(["RUNNING"], answers(PROXY), timeout_s=60)


def test_a_hub_that_is_away_for_a_moment_is_waited_for_and_one_that_refuses_is_not():
    assert wait([HubAway("gone"), HubAway("gone"), "BUILDING", "RUNNING"])[0] == 9.0
    with pytest.raises(HubRefused):
        wait([HubRefused("no", status=403)])
    with pytest.raises(NotUp, match="gone"):
        wait([HubAway("gone")], timeout_s=30)


def test_a_static_page_is_there_when_the_hub_says_so():
    clock = Clock()
    wait_until_page(Stages("BUILDING", "RUNNING"), "me/page", wait=clock.wait, clock=clock)  # type: ignore[arg-type]
    assert clock.now == 3.0
    with pytest.raises(NotUp, match="card"):
        wait_until_page(Stages("CONFIG_ERROR"), "me/page", wait=clock.wait, clock=clock)  # type: ignore[arg-type]
