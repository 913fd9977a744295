"""No server at all: trainers, their pusher and the commands as real processes, a stand-in for the Hub, and kills."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.machines import check_exact, until
from tests.hub.conftest import point_at
from tests.hub.machines import Machine, Repo, lives
from tests.hub_server import Hub, HubProcess

COMMIT = r"POST .*/commit/"


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubProcess]:
    """A Hub in a process of its own: it goes on while this one waits."""
    with HubProcess(tmp_path / "hub") as hub:
        point_at(hub, tmp_path, monkeypatch)
        yield hub


@pytest.fixture
def machine(there: HubProcess, tmp_path: Path) -> Iterator[Callable[..., Machine]]:
    made: list[Machine] = []

    def make(**given: str) -> Machine:
        made.append(Machine(there, tmp_path / f"machine-{len(made)}", **given))
        return made[-1]

    yield make
    for one in made:
        one.close()


Make = Callable[..., Machine]


@pytest.mark.requirement("S1.54", "S1.14")
def test_what_a_training_logged_is_in_a_private_repo_when_finish_returns(
    machine: Make, there: Hub, tmp_path: Path
) -> None:
    here = machine()
    trainer = here.train(500)
    assert trainer.ended() == 0
    assert "hf://datasets/me/exp holds all of them, counts and digest equal" in trainer.said()
    assert "durable" in trainer.said()
    assert here.spools() == []
    assert "kills" in here.command("list").stdout  # read from what is kept here
    assert there.repo("me/exp")["visibility"] == "private"
    repo = Repo(there, "me/exp", tmp_path / "check.sqlite")
    check_exact(repo.points(trainer.experiment_id), trainer.acknowledged())
    assert there.unknown() == []


def test_a_trainer_loads_nothing_that_talks_to_the_hub(machine: Make) -> None:
    code = (
        "import sys, trackio_client as t\n"
        "e = t.init('p'); e.log({'a': 1.0}); e.finish()\n"
        "print({'huggingface_hub', 'pyarrow', 'httpx', 'httpx2', 'pandas'} & set(sys.modules))"
    )
    here = machine()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env=here.env, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "set()\n"), done.stderr
    assert "durable" in done.stderr


def test_a_trainer_killed_with_its_process_group_leaves_a_pusher_that_goes_on(
    machine: Make, there: Hub, tmp_path: Path
) -> None:
    here = machine()
    trainer = here.train(1_000_000, "--pause", "0.001")
    trainer.wait_for(300)
    pusher = here.pusher()
    assert os.getpgid(pusher.pid) != os.getpgid(trainer.process.pid)
    trainer.kill_group()
    until(here.is_pushed, f"the pusher has pushed:\n{here.log()}")
    assert here.pusher().pid == pusher.pid
    repo = Repo(there, "me/exp", tmp_path / "check.sqlite")
    check_exact(repo.points(trainer.experiment_id), trainer.acknowledged(), more=1)
    assert here.status()["behind_events"] == 0


@pytest.mark.parametrize("how", ["sync", "the next training"])
def test_a_trainer_and_its_pusher_killed_are_made_good(how: str, machine: Make, there: Hub, tmp_path: Path) -> None:
    here = machine()
    trainer = here.train(1_000_000, "--pause", "0.001")
    trainer.wait_for(300)
    here.kill_pusher()
    trainer.kill_group()
    told = here.command("status")
    assert told.returncode == 1
    assert "nobody pushes what waits" in told.stdout or "process ended before everything was sent" in told.stdout
    if how == "sync":
        done = here.command("sync")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "hf://datasets/me/exp holds all of them, counts and digest equal" in done.stdout
    else:
        assert here.train(10).ended() == 0
        until(here.is_pushed, f"the new pusher has pushed:\n{here.log()}")
    assert here.spools() == []
    repo = Repo(there, "me/exp", tmp_path / "check.sqlite")
    check_exact(repo.points(trainer.experiment_id), trainer.acknowledged(), more=1)
    assert repo.holes(trainer.experiment_id) == []


@pytest.mark.parametrize("kind", ["slow", "late"])
def test_a_pusher_killed_around_its_commit_leaves_every_event_once(
    kind: str, machine: Make, there: HubProcess, tmp_path: Path
) -> None:
    here = machine()
    there.fault(COMMIT, kind=kind, seconds=3.0)  # slow: killed before the commit; late: after it, before its answer
    trainer = here.train(200, TRACKIO_FINISH_TIMEOUT_S="0.5")
    trainer.ended()
    until(lambda: [one for one in there.requests("/commit/") if "POST" in one["request"]], "a commit is on its way")
    here.kill_pusher()
    assert here.command("sync").returncode == 0
    repo = Repo(there, "me/exp", tmp_path / "check.sqlite")
    check_exact(repo.points(trainer.experiment_id), trainer.acknowledged())
    assert here.spools() == []


@pytest.mark.requirement("S1.53", "S1.55")
def test_eight_trainers_on_four_machines_share_one_repo(machine: Make, there: HubProcess, tmp_path: Path) -> None:
    trainers = [here.train(2_000, "--pause", "0.002") for here in [machine() for _ in range(4)] for _ in range(2)]
    assert [trainer.ended() for trainer in trainers] == [0] * 8
    said = "".join(trainer.said() for trainer in trainers)
    assert said.count("counts and digest equal") == 8, said
    until(lambda: there.repo("me/exp") and _all_in(there, trainers, tmp_path), "all is in the repo", every_s=1.0)
    assert len(there.pushes("me/exp")) <= 60
    assert all(push["files"] <= 100 for push in there.pushes("me/exp"))


def _all_in(there: HubProcess, trainers: list, tmp_path: Path) -> bool:  # type: ignore[type-arg]
    repo = Repo(there, "me/exp", tmp_path / f"check-{os.urandom(4).hex()}.sqlite")
    if len(repo.pulled.experiments) < len(trainers) or repo.pulled.values < 8 * 2_000 * 3:
        return False
    for trainer in trainers:
        check_exact(repo.points(trainer.experiment_id), trainer.acknowledged())
    return True


@pytest.mark.requirement("S1.62")
@pytest.mark.parametrize("token", [None, "hf_me_read"])
def test_a_token_that_may_not_write_is_told_once_and_training_goes_on(
    token: str | None, machine: Make, there: Hub, tmp_path: Path
) -> None:
    here = machine(token=token)  # type: ignore[arg-type]
    enough = here.folder / "enough"
    trainer = here.train(1_000_000, "--pause", "0.01", "--until", str(enough))
    until(lambda: "HF_TOKEN" in trainer.said(), "the token is told of")
    enough.touch()
    assert trainer.ended() == 0
    assert trainer.said().count("HF_TOKEN") == 1, trainer.said()
    assert "kept in" in trainer.said()
    told = here.command("status")
    assert told.returncode == 1
    assert "HF_TOKEN" in told.stdout
    assert here.command("status", "--stop").returncode == 0
    assert here.command("sync", "--timeout", "2").returncode == 1
    assert here.command("sync", HF_TOKEN="hf_me").returncode == 0
    check_exact(Repo(there, "me/exp", tmp_path / "c.sqlite").points(trainer.experiment_id), trainer.acknowledged())
    files = [path for path in here.home.rglob("*") if path.is_file()]
    assert [path for path in files if b"hf_me" in path.read_bytes()] == []


def test_what_was_logged_offline_goes_to_the_repo_by_sync(machine: Make, there: Hub, tmp_path: Path) -> None:
    here = machine()
    trainer = here.train(100, TRACKIO_MODE="offline")
    assert trainer.ended() == 0
    assert not here.staging.directory.exists()
    done = here.command("sync")
    assert (done.returncode, "hf://datasets/me/exp holds all of them" in done.stdout) == (0, True)
    check_exact(Repo(there, "me/exp", tmp_path / "c.sqlite").points(trainer.experiment_id), trainer.acknowledged())


@pytest.mark.requirement("S1.62", "S1.8")
def test_a_token_given_in_code_reaches_the_pusher_and_no_list_of_processes(machine: Make, there: Hub) -> None:
    code = (
        "import trackio_client as t\n"
        "e = t.init('p', 'n', resume='allow', hf_token='hf_me'); e.log({'a': 1.0}); e.finish()"
    )
    here = machine(token=None)  # type: ignore[arg-type]
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", code], env=here.env, capture_output=True, text=True, timeout=120
    )
    assert "hf://datasets/me/exp holds all of them" in done.stderr
    assert "Warning" not in done.stderr
    line = Path(f"/proc/{here.pusher().pid}/cmdline")
    assert not line.exists() or b"hf_me" not in line.read_bytes()
    assert "hf_me" not in here.log() + here.staging.state_path.read_text()


@pytest.mark.requirement("S1.7")
def test_the_hubs_own_log_in_is_a_token_too(machine: Make, there: Hub) -> None:
    here = machine(token=None)  # type: ignore[arg-type]
    (here.folder / "hf").mkdir()
    (here.folder / "hf" / "token").write_text("hf_me")
    trainer = here.train(20)
    assert trainer.ended() == 0
    assert "hf://datasets/me/exp holds all of them" in trainer.said()


def test_stop_ends_the_pusher_and_a_living_trainer_does_not_start_another(machine: Make, there: Hub) -> None:
    here = machine()
    trainer = here.train(1_000_000, "--pause", "0.001")
    trainer.wait_for(50)
    pid = here.pusher().pid
    done = here.command("status", "--stop")
    assert (done.returncode, "ended the pusher of me/exp" in done.stdout) == (0, True)
    until(lambda: not lives(pid), "it is gone")
    trainer.kill(signal.SIGTERM)
    assert "to push it: trackio-client sync" in trainer.said()
    assert "No process pushes" in here.command("status", "--stop").stdout
    assert here.command("sync").returncode == 0


def test_an_experiment_deleted_here_is_deleted_in_the_repo(machine: Make, there: Hub, tmp_path: Path) -> None:
    here = machine()
    kept, gone = here.train(20), here.train(20)
    assert (kept.ended(), gone.ended()) == (0, 0)
    assert here.command("status", "--stop").returncode == 0
    assert here.command("delete", gone.experiment_id, "--now", "--yes").returncode == 0

    def names() -> list[str]:
        return Repo(there, "me/exp", tmp_path / f"{random.random()}.sqlite").pulled.experiments

    until(lambda: names() == [kept.experiment_id], f"it is gone:\n{here.log()}", every_s=0.5)
    here.pusher()  # it goes on for a while, and has not brought it back


def test_what_is_imported_goes_to_the_repo_that_is_set(machine: Make, there: Hub, tmp_path: Path) -> None:
    here = machine()
    state = {"log_history": [{"loss": 1.0 / step, "epoch": 0.1 * step, "step": step} for step in range(1, 9)]}
    log = tmp_path / "run" / "trainer_state.json"
    log.parent.mkdir()
    log.write_text(json.dumps({"global_step": 8, "epoch": 0.8, **state}))
    done = here.command("import", str(log), "--project", "old")
    assert done.returncode == 0, done.stderr
    until(here.is_pushed, f"it is pushed:\n{here.log()}")
    until(lambda: there.pushes("me/exp"), "a commit was made")
    assert Repo(there, "me/exp", tmp_path / "c.sqlite").pulled.values == 16
    again = here.command("import", str(log), "--project", "old")
    assert (again.returncode, "nothing new" in again.stdout) == (0, True)


def test_stop_leaves_a_process_alone_that_is_no_pusher(machine: Make) -> None:
    here = machine()
    here.staging.directory.mkdir(parents=True)
    here.staging.open().close()
    lock = here.staging.lock()
    assert lock is not None
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        from trackio_client.delivery.staging import PusherState

        PusherState(repo="me/exp", pid=other.pid).write(here.staging.state_path)
        assert here.command("status", "--stop").returncode == 1
        assert other.poll() is None
    finally:
        lock.release()
        other.kill()
        other.wait()


def test_an_experiment_of_another_machine_is_gone_on_with(machine: Make, there: Hub, tmp_path: Path) -> None:
    here = machine()
    first = here.train(100, "--name", "long")
    assert first.ended() == 0
    second = machine().train(100, "--resume", "long", "--first", "100")
    assert second.ended() == 0
    assert second.experiment_id == first.experiment_id
    third = here.train(100, "--resume", "long", "--first", "200")  # its own store knows of an older state only
    assert third.ended() == 0
    repo = Repo(there, "me/exp", tmp_path / "check.sqlite")
    points = repo.points(first.experiment_id)
    check_exact(points, first.acknowledged() + second.acknowledged() + third.acknowledged())
    assert repo.store.experiment(first.experiment_id).generation == 2


@pytest.mark.parametrize("how", ["sync", "the next training"])
def test_a_wiped_folder_asks_the_repo_for_what_its_logs_have_let_go_of(
    how: str, machine: Make, there: Hub, tmp_path: Path
) -> None:
    here = machine(TRACKIO_SPOOL_BYTES="800000", TRACKIO_PUSH_INTERVAL_S="1", TRACKIO_HEARTBEAT_S="0.2")
    trainer = here.train(1_000_000, "--pause", "0.002")  # a pusher that starts slowly has half a minute
    until(lambda: here.spools() and not (here.spools()[0] / "000000.seg").exists(), "a segment was let go of")
    here.kill_pusher()
    trainer.kill_group()
    assert "new values are refused" not in trainer.said(), "the pusher was too slow for this test"
    shutil.rmtree(here.staging.directory)
    if how == "sync":
        done = here.command("sync")
        assert done.returncode == 0, done.stdout + done.stderr
    else:
        assert here.train(10).ended() == 0
        until(here.is_pushed, f"all is in the repo:\n{here.log()}")
    repo = Repo(there, "me/exp", tmp_path / "check.sqlite")
    assert repo.holes(trainer.experiment_id) == []
    check_exact(repo.points(trainer.experiment_id), trainer.acknowledged(), more=1)
    assert here.spools() == []


def test_pushers_of_two_machines_killed_at_random_between_faults_bring_every_event_once(
    machine: Make, there: HubProcess, tmp_path: Path
) -> None:
    seed = int(os.environ.get("TRACKIO_TEST_SEED") or random.randrange(1 << 32))
    print(f"TRACKIO_TEST_SEED={seed}")
    chance, quick = random.Random(seed), {"TRACKIO_PUSH_INTERVAL_S": "1", "TRACKIO_HEARTBEAT_S": "0.5"}
    machines = [machine(TRACKIO_SPOOL_BYTES="16000000", **quick) for _ in range(2)]
    trainers = [here.train(1_000_000, "--pause", "0.001") for here in machines for _ in range(2)]
    for trainer in trainers:
        trainer.wait_for(100)
    until_s = time.monotonic() + 12
    while time.monotonic() < until_s:
        here, what = chance.choice(machines), chance.random()
        if what < 0.5 and not here.staging.is_free():
            here.kill_pusher()
        elif what < 0.8:
            there.fault(COMMIT, kind=chance.choice(["slow", "late", "lost", "drop", "cut", "html"]), seconds=1.0)
        else:
            there.fault(COMMIT, status=chance.choice([409, 412, 500, 503]))
        if here.staging.is_free():
            here.start_pusher()
        time.sleep(chance.uniform(0.1, 1.5))
    for trainer in trainers:
        trainer.kill_group()  # type: ignore[attr-defined]
    there.heal()
    for here in machines:
        done = here.command("sync", "--timeout", "60")
        assert done.returncode == 0, done.stdout + done.stderr
        assert here.spools() == []
    repo = Repo(there, "me/exp", tmp_path / "check.sqlite")
    for trainer in trainers:
        check_exact(repo.points(trainer.experiment_id), trainer.acknowledged(), more=1)
        assert repo.holes(trainer.experiment_id) == []
    assert len(there.pushes("me/exp")) <= 60
