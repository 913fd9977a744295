"""Variables with nonsense in them: each is named with what is wanted, and the training is recorded all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trackio_client import homes
from trackio_client.cli.main import main
from trackio_client.errors import UsageError
from trackio_client.inforce import CLIENT, client_settings
from trackio_client.lifecycle import process
from trackio_client.opening import init
from trackio_client.reader import Api
from trackio_client.settings import settings_from

ROOT = Path(__file__).parents[2]
VARIABLES = tuple(variable for named in CLIENT for variable in named.variables)
WORDS = {
    "TRACKIO_URL": "htp:/x",
    "TRACKIO_SPACE_ID": "ftp://x",
    "TRACKIO_SPACE_NAME": "no owner",
    "TRACKIO_DATASET_REPO": "a/b/c",
    "TRACKIO_PROJECT": "p" * 300,
    "EXPERIMENT_NAME": "two\nlines",
}
"""Where "nonsense" would be a value like any other."""
HEEDED = ("TRACKIO_TOKEN", "TRACKIO_WRITE_TOKEN", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "TRACKIO_DIR")
"""Any text will do for these."""
CONSENTS = ("TRACKIO_CAPTURE_CONSOLE", "TRACKIO_CAPTURE_ENVIRONMENT", "TRACKIO_CAPTURE_PERSONAL")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in (*VARIABLES, "HF_USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRACKIO_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for experiment in process.live.copy():
        experiment.finish(timeout_s=5)
    process.current = None


def trained(**given: Any) -> dict[str, Any]:
    """A loop of three steps, and what the store on this machine has of it."""
    experiment = init(**given)
    for step in range(3):
        experiment.log({"loss": 1.0 / (step + 1)}, step=step)
    experiment.finish()
    with Api(str(Path(os.environ["TRACKIO_DIR"]))) as api:
        series = api.series(str(experiment), "loss")
        return dict(zip(series.steps.tolist(), series.values.tolist(), strict=True))


@pytest.mark.requirement("S1.7")
@pytest.mark.parametrize("variable", [name for name in VARIABLES if name not in HEEDED and name != "TRACKIO_RECORD"])
def test_a_variable_that_nobody_can_read_is_named_and_everything_is_recorded(
    variable: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    word = WORDS.get(variable, "nonsense")
    monkeypatch.setenv(variable, word)
    assert trained() == pytest.approx({0: 1.0, 1: 0.5, 2: 1 / 3})
    [said] = [line for line in capsys.readouterr().err.splitlines() if variable.lower() in line.lower()]
    assert word.split("\n")[0][:20] in said  # what was seen
    assert any(wanted in said for wanted in ("must", "at most", "control character", "names no owner"))
    assert ("It counts as no" in said) or any(
        then in said
        for then in ("counts as not set", "kept in the store on this machine", "is taken", "set HF_USERNAME")
    )


def test_all_of_them_at_once_leave_a_training_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable in VARIABLES:
        if variable not in HEEDED:
            monkeypatch.setenv(variable, WORDS.get(variable, "nonsense"))
    assert trained() == pytest.approx({0: 1.0, 1: 0.5, 2: 1 / 3})
    said = capsys.readouterr().err
    assert all(said.count(f"{variable} must be") == 1 for variable in VARIABLES if variable.endswith(("_S", "_BYTES")))


@pytest.mark.requirement("S2.23")
@pytest.mark.parametrize("variable", CONSENTS)
def test_a_switch_for_what_may_be_personal_is_off_when_nobody_can_read_it(variable: str) -> None:
    read = settings_from({variable: "never!"}, forgives=True)
    assert (read.console, read.environment, read.personal) == tuple(variable != name for name in CONSENTS)
    assert "It counts as no" in read.warnings[0]


@pytest.mark.parametrize(
    "given",
    [{"trackio_url": "htp:/x"}, {"dataset_repo": "a/b/c"}, {"project": "p" * 300}, {"mode": "sometimes"}],
)
def test_nonsense_in_the_code_is_refused_before_the_training_begins(given: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        init(**given)


@pytest.mark.requirement("S1.15")
def test_the_settings_page_of_the_command_line_names_what_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRACKIO_HARDWARE_S", "soon")
    assert main(["config", "--offline"]) == 0
    assert "Note: TRACKIO_HARDWARE_S must be a number >= 0, got 'soon'" in capsys.readouterr().out
    [row] = [one for one in client_settings(settings_from(forgives=True)) if one.name == "hardware_s"]
    assert (row.value, row.source) == ("10 s", "default")


def test_the_rest_of_the_command_line_is_strict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRACKIO_SPOOL_BYTES", "much")
    assert main(["status"]) == 2
    assert "TRACKIO_SPOOL_BYTES must be a whole number >= 0, got 'much'" in capsys.readouterr().err


@pytest.mark.requirement("S1.58")
def test_a_folder_that_takes_nothing_is_named_with_what_to_set_and_the_loop_goes_on(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "a file").touch()
    monkeypatch.setenv("TRACKIO_DIR", str(home / "a file" / "data"))
    experiment = init(capture_console=False)
    for step in range(3):
        experiment.log({"loss": 1.0}, step=step)
    experiment.finish(timeout_s=5)
    said = capsys.readouterr().err
    assert "Not a directory; TRACKIO_DIR names another folder" in said
    assert "not recorded: 3 calls" in said or "not recorded: 4 calls" in said


HOMELESS = """
import os, sys
import pwd
def nobody(number):
    raise KeyError(number)
pwd.getpwuid = nobody
import trackio_client
with trackio_client.init("p", capture_console=False) as experiment:
    experiment.log({"loss": 0.5})
with trackio_client.Api() as api:
    print(api.series(experiment.experiment_id, "loss").values.tolist())
"""


def test_a_user_without_a_home_is_recorded_in_a_folder_of_its_own(tmp_path: Path) -> None:
    """As in a container that runs under any number."""
    environ = {name: text for name, text in os.environ.items() if name not in ("HOME", "TRACKIO_DIR", "XDG_DATA_HOME")}
    del environ["TRACKIO_CONFIG_DIR"]
    environ = {name: text for name, text in environ.items() if name != "XDG_CONFIG_HOME"} | {"TMPDIR": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", HOMELESS], env=environ, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "[0.5]\n"), ran.stderr
    (folder,) = tmp_path.glob("trackio-*")
    assert folder.stat().st_mode & 0o077 == 0


def test_a_folder_of_somebody_else_is_not_taken_for_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homes.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(homes.tempfile, "tempdir", str(tmp_path))
    owner = os.getuid()
    (tmp_path / f"trackio-{owner}").mkdir(mode=0o777)
    (tmp_path / f"trackio-{owner}").chmod(0o777)
    assert homes._among_temporary() != tmp_path / f"trackio-{owner}"


def test_a_home_that_nobody_has_is_a_path_like_any_other(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKIO_DIR", "~no-such-user-of-this-machine/data")
    assert trained() == pytest.approx({0: 1.0, 1: 0.5, 2: 1 / 3})
    assert (home / "~no-such-user-of-this-machine" / "data" / "v1" / "store.sqlite").is_file()
