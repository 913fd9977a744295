"""The whole road on this machine: a log, the store file, resume and receipt, without any server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import trackio_client as trackio
from trackio_client.delivery.replay import pending
from trackio_client.errors import ExperimentNotFound
from trackio_client.experiment import Experiment
from trackio_client.lifecycle import process
from trackio_client.opening import init
from trackio_client.store.open import open_store

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("TRACKIO_URL", "TRACKIO_PROJECT", "TRACKIO_TOKEN", "TRACKIO_WRITE_TOKEN", "TRACKIO_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    monkeypatch.setenv("TRACKIO_FLUSH_S", "0.05")
    yield tmp_path
    for experiment in process.live.copy():
        experiment.finish(timeout_s=2)
    process.current = None


def begun(project: str = "digits", **given: object) -> Experiment:
    return init(project, capture_console=False, **given)  # type: ignore[arg-type]


def points(home: Path, experiment: Experiment, metric: str) -> list[tuple[int, float]]:
    store = open_store(home / "v1" / "store.sqlite")
    found = store.points(str(experiment), metric)
    store.close()
    return list(zip(found.steps.tolist(), found.values.tolist(), strict=True))


def test_finish_prints_counts_and_digest_of_what_the_store_file_holds(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with begun(name="otter") as experiment:
        for step in range(100):
            trackio.log({"loss": 1.0 / (step + 1), "lr": 0.1}, step=step)
    said = capsys.readouterr().err
    store = open_store(home / "v1" / "store.sqlite")
    [receipt] = store.receipts(str(experiment))
    assert store.audit(str(experiment)) == {receipt.writer_id: receipt.digest}
    store.close()
    assert f"{receipt.events:,} events with 200 values logged; the local store holds all of them" in said
    assert f"counts and digest equal ({receipt.digest[-12:]}), durable" in said
    assert pending(home / "v1" / "spool") == []


def test_an_experiment_of_the_local_store_is_resumed_by_name_by_id_and_as_the_newest(home: Path) -> None:
    with begun(name="long") as first:
        first.log({"a": 0.0}, step=41)
    for resume in (
        {"name": "long", "resume": "must"},
        {"experiment_id": str(first), "resume": "allow"},
        {"resume": str(first)},
        {"resume": "long"},
    ):
        with begun(**resume) as later:
            later.log({"a": 1.0})
        assert (str(later), later.name) == (str(first), "long")
    assert [step for step, _ in points(home, first, "a")] == [41, 42, 43, 44, 45]
    assert begun(resume="auto").experiment_id != str(first), "a finished one is not gone on with unasked"


def test_an_interrupted_experiment_of_the_local_store_is_gone_on_with_by_auto(home: Path) -> None:
    first = begun(name="long")
    first.log({"a": 0.0}, step=7)
    first.finish("interrupted")
    with begun(resume="auto") as later:
        later.log({"a": 1.0})
    assert str(later) == str(first)
    assert points(home, first, "a") == [(7, 0.0), (8, 1.0)]


@pytest.mark.parametrize("given", [{"name": "never"}, {"experiment_id": "exp_20200101_000000_abcdefgh"}])
def test_what_was_never_logged_cannot_be_resumed(home: Path, given: dict[str, str]) -> None:
    for _ in range(2):  # without a store file, and with one
        with pytest.raises(ExperimentNotFound, match="trackio-client list"):
            begun(resume="must", **given)
        with begun(resume="allow", **given) as new:
            assert new.step == 0
        given = {key: value + "x" for key, value in given.items()}


def test_an_id_of_another_project_is_not_resumed_in_this_one(home: Path) -> None:
    with begun("digits") as first:
        pass
    with pytest.raises(ExperimentNotFound):
        begun("otters", experiment_id=str(first), resume="must")


def test_a_deleted_experiment_is_told_to_its_writer_and_its_log_is_kept(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with begun(name="gone") as first:
        first.log({"a": 1.0})
    store = open_store(home / "v1" / "store.sqlite")
    store.delete(str(first))
    store.close()
    with pytest.raises(ExperimentNotFound):
        begun(experiment_id=str(first), resume="must")
    again = begun(experiment_id=str(first))
    again.log({"a": 2.0})
    again.finish()
    assert "This experiment was deleted" in capsys.readouterr().err
    [left] = pending(home / "v1" / "spool")
    assert left.events == 3
    assert "deleted" in left.why


def test_a_process_that_sends_to_a_space_never_opens_a_store() -> None:
    program = (
        "import sys\nfrom trackio_client.route import transport_to\n"
        "from trackio_client.settings import settings_from\n"
        "transport_to('http://127.0.0.1:9', settings_from())\n"
        "import trackio_client.cli.syncing, trackio_client.delivery.replay\n"
        "print(sorted(m for m in sys.modules if m == 'sqlite3' or m.startswith('trackio_client.store.')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == "[]\n"


def test_a_quiet_program_hears_of_its_receipt_only_when_something_is_missing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with begun(quiet=True) as fine:
        fine.log({"a": 1.0})
    assert capsys.readouterr().err == ""
    with begun(quiet=True) as refused:
        refused.log({"a": 1.0, "b": object()})
    said = capsys.readouterr().err
    assert "not recorded: 1 call (values that cannot be logged" in said
    with begun(quiet=True, trackio_url="http://127.0.0.1:9") as unsent:
        unsent.log({"a": 1.0})
        unsent.finish(timeout_s=0.3)
    assert "to send them: trackio-client sync" in capsys.readouterr().err
