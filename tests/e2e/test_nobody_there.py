"""No Space, a late Space, a wrong token: everything is kept, it is said once, and it arrives."""

from __future__ import annotations

import pytest

from tests.e2e.machines import Space, check_exact, command, spools, until

pytestmark = pytest.mark.crash


@pytest.mark.requirement("S1.58", "S1.60")
def test_without_any_space_lines_appear_and_everything_is_kept(train, tmp_path):
    trainer = train(300, "--pause", "0.01", url="http://127.0.0.1:9", TRACKIO_FINISH_TIMEOUT_S="1")
    assert trainer.ended() == 0, trainer.said()
    lines = trainer.said().splitlines()
    assert any("t/value" in line or "value" in line for line in lines), "nothing to read on the console"
    assert 3 < len(lines) < 100, f"{len(lines)} lines for 300 steps"
    assert any("sync" in line for line in lines)
    assert spools(tmp_path / "home")
    status = command(tmp_path / "home", "status")
    assert trainer.experiment_id in status.stdout, status.stdout + status.stderr


def test_a_space_that_starts_at_step_50_gets_steps_0_to_49(train, own_space):
    trainer = train(400, "--pause", "0.02", url=own_space.url, TRACKIO_FLUSH_S="0.1")
    trainer.wait_for(50)
    own_space.start()
    assert trainer.ended() == 0, trainer.said()
    points = own_space.points(trainer.experiment_id, "t/value")
    check_exact(points, trainer.acknowledged())
    assert {step for step, _ in points} == set(range(400))


def test_a_wrong_token_is_said_once_and_the_right_one_delivers_later(train, tmp_path):
    space = Space(tmp_path / "space", TRACKIO_WRITE_TOKEN="the-right-token").start()
    try:
        trainer = train(
            200, "--pause", "0.01", url=space.url, TRACKIO_TOKEN="a-wrong-token", TRACKIO_FLUSH_S="0.05",
            TRACKIO_FINISH_TIMEOUT_S="1",
        )  # fmt: skip
        assert trainer.ended() == 0, trainer.said()
        said = trainer.said()
        assert "a-wrong-token" not in said
        assert "the-right-token" not in said
        warnings = [line for line in said.splitlines() if "TRACKIO_TOKEN" in line or "token" in line.lower()]
        assert 1 <= len(warnings) <= 3, said
        assert spools(tmp_path / "home")
        refused = command(tmp_path / "home", "sync", TRACKIO_URL=space.url, TRACKIO_TOKEN="a-wrong-token")
        assert refused.returncode != 0
        done = command(tmp_path / "home", "sync", TRACKIO_URL=space.url, TRACKIO_TOKEN="the-right-token")
        assert done.returncode == 0, done.stdout + done.stderr
        assert spools(tmp_path / "home") == []
        content = space.get("/v1/projects", **{"X-Trackio-Token": "the-right-token"})
        assert [project["project"] for project in content["projects"]] == ["kills"]
    finally:
        space.kill()


def test_the_next_process_sends_what_a_killed_one_left(train, tmp_path, space):
    home = tmp_path / "home"
    first = train(10_000_000, directory=home, url=space.url, TRACKIO_MODE="offline")
    first.wait_for(300)
    first.kill()
    assert space.points(first.experiment_id, "t/value") == []
    second = train(200, "--pause", "0.02", directory=home, url=space.url)
    assert second.ended() == 0, second.said()
    until(lambda: len(space.points(first.experiment_id, "t/value")) >= 300, "the orphan's calls arrive")
    command(home, "sync", TRACKIO_URL=space.url)
    check_exact(space.points(first.experiment_id, "t/value"), first.acknowledged(), more=1)
