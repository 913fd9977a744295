"""Full disks: training goes on with one warning, and what was refused is counted; a Space says 507 and heals."""

from __future__ import annotations

import contextlib

import pytest

from tests.e2e.machines import ROOT, Space, check_exact, command, spools, until
from trackio_client.wire.batches import FRAMES_TYPE, Batch, pack
from trackio_client.wire.events import new_experiment_id, new_writer_id
from trackio_client.wire.frames import Schema, event_frame, metrics_frame

pytestmark = pytest.mark.crash
NOWHERE = "http://127.0.0.1:9"
LARGE = str(10**9)
"""A budget above what the small disks here have: by default a quarter of the free disk is used, and it never fills."""


def test_a_full_disk_does_not_stop_training_and_what_is_refused_is_counted(train, tell, small_disk):
    disk = small_disk("disk", 3_000)
    trainer = train(
        60_000, directory=disk / "home", url=NOWHERE, TRACKIO_FINISH_TIMEOUT_S="1", TRACKIO_SPOOL_BYTES=LARGE
    )
    assert trainer.ended() == 0, trainer.said()
    assert len(trainer.acknowledged()) == 60_000, "training stopped"
    said = trainer.said()
    assert 1 <= said.lower().count("no space left") <= 2, said  # once when it happens, once in the receipt
    assert "to 59999" in said, "the receipt does not name the last step that is missing"
    tell(said.strip().splitlines()[-1][:160])


def test_what_a_full_disk_took_arrives_and_the_rest_is_named_by_its_steps(train, small_disk, space):
    disk = small_disk("disk", 2_000)
    filler = disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb") as file:
        file.write(b"\0" * 1_700_000)
    settings = {"TRACKIO_FLUSH_S": "0.05", "TRACKIO_SPOOL_BYTES": LARGE}
    trainer = train(6_000, "--pause", "0.0005", directory=disk / "home", url=space.url, **settings)
    with contextlib.suppress(AssertionError):
        until(
            lambda: "o space left" in trainer.said() or trainer.process.poll() is not None, "a refusal", patience_s=20
        )
    filler.unlink()
    assert trainer.ended() == 0, trainer.said()
    command(disk / "home", "sync", TRACKIO_URL=space.url)
    experiment = trainer.experiment_id
    steps = [step for step, _ in space.points(experiment, "t/value")]
    assert len(steps) == len(set(steps))
    told = [e["content"] for e in space.get(f"/v1/experiments/{experiment}/events?kind=refused")["events"]]
    refused = sum(event["count"] for event in told)
    assert len(steps) + refused == 6_000, (len(steps), told)
    for step in set(range(6_000)) - set(steps):
        assert any(event["first_step"] <= step <= event["last_step"] for event in told), f"step {step} is in no refusal"


def test_a_spool_over_its_budget_refuses_and_counts_and_goes_on_when_there_is_room(train, tell, tmp_path, own_space):
    own_space.start()
    own_space.kill()  # the address is known, and nobody is there
    settings = {"TRACKIO_SPOOL_BYTES": "400000", "TRACKIO_FLUSH_S": "0.05", "TRACKIO_FINISH_TIMEOUT_S": "60"}
    stop = tmp_path / "stop"
    trainer = train(10_000_000, "--pause", "0.0002", "--until", str(stop), url=own_space.url, **settings)
    until(lambda: "TRACKIO_SPOOL_BYTES" in trainer.said(), "the budget is used up, and it is said")
    own_space.start()
    experiment, so_far = trainer.experiment_id, len(trainer.acknowledged())
    until(
        lambda: max((step for step, _ in own_space.points(experiment, "t/value")), default=0) > so_far,
        "it goes on when there is room",
        every_s=0.3,
    )
    stop.touch()
    assert trainer.ended() == 0, trainer.said()
    calls = len(trainer.acknowledged())
    steps = [step for step, _ in own_space.points(experiment, "t/value")]
    told = [e["content"] for e in own_space.get(f"/v1/experiments/{experiment}/events?kind=refused")["events"]]
    assert len(steps) == len(set(steps))
    assert len(steps) + sum(event["count"] for event in told) == calls, (len(steps), told)
    assert told, "nothing was refused"
    tell(f"budget of 400 kB: {len(steps)} of {calls} calls kept, the rest refused in {len(told)} events")


def a_batch_of(writer: str, experiment: str, values: int) -> bytes:
    schema = Schema(("t/value",))
    frames = [metrics_frame(schema, step, step, [step + 0.5]) for step in range(values)]
    start = event_frame({"kind": "start", "time_us": 1, "project": "full", "name": "full"})
    return pack(
        Batch(
            writer_id=writer, experiment_id=experiment, project="full", generation=0, first_seq=0, count=values + 1,
            first_held=0, body=schema.frame + start + b"".join(frames),
        )
    )  # fmt: skip


def test_a_full_space_answers_507_keeps_nothing_by_halves_and_clients_go_on_by_themselves(
    train, tell, small_disk, tmp_path
):
    disk = small_disk("space-disk", 6_000)
    space = Space(disk / "data", log=tmp_path / "space.log").start()
    stop = tmp_path / "stop"
    try:
        filler = disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb") as file:
            file.write(b"\0" * 8_000_000)
        trainer = train(10_000_000, "--pause", "0.001", "--until", str(stop), url=space.url, TRACKIO_FLUSH_S="0.05")
        until(lambda: "no room" in trainer.said(), f"the trainer says it: {trainer.said()}")
        writer, experiment = new_writer_id(), new_experiment_id()
        path, kind = f"/v1/writers/{writer}/events", {"Content-Type": FRAMES_TYPE}
        status, problem = space.post(path, a_batch_of(writer, experiment, 20_000), **kind)
        assert (status, problem["type"].rpartition("/")[2]) == (507, "store-full"), problem
        assert problem["hint"]
        assert space.get(f"/v1/writers/{writer}")["accepted"] == [], "half of a batch was kept"
        assert space.get("/v1/health")["status"] == "ok"
        so_far = len(trainer.acknowledged())
        filler.unlink()  # from here on nobody helps
        until(
            lambda: max((step for step, _ in space.points(trainer.experiment_id, "t/value")), default=0) > so_far,
            "what was kept arrives by itself",
            every_s=0.3,
        )
        stop.touch()
        assert trainer.ended() == 0, trainer.said()
        check_exact(space.points(trainer.experiment_id, "t/value"), trainer.acknowledged())
        assert trainer.said().count("the store has no room") == 1, trainer.said()
        assert "answers again" in trainer.said()
        assert "counts and digest equal" in trainer.said()
        assert spools(tmp_path / "home") == []
        tell(f"507 while full, {so_far} calls kept meanwhile, all {len(trainer.acknowledged())} there at the end")
    finally:
        space.kill()


def test_a_limit_on_file_size_tears_frames_and_loses_none(train, tmp_path, space, door):
    """RLIMIT_FSIZE makes short writes: half a frame ends each segment, and the log goes on in a new one."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import resource, signal, sys\n"
        "if 'trainer.py' in ' '.join(sys.orig_argv):\n"
        "    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (100_004, 100_004))\n"
    )
    home, path = tmp_path / "home", f"{site}:{ROOT}"
    trainer = train(5_000, "--end", "none", url=door.url, PYTHONPATH=path, TRACKIO_EXIT_TIMEOUT_S="0.2")
    assert trainer.ended() == 0, trainer.said()
    segments = list((home / "v1" / "spool").glob("*/*.seg"))
    assert len(segments) > 2, trainer.said()
    assert any(segment.stat().st_size % 8 for segment in segments), "no write was short: the test tests nothing"
    done = command(home, "sync", TRACKIO_URL=door.open())
    assert done.returncode == 0, done.stdout + done.stderr
    check_exact(space.points(trainer.experiment_id, "t/value"), trainer.acknowledged())
    assert len(trainer.acknowledged()) == 5_000
