"""`trackio-client deploy` and `undeploy` as commands, at a stand-in for the Hub that runs what was uploaded."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub.platform import Platform
from tests.hub_server import Hub, running_hub

ROOT = Path(__file__).resolve().parents[2]
DATASET = "pro/trackio-experiments"


@pytest.fixture
def hub():
    with running_hub() as hub:
        scoped = [{"type": "dataset", "name": DATASET, "permissions": ["repo.content.read", "repo.write"]}]
        hub.add_token("hf_fine", "pro", "fineGrained", scoped=scoped)
        yield hub


@pytest.fixture
def command(hub: Hub, tmp_path: Path):
    def run(
        *words: str, token: str | None = "hf_pro", given: str = "", **more: str
    ) -> subprocess.CompletedProcess[str]:
        environ = hub.env(tmp_path / "hf", token) | {
            "TRACKIO_CONFIG_DIR": str(tmp_path / "config"),
            "TRACKIO_DIR": str(tmp_path / "data"),
            "COLUMNS": "160",
            **more,
        }
        for name in ("TRACKIO_URL", "TRACKIO_TOKEN", "TRACKIO_WRITE_TOKEN"):
            environ.pop(name, None)
        program = [sys.executable, "-m", "trackio_client", *words]
        return subprocess.run(
            program, cwd=ROOT, env=environ, input=given, capture_output=True, text=True, timeout=240
        )  # fmt: skip

    return run


@pytest.mark.requirement("S1.62", "S1.83")
def test_one_command_and_a_training_logs_to_a_space_of_ones_own(hub, command, tmp_path):
    with Platform(hub, tmp_path, "pro/curves", token="hf_pro") as platform:
        done = command("deploy", "curves", TRACKIO_SPACE_HF_TOKEN="hf_fine")
        assert done.returncode == 0, done.stderr + platform.log
        assert 'trackio_url="pro/curves"' in done.stdout
        assert f"{platform.url} answers" in done.stdout
        (kept,) = (tmp_path / "config" / "spaces").iterdir()
        token = json.loads(kept.read_text())["token"]
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        for secret in (token, "hf_fine", "hf_pro"):
            assert secret not in done.stdout + done.stderr + platform.log

        code = (
            "import trackio_client as t\n"
            "with t.init('digits', name='first', trackio_url='pro/curves', quiet=True) as e:\n"
            "    for step in range(20): e.log({'train/loss': 1 / (1 + step)}, step=step)\n"
            "print(t.Api('pro/curves').series(e.experiment_id, 'train/loss').values.tolist()[-1])"
        )
        environ = hub.env(tmp_path / "hf", None) | {"TRACKIO_CONFIG_DIR": str(tmp_path / "config")}
        environ |= {"TRACKIO_DIR": str(tmp_path / "data"), "TRACKIO_FINISH_TIMEOUT_S": "60"}
        trained = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environ, capture_output=True, text=True)
        assert trained.stdout.strip() == "0.05", trained.stderr + platform.log

        starts = platform.starts
        again = command("deploy", "pro/curves", "--json")
        assert again.returncode == 0, again.stderr
        told = json.loads(again.stdout)
        assert (told["changed"], told["address"], told["dataset"]) == (False, platform.url, DATASET)
        assert platform.starts == starts

        asks = command("undeploy", "pro/curves")
        assert asks.returncode == 2
        assert f"Stays: the dataset {DATASET}" in asks.stdout
        gone = command("undeploy", "pro/curves", "--yes")
        assert gone.returncode == 0, gone.stderr
    with pytest.raises(ValueError, match="KeyError"):
        hub.repo("pro/curves", "space")
    assert hub.repo(DATASET)["visibility"] == "private"
    assert not list((tmp_path / "config" / "spaces").iterdir())
    assert hub.unknown() == []


def test_without_a_terminal_choices_are_told_and_nothing_is_made(hub, command):
    free = command("deploy", "me/curves", token="hf_me")
    assert free.returncode == 2
    for way in ("--static", "docker compose up", "--zero-gpu", "https://huggingface.co/pro"):
        assert way in free.stderr
    missing = command("deploy", "curves")
    assert missing.returncode == 2
    assert "TRACKIO_SPACE_HF_TOKEN" in missing.stderr
    assert "tokens/new?tokenType=fineGrained" in missing.stderr
    assert not [seen for seen in hub.requests() if seen["request"].startswith(("POST /api", "PUT", "DELETE"))]


def test_the_token_may_come_by_standard_input_and_a_dry_run_touches_nothing(hub, command):
    done = command("deploy", "curves", "--token-for-space", "-", "--dry-run", given="hf_fine\n")
    assert done.returncode == 0, done.stderr
    assert "make the protected Space pro/curves" in done.stdout
    assert "hf_fine" not in done.stdout
    assert not [seen for seen in hub.requests() if seen["request"].startswith(("POST /api", "PUT", "DELETE"))]


def test_a_static_page_by_one_command(hub, command):
    done = command("deploy", "page", "--static", "--visibility", "public", token="hf_me")
    assert done.returncode == 0, done.stderr
    assert 'trackio_url="hf://datasets/me/trackio-experiments"' in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["deploy", "a/b/c"], "2 slashes"),
        (["deploy", "my curves"], "a blank"),
        (["deploy", "curves", "--dataset", "nobody"], "--dataset must name a dataset repo"),
        (["deploy", "curves", "--timeout", "0"], "--timeout"),
        (["deploy", "curves", "--static", "--zero-gpu"], "--static needs neither"),
        (["undeploy", "nothing"], "there is no Space pro/nothing"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_code_2(command, words, said):
    done = command(*words)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_a_person_with_a_free_account_is_led_to_a_static_page(hub, tmp_path):
    said, code = talk(
        hub, tmp_path, "hf_me", ["deploy", "page"],
        {"Make the static one now?": "y", "private or public?": "public", "Go on?": ""},
    )  # fmt: skip
    assert code == 0, said
    assert "wants PRO" in said
    assert 'trackio_url="hf://datasets/me/trackio-experiments"' in said
    assert hub.repo("me/page", "space")["visibility"] == "public"


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_a_person_types_the_name_before_anything_is_deleted(hub, tmp_path):
    from huggingface_hub import HfApi

    HfApi(hub.url, token="hf_pro").create_repo(
        "pro/curves", repo_type="space", space_sdk="gradio", visibility="private"
    )
    said, code = talk(hub, tmp_path, "hf_pro", ["undeploy", "curves"], {"Type pro/curves": "curves"})
    assert (code, "Nothing was deleted" in said) == (1, True)
    said, code = talk(hub, tmp_path, "hf_pro", ["undeploy", "curves"], {"Type pro/curves": "pro/curves"})
    assert (code, "is gone" in said) == (0, True)


def talk(hub: Hub, tmp_path: Path, token: str, words: list[str], answers: dict[str, str]) -> tuple[str, int]:
    """Run a command at a terminal and answer its questions, each once."""
    import pty

    environ = hub.env(tmp_path / "hf", token)
    environ |= {"TRACKIO_CONFIG_DIR": str(tmp_path / "config"), "TRACKIO_DIR": str(tmp_path / "data")}
    ours, theirs = pty.openpty()
    program = [sys.executable, "-m", "trackio_client", *words]
    process = subprocess.Popen(
        program, cwd=ROOT, env=environ, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
    )
    os.close(theirs)
    said, left = "", dict(answers)
    try:
        while True:
            try:
                more = os.read(ours, 4096).decode(errors="replace")
            except OSError:  # the other end is closed: it ended
                break
            if not more:
                break
            said += more
            for question in [one for one in left if one in said]:
                os.write(ours, (left.pop(question) + "\n").encode())
        return said, process.wait(60)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_nobody_logged_in_is_told_how(command):
    done = command("deploy", "curves", token=None, given="")
    assert done.returncode == 2
    assert "hf auth login" in done.stderr


def test_a_hub_that_is_away_is_one_line(command):
    done = command("deploy", "curves", HF_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode == 4
    assert "cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_help_says_what_is_untried(command):
    told = " ".join(command("deploy", "--help").stdout.split())
    assert "untried on the real Hub" in told
    assert os.linesep not in told
