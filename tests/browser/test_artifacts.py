"""Artifacts of an experiment on its page: versions, aliases, files to save, where they come from and go to.

The real client logs them, in a process of its own, as a training does.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.browser.looks import CONTRAST
from tests.browser.panels import open_experiment, pane, seen
from tests.browser.programs import started, told
from tests.browser.told import ODD
from tests.browser.trainings import Training, curve
from tests.browser.waiting import becomes, fits, holds, reads_well

pytestmark = [pytest.mark.browser, pytest.mark.requirement("S3.8")]

PATH = "weights/<b>bold</b> & 'quoted' 🦦.bin"
WEIGHTS = bytes(range(256)) * 300  # 76.8 kB
PROGRAM = """
import json, sys
from pathlib import Path
import trackio_client

odd, path = sys.argv[1:]
rows = Path("rows"); rows.mkdir()
(rows / "train.csv").write_text("x,y\\n1,2\\n")
maker = trackio_client.init("artifacts", name=f"maker {odd}")
maker.log({"loss": 1.0}, step=0)
first = maker.log_artifact(rows, name="rows", type="dataset", aliases=["best"])
first.wait()
(rows / "train.csv").write_text("x,y\\n1,2\\n3,4\\n")
(rows / "test.csv").write_text("x,y\\n")
maker.log_artifact(rows, name="rows", type="dataset").wait()
maker.finish()

user = trackio_client.init("artifacts", name="user")
user.log({"loss": 0.5}, step=0)
user.use_artifact("rows:best")
model = trackio_client.Artifact(odd, "model", "Trained on <i>rows</i>.", {"f1": 0.5, "note": odd})
with model.new_file(path, "wb") as file:
    file.write(bytes(range(256)) * 300)
model.add_reference("s3://bucket/big file.bin", name="elsewhere.bin", checksum=False)
user.log_artifact(model, aliases=["candidate"]).wait()
user.finish()

again = trackio_client.init("artifacts", name="again")
again.use_artifact(f"{odd}:candidate")
again.use_artifact("rows:latest")
again.finish()
print(json.dumps([each.experiment_id for each in (maker, user, again)]))
"""


@pytest.fixture(scope="module")
def experiments(space, tmp_path_factory):
    """Ids of: who logged two versions of a data set, who trained a model on the first, who used both."""
    return told(started(tmp_path_factory.mktemp("artifacts"), space.url, PROGRAM, ODD, PATH))


def opened(page, space, experiment_id):
    open_experiment(page, space.url, experiment_id, "Artifacts")
    return seen(page, "Artifacts")


def one(panel, name, *words):
    """The entry of an artifact; `words` stand in its first line."""
    found = panel.locator(".tk-artifact").filter(has=panel.page.locator(f"summary b[title='{name}']"))
    for word in words:
        found = found.filter(has=panel.page.locator("summary .tk-tag", has_text=word))
    expect(found).to_have_count(1)
    return found


def test_versions_stand_in_order_each_with_its_aliases_type_and_size(page, space, experiments):
    artifacts = opened(page, space, experiments[0])
    expect(artifacts.locator(".tk-panel-head")).to_contain_text("2 logged")
    expect(artifacts.locator("summary b")).to_have_text(["rows", "rows"])
    expect(artifacts.locator("summary").nth(0).locator(".tk-tag")).to_have_text(["v0", "best"])
    expect(artifacts.locator("summary").nth(1).locator(".tk-tag")).to_have_text(["v1", "latest"])
    expect(artifacts.locator("summary").nth(0)).to_contain_text("dataset, 1 file, 8 B")
    expect(artifacts.locator("summary").nth(1)).to_contain_text("dataset, 2 files, 16 B")
    second = one(artifacts, "rows", "v1")
    second.locator("summary").click()
    expect(second.locator("tbody tr td:first-child span")).to_have_text(["test.csv", "train.csv"])
    expect(second.locator("tbody tr td:nth-child(2)")).to_have_text(["4 B", "12 B"])


def test_who_used_a_version_and_where_it_was_made_lead_there_and_back(page, space, experiments):
    maker, user, again = experiments
    artifacts = opened(page, space, maker)
    first = one(artifacts, "rows", "v0")
    first.locator("summary").click()
    expect(first).to_contain_text("Used by user")
    first.get_by_role("link", name="user").click()
    expect(page.locator(".tk-head h1")).to_have_text("user")
    expect(page).to_have_url(re.compile(f"experiment={user}"))
    artifacts = seen(page, "Artifacts")
    expect(artifacts.locator(".tk-panel-head")).to_contain_text("1 logged, 1 used")
    used = one(artifacts, "rows", "v0")
    expect(used.locator("summary")).to_contain_text("dataset, used, 1 file")
    used.locator("summary").click()
    expect(used).to_contain_text(f"Logged by maker {ODD}")
    made = one(artifacts, ODD, "candidate")
    made.locator("summary").click()
    expect(made).to_contain_text("Made from rows:v0")
    made.get_by_role("link", name="again").click()
    expect(page.locator(".tk-head h1")).to_have_text("again")
    artifacts = seen(page, "Artifacts")
    expect(artifacts.locator(".tk-panel-head")).to_contain_text("2 used")
    expect(page).to_have_url(re.compile(again))


def test_files_are_saved_byte_for_byte_under_their_own_name(page, space, experiments):
    artifacts = opened(page, space, experiments[1])
    model = one(artifacts, ODD)
    model.locator("summary").click()
    row = model.locator("tbody tr", has_text="bold")
    expect(row.locator("td").nth(1)).to_have_text("76.8 kB")
    with page.expect_download() as started_download:
        row.get_by_role("link", name=f"Download {PATH}").click()
    saved = started_download.value
    assert Path(saved.path()).read_bytes() == WEIGHTS
    assert saved.suggested_filename.endswith("_ & 'quoted' 🦦.bin")  # of its path the last part, and no markup
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    row.get_by_role("button", name="Copy its SHA-256").click()
    page.wait_for_function(
        "async wanted => (await navigator.clipboard.readText()) === wanted", arg=hashlib.sha256(WEIGHTS).hexdigest()
    )


def test_the_project_shows_its_artifacts_their_versions_and_what_differs_between_two(page, space, experiments):
    page.goto(f"{space.url}/?project=artifacts")
    tab = page.get_by_role("navigation", name="Views").get_by_role("link", name="Artifacts")
    tab.click()
    names = page.locator(".tk-artifact-names tbody tr")
    expect(names).to_have_count(2)
    expect(names.first).to_contain_text(ODD)
    page.get_by_role("button", name="name", exact=True).click()
    expect(names.nth(1)).to_contain_text("rows")
    page.get_by_label("Find an artifact").fill("rows best")
    expect(names).to_have_count(1)
    expect(names.first.locator("td")).to_contain_text(["rows", "dataset", "2", "v1", "best", "16 B", "ago"])
    page.emulate_media(color_scheme="dark")
    becomes(lambda: page.evaluate(CONTRAST), [])
    names.first.get_by_role("link").click()
    rows = page.locator(".tk-artifact-rows tbody tr")
    expect(rows.locator("a")).to_have_text(["v1", "v0"])
    rows.nth(1).get_by_role("link", name="v0").click()
    one = page.get_by_role("region", name="Version", exact=True)
    expect(one).to_contain_text("Used by user")
    one.get_by_text("Use this").click()
    expect(one.locator("pre").first).to_contain_text('experiment.use_artifact("artifacts/rows:v0")')
    rows.first.get_by_role("link", name="v1").click()
    one.get_by_title("Compare with").click()
    page.get_by_role("option", name="v0").click()
    expect(one).to_contain_text(
        "From v0 to v1: 1 file added, 0 removed, 1 changed, 0 the same; its metadata is the same"
    )
    expect(one.locator(".tk-artifact-differ tbody tr")).to_have_text([r"changedtrain.csv8 B12 B", r"addedtest.csv–4 B"])
    expect(page).to_have_url(re.compile("artifact=rows&version=v1&beside=v0"))
    reads_well(page)
    page.reload()
    expect(one).to_contain_text("From v0 to v1")
    page.go_back()
    page.go_back()
    expect(one).to_contain_text("Made by maker")
    page.goto(f"{space.url}/?project=artifacts&view=artifacts&artifact={quote(ODD)}&version=v7")
    expect(one).to_contain_text("has no 'v7'")
    one.get_by_role("button", name="Open the latest").click()
    expect(one.locator("h2")).to_have_text(f"{ODD}:v0")
    expect(one).to_contain_text("From rows:v0")
    expect(one.locator("pre[aria-label=Metadata]")).to_contain_text('"f1": 0.5')
    fits(page)


def test_a_project_without_artifacts_has_no_tab_for_them_and_says_how_to_log_one(page, space):
    training = Training(space.url, "no artifacts", "one")
    training.log([(step, curve(step)) for step in range(5)])
    with page.expect_response(re.compile(r"/v1/artifacts\?.*any=1")):
        page.goto(f"{space.url}/?project=no+artifacts")
    tabs = page.get_by_role("navigation", name="Views")
    expect(tabs.get_by_role("link", name="Artifacts")).to_have_count(0)
    page.goto(f"{space.url}/?project=no+artifacts&view=artifacts")
    expect(page.locator(".tk-notice:visible h1")).to_have_text("No artifact yet")
    expect(tabs.get_by_role("link", name="Artifacts")).to_have_attribute("aria-current", "page")


def test_odd_names_descriptions_and_metadata_are_text_and_what_lies_elsewhere_says_where(page, space, experiments):
    artifacts = opened(page, space, experiments[1])
    model = one(artifacts, ODD, "v0", "latest", "candidate")
    expect(model.locator("summary b")).to_have_text(ODD)
    model.locator("summary").click()
    expect(model).to_contain_text("Trained on <i>rows</i>.")
    expect(model.locator("pre.tk-text")).to_contain_text('"f1": 0.5')
    expect(model.locator("tbody tr", has_text="bold").locator("td span").first).to_have_text(PATH)
    elsewhere = model.locator("tbody tr", has_text="elsewhere.bin")
    expect(elsewhere).to_contain_text("s3://bucket/big file.bin")
    expect(elsewhere.get_by_role("link")).to_have_count(0)
    expect(elsewhere.locator("td").nth(1)).to_have_text("–")  # its size is not known, and is not 0
    expect(page.locator("img")).to_have_count(0)
    expect(model.locator("i")).to_have_count(0)
    fits(page)


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_it_is_opened_with_the_keyboard_and_fits_its_width(page, space, experiments, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    artifacts = opened(page, space, experiments[1])
    model = one(artifacts, ODD)
    model.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(model.locator("table")).to_be_visible()
    expect(model).to_have_attribute("open", "")
    page.keyboard.press("Tab")
    holds(lambda: model.evaluate("each => each.contains(document.activeElement)"))
    expect(model.get_by_role("region", name=f"Files of {ODD}")).to_be_visible()
    holds(lambda: artifacts.evaluate("each => each.getBoundingClientRect().right") <= width)
    reads_well(page)
    fits(page)


def test_an_artifact_appears_while_it_is_looked_at_and_an_open_one_stays_open(page, space):
    training = Training(space.url, "artifacts-live", "live")
    training.log([(step, curve(step)) for step in range(5)])

    def log(name):
        files = [{"path": "a.txt", "file": None, "bytes": 3, "reference": None, "not_kept": "over 1 GiB"}]
        digest = hashlib.sha256(name.encode()).hexdigest()
        training.event("artifact", name=name, type="data", files=files, digest=digest, aliases=[], metadata={})

    page.goto(f"{space.url}/?experiment={training.experiment_id}")
    expect(page.locator(".tk-head h1")).to_have_text("live")
    expect(pane(page, "Artifacts")).to_be_hidden()
    log("one")
    artifacts = pane(page, "Artifacts")
    expect(artifacts.locator("summary b")).to_have_text(["one"])
    artifacts.locator("summary").click()
    expect(artifacts.locator("td").last).to_have_text("not kept: over 1 GiB")
    log("two")
    expect(artifacts.locator("summary b")).to_have_text(["one", "two"])
    expect(one(artifacts, "one")).to_have_attribute("open", "")
