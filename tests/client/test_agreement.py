"""A Space and a dataset repo were both named: what is said when they do not belong together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.client.small_space import SmallSpace
from tests.e2e.machines import until
from trackio_client.agreement import difference
from trackio_client.errors import Unauthorized, Unavailable
from trackio_client.opening import init


def asked(*answers: Any) -> str | None:
    """What is told after these answers of a Space."""
    left = list(answers)

    def ask() -> dict[str, Any]:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    return difference(ask, "me/exp", "http://space", sleep=lambda seconds: None)


@pytest.mark.requirement("S1.14")
def test_a_space_with_another_repo_is_told() -> None:
    assert "keeps its experiments in the dataset repo me/other, not me/exp" in str(asked({"repo": "me/other"}))
    assert "in no dataset repo" in str(asked({"repo": None}))
    assert asked({"repo": "me/exp"}) is None
    assert asked({"status": "ok"}) is None  # told to readers only


def test_a_space_that_sleeps_is_asked_again_and_one_that_stays_away_is_left_alone() -> None:
    assert asked(Unavailable("asleep"), {"repo": "me/exp"}) is None
    assert asked(*[Unauthorized("no")] * 4) is None


@pytest.mark.requirement("S1.14")
def test_what_is_logged_goes_to_the_space_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("TRACKIO_URL", "MONITORING_MODE", "TRACKIO_MODE"):
        monkeypatch.delenv(name, raising=False)
    said = ""

    def is_told() -> bool:
        nonlocal said
        said += capsys.readouterr().err
        return "me/other, not me/exp" in said

    space = SmallSpace()
    space.health["repo"] = "me/other"
    try:
        with init(
            "digits", trackio_url=space.address, dataset_repo="me/exp", directory=tmp_path, capture_console=False
        ) as e:
            e.log({"a": 1.0})
            until(is_told, "it is told")
        assert len(space.store.batches) >= 1
    finally:
        space.close()
    assert not (tmp_path / "v1" / "hub").exists()


@pytest.mark.requirement("S1.14")
@pytest.mark.parametrize("mode", ["both", "dataset", "trackio", "none"])
def test_every_mode_keeps_local_files(mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRACKIO_URL", "MONITORING_MODE", "TRACKIO_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("trackio_client.delivery.staging.start_pusher", lambda *given: None)
    monkeypatch.setattr("trackio_client.pushes.start_pusher", lambda *given: None)
    experiment = init(
        "p", trackio_url="http://127.0.0.1:9", dataset_repo="me/exp", monitoring_mode=mode, directory=tmp_path,
        capture_console=False, quiet=True,
    )  # fmt: skip
    experiment.log({"a": 1.0})
    assert [path for path in (tmp_path / "v1" / "spool").glob("*/*.seg") if path.stat().st_size > 0]
    experiment.finish(timeout_s=1)
    stores = {path.relative_to(tmp_path / "v1").as_posix() for path in (tmp_path / "v1").rglob("store.sqlite")}
    assert stores == {"none": {"store.sqlite"}, "dataset": {"hub/me--exp/store.sqlite"}}.get(mode, set())
