"""The documents say what is true: their Python runs, their requirements are known, their links lead somewhere."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub_server import HubProcess

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SNIPPET = re.compile(r"^```python\n(.*?)^```", re.M | re.S)
PYTHON = [
    pytest.param(code, id=f"{page.name}-{number}")
    for page in PAGES
    if page.exists() and page.name != "hub.md"
    for number, code in enumerate(SNIPPET.findall(page.read_text(encoding="utf-8")), 1)
]


@pytest.mark.parametrize("code", PYTHON)
def test_every_python_snippet_runs_as_it_stands(code, tmp_path):
    for match in re.finditer(r"^\s*(?:from|import) (torch|transformers|pandas)", code, re.M):
        if importlib.util.find_spec(match[1]) is None:
            pytest.skip(f"{match[1]} is not installed")
    ours = {name: text for name, text in os.environ.items() if not name.startswith("TRACKIO_")}
    home = {"TRACKIO_DIR": str(tmp_path / "data"), "PYTHONPATH": str(ROOT), "TRACKIO_QUIET": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error::SyntaxWarning", "-c", code],
        cwd=tmp_path, env=ours | home, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_page_on_dataset_repos_runs_from_top_to_bottom(tmp_path):
    code = "\n".join(SNIPPET.findall((ROOT / "docs" / "hub.md").read_text(encoding="utf-8")))
    with HubProcess(tmp_path / "hub") as hub:
        hub.add_user("owner")
        hub.add_token("hf_owner", "owner")
        ours = {name: text for name, text in hub.env(tmp_path, "hf_owner").items() if not name.startswith("TRACKIO_")}
        home = {"TRACKIO_DIR": str(tmp_path / "data"), "PYTHONPATH": str(ROOT), "TRACKIO_FINISH_TIMEOUT_S": "60"}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=ours | home, capture_output=True, text=True, timeout=120
        )
        stop = [sys.executable, "-m", "trackio_client.cli.main", "status", "--stop"]
        subprocess.run(stop, env=ours | home, capture_output=True, timeout=120, check=True)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]


def _requirements():
    spec = importlib.util.spec_from_file_location("requirements_list", ROOT / "tests" / "requirements.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tests_only_name_requirements_that_exist():
    listed = _requirements()
    assert set(listed.marked()) <= set(listed.known())


def test_the_list_of_requirements_keeps_all_its_ids_once():
    text = (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8")
    ids = re.findall(r"^- (?:~~)?(S\d\.\d+)", text, re.M)
    assert len(ids) == len(set(ids)) == 296


@pytest.mark.parametrize("page", [page for page in PAGES if page.exists()], ids=lambda page: page.name)
def test_links_inside_the_project_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_setting_stands_on_its_page_with_its_default():
    from space.inforce import SPACE
    from space.settings import SpaceSettings
    from trackio_client.inforce import CLIENT, in_force
    from trackio_client.settings import Settings

    nowhere = Path("/nowhere")
    rows = [
        *in_force(CLIENT, Settings(directory=nowhere), {}, {}),
        *in_force(SPACE, SpaceSettings(directory=nowhere), {}, {}),
    ]
    usual = {"not set": "–", str(nowhere): "the data folder"}
    wanted = [
        f"| {', '.join(f'`{name}`' for name in row.variables)} | {usual.get(row.value, row.value)} | {row.meaning} |"
        for row in rows
    ]
    told = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in told if line.startswith("| `")] == wanted
