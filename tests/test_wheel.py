"""The built wheel in an empty environment: what a user gets from `pip install trackio-client`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from email.parser import Parser
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by this environment's own hatchling: no network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index", "--quiet"]
    done = subprocess.run([*command, "-w", str(folder), str(ROOT)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    (built,) = folder.glob("*.whl")
    return built


class Environment:
    """A virtual environment that holds our wheel, its hard dependencies, and nothing else."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=120)
        self.folder = folder
        self.bin = folder / ("Scripts" if os.name == "nt" else "bin")
        self.home = folder / "data"
        command = [sys.executable, "-m", "pip", "--python", str(self.python), "install", "--no-deps", "--no-index"]
        subprocess.run([*command, "--quiet", str(wheel)], check=True, timeout=300)
        (packages,) = {path.parent for path in folder.rglob("trackio_client") if path.parent.name == "site-packages"}
        # The hard dependencies are those of this environment, linked rather than downloaded.
        for name in sorted(with_theirs(requirements_of(wheel))):
            for top in top_level(name):
                target = packages / top.name
                if top.exists() and not target.exists():
                    target.symlink_to(top, target_is_directory=top.is_dir())

    @property
    def python(self) -> Path:
        return self.bin / ("python.exe" if os.name == "nt" else "python")

    def run(self, *command: object) -> subprocess.CompletedProcess[str]:
        environ = {name: text for name, text in os.environ.items() if not name.startswith(("TRACKIO_", "PYTHON"))}
        environ |= {"TRACKIO_DIR": str(self.home), "PYTHONDONTWRITEBYTECODE": "1"}
        words = [str(word) for word in command]
        return subprocess.run(words, cwd=self.folder, env=environ, capture_output=True, text=True, timeout=120)

    def code(self, text: str) -> subprocess.CompletedProcess[str]:
        return self.run(self.python, "-W", "error", "-c", text)


def requirements_of(wheel: Path) -> set[str]:
    """What a plain install asks for, without extras."""
    with zipfile.ZipFile(wheel) as packed:
        (place,) = [name for name in packed.namelist() if name.endswith(".dist-info/METADATA")]
        told = Parser().parsestr(packed.read(place).decode())
    return {name for text in told.get_all("Requires-Dist", ()) if (name := hard(text)) is not None}


def hard(text: str) -> str | None:
    """The name of a requirement; None when it belongs to an extra or to another platform."""
    wanted = Requirement(text)
    return wanted.name if wanted.marker is None or wanted.marker.evaluate({"extra": ""}) else None


def with_theirs(names: set[str]) -> set[str]:
    """Distributions, and those that they need."""
    found: set[str] = set()
    while more := names - found:
        found |= more
        names = names | {name for one in more for text in metadata.requires(one) or () if (name := hard(text))}
    return found


def top_level(name: str) -> set[Path]:
    """What a distribution put into site-packages, outermost folders and files."""
    files = metadata.files(name) or ()
    here = Path(str(metadata.distribution(name).locate_file("")))
    return {here / file.parts[0] for file in files if file.parts[0] not in ("..", "__pycache__")}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Environment:
    if os.name == "nt":
        pytest.skip("links need rights there that a user may not have")
    return Environment(tmp_path_factory.mktemp("environment"), wheel)


def test_the_wheel_holds_both_packages_and_the_page_and_nothing_of_the_tests(wheel):
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"trackio_client", "space"}
    wanted = {"space/server.py", "trackio_client/py.typed", "trackio_client/view/charts/chart.js"}
    assert wanted <= names
    in_tree = {path.relative_to(ROOT).as_posix() for path in (ROOT / "trackio_client" / "view").rglob("*.*s*")}
    assert {name for name in in_tree if name.endswith((".js", ".css"))} <= names


def test_its_hard_dependencies_are_the_four_that_a_training_may_need(wheel):
    assert requirements_of(wheel) == {"numpy", "httpx", "psutil", "nvidia-ml-py"}


def test_a_bare_install_logs_to_a_store_on_this_machine_and_reads_it_back(environment):
    done = environment.code(
        "import trackio_client as t\n"
        "with t.init('wheel', name='first', quiet=True) as e:\n"
        "    e.log({'loss': 0.5}, step=3)\n"
        "import json\n"
        "series = t.Api().series(e.experiment_id, 'loss')\n"
        "print(json.dumps([series.steps.tolist(), series.values.tolist()]))"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [[3], [0.5]]
    listed = environment.run(environment.bin / "trackio-client", "list", "wheel", "--json")
    (one,) = json.loads(listed.stdout)["experiments"]
    assert (one["name"], one["state"]) == ("first", "finished")


def test_the_command_line_is_there(environment):
    for command in ([environment.bin / "trackio-client"], [environment.python, "-m", "trackio_client"]):
        done = environment.run(*command, "--help")
        assert done.returncode == 0, done.stderr
        assert all(word in done.stdout for word in ("status", "sync", "list", "import", "ui"))


@pytest.mark.parametrize(
    ("code", "extra"),
    [
        ("import trackio_client.integrations.transformers", "transformers"),
        (
            "import trackio_client as t\nwith t.init('extras', quiet=True) as e: e.log({'a': 1})\n"
            "t.Api().history(e.experiment_id)",
            "pandas",
        ),
        ("from trackio_client.cli.main import main; raise SystemExit(main(['ui', '--no-browser']))", "space"),
    ],
)
def test_what_needs_an_extra_names_the_command_that_installs_it(environment, code, extra):
    done = environment.code(code)
    assert done.returncode != 0
    assert f"pip install 'trackio-client[{extra}]'" in done.stderr.splitlines()[-1]
