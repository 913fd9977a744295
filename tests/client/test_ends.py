"""How programs end: on real processes, towards a small Space over HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.client.small_space import SmallSpace
from trackio_client.delivery.http import HttpTransport
from trackio_client.delivery.replay import pending, sync
from trackio_client.notices import LINE_EVERY_S

pytestmark = pytest.mark.crash
ROOT = Path(__file__).parents[2]


@pytest.fixture
def space() -> Iterator[SmallSpace]:
    made = SmallSpace()
    yield made
    made.close()


Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def run(space: SmallSpace, tmp_path: Path) -> Iterator[Run]:
    """Start a program that begins with an experiment called `experiment`."""
    started: list[subprocess.Popen[str]] = []

    def start(program: str, **environment: str) -> subprocess.Popen[str]:
        text = "import os, signal, sys, threading, time\nimport trackio_client as trackio\n" + program
        env = {
            **os.environ, "TRACKIO_URL": space.address, "TRACKIO_DIR": str(tmp_path), "PYTHONPATH": str(ROOT),
            "TRACKIO_FLUSH_S": "0.05", "TRACKIO_PROJECT": "digits", **environment,
        }  # fmt: skip
        script = tmp_path / f"program{len(started)}.py"
        script.write_text(text)
        process = subprocess.Popen(
            [sys.executable, str(script)],
            env=env,
            cwd=tmp_path,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def until(true: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


UNTIL_ENOUGH = "while not os.path.exists('enough'): time.sleep(0.02)\n"
"""Goes on until the test has seen what it waits for, and touched this file."""
BEGIN = "experiment = trackio.init(name='e')\nfor i in range(50): trackio.log({'loss': i})\n"


@pytest.mark.parametrize(
    ("ending", "code", "expected"),
    [
        ("", 0, ("finished", 0, None, None)),
        ("sys.exit(3)", 3, ("failed", 3, None, None)),
        ("raise ValueError('bad luck')", 1, ("failed", 1, None, "ValueError")),
        ("raise KeyboardInterrupt", -signal.SIGINT, ("interrupted", None, "SIGINT", "KeyboardInterrupt")),
        (
            "os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)",
            -signal.SIGTERM,
            ("interrupted", None, "SIGTERM", None),
        ),
        (
            "os.kill(os.getpid(), signal.SIGINT); time.sleep(9)",
            -signal.SIGINT,
            ("interrupted", None, "SIGINT", "KeyboardInterrupt"),
        ),
        ("experiment.finish('failed')", 0, ("failed", None, None, None)),
    ],
)
def test_the_end_is_told_with_its_evidence_and_everything_is_sent(
    run: Run, space: SmallSpace, tmp_path: Path, ending: str, code: int, expected: tuple[object, ...]
) -> None:
    process = run(BEGIN + ending)
    _, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    [end] = space.events("end")
    assert (end["state"], end["exit_code"], end["signal"], end["error"]) == expected
    assert space.steps("loss") == list(range(50))
    assert "counts and digest equal" in err
    assert pending(tmp_path / "v1" / "spool") == []


def test_a_with_block_that_raises_tells_the_error_and_its_trace(run: Run, space: SmallSpace) -> None:
    process = run("with trackio.init(name='e'):\n    raise RuntimeError('hf_abcdefghijklmnopqrstuv')")
    process.communicate(timeout=120)
    [error] = space.events("error")
    assert error["error"] == "RuntimeError"
    assert "RuntimeError" in error["trace"]
    assert "hf_abcdefghij" not in str(error)
    assert [end["state"] for end in space.events("end")] == ["failed"]


def test_the_users_own_signal_handler_has_its_say(run: Run, space: SmallSpace) -> None:
    program = (
        "def mine(number, frame):\n    trackio.log({'loss': 99.0}, step=99)\n    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, mine)\n" + BEGIN + "os.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(9)"
    )
    process = run(program)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert space.steps("loss") == [*range(50), 99]
    assert [(end["state"], end["signal"]) for end in space.events("end")] == [("interrupted", "SIGTERM")]


@pytest.mark.requirement("S1.58")
def test_what_a_killed_process_logged_is_sent_by_sync_once(run: Run, space: SmallSpace, tmp_path: Path) -> None:
    space.trouble = (503, "starting")
    process = run(BEGIN + "print('done', flush=True)\ntime.sleep(60)")
    assert process.stdout is not None
    assert process.stdout.readline() == "done\n"
    process.kill()
    process.wait()
    [left] = pending(tmp_path / "v1" / "spool")
    assert left.events >= 51
    space.trouble = None
    [account] = sync(tmp_path / "v1" / "spool", lambda destination: HttpTransport(destination))
    assert account.is_equal
    assert space.steps("loss") == list(range(50))
    assert sync(tmp_path / "v1" / "spool", lambda destination: HttpTransport(destination)) == []


def test_the_next_process_sends_what_an_earlier_one_left(run: Run, space: SmallSpace, tmp_path: Path) -> None:
    process = run(BEGIN + "os.kill(os.getpid(), signal.SIGKILL)")
    process.communicate(timeout=120)
    process = run(f"trackio.init(name='other')\n{UNTIL_ENOUGH}")
    until(lambda: space.steps("loss") == list(range(50)))
    (tmp_path / "enough").touch()
    process.communicate(timeout=120)
    assert space.steps("loss") == list(range(50))
    assert pending(tmp_path / "v1" / "spool") == []


def test_with_nobody_there_metrics_are_on_the_console_and_all_is_kept(
    run: Run, space: SmallSpace, tmp_path: Path
) -> None:
    space.close()
    lasts = "time.sleep(0.7)\nfor i in range(2000): trackio.log({'loss': i}); time.sleep(0.0005)\n"
    process = run(f"began = time.monotonic()\n{BEGIN}{lasts}print(time.monotonic() - began)\n")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0
    assert err.count("cannot be reached") <= 2, err  # once when it begins, once in the receipt
    assert 1 <= err.count("trackio: step ") <= float(out) / LINE_EVERY_S + 3, err
    assert "trackio-client sync" in err
    assert pending(tmp_path / "v1" / "spool")[0].events >= 2050


@pytest.mark.parametrize(
    ("trouble", "said"),
    [((401, "unauthorized"), "TRACKIO_TOKEN"), ((410, "gone"), "deleted"), ((507, "store-full"), "no room")],
)
def test_each_trouble_is_said_once_and_all_is_kept(
    run: Run, space: SmallSpace, tmp_path: Path, trouble: tuple[int, str], said: str
) -> None:
    space.trouble = trouble
    process = run(BEGIN + UNTIL_ENOUGH, TRACKIO_EXIT_TIMEOUT_S="1", TRACKIO_TOKEN="canary-token")
    assert process.stderr is not None
    err = ""
    while said not in err:
        line = process.stderr.readline()
        assert line, err
        err += line
    (tmp_path / "enough").touch()
    err += process.communicate(timeout=120)[1]
    assert process.returncode == 0
    assert said in err
    assert "canary-token" not in err
    assert space.tokens == {"canary-token"}
    assert pending(tmp_path / "v1" / "spool")[0].events >= 51


def test_a_space_that_comes_back_gets_everything_without_a_restart(run: Run, space: SmallSpace) -> None:
    space.trouble = (503, "starting")
    process = run(BEGIN + "sys.stdin = None\nfor i in range(40): trackio.log({'late': i}); time.sleep(0.02)")
    until(lambda: len(space.tokens) > 0, 60)  # it was refused at least once
    space.trouble = None
    _, err = process.communicate(timeout=120)
    assert space.steps("loss") == list(range(50))
    assert space.steps("late") == list(range(50, 90))
    assert "answers again" in err


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_forks_and_threads_on_one_experiment_lose_nothing(run: Run, space: SmallSpace, tmp_path: Path) -> None:
    program = """
experiment = trackio.init(name='e')
trackio.log({'parent': 0.0})
children = []
for child in range(4):
    pid = os.fork()
    if pid == 0:
        def work(thread):
            for i in range(100):
                trackio.log({f'c{child}t{thread}': i})
        threads = [threading.Thread(target=work, args=(t,)) for t in range(4)]
        [t.start() for t in threads]; [t.join() for t in threads]
        if child % 2:
            os._exit(0)   # no time to send: the parent does
        trackio.finish()
        os._exit(0)
    children.append(pid)
for pid in children:
    os.waitpid(pid, 0)
trackio.log({'parent': 1.0})
"""
    process = run(program, PYTHONWARNINGS="ignore")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    for child in range(4):
        for thread in range(4):
            assert len(space.steps(f"c{child}t{thread}")) == 100
    assert len(space.steps("parent")) == 2
    assert len({batch.writer_id for batch in space.store.batches}) == 5
    assert len({batch.experiment_id for batch in space.store.batches}) == 1
    assert len(space.events("end")) == 1
    assert pending(tmp_path / "v1" / "spool") == []


def test_workers_of_multiprocessing_send_before_they_end(run: Run, space: SmallSpace) -> None:
    program = """
import multiprocessing
def work(number):
    for i in range(20):
        trackio.log({f'w{number}': i})
if __name__ == '__main__':
    trackio.init(name='e')
    context = multiprocessing.get_context('fork')
    workers = [context.Process(target=work, args=(n,)) for n in range(3)]
    [w.start() for w in workers]; [w.join() for w in workers]
"""
    process = run(program, PYTHONWARNINGS="ignore")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert [len(space.steps(f"w{n}")) for n in range(3)] == [20, 20, 20]


@pytest.mark.requirement("S1.62")
def test_no_secret_reaches_spool_wire_or_console(run: Run, space: SmallSpace, tmp_path: Path) -> None:
    secret = "s3cr3t-canary-value"
    program = f"""
trackio.init(name='e', config={{'api_key': '{secret}', 'nested': {{'password': '{secret}'}}}}, notes='key {secret}')
print('my key is {secret}', flush=True)
trackio.log({{'text': 'it is {secret}'}})
trackio.config.other_token = '{secret}'
time.sleep(0.3)
os.kill(os.getpid(), signal.SIGKILL)
"""
    process = run(program, MY_SERVICE_API_KEY=secret)
    _, err = process.communicate(timeout=120)
    assert secret not in err
    everything = b"".join(path.read_bytes() for path in (tmp_path / "v1").rglob("*") if path.is_file())
    everything += b"".join(batch.body for batch in space.store.batches)
    assert b"***" in everything
    assert secret.encode() not in everything
