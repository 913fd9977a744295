"""The whole way, at a local Hub: deploy, training, kill and wipe, restore, share link, static page, `load_dataset`.

Deploy, Space, training and reader are processes of their own, as they are with people. What the Hub does with a Space
(run the files that lie in its repo, with its secrets) is done by `Platform`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

playwright = pytest.importorskip("playwright.sync_api")
from tests.browser.conftest import START_S  # noqa: E402
from tests.hub_server import Hub, HubProcess  # noqa: E402
from tests.ports import free_port  # noqa: E402

pytestmark = [pytest.mark.browser]
ROOT = Path(__file__).resolve().parents[2]
SPACE, PAGE, DATASET = "pro/curves", "pro/page", "pro/trackio-experiments"

TRAINING = """
import json, os, sys
from trackio_client.experiment import Experiment
logged, log = [], Experiment.log
def noted(self, values, step=None, **more):  # what training logged, as training saw it
    if not isinstance(values, dict): values = dict(values)
    before = self.step
    log(self, values, step, **more)
    numbers = {k: float(v) for k, v in values.items() if isinstance(v, (int, float))}
    logged.append([before if step is None else step, numbers])
read = Experiment.log_hardware
def beside(self, readings, step):  # and what was read beside it
    read(self, readings, step)
    logged.append([step, dict(readings)])
Experiment.log, Experiment.log_hardware = noted, beside
sys.path.insert(0, os.environ["ROOT"])
from examples.demo import train
train(os.environ["TRACKIO_URL"], 2)
json.dump(logged, open(sys.argv[1], "w"))
"""
READER = """
import json, os, sys
from datasets import load_dataset
rows = load_dataset(os.environ["DATASET"], "metrics", split="train", token="hf_pro")
streamed = load_dataset(os.environ["DATASET"], "metrics", split="train", token="hf_pro", streaming=True)
known = load_dataset(os.environ["DATASET"], "experiments", split="train", token="hf_pro")
events = load_dataset(os.environ["DATASET"], "events", split="train", token="hf_pro")
json.dump({
    "rows": [[r["metric"], r["step"], r["value"]] for r in rows], "streamed": sum(1 for _ in streamed),
    "experiments": [[e["project"], e["state"], json.loads(e["parameters"]).get("data")] for e in known],
    "events": len(events)}, open(sys.argv[1], "w"))
"""


class Platform:
    """Runs a Space's files with its secrets, at an address of this machine."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self.hub, self.folder, self.port = hub, folder, free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run_when_uploaded(self) -> None:
        """What the Hub does after a commit to a Space: build it and start it."""
        until = time.monotonic() + START_S
        while "app.py" not in self.files():
            assert time.monotonic() < until, "nothing was uploaded"
            time.sleep(0.1)
        self.start()
        # One who deploys believes "running" at once when another stage was told before it.
        self.hub.space(SPACE, stages=["BUILDING", "RUNNING"])

    def files(self) -> list[str]:
        answer = httpx.get(
            f"{self.hub.url}/api/spaces/{SPACE}/tree/main",
            params={"recursive": "true"},
            headers=_as("hf_pro"),
            timeout=60,
        )
        return [entry["path"] for entry in answer.json() if entry["type"] == "file"] if answer.is_success else []

    def start(self) -> None:
        app = self.folder / "app"
        if not app.exists():
            # One client for all: each reads the certificates, and for hundreds of files that is half a minute.
            with httpx.Client(headers=_as("hf_pro"), follow_redirects=True, timeout=60) as client:
                for path in self.files():
                    content = client.get(f"{self.hub.url}/spaces/{SPACE}/resolve/main/{path}").raise_for_status()
                    (app / path).parent.mkdir(parents=True, exist_ok=True)
                    (app / path).write_bytes(content.content)
        said = self.hub.repo(SPACE, "space")["space"]
        told = {key: each["value"] for kind in ("secrets", "variables") for key, each in said[kind].items()}
        environ = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), **self.hub.env(self.folder / "home", token=None),
            "SPACE_ID": SPACE, "SPACE_HOST": f"127.0.0.1:{self.port}", "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(self.port), "GRADIO_ANALYTICS_ENABLED": "False",
            "TRACKIO_DIR": str(self.folder / "disk"), "TRACKIO_PUSH_INTERVAL_S": "2", **told,
        }  # fmt: skip
        with (self.folder / "space.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", _RUN], cwd=app, env=environ, stdout=log, stderr=log
            )

    def kill_and_wipe(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder / "disk")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


# -P and the folder first: an editable install of this checkout must not lend it anything.
_RUN = (
    "import sys, runpy; sys.path.insert(0, '.'); sys.argv = ['app.py']; runpy.run_path('app.py', run_name='__main__')"
)


def _as(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    with HubProcess(tmp_path / "hub") as one:
        scoped = [{"type": "dataset", "name": DATASET, "permissions": ["repo.content.read", "repo.write"]}]
        one.add_token("hf_fine", "pro", "fineGrained", scoped=scoped)
        yield one


@pytest.fixture
def platform(hub: HubProcess, tmp_path: Path) -> Iterator[Platform]:
    (tmp_path / "platform").mkdir()
    one = Platform(hub, tmp_path / "platform")
    yield one
    one.stop()


@pytest.fixture
def at_end() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as stack:
        yield stack


class Laptop:
    """The machine of somebody who is logged in at the Hub."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self.folder = folder
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("TRACKIO_", "HF_", "SPACE_"))},
            **hub.env(folder / "home", token="hf_pro"),
            "TRACKIO_DIR": str(folder / "data"), "TRACKIO_CONFIG_DIR": str(folder / "config"),
        }  # fmt: skip

    def run(self, *arguments: str, code: str = "", **more: str) -> str:
        what = ["-c", code] if code else ["-m", "trackio_client.cli.main"]
        done = subprocess.run(
            [sys.executable, *what, *arguments], env={**self.environ, **more}, cwd=ROOT, capture_output=True, text=True,
            timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def write_token(self) -> str:
        (file,) = (self.folder / "config").rglob("*.json")
        assert file.stat().st_mode & 0o077 == 0
        texts = [each for each in _texts(json.loads(file.read_text())) if len(each) >= 20 and ":" not in each]
        return texts[0]


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for each in content.values():
            yield from _texts(each)


@pytest.mark.requirement("S1.83", "S1.85", "S1.46", "S1.54")
def test_from_deploy_to_load_dataset_nothing_is_lost_on_the_way(
    page: Any, browser: Any, hub: HubProcess, platform: Platform, tmp_path: Path, at_end: contextlib.ExitStack
) -> None:
    laptop = Laptop(hub, tmp_path / "laptop")
    # Deploy.
    hub.host(SPACE, platform.url)
    building = threading.Thread(target=platform.run_when_uploaded)
    building.start()
    said = laptop.run("deploy", SPACE, "--visibility", "protected", "--yes", TRACKIO_SPACE_HF_TOKEN="hf_fine")
    building.join()
    assert 'trackio_url="' in said
    assert hub.repo(DATASET)["visibility"] == "private"
    token = laptop.write_token()
    assert token not in said
    ask = at_end.enter_context(httpx.Client(base_url=platform.url, headers={"X-Trackio-Token": token}, timeout=60))

    # Training: address and token are what deploy kept.
    said = laptop.run(str(tmp_path / "logged.json"), code=TRAINING, TRACKIO_URL=platform.url, ROOT=str(ROOT))
    logged = json.loads((tmp_path / "logged.json").read_text())
    assert "counts and digest equal" in said
    assert "durable" in said
    (experiment,) = ask.get("/v1/experiments", params={"project": "digits"}).json()["experiments"]
    before = _values(ask, experiment["experiment_id"])
    wanted = sorted((metric, step, value) for step, values in logged for metric, value in values.items())
    assert _without_hardware(before) == [row for row in wanted if not row[0].startswith("system/")]

    # Killed, its disk wiped, started again: the list at once, every value again, the writers' receipts too.
    platform.kill_and_wipe()
    platform.start()
    _answers(ask)
    (again,) = ask.get("/v1/experiments", params={"project": "digits"}).json()["experiments"]
    assert (again["state"], again["point_count"]) == ("finished", experiment["point_count"])
    assert _values(ask, experiment["experiment_id"]) == before

    # A share link, in a window that knows nothing.
    made = ask.post("/v1/shares", json={"experiments": [experiment["experiment_id"]], "name": "for you"})
    address = made.raise_for_status().json()["address"].replace("https://127.0.0.1", "http://127.0.0.1")
    stranger = browser.new_context(viewport={"width": 1440, "height": 900})
    window = stranger.new_page()
    window.goto(address)
    playwright.expect(window.locator("canvas").first).to_be_visible()
    playwright.expect(window.locator('meta[property="og:image"]')).to_have_count(1)
    assert httpx.get(f"{platform.url}/v1/projects", timeout=60).status_code == 401
    stranger.close()

    # The static page of the same private dataset, after log-in at the Hub.
    laptop.run("deploy", PAGE, "--static", "--dataset", DATASET, "--yes")
    hub.browser("pro")
    page.goto(_static_address(hub))
    page.get_by_role("button", name="Log in").click()
    playwright.expect(page.locator("canvas").first).to_be_visible()
    # By its accessible name: a long one is cut in the middle on the screen.
    playwright.expect(page.locator(".tk-side").get_by_role("link", name=experiment["name"])).to_be_visible()

    # And for everybody who has never heard of us.
    laptop.run(str(tmp_path / "loaded.json"), code=READER, DATASET=DATASET)
    loaded = json.loads((tmp_path / "loaded.json").read_text())
    assert sorted(map(tuple, loaded["rows"])) == sorted(before)
    assert loaded["streamed"] == len(before)
    assert loaded["experiments"] == [["digits", "finished", "scikit-learn digits"]]
    assert loaded["events"] >= 2
    assert hub.unknown() == []


def _static_address(hub: HubProcess) -> str:
    told = httpx.get(f"{hub.url}/api/spaces/{PAGE}", headers=_as("hf_pro"), timeout=60).raise_for_status().json()
    return f"{told['host']}/"


def _answers(ask: httpx.Client) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        try:
            if (ask.get("/v1/sync").json()["sync"] or {}).get("ready"):
                return
        except (httpx.HTTPError, ValueError):
            pass
        time.sleep(0.1)
    raise AssertionError("the Space did not come back")


def _values(ask: httpx.Client, experiment: str) -> list[tuple[str, int, float]]:
    """(metric, step, value) of all there is."""
    told = ask.get("/v1/metrics", params={"project": "digits", "experiment": experiment}).raise_for_status().json()
    found: list[tuple[str, int, float]] = []
    for metric in [each["metric"] for each in told["metrics"]]:
        answer = ask.get("/v1/series", params={"experiment": experiment, "metric": metric, "repeats": "1"})
        for series in answer.raise_for_status().json()["series"]:
            found += [(metric, *row) for row in zip(series["steps"], series["values"], strict=True)]
    return sorted(found)


def _without_hardware(rows: list[tuple[str, int, float]]) -> list[tuple[str, int, float]]:
    return [row for row in rows if not row[0].startswith("system/")]
