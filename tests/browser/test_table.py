"""The Table as a person uses it: filter, columns, groups, choosing, tags, archive, the bin."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.trainings import Training
from tests.browser.waiting import becomes

CASES = json.loads((Path(__file__).parents[1] / "queries" / "filter_cases.json").read_text())
_RUN = """async (cases) => {
  const { parsed } = await import("/lib/base/expression.js");
  const { Pattern } = await import("/lib/base/pattern.js");
  const { queryOf } = await import("/lib/base/query.js");
  const { revived } = await import("/lib/base/words.js");
  const odd = (value) => ({ $float: Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity" });
  const plain = (value) => typeof value === "number" && !Number.isFinite(value) ? odd(value) : Array.isArray(value) ? value.map(plain)
    : value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)])) : value;
  const parse = ({ text }) => { try { return { text, tree: plain(parsed(text)) }; } catch (error) { return { text, column: error.at + 1, message: error.message }; } };
  const find = ({ pattern, text }) => { try { return { pattern, text, found: new Pattern(pattern).search(text) }; } catch (error) { return { pattern, at: error.at, message: error.message }; } };
  const rows = cases.rows.map((row) => ({ ...row, id: row.experiment_id, columns: Object.fromEntries(Object.entries(row.columns).map(([key, value]) => [key, revived(value)])) }));
  const filter = ({ text }) => { const query = queryOf(text); return { text, columns: query.columns, found: rows.filter((row) => query.holds(row, cases.now_s)).map((row) => row.id) }; };
  return { parse: cases.parse.map(parse), patterns: cases.patterns.map(find), filters: cases.filters.map(filter) };
}"""  # noqa: E501
NAMES = ["a-0", "b-1", "a-2", "b-3", "a-4", "b <b>5</b>"]


@pytest.fixture
def swept(page, space, request):
    """A project of six experiments, and the page at its table."""
    project = f"table {request.node.name[:30]}"
    made = []
    for i, name in enumerate(NAMES):
        config = {"optimizer": "adam w" if i % 2 else "sgd", "lr": 10.0**-i, "opt": {"decay": i}}
        one = Training(
            space.url, project, name, started_s=1_790_000_000 + 60 * i, config=config, tags=["old"] if i == 0 else []
        )
        one.log(
            [
                (
                    step,
                    {"eval/loss": i / 10 + 1 / (1 + step), "eval/only": 1.0} if i < 5 else {"eval/loss": float("nan")},
                )
                for step in range(4)
            ]
        )
        one.finish("failed" if i == 2 else "finished")
        made.append(one.experiment_id)
    page.goto(f"{space.url}/?project={project}&view=table")
    expect(page.locator(".tk-table tr[data-id]")).to_have_count(6)
    page.project, page.ids = project, made
    return page


def names(page):
    return page.locator(".tk-table tr[data-id] .tk-name")


def listed(page, count):
    expect(page.locator(".tk-table tr[data-id]")).to_have_count(count)


def is_wide(page, key, width):
    page.wait_for_function(
        "([key, width]) => document.querySelector(`.tk-table th[data-key='${key}']`).offsetWidth === width",
        arg=[key, width],
    )


def head(page, key):
    return page.locator(f'.tk-table th[data-key="{key}"]')


def menu(page, words):
    page.locator(".tk-menu .tk-menu-row", has_text=words).first.click()


def stand(page, columns):
    keys = "[...document.querySelectorAll('.tk-table th[data-key]')].map((cell) => cell.dataset.key).join()"
    page.wait_for_function(f"wanted => {keys} === `name,${{wanted}}`", arg=columns)


@pytest.mark.requirement("S2.75")
def test_a_table_is_filtered_sorted_grouped_and_taken_away(swept, tmp_path):
    page = swept
    for what in ("parse", "patterns", "filters"):  # the page's parser says what the server's says
        ran = page.evaluate(_RUN, CASES)[what]
        assert ran == CASES[what], what
    # Filter: the place of a mistake is marked, and what stands before it holds.
    field, trouble = page.locator(".tk-filter input"), page.locator(".tk-filter-trouble")
    field.fill("lr > 1e-3 and (optimizer = sgd or not eval/loss >")
    expect(trouble).to_have_text("Column 50: expected a value behind >.")
    expect(page.locator(".tk-filter-paint .wrong")).to_have_count(1)
    expect(field).to_have_attribute("aria-invalid", "true")
    listed(page, 3)
    field.fill('opt.decay in (1, 3) and optimizer = "adam w" or name ~ /^a-[24]$/')
    listed(page, 4)
    expect(trouble).to_be_hidden()
    page.wait_for_function("() => new URLSearchParams(location.search).get('search')?.includes('opt.decay')")
    field.fill("")
    listed(page, 6)
    # Sort by two columns; what is missing stands last both ways.
    page.get_by_role("button", name="Columns").click()
    menu(page, "optimizer")
    page.keyboard.press("Escape")
    head(page, "config:optimizer").locator(".tk-head-sort").click()
    head(page, "metric:eval/loss").locator(".tk-head-sort").click(modifiers=["Shift"])
    expect(names(page)).to_have_text(["b-1", "b-3", "b <b>5</b>", "a-0", "a-2", "a-4"])
    expect(page.locator(".tk-sort-place")).to_have_text(["2", "1"])
    head(page, "metric:eval/only").locator(".tk-head-sort").click()
    expect(names(page).last).to_have_text("b <b>5</b>")
    head(page, "metric:eval/only").locator(".tk-head-sort").click()
    expect(names(page).last).to_have_text("b <b>5</b>")
    # Move by keys and by drag, widen, keep in place; remembered.
    sort = head(page, "config:optimizer").locator(".tk-head-sort")
    sort.focus()
    page.keyboard.press("Alt+ArrowLeft")
    expect(head(page, "config:optimizer").locator(".tk-head-sort")).to_be_focused()
    width = head(page, "config:optimizer").bounding_box()["width"]
    page.keyboard.press("Alt+Shift+ArrowRight")
    is_wide(page, "config:optimizer", width + 16)
    sort.drag_to(head(page, "state").locator(".tk-head-sort"), target_position={"x": 4, "y": 10})
    page.wait_for_function(
        """() => [...document.querySelectorAll(".tk-table th[data-key]")].slice(0, 3)
          .map((cell) => cell.dataset.key).join() === "name,config:optimizer,state" """
    )
    head(page, "metric:eval/loss").hover()
    head(page, "metric:eval/loss").locator(".tk-head-more").click()
    menu(page, "Keep it in place")
    expect(page.locator(".tk-table th.tk-pin")).to_have_count(2)
    # What stays in place moves among its like, the others among theirs: as they stand, not as they were chosen.
    head(page, "metric:eval/only").locator(".tk-head-sort").focus()
    page.keyboard.press("Alt+ArrowLeft")
    stand(page, "metric:eval/loss,config:optimizer,state,steps,age,metric:eval/only,duration")
    head(page, "age").locator(".tk-head-sort").drag_to(
        head(page, "config:optimizer").locator(".tk-head-sort"), target_position={"x": 4, "y": 10}
    )
    stand(page, "metric:eval/loss,age,config:optimizer,state,steps,metric:eval/only,duration")
    head(page, "age").locator(".tk-head-sort").focus()
    page.keyboard.press("Alt+ArrowLeft")  # it is the first of its like
    head(page, "state").hover()
    head(page, "state").locator(".tk-head-more").click()
    expect(page.locator(".tk-menu .tk-menu-row").first).to_have_text("Sort, running first")
    menu(page, "Keep it in place")
    head(page, "state").locator(".tk-head-sort").focus()
    page.keyboard.press("Alt+ArrowLeft")
    stand(page, "state,metric:eval/loss,age,config:optimizer,steps,metric:eval/only,duration")
    head(page, "state").hover()
    head(page, "state").locator(".tk-head-more").click()
    menu(page, "Let it scroll")
    expect(page).to_have_url(re.compile("pinned=metric:eval/loss(&|$)"))
    page.reload()
    listed(page, 6)
    expect(page.locator(".tk-table th.tk-pin")).to_have_count(2)
    is_wide(page, "config:optimizer", width + 16)
    # Groups: mean and sd, in the order of their means; they fold.
    head(page, "config:optimizer").hover()
    head(page, "config:optimizer").locator(".tk-head-more").click()
    menu(page, "Group by it")
    groups = page.locator(".tk-table-group")
    expect(groups).to_have_count(2)
    sgd = groups.filter(has_text="sgd")
    expect(sgd.locator("[title*='n 3']").first).to_have_attribute(
        "title", "mean 0.4500, sd 0.2000, n 3\nlowest 0.2500, highest 0.6500"
    )
    sgd.locator(".tk-group-fold").click()
    listed(page, 3)
    expect(page).to_have_url(re.compile("group=config.*folds="))
    # A baseline: how far the others are from it, in a group from the mean of its group; in the address, as are folds.
    boxes = page.locator(".tk-table tr[data-id]")
    boxes.filter(has_text="b-1").locator(".tk-box").click()
    page.locator(".tk-chosen-bar").get_by_role("button", name="Baseline").click()
    expect(page).to_have_url(re.compile(f"against={page.ids[1][-8:]}"))
    page.reload()
    listed(page, 3)
    expect(boxes.filter(has_text="b-1")).to_contain_text("baseline")
    expect(boxes.filter(has_text="b-3").locator(".tk-cell-gap.worse")).to_have_text(
        "+57.1 % worse"
    )  # 0.55 against 0.35
    expect(sgd.locator(".tk-cell-gap")).to_have_text(["±0 %"] * 2)  # of means
    page.get_by_title("Differences in percent").click()
    menu(page, "no baseline")
    expect(page.locator(".tk-cell-gap")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
        menu(page, "LaTeX file: 2 groups")
    typeset = Path(download.value.path()).read_text()
    assert "\\begin{tabular}{lrrrrr" in typeset, typeset
    assert "  sgd & 3 & " in typeset, typeset
    assert "\\textbf{0.4500} $\\pm$ 0.2000" in typeset, typeset
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
        menu(page, "2 groups with mean")
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    one = next(row for row in rows if row["config:optimizer"] == "sgd")
    assert (one["experiments"], float(one["metric:eval/loss mean"]), float(one["metric:eval/loss sd"])) == (
        "3",
        pytest.approx(0.45),
        pytest.approx(0.2),
    )
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
        menu(page, "6 listed experiments, all columns")
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    assert {row["name"]: row["config:opt.decay"] for row in rows}["a-4"] == "4"
    assert {row["metric:eval/loss"] for row in rows if row["name"].startswith("b <")} == {"NaN"}
    # A column that was never in view is taken away with its values, too: in figures of groups, and on the clipboard.
    columns = ["notes", "created", "id", "points", "missing", "job_type", "group", "tags", "config:opt.decay"]
    page.evaluate("columns => trackioPage.shell.state.set({ columns })", columns)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
        menu(page, "2 groups with mean")
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    assert {row["config:optimizer"]: row["config:opt.decay mean"] for row in rows} == {"sgd": "2", "adam w": "3"}
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="CSV").click()
    menu(page, "Copy 6 listed experiments as Markdown")
    page.wait_for_function("async () => /^\\| a-4 .* 4 \\|$/m.test(await navigator.clipboard.readText())")
    page.get_by_role("button", name="CSV").click()
    menu(page, "Copy 2 groups as LaTeX")
    page.wait_for_function("async () => /sgd & 3 & .* & 2.000 \\$/.test(await navigator.clipboard.readText())")
    # By state, groups stand as rows do: one that failed comes before those that all finished.
    page.evaluate("trackioPage.shell.state.set({ sort: 'state' })")
    expect(groups.first).to_contain_text("sgd")
    page.evaluate("trackioPage.shell.state.set({ sort: '-state' })")
    expect(groups.first).to_contain_text("adam w")
    ways = page.evaluate("trackioPage.shell.sideBar.sortItems().filter(({ label }) => label === 'State')")
    assert [way["note"] for way in ways] == ["finished first", "running first"]
    # Of what is chosen, the best of those is bold.
    page.evaluate("trackioPage.shell.state.set({ columns: ['metric:eval/loss'], tableGroups: [], tableFolds: [] })")
    for name in ("b-1", "b-3"):
        boxes.filter(has_text=name).locator(".tk-box").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
        menu(page, "LaTeX file: 2 chosen experiments")
    assert "b-1 & \\textbf{0.3500} " in Path(download.value.path()).read_text()


@pytest.mark.requirement("S2.75")
def test_chosen_experiments_are_tagged_archived_deleted_and_brought_back(swept, space):
    page = swept
    boxes = page.locator(".tk-table tr[data-id] .tk-box")
    bar = page.locator(".tk-chosen-bar")
    expect(bar).to_be_hidden()
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(bar).to_contain_text("3 chosen")
    bar.get_by_role("button", name="Tag").click()
    page.get_by_label("New tag").fill("keep <i>")
    page.keyboard.press("Enter")
    expect(page.locator(".tk-toast").last).to_contain_text("Tagged 3 experiments “keep <i>”.")
    page.locator(".tk-filter input").fill('tag = "keep <i>"')
    listed(page, 3)
    page.locator(".tk-toast").last.get_by_role("button", name="Undo").click()
    listed(page, 0)
    expect(page.locator(".tk-table-none")).to_contain_text("None of 6 experiments fits")
    page.locator(".tk-table-none").get_by_role("button", name="Show all").click()
    listed(page, 6)
    bar.get_by_role("button", name="Archive").click()
    listed(page, 3)
    expect(bar).to_be_hidden()
    page.get_by_role("button", name="Show 3 archived").click()
    listed(page, 6)
    page.keyboard.press("Control+z")
    expect(page.get_by_role("button", name="3 archived")).to_be_hidden()
    # By keyboard: walk, choose, a range, none.
    page.locator(".tk-table-scroll").focus()
    for key in ("j", "x", "j", "j", "X"):
        page.keyboard.press(key)
    expect(bar).to_contain_text("3 chosen")
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    # Into the bin, back by Undo, again, and out of it there; then one for good.
    page.locator("thead .tk-box").click()
    expect(bar).to_contain_text("6 chosen")
    page.locator("thead .tk-box").click()
    boxes.nth(0).click()
    boxes.nth(1).click()
    bar.get_by_role("button", name="Delete").click()
    listed(page, 4)
    expect(page.locator(".tk-toast").last).to_contain_text("stays in its history")
    page.locator(".tk-toast").last.get_by_role("button", name="Undo").click()
    listed(page, 6)
    boxes.nth(0).click()
    boxes.nth(1).click()
    bar.get_by_role("button", name="Delete").click()
    listed(page, 4)
    page.get_by_role("button", name="Bin", exact=True).click()
    gone = page.locator(".tk-bin-table tbody tr")
    expect(gone).to_have_count(2)
    expect(gone.first).to_contain_text("the owner")
    expect(gone.first.locator("td").nth(6)).to_have_text("7 d")
    expect(page.locator(".tk-bin header")).to_contain_text("stays in the history of that repo")
    gone.filter(has_text="b <b>5</b>").get_by_role("button", name="Restore").click()
    expect(gone).to_have_count(1)
    gone.get_by_role("button", name="Delete now").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.locator(".tk-bin-empty")).to_be_visible()
    page.locator(".tk-bin header").get_by_role("link", name="Table").click()
    listed(page, 5)
    expect(names(page).filter(has_text="b <b>5</b>")).to_have_count(1)

    def left():
        asked = httpx.get(f"{space.url}/v1/experiments", params={"project": page.project}, timeout=60)
        return {row["experiment_id"] for row in asked.json()["experiments"]}

    becomes(left, set(page.ids) - {page.ids[4]})
