"""The command as a program: exit codes, one-line errors, JSON, a light start."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from trackio_client.cli import output
from trackio_client.cli.main import main


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in ("TRACKIO_URL", "TRACKIO_TOKEN", "TRACKIO_WRITE_TOKEN", "TRACKIO_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("NO_PROXY", "*")
    return tmp_path


def test_the_help_answers_without_loading_anything_heavy():
    heavy = "{'numpy', 'httpx', 'pandas', 'gradio', 'sqlite3'}"
    code = (
        "import sys\nfrom trackio_client.cli.main import main\n"
        f"try: main(['--help'])\nexcept SystemExit: print('LOADED', sorted({heavy} & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, timeout=120)
    assert "LOADED []" in done.stdout
    assert "import" in done.stdout


def test_a_machine_with_nothing_logged_says_so(capsys):
    assert main(["list"]) == 0
    assert "Nothing was logged" in capsys.readouterr().out
    assert main(["status"]) == 0
    assert "Everything is sent" in capsys.readouterr().out


def test_status_and_version_speak_json(capsys):
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["unsent_events"] == 0
    assert main(["version", "--json"]) == 0
    assert "trackio_client" in json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["list", "no-such-project"], 3, "no project 'no-such-project'"),
        (["list", "p", "--state", "sleepy"], 2, "there is no state 'sleepy'"),
        (["import", "absent"], 2, "there is nothing at absent"),
        (["import", ".", "--project", " \x01 "], 2, "project"),
        (["sync", "--timeout", "0"], 2, "--timeout must be more than 0"),
        (["list", "--url", "http://127.0.0.1:9"], 4, "cannot be reached"),
        (["list", "--url", "ftp://x"], 2, "must be 'owner/space' or begin with http"),
        (["ui", "--url", "http://127.0.0.1:9"], 2, "open http://127.0.0.1:9"),
        (["ui", "--port", "99999"], 2, "between 1 and 65535"),
    ],
)
def test_what_a_user_did_wrong_is_one_line_and_an_exit_code(home, monkeypatch, capsys, arguments, code, told):
    monkeypatch.chdir(home)
    assert main(arguments) == code
    seen = capsys.readouterr()
    assert told in seen.err
    assert seen.err.startswith("trackio-client: ")
    assert seen.err.count("\n") == 1
    assert seen.out == ""


def test_a_command_that_does_not_exist_is_refused_with_the_list(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["dance"])
    assert ended.value.code == 2
    assert "status" in capsys.readouterr().err


def test_a_table_fits_eighty_columns_by_cutting_names_only():
    rows = [("exp_20261121_040000_abcdefgh", "a very long name " * 9, "running", "1,000,000", "12 min", "3 s")]
    text = output.table(("ID", "NAME", "STATE", "STEP", "RAN", "SEEN AGO"), rows, gives=1, width=80)
    assert max(output.columns(line) for line in text.splitlines()) <= 80
    assert "exp_20261121_040000_abcdefgh" in text
    assert "…" in text


def test_wide_letters_count_two_columns_and_control_characters_never_reach_the_terminal():
    text = output.table(("NAME", "N"), [("日本語の名前\x1b[31m", "1")], width=12)
    assert "\x1b" not in text
    assert all(output.columns(line) <= 12 for line in text.splitlines())


@pytest.mark.requirement("S2.32")
def test_json_writes_not_a_number_as_text(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    output.print_json({"a": float("nan"), "b": [float("inf"), float("-inf")], "c": (1.5,)})
    assert json.loads(out.getvalue()) == {"a": "NaN", "b": ["Infinity", "-Infinity"], "c": [1.5]}
