"""One experiment's page as people use it: edited in place, found by its panels, its log, its numbers, its code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml
from playwright.sync_api import expect

from tests.browser.panels import pane
from tests.browser.trainings import Training, curve
from tests.browser.waiting import becomes, holds, reads_well

pytestmark = pytest.mark.browser

ODD = '<img src=x onerror=alert(1)> "q" & 🦦'
NOTES = f"## Why\n\nThe loss **spiked**; see [this](https://example.com) and [that](javascript:alert(1)).\n\n{ODD}"


def experiment(space, name, **start):
    training = Training(space.url, "page", name, **start)
    training.log([(step, curve(step)) for step in range(40)])
    return training


def opened(page, space, training, place=""):
    page.goto(f"{space.url}/?experiment={training.experiment_id}{place}")
    expect(page.locator(".tk-head h1")).to_have_text(training.name)
    expect(pane(page, "Config")).to_be_visible()
    return page


def told(space, training):
    return httpx.get(f"{space.url}/v1/experiments/{training.experiment_id}", timeout=60).json()


@pytest.mark.requirement("S1.67")
def test_name_tags_group_and_notes_are_edited_where_they_stand(page, space):
    training = experiment(space, "plain", tags=["one"])
    opened(page, space, training)
    page.get_by_role("button", name="Edit the name").click()
    field = page.get_by_label("The name", exact=True)
    field.fill("  ")
    field.press("Enter")
    expect(page.locator(".tk-place.name [role=alert]")).to_contain_text("at least one letter")
    field.fill("j/x? " + ODD)  # letters that are keys of the page elsewhere
    field.press("Enter")
    expect(page.locator(".tk-head h1")).to_have_text("j/x? " + ODD)
    expect(page.get_by_role("button", name="Edit the name")).to_be_focused()
    expect(page.locator(".tk-toast")).to_contain_text("The name is")
    page.locator(".tk-toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".tk-head h1")).to_have_text("plain")
    page.get_by_role("button", name="Edit the tags").click()
    page.get_by_label("The tags", exact=True).fill("one, two,two , <b>")
    page.get_by_label("The tags", exact=True).press("Enter")
    expect(page.locator(".tk-place.tags .tk-tag")).to_have_text(["one", "two", "<b>"])
    page.get_by_role("button", name="Add to a group").click()
    page.get_by_label("The group", exact=True).fill("seeds")
    page.get_by_label("The group", exact=True).press("Escape")
    expect(page.get_by_role("button", name="Add to a group")).to_be_focused()
    page.get_by_role("button", name="Add notes").click()
    notes = page.get_by_label("Notes, in Markdown")
    notes.fill(NOTES)
    page.wait_for_function("id => JSON.parse(localStorage.trackio ?? '{}').drafts?.[id]", arg=training.experiment_id)
    page.reload()
    expect(page.locator(".tk-notes-draft")).to_contain_text("not saved")
    page.get_by_role("button", name="Go on").click()
    expect(notes).to_have_value(NOTES)
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".tk-notes-preview b")).to_have_text("spiked")
    page.get_by_role("button", name="Go on writing").click()
    notes.press("Control+Enter")
    body = page.locator(".tk-notes .tk-notes-body")
    expect(body.locator("h4")).to_have_text("Why")
    expect(body).to_contain_text(ODD)
    expect(body.locator("a")).to_have_count(1)
    expect(body.locator("img")).to_have_count(0)
    edited = ("name", "tags", "group", "notes")
    becomes(lambda: [told(space, training)[each] for each in edited], ["plain", ["one", "two", "<b>"], None, NOTES])
    becomes(lambda: page.evaluate("() => Object.keys(JSON.parse(localStorage.trackio).drafts)"), [])
    reads_well(page)


def test_of_two_tabs_that_edit_the_same_notes_the_second_sees_both(page, space):
    training = experiment(space, "two-tabs", notes="as it was")
    address = f"{space.url}/v1/experiments/{training.experiment_id}"
    opened(page, space, training)
    page.get_by_role("button", name="Edit the notes").click()
    page.get_by_label("Notes, in Markdown").fill("mine")
    assert httpx.patch(address, json={"notes": "as it was\ntheirs"}, timeout=60).status_code == 200
    page.get_by_role("button", name="Save", exact=True).click()
    both = page.get_by_role("alertdialog", name="Two texts of the same notes")
    expect(both.get_by_label("Your notes")).to_have_value("mine")
    expect(both.get_by_label("Their notes")).to_have_text("as it was\ntheirs")
    assert told(space, training)["notes"] == "as it was\ntheirs"
    both.get_by_role("button", name="Both, one below the other").click()
    page.route(address, lambda route: route.abort() if route.request.method == "PATCH" else route.fallback())
    both.get_by_role("button", name="Save mine").click()
    expect(both.get_by_role("status")).to_contain_text("What you wrote is kept in this browser.")
    page.unroute(address)
    both.get_by_role("button", name="Save mine").click()
    expect(both).to_have_count(0)
    expect(page.locator(".tk-notes .tk-notes-body")).to_contain_text("theirs")
    becomes(lambda: told(space, training)["notes"], "as it was\ntheirs\n\nmine")


def test_what_is_missing_is_named_on_every_page_and_what_is_whole_is_called_complete(page, space):
    whole = Training(space.url, "receipts", "whole")
    whole.log([(step, curve(step)) for step in range(40)])
    whole.finish()
    holed = Training(space.url, "receipts", "holed", process={"pid": 1, "host": "node-7", "rank": 0, "world_size": 1})
    holed.log([(step, curve(step)) for step in range(40)])
    holed.lose(12)
    holed.log([(step, curve(step)) for step in range(52, 60)])
    opened(page, space, whole)
    receipt = page.locator(".tk-receipt")
    expect(receipt).to_have_text(re.compile(r"^Complete: 42 events, each here once\."))
    expect(page.locator(".tk-row", has_text="holed").get_by_role("img", name="events are missing")).to_be_visible()
    expect(page.locator(".tk-row", has_text="whole").get_by_role("img", name="events are missing")).to_have_count(0)
    opened(page, space, holed)
    expect(receipt).to_contain_text("12 events missing since")
    expect(receipt.get_by_role("listitem")).to_have_text(
        re.compile("Events 41 to 52 of node-7, between step 39, .* and step 52,")
    )
    expect(receipt.get_by_role("button")).to_have_text(f"trackio-client sync {holed.experiment_id}")
    reads_well(page)
    page.set_viewport_size({"width": 390, "height": 844})
    becomes(lambda: receipt.evaluate("box => box.scrollWidth <= box.clientWidth"), True)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{space.url}/?project=receipts&view=overview")
    expect(page.locator(".tk-ov-line", has_text="holed").first).to_contain_text("12 events missing")
    page.get_by_role("button", name="1 lacks events").click()
    expect(page.locator(".tk-row .tk-name")).to_have_text(["holed"])


def test_the_words_of_a_receipt_claim_what_is_known_in_every_state(modules):
    said = modules.evaluate(
        """async () => {
            const { receiptWords } = await import("/lib/experiment/receipt.js");
            const one = { events: 9, points: 9, durable: 9, where: "repo", missing: 0, holes: [], untold: [],
              told_by: "client", attached: 0, refused: 0, left_out: { holes: 0, untold: 0 } };
            const row = { experiment_id: "exp_1", generation: 0, last_heard_s: 1900 };
            const untold = [{ host: "node-1", generation: 0, started_s: 1000 }];
            const say = (receipt, state, more = {}) => {
              const told = receiptWords(receipt && { ...one, ...receipt }, { ...row, state, ...more }, 2000);
              return told && [told.kind, told.head, ...told.words, told.line].join(" ").trim();
            };
            return {
              finished: say({}, "finished"), running: say({ untold }, "running"), lost: say({ untold }, "lost_contact"),
              resumed: say({ untold }, "finished", { generation: 1 }),
              rank: say({ untold: [{ rank: 3, host: "b" }], durable: 4 }, "failed"),
              imported: say({ told_by: "import" }, "finished"), foreign: say({ told_by: "trackio" }, "lost_contact"),
              unkept: say({ where: null }, "finished"), unknown: say(undefined, "finished"),
              listed: say(undefined, "finished", { missing: 2 }), beside: say({ refused: 1, attached: 1 }, "finished"),
            };
        }"""
    )
    begins = {
        "finished": "whole Complete: 9 events, each here once. All of them are in the repo.",
        "running": "open 0 events missing so far:", "lost": "open 0 events missing up to the last word:",
        "resumed": "open 0 events missing of what came:", "rank": "open 0 events missing of what came:",
        "imported": "whole Imported whole:", "foreign": "open What came is here:", "unkept": "whole Complete:",
        "listed": "missing 2 events missing.", "beside": "whole Complete:",
    }  # fmt: skip
    assert {name: said[name][: len(words)] for name, words in begins.items()} == begins
    assert said["unknown"] is None
    holds = {
        "lost": ["on node-1 and comes by itself", "trackio-client sync exp_1"],
        "resumed": ["told no end: what it logged and did not send would still be on node-1"],
        "rank": ["Rank 3 told no end", "5 of them are not in the repo yet"],
        "unkept": ["the trainer keeps them as well"],
        "beside": ["One process that logged along tells no end", "1 call of log() was not taken"],
    }
    assert [words for name, each in holds.items() for words in each if words not in said[name]] == []


def test_who_only_reads_is_shown_no_pencil(page, space):
    training = experiment(space, "read-only", notes="Seen.")
    viewer = {"role": "viewer", "user": None, "can_log_out": False, "can_log_in_with_hub": False}
    page.route("**/v1/session", lambda route: route.fulfill(json=viewer))
    opened(page, space, training)
    expect(page.locator(".tk-notes")).to_have_text("Seen.")
    expect(page.locator(".tk-head :is(.tk-pencil, .tk-add):visible")).to_have_count(0)


@pytest.mark.requirement("S1.75", "S1.76")
def test_panels_have_addresses_numbers_sort_and_the_config_is_copied_as_the_next_run_takes_it(page, space):
    config = {"lr": 1e-05, "model": {"name": "a b", "on": "yes"}, "bf16": True, "ids": [1, 2], "nothing": None}
    training = experiment(space, "to-copy", config={**config, **{f"key_{i:02}": i for i in range(20)}})
    training.log([(1, {f"many/m_{i:03}": float(i) for i in range(300)})])
    training.log([(2, {"bad": float("nan")})])
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, space, training, "#summary")
    clip = "async () => await navigator.clipboard.readText()"
    summary = pane(page, "Summary")
    expect(summary.get_by_role("button", name="Summary", exact=True)).to_be_focused()
    page.wait_for_url("**#summary")
    assert summary.locator("tbody tr").count() < 120  # of 304 those that are seen
    summary.get_by_role("button", name="last", exact=True).click()
    expect(summary.locator("tbody tr:not(.tk-space) td:first-child").first).to_have_text("many/m_299")
    summary.get_by_label("Find a metric").fill("train/ loss")
    expect(summary.locator("tbody tr")).to_have_count(1)
    summary.get_by_role("button", name="Copy the summary").click()
    page.get_by_role("option", name="As JSON").click()
    page.wait_for_function(f"async () => (await ({clip})()).includes('train/loss')")
    assert json.loads(page.evaluate(clip))["train/loss"]["points"] == 40
    panel = pane(page, "Config")
    for form, read in (("As JSON", json.loads), ("As YAML", yaml.safe_load)):
        panel.get_by_role("button", name="Copy the config").click()
        page.get_by_role("option", name=form).click()
        page.wait_for_function(f"async () => (await ({clip})()).includes('key_19')")
        assert {k: read(page.evaluate(clip))[k] for k in config} == config
        page.evaluate("async () => await navigator.clipboard.writeText('')")
    panel.get_by_role("button", name="Copy the config").click()
    page.get_by_role("option", name="As flags").click()
    page.wait_for_function(f"async () => (await ({clip})()).includes('key_19')")
    flags = page.evaluate(clip).replace(" \\\n", " ")
    assert "--lr 0.00001 --model.name 'a b' --model.on yes --bf16 True --ids 1 2 --key_00 0" in flags
    page.locator(".tk-contents-links").get_by_role("link", name="Where it ran").click()
    page.wait_for_url("**#where-it-ran")


def test_code_of_the_page_resumes_and_loads_the_experiment(page, space, tmp_path):
    name = """it's "odd" \\ 🦦"""
    training = Training(space.url, name, name)
    training.log([(step, curve(step)) for step in range(4)])
    training.finish()
    opened(page, space, training)
    page.get_by_role("button", name="Use", exact=True).click()
    parts = page.locator(".tk-use")
    expect(parts.locator("h3")).to_have_text(["Resume this", "Load this in pandas", "From the command line", "Cite"])
    expect(parts.locator("pre")).to_have_count(4)
    resume, load, shell, cite = parts.locator("pre").all_inner_texts()
    assert cite.startswith("@misc{exp_")
    code = (
        f"{load}\nprint(len(history))\n{resume}\nexperiment.log({{'train/loss': 0.1}}, step=9)\nexperiment.finish()\n"
    )
    keep = {"TRACKIO_DIR": str(tmp_path / "d"), "PATH": f"{sys.prefix}/bin:/usr/bin:/bin", "HOME": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", code], env=keep, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[0] == "4"
    assert told(space, training)["summary"]["train/loss"]["points"] == 5
    first = shell.splitlines()[0].replace("trackio-client", f"{sys.executable} -m trackio_client.cli.main")
    subprocess.run(["bash", "-c", first], env=keep, cwd=tmp_path, check=True, timeout=60)
    assert (
        json.loads((tmp_path / f"{training.experiment_id}.json").read_text())["experiment_id"] == training.experiment_id
    )


def test_a_long_log_is_read_searched_and_saved_without_moving_under_the_reader(page, space):
    training = experiment(space, "talker")
    hour = 3600.0
    for part in range(20):
        training.event("console", stream="stdout", lines=[f"line {part * 500 + i}" for i in range(500)], dropped=0)
    odd = [
        "\x1b[31mred\x1b[0m <b>x</b>",
        "10%|#\r100%|##########|",
        "Traceback (most recent call last):",
        "  File",
        "ValueError: no",
    ]
    training.event("console", stream="stderr", lines=odd, dropped=3, time_s=training.started_s - 48 * hour)
    opened(page, space, training, "#log")
    panel, box = pane(page, "Log"), page.locator(".tk-log")
    expect(box).to_contain_text("ValueError: no")
    expect(box.locator("i.c1")).to_have_text("red")
    expect(box).to_contain_text("<b>x</b>")
    expect(box).to_contain_text("3 lines left out")
    expect(box.locator(".error")).to_have_text(
        [re.compile("Traceback"), re.compile("File"), re.compile("ValueError: no")]
    )
    expect(box).not_to_contain_text("10%|#\r")
    assert box.locator(".tk-lines > div").count() < 150  # of 10,000
    holds(lambda: box.evaluate("el => el.scrollHeight - el.scrollTop - el.clientHeight") < 24)
    box.evaluate("el => { el.scrollTop = 40_000; }")
    expect(panel.get_by_role("button", name="To the end")).to_be_visible()
    training.event("console", stream="stdout", lines=["one more"], dropped=0)
    expect(panel.get_by_role("button", name="To the end, 2 new")).to_be_visible()  # with the day it was said on
    assert box.evaluate("el => el.scrollTop") == 40_000
    panel.get_by_label("Filter log lines").fill("/[4/")
    expect(panel.locator(".tk-trouble")).to_contain_text("this [ is not closed (character 2)")
    panel.get_by_label("Filter log lines").fill("line 4321")
    expect(panel.locator(".tk-trouble")).to_be_hidden()
    expect(box.locator("mark")).to_have_count(0)  # two words, each wherever it stands
    expect(panel.locator(".tk-panel-head")).to_contain_text("1 of 10,0")
    box.locator(".hit").click()
    expect(box.locator(".found")).to_contain_text("line 4321")
    expect(box).to_contain_text("line 4322")
    panel.get_by_title("Which lines").click()
    page.get_by_role("option", name="Errors", exact=True).click()
    expect(panel.locator(".tk-panel-head")).to_contain_text("3 of 10,0")
    with page.expect_download() as download:
        panel.get_by_role("button", name="Save the whole log as a text file").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 10_007
    assert lines[0].endswith(" line 0")
    assert download.value.suggested_filename == "talker.log"
