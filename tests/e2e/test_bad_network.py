"""The network loses, repeats, delays, reorders, and strangers answer: every call arrives once."""

from __future__ import annotations

import struct
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.bad_network import FAULTS, STRANGERS, BadNetwork
from tests.e2e.machines import Space, check_exact, command, environment, spools, until
from trackio_client.wire.batches import FRAMES_TYPE, Batch, pack
from trackio_client.wire.events import new_experiment_id, new_writer_id
from trackio_client.wire.frames import Schema, event_frame, metrics_frame

pytestmark = pytest.mark.crash
QUICK = {"TRACKIO_FLUSH_S": "0.02", "TRACKIO_HEARTBEAT_S": "0.5"}


@pytest.fixture
def network(space: Space) -> Iterator[Callable[[Callable[[int], str]], BadNetwork]]:
    made: list[BadNetwork] = []

    def make(choose: Callable[[int], str]) -> BadNetwork:
        made.append(BadNetwork(space.port, choose))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_network_that_does_everything_wrong_still_delivers_each_call_once(rng, train, tell, tmp_path, space, network):
    is_bad = True  # while they train; `sync` alone gives up after some faults, says so and keeps the rest

    def choose(number: int) -> str:
        return rng.choice(FAULTS) if is_bad and rng.random() < 0.6 and number < 60 else "pass"

    bad = network(choose)
    trainers = [train(400, "--pause", "0.005", "--end", "none", url=bad.url, **QUICK) for _ in range(2)]
    for trainer in trainers:
        assert trainer.ended() == 0, trainer.said()
    is_bad = False
    done = command(tmp_path / "home", "sync", TRACKIO_URL=bad.url)
    assert done.returncode == 0, done.stdout + done.stderr
    for trainer in trainers:
        check_exact(space.points(trainer.experiment_id, "t/value"), trainer.acknowledged())
        assert len(trainer.acknowledged()) == 400
    assert spools(tmp_path / "home") == []
    tell(", ".join(f"{count} × {fault}" for fault, count in sorted(bad.befell.items())))


@pytest.mark.parametrize("fault", ["lose answer", "twice", "cut", "hold back", "delay"])
def test_a_batch_whose_answer_is_lost_or_that_comes_again_counts_once(fault, train, tmp_path, space, network):
    bad = network(lambda number: fault if number % 2 == 0 and number < 8 else "pass")
    trainer = train(200, "--pause", "0.003", url=bad.url, **QUICK)
    assert trainer.ended() == 0, trainer.said()
    assert bad.befell[fault] >= 3
    check_exact(space.points(trainer.experiment_id, "t/value"), trainer.acknowledged())


@pytest.mark.parametrize("stranger", STRANGERS)
def test_only_our_own_receipt_counts_as_an_answer(stranger, train, tmp_path, space, network):
    state = {"is": stranger}
    bad = network(lambda number: state["is"])
    trainer = train(30, "--end", "none", url=bad.url, TRACKIO_EXIT_TIMEOUT_S="0.3", **QUICK)
    assert trainer.ended() == 0, trainer.said()
    assert spools(tmp_path / "home"), "a stranger's answer let the log go"
    assert space.points(trainer.experiment_id, "t/value") == []
    state["is"] = "pass"
    done = command(tmp_path / "home", "sync", TRACKIO_URL=bad.url)
    assert done.returncode == 0, done.stdout + done.stderr
    check_exact(space.points(trainer.experiment_id, "t/value"), trainer.acknowledged())
    assert len(trainer.acknowledged()) == 30


def test_two_senders_on_one_log_by_mistake_store_it_once(train, tmp_path, space, network):
    """Three processes read one orphan's log: one a copy of it, and none heeds the lock."""
    import shutil
    import subprocess
    import sys

    home, copy = tmp_path / "home", tmp_path / "copy"
    state = {"is": "503"}
    bad = network(lambda number: state["is"])
    trainer = train(3000, "--end", "none", url=bad.url, TRACKIO_EXIT_TIMEOUT_S="0.1")
    trainer.ended()
    shutil.copytree(home, copy)
    program = (
        "import sys; from trackio_client.delivery import locks; locks._lock = lambda fd: True\n"
        "from trackio_client.cli.main import main; sys.exit(main())"
    )
    state["is"] = "delay"
    senders = [
        subprocess.Popen([sys.executable, "-c", program, "sync"], env=environment(place, TRACKIO_URL=bad.url))
        for place in (home, home, copy)
    ]
    for sender in senders:
        sender.wait(timeout=120)
    state["is"] = "pass"
    command(home, "sync", TRACKIO_URL=bad.url)
    check_exact(space.points(trainer.experiment_id, "t/value"), trainer.acknowledged())


def test_batches_in_any_order_end_up_complete_and_single(rng, space):
    schema, writer, experiment = Schema(("t/value",)), new_writer_id(), new_experiment_id()
    start = event_frame({"kind": "start", "time_us": 1, "project": "order", "name": "order"})
    frames = [start] + [metrics_frame(schema, step, step, [step + 0.5]) for step in range(400)]

    def post(first: int, stop: int) -> tuple[int, dict]:  # type: ignore[type-arg]
        batch = Batch(
            writer_id=writer, experiment_id=experiment, project="order", generation=0, first_seq=first,
            count=stop - first, first_held=0, body=schema.frame + b"".join(frames[first:stop]),
        )  # fmt: skip
        return space.post(f"/v1/writers/{writer}/events", pack(batch), **{"Content-Type": FRAMES_TYPE})

    held = 0
    for _ in range(3000):
        first = rng.randrange(0, 400)
        stop = min(401, first + rng.randrange(1, 60))
        if held and rng.random() < 0.5:
            first = rng.randrange(max(0, held - 30), held + 1)
            stop = min(401, first + rng.randrange(1, 60))
        if first == stop:
            continue
        status, answer = post(first, stop)
        if first > held:
            assert (status, answer["want"]) == (409, held), answer
            assert "/problems/gap" in answer["type"]
        else:
            held = max(held, stop)
            assert (status, answer["accepted"]) == (200, [[0, held]]), answer
        if held == 401:
            break
    if held < 401:
        post(held, 401)
    assert [step for step, _ in space.points(experiment, "t/value")] == list(range(400))
    assert space.receipts(experiment)["events"] == 401


def test_a_copied_log_with_other_content_is_refused_and_writes_nothing(space):
    schema, writer, experiment = Schema(("t/value",)), new_writer_id(), new_experiment_id()
    start = event_frame({"kind": "start", "time_us": 1, "project": "copy", "name": "copy"})

    def post(first: int, *values: float) -> tuple[int, dict]:  # type: ignore[type-arg]
        frames = [metrics_frame(schema, first + n, 1, [value]) for n, value in enumerate(values)]
        frames = [start, *frames] if first == 0 else frames
        batch = Batch(
            writer_id=writer, experiment_id=experiment, project="copy", generation=0, first_seq=first,
            count=len(frames), first_held=0, body=schema.frame + b"".join(frames),
        )  # fmt: skip
        return space.post(f"/v1/writers/{writer}/events", pack(batch), **{"Content-Type": FRAMES_TYPE})

    assert post(0, 1.0, 2.0, 3.0)[0] == 200  # seqs 0–3
    before = space.receipts(experiment)
    status, problem = post(2, 2.0, 99.0, 100.0)  # steps and values differ under seqs 2 and 3
    assert status == 409
    assert "/problems/overlap" in problem["type"]
    assert space.receipts(experiment) == before


def test_a_clock_that_goes_back_loses_and_reorders_nothing(train, tell, tmp_path, space):
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import time\n"
        "_ns, _s, _n = time.time_ns, time.time, [0]\n"
        "def back():\n"
        "    _n[0] += 1\n"
        "    return -3600 * 10**9 * (_n[0] // 40 % 3)\n"
        "time.time_ns = lambda: _ns() + back()\n"
        "time.time = lambda: _s() + back() / 1e9\n"
    )
    root = environment(tmp_path)["PYTHONPATH"]
    trainer = train(300, "--pause", "0.002", url=space.url, PYTHONPATH=f"{site}:{root}", **QUICK)
    assert trainer.ended() == 0, trainer.said()
    answer = space.get(f"/v1/series?experiment={trainer.experiment_id}&metric=t/value&repeats=1")["series"][0]
    points, times_s = space.points(trainer.experiment_id, "t/value"), answer["times_s"]
    back = [at for at in range(1, 300) if times_s[at] < times_s[at - 1] - 3000]
    assert len(back) >= 5, "the clock never went back: the test tests nothing"
    assert max(times_s) - min(times_s) > 7000
    check_exact(points, trainer.acknowledged())
    assert [step for step, _ in points] == list(range(300))
    shown = space.get(f"/v1/series?experiment={trainer.experiment_id}&metric=t/value")["series"][0]
    assert shown["steps"] == list(range(300)), "what is shown follows steps, not clocks"
    assert space.get(f"/v1/experiments/{trainer.experiment_id}")["state"] == "finished"
    assert "counts and digest equal" in trainer.said()
    tell(f"the clock went back {len(back)} times, by an hour or two each")


def test_a_deleted_experiment_stays_deleted_and_its_writer_is_told_once(train, tmp_path, space):
    stop, home = tmp_path / "stop", tmp_path / "home"
    trainer = train(10_000_000, "--pause", "0.002", "--until", str(stop), url=space.url, **QUICK)
    path = f"/v1/experiments/{trainer.experiment_id}"
    until(lambda: space.points(trainer.experiment_id, "t/value"), "something arrives")
    request = urllib.request.Request(space.url + path + "?now=1", method="DELETE")
    urllib.request.urlopen(request, timeout=60).close()
    until(lambda: "deleted" in trainer.said(), "the trainer hears of it")
    so_far = len(trainer.acknowledged())
    until(lambda: len(trainer.acknowledged()) > so_far + 100, "training goes on")
    stop.touch()
    assert trainer.ended() == 0, trainer.said()
    assert trainer.said().count("This experiment was deleted") == 1, trainer.said()
    done = command(home, "sync", TRACKIO_URL=space.url)
    assert done.returncode == 1, done.stdout
    assert "deleted" in done.stdout
    assert spools(home), "its spool is kept until told otherwise"
    with pytest.raises(urllib.error.HTTPError) as gone:
        space.get(path)
    gone.value.close()
    assert gone.value.code == 404


def test_an_answer_that_never_comes_holds_nobody_up(train, tmp_path):
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        trainer = train(
            500,
            url=f"http://127.0.0.1:{silent.getsockname()[1]}",
            TRACKIO_FINISH_TIMEOUT_S="1.5",
            TRACKIO_EXIT_TIMEOUT_S="1",
        )
        until(lambda: len(trainer.acknowledged()) == 500, "all calls returned")
        began = time.monotonic()
        assert trainer.ended() == 0, trainer.said()
        assert time.monotonic() - began < 20, "it waited for the answer"
    assert "sync" in trainer.said(), "finish() did not say how to send the rest"


def test_a_body_that_is_not_what_it_says_leaves_the_space_standing(space):
    bodies = [
        b"",
        b"TKB1",
        b"TKB1" + struct.pack("<I", 2**31),
        b"\0" * 1000,
        b"{}",
        b"TKB1\x02\0\0\0{}",
        b"x" * 5_000_000,
    ]
    for body in bodies:
        status, problem = space.post(f"/v1/writers/{new_writer_id()}/events", body, **{"Content-Type": FRAMES_TYPE})
        assert 400 <= status < 500, (body[:20], problem)
        assert problem["detail"]
    assert space.get("/v1/health")["status"] == "ok"
