"""Pictures of every page, to look at: page × width × theme × what a server holds.

That is nothing, one experiment, a typical project, causes to be seen, artifacts, 1,000 experiments, or an error.

`--only pages` are those of their own: link, frame, file, Manage, Configuration.

    python benchmarks/screenshots.py [--into screenshots] [--only typical,thousand]
    python benchmarks/screenshots.py --docs docs/images     the README's: the demo, while it trains

Real training logs come from the folder that TRACKIO_TEST_DATA names (default ../shared/data), imported as a user would.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.chromium import launched  # noqa: E402
from tests.browser.conftest import Space, free_port  # noqa: E402
from tests.browser.made_up import made_up_gpus, made_up_labels  # noqa: E402
from tests.browser.trainings import Training, curve, sweep, trained  # noqa: E402

WIDTHS = {2560: 1440, 1440: 900, 1024: 768, 390: 844}
VIEWS = ("overview", "metrics", "compare", "labels", "system", "media", "artifacts", "table", "bin", "experiment")
SETTLE_MS = 1200
ALL = "empty,one,typical,causes,artifacts,pages,thousand,error"


def typical(space: Space) -> str:
    """A project as it is in use: real logs where they are at hand, and some that run, failed, were interrupted."""
    project = "typical"
    data = Path(os.environ.get("TRACKIO_TEST_DATA", ROOT.parent / "shared" / "data"))
    for folder in sorted(data.glob("hf-trainer-*")):
        command = [sys.executable, "-m", "trackio_client", "import", str(folder), "--project", project]
        environ = {**os.environ, "TRACKIO_URL": space.url, "TRACKIO_DIR": str(space.directory / "trainer")}
        done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"could not import {folder.name}: {done.stderr.strip()[-300:]}", file=sys.stderr)
    for i, state in enumerate(("finished", "finished", "failed", "interrupted", None, None)):
        training = trained(
            space.url,
            project,
            f"digits-lr{3 * (i + 1)}e-4",
            steps=400 - 40 * i,
            state=None,
            rate=0.006 + 0.002 * i,
            wave=i,
            system=True,
            group="digits",
            config={"lr": 3e-4 * (i + 1), "batch_size": 32},
            tags=["demo"] if i == 4 else [],
        )
        training.event("console", stream="stdout", lines=[f"step {step} done" for step in range(0, 400, 10)], dropped=0)
        training.event("mark", step=200, mark="checkpoint", title="checkpoint-200", data={})
        if state == "failed":
            training.event(
                "error",
                step=319,
                error="torch.OutOfMemoryError",
                message="tried to allocate 2.36 GiB; 78.9 of 80 GiB in use on gpu 0",
                trace="Traceback (most recent call last):\n  …",
                rank=0,
            )
        if state:
            training.finish(state)
    return project


def thousand(space: Space) -> str:
    """A sweep of 1,000 experiments."""

    def log(training: Training, i: int) -> None:
        training.log([(step, curve(step, wave=i, rate=0.005 + i / 2e4)) for step in range(0, 300, 10)])
        training.log([(step, {"eval/loss": 0.5 + i / 3000}) for step in range(0, 300, 100)])
        if i < 992:
            training.finish("failed" if i % 17 == 0 else "finished")

    sweep(
        space.url, "sweep", 1000, log,
        started_s=lambda i: 1_790_000_000 + 600 * i,
        group=lambda i: f"optimizer {'abcd'[i % 4]}",
        config=lambda i: {"lr": 1e-5 * (1 + i % 50), "seed": i % 5},
    )  # fmt: skip
    return "sweep"


def causes(space: Space) -> str:
    """What the views of labels and hardware are for: a label that falls, a GPU that heat slows."""
    labels = [
        ("O", 9120, 0.99),
        ("person", 412, 0.86),
        ("location", 230, 0.74),
        ("corporation", 66, 0.41),
        ("product", 31, 0.22),
    ]
    for i, name in enumerate(("crf-lr3e-5", "crf-lr1e-4", "softmax-lr3e-5")):
        state = None if i == 0 else "finished"
        made_up_labels(space.url, "causes", name, labels, falls="location", seed=i, state=state)
    made_up_gpus(space.url, "causes", "eight GPUs", waits=(0.2, 0.3))
    return "causes"


ARTIFACTS = """
import trackio_client as trackio
from pathlib import Path

rows = Path("rows"); rows.mkdir()
for version, lines in enumerate((200, 260, 300)):
    (rows / "train.csv").write_text("text,label\\n" + "a,b\\n" * lines)
    if version: (rows / "test.csv").write_text("text,label\\n" + "a,b\\n" * 20)
    run = trackio.init("artifacts", name=f"prepare-rows-{version}")
    run.log({"rows": lines}, step=0)
    run.log_artifact(rows, name="rows", type="dataset", aliases=["best"] if version == 1 else []).wait()
    run.finish()
for seed in range(3):
    name = f"finetune-distilbert-on-rows-cosine-seed{seed}"
    run = trackio.init("artifacts", name=name, config={"seed": seed, "lr": 3e-4})
    run.use_artifact("rows:best")
    run.log({"train/loss": 1 / (seed + 1)}, step=0)
    told = {"f1": 0.8 + seed / 50, "epochs": 3}
    model = trackio.Artifact("distilbert-base-rows-classifier", "model", "The best of its epochs.", told)
    for name, size in (("model.safetensors", 300_000), ("tokenizer/vocabulary.txt", 20_000), ("config.json", 800)):
        with model.new_file(name, "wb") as file: file.write(bytes([seed]) * size)
    model.add_reference("s3://bucket/checkpoints/step-400.bin", name="optimizer.bin", checksum=False)
    run.log_artifact(model, aliases=["candidate", "production"] if seed == 1 else ["candidate"]).wait()
    run.finish()
run = trackio.init("artifacts", name="evaluate")
run.use_artifact("distilbert-base-rows-classifier:production")
run.use_artifact("rows:latest")
run.finish()
"""


def artifacts(space: Space) -> str:
    """Data sets and models with versions, made and used by experiments."""
    folder = space.directory / "artifacts"
    folder.mkdir()
    environ = {**os.environ, "TRACKIO_DIR": str(folder), "TRACKIO_URL": space.url, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", ARTIFACTS], cwd=folder, env=environ, check=True, capture_output=True)
    return "artifacts"


NOTES = """## Why
A **warmer** start than `digits-lr3e-4`, see [the paper](https://example.org).

| seed | loss |
| --- | --- |
| 1 | 0.41 |
| 2 | 0.43 |
"""


def pages(space: Space, into: Path) -> dict[str, str]:
    """Addresses of the pages of their own: of one experiment that tells something, and of three."""
    made = [
        trained(
            space.url, "pages", f"digits-lr{3 * (i + 1)}e-4", steps=300 - 40 * i, state=state, system=True, wave=i,
            notes=NOTES if i == 0 else None, tags=["demo"],
            config={"lr": 3e-4 * (i + 1), "optimizer": {"name": "adamw"}},
        )
        for i, state in enumerate((None, "finished", "failed"))
    ]  # fmt: skip
    ids = [each.experiment_id for each in made]

    def link(*experiments: str) -> dict[str, str]:
        wish = {"experiments": experiments, "name": "Learning rates"}
        return dict(httpx.post(f"{space.url}/v1/shares", json=wish, timeout=60).json())

    def file(name: str, *experiments: str, **more: str) -> str:
        wish = {"experiment": list(experiments), **more}
        path = into / f"{name}.html"
        path.write_bytes(httpx.get(f"{space.url}/v1/snapshot.html", params=wish, timeout=60).content)
        return path.resolve().as_uri()

    one, three = link(ids[0]), link(*ids)
    return {
        "share-one": one["address"],
        "share-three": three["address"],
        "share-facet": f"{three['address']}?facet=config:lr",
        "share-ended": f"{space.url}/s/nothing",
        "embed-three": three["embed"],
        "embed-chart": f"{three['embed']}?metric=train/loss",
        "file-one": file("one", ids[0]),
        "file-three": file("three", *ids, state="by=config:optimizer.name"),
        "manage": f"{space.url}/manage/",
        "configuration": f"{space.url}/configuration/",
    }


def newest(space: Space, project: str) -> str:
    """The id of the experiment whose page is pictured."""
    rows = httpx.get(f"{space.url}/v1/experiments", params={"project": project}, timeout=60).json()["experiments"]
    failed = [row for row in rows if row["state"] == "failed"]
    return str((failed or rows)[0]["experiment_id"])


DEMO = "import sys; sys.path.insert(0, '.'); from examples.demo import train; train(sys.argv[1], float(sys.argv[2]))"
DOCS = {"light": (1440, 900, "light"), "dark": (1440, 900, "dark"), "phone": (390, 844, "light")}
LARGEST_BYTES = 250_000


def readme(browser: Browser, space: Space, into: Path) -> None:
    """The demo as a reader of the README will see it: two trainings that ended, one that runs."""
    folder = space.directory / "trainer"
    folder.mkdir()
    environ = {**os.environ, "TRACKIO_DIR": str(folder), "HF_HUB_OFFLINE": "1"}

    def start(epochs: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", DEMO, space.url, str(epochs)], cwd=ROOT, env=environ)

    for epochs in (6, 9):
        if start(epochs).wait(600):
            raise SystemExit("the demo's training failed: its own words stand above")
    with start(400) as running:
        try:
            for name, (width, height, theme) in DOCS.items():
                context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
                page = context.new_page()
                page.goto(f"{space.url}/?project=digits")
                page.locator(".tk-row svg.running").first.wait_for(timeout=120_000, state="attached")
                rows = "trackioPage.shell.state.get('experiments')"
                far = f"() => {rows}.some((e) => e.state === 'running' && e.last_step > 99)"
                page.wait_for_function(far, timeout=300_000)  # so that its line has a shape
                settle(page)
                page.screenshot(path=str(into / f"{name}.png"))
                context.close()
        finally:
            running.terminate()
    for name in DOCS:
        size = (into / f"{name}.png").stat().st_size
        print(f"{into / name}.png {size / 1000:.0f} kB", flush=True)
        if size > LARGEST_BYTES:
            raise SystemExit(f"{name}.png is larger than {LARGEST_BYTES // 1000} kB")


def shoot(browser: Browser, address: str, name: str, into: Path, problem: str | None = None) -> None:
    """One address at every width in both themes."""
    for theme in ("light", "dark"):
        for width, height in WIDTHS.items():
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
            page = context.new_page()
            if problem == "answers 500":
                page.route("**/v1/**", lambda route: route.fulfill(status=500, body="{}"))
            page.goto(address)
            settle(page)
            if problem == "goes away":
                page.route("**/v1/**", lambda route: route.abort())
                page.locator(".tk-away, .tk-shared-away").first.wait_for(timeout=20_000)
            page.screenshot(path=str(into / f"{name}-{width}-{theme}.png"))
            context.close()
    print(name, flush=True)


def settle(page: Page) -> None:
    """Wait until something stands there, and a moment for what follows."""
    stands = """() => [...document.querySelectorAll('.tk-view, .tk-notice, .tk-away, .tk-chart, #listed, main')]
      .some((e) => e.checkVisibility() && e.innerText.trim().length > 10)"""
    page.wait_for_function(stands, timeout=30_000)
    page.wait_for_timeout(SETTLE_MS)


def main() -> None:
    """Start a Space, fill it, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=ROOT / "screenshots")
    parser.add_argument("--docs", type=Path, help="take the README's pictures into this folder")
    parser.add_argument("--only", default=ALL)
    chosen = parser.parse_args()
    wanted = chosen.only.split(",")
    into: Path = chosen.docs or chosen.into
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="trackio-screenshots-") as folder, sync_playwright() as playwright:
        browser = launched(playwright)
        space = Space(Path(folder), free_port()).start()
        try:
            if chosen.docs:
                readme(browser, space, into)
            else:
                pictures(browser, space, wanted, into)
        finally:
            space.stop()
            browser.close()


def pictures(browser: Browser, space: Space, wanted: list[str], into: Path) -> None:
    """All that was asked for, the empty server first."""
    if "empty" in wanted:
        shoot(browser, space.url, "empty", into)
    makers = {
        "one": lambda: trained(space.url, "one", "only-one", steps=200, system=True).project,
        "typical": lambda: typical(space),
        "causes": lambda: causes(space),
        "artifacts": lambda: artifacts(space),
        "thousand": lambda: thousand(space),
    }
    for name, make in makers.items():
        if name not in wanted:
            continue
        project = make()
        for view in VIEWS:
            more = f"experiment={newest(space, project)}" if view == "experiment" else f"view={view}"
            shoot(browser, f"{space.url}/?project={project}&{more}", f"{name}-{view}", into)
    if "pages" in wanted:
        for name, address in pages(space, into).items():
            shoot(browser, address, name, into)
    if "error" in wanted:
        one = trained(space.url, "errors", "one", steps=50)
        project = one.project
        Training(space.url, "nothing-logged", "quiet")
        for view in VIEWS:
            more = f"experiment={one.experiment_id}" if view == "experiment" else f"view={view}"
            shoot(browser, f"{space.url}/?project={project}&{more}", f"error-away-{view}", into, "goes away")
            shoot(browser, f"{space.url}/?project={project}&{more}", f"error-500-{view}", into, "answers 500")
            if view != "experiment":
                shoot(browser, f"{space.url}/?project=nothing-logged&{more}", f"empty-{view}", into)
        wish = {"experiments": [one.experiment_id]}
        link = httpx.post(f"{space.url}/v1/shares", json=wish, timeout=60).json()["address"]
        shoot(browser, link, "error-away-share", into, "goes away")
        shoot(browser, link, "error-500-share", into, "answers 500")
        shoot(browser, f"{space.url}/?project=nobody-knows-it", "error-project", into)
        shoot(browser, f"{space.url}/?experiment=exp_20260101_000000_aaaaaaaa", "error-experiment", into)
        shoot(browser, f"{space.url}/?project={project}&filter=nothing-like-it", "error-filter", into)


if __name__ == "__main__":
    main()
