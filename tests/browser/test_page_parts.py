# ruff: noqa: E501 (scripts for the browser, and attacks as they are)
"""Modules of the page by themselves: lines of a log, layers of a graph, files, and what a part does when others change."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

pytestmark = pytest.mark.browser

LOG = """async (contents) => {
  const { LineReader, runsOf, rowsOf, columnsOf } = await import("/lib/experiment/loglines.js");
  const reader = new LineReader();
  const lines = contents.flatMap((content) => reader.read({ time_us: 1e6, ...content }));
  return lines.map(({ level, words, raw }) => ({ level, words, runs: raw ? runsOf(raw) : null, columns: columnsOf(words), rows: rowsOf([{ text: words, style: "" }], 10).map((row) => row.map(({ text }) => text).join("")) }));
}"""


def lines(modules: Any, *contents: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = modules.evaluate(LOG, list(contents))
    return found


def test_lines_of_a_log_are_read_as_a_terminal_would_show_them(modules: Any) -> None:
    printed = [
        "\x1b[1;31mfailed\x1b[0m \x1b[38;5;200mpink\x1b[m",
        "a\r\nb",
        "10%\r 20%\r\x1b[K",
        "ab\bc",
        "\x1b]0;title\x07x\x07",
    ]
    found = lines(modules, {"lines": printed})
    assert [each["words"] for each in found] == ["failed pink", "a", "b", " 20%", "ac", "x"]
    assert found[0]["runs"][0] == {"text": "failed", "style": "c1 b"}
    assert "".join(run["text"] for run in found[0]["runs"]) == "failed pink"
    (wide,) = lines(modules, {"lines": ["日本語テキスト🦦 and ascii"]})
    assert wide["columns"] == 26
    assert "".join(wide["rows"]) == "日本語テキスト🦦 and ascii"
    assert [len(row) for row in wide["rows"]] == [5, 7, 6]  # of ten columns each


def test_levels_are_those_that_a_reader_would_name(modules: Any) -> None:
    told = {
        "ERROR: disk full": "error", "eval error 0.031": "", "error: 0.5": "", "ValueError: no": "error", "0 errors": "",
        "UserWarning: old": "warn", "[W] warning: x": "warn", "debug: y": "debug", "loss 0.1": "", "terrors of war": "",
        "torch.cuda.OutOfMemoryError: CUDA": "error", "2026-11-21 ERROR worker died": "error",
    }  # fmt: skip
    found = lines(modules, {"lines": list(told)})
    assert {each["words"]: each["level"] for each in found} == told
    trace = ["Traceback (most recent call last):", '  File "a.py"', "    x()", "KeyError: 'x'", "goes on"]
    mixed = lines(modules, {"stream": "stderr", "lines": trace[:2]}, {"stream": "stdout", "lines": ["step 1"]},
                  {"stream": "stderr", "lines": trace[2:]})  # fmt: skip
    assert [each["level"] for each in mixed] == ["error", "error", "", "error", "error", ""]
    (left,) = lines(modules, {"lines": [], "dropped": 1234})
    assert left["words"].startswith("1,234 lines left out")


LAYERS = """async ([ids, edges]) => {
  const { layered } = await import("/lib/experiment/layers.js");
  const { placed, columns } = layered(ids, edges);
  return { at: Object.fromEntries([...placed].map(([id, { column, row }]) => [id, [column, row]])), columns };
}"""


def test_a_name_keeps_its_end_whatever_room_it_has(modules: Any) -> None:
    ask = """async (names) => {
      const { middle } = await import("/lib/base/fit.js");
      return names.map(middle).map((node) => [node.textContent, ...[...node.children].map((each) => each.textContent)]);
    }"""
    long, short = modules.evaluate(ask, ["adamw-lr3e-4-🦦-seed12", "adamw-s0"])
    assert long == ["adamw-lr3e-4-🦦-seed12", "adamw-lr3e-4-", "🦦-seed12"]
    assert short == ["adamw-s0"]


def test_a_graph_stands_in_layers_whose_edges_lead_to_the_right(modules: Any) -> None:
    edges = [["raw", "a"], ["a", "b"], ["b", "c"], ["raw", "c"], ["late", "c"], ["c", "x"], ["c", "y"]]
    ids = ["c", "x", "y", "b", "a", "raw", "late"]
    found = modules.evaluate(LAYERS, [ids, edges])
    column = {name: at[0] for name, at in found["at"].items()}
    assert all(column[a] < column[b] for a, b in edges)
    assert column["late"] == column["c"] - 1
    places = [tuple(at) for at in found["at"].values()]
    assert len(set(places)) == len(ids)


def test_circles_lonely_nodes_and_thousands_are_laid_out(modules: Any) -> None:
    circle = modules.evaluate(
        LAYERS, [["a", "b", "c", "alone"], [["a", "b"], ["b", "c"], ["c", "a"], ["a", "a"], ["a", "?"]]]
    )
    assert sorted(circle["at"]) == ["a", "alone", "b", "c"]
    chain = [f"n{i}" for i in range(3000)]
    long = modules.evaluate(LAYERS, [chain, [list(pair) for pair in pairwise(chain)]])
    assert len(long["columns"]) == 3000
    crossing = modules.evaluate(LAYERS, [["l1", "l2", "r2", "r1"], [["l1", "r1"], ["l2", "r2"]]])["at"]
    assert (crossing["l1"][1] < crossing["l2"][1]) == (crossing["r1"][1] < crossing["r2"][1])


def test_lengths_and_times_are_cut_where_a_reader_would(modules: Any) -> None:
    run = """async () => { const w = await import("/lib/base/words.js");
      const old = new Date(2026, 10, 20, 23, 45, 10).getTime() / 1000, now = Date.now() / 1000;
      return [[0, 9.94, 9.97, 59.4, 59.6, 60, 3599.9].map(w.duration), w.clockMinutes(old), w.clockMinutes(now).length]; }"""
    lengths = ["0.0 s", "9.9 s", "10 s", "59 s", "1 min 00 s", "1 min 00 s", "59 min 59 s"]
    assert modules.evaluate(run) == [lengths, "20 Nov 2026, 23:45", 5]


def test_a_tag_that_holds_a_comma_stays_one_tag(modules: Any) -> None:
    run = """(typed) => import("/lib/experiment/editing.js").then(({ someTags }) => someTags(typed, ["a", "bs=8,lr=1e-3"]))"""
    assert modules.evaluate(run, "bs=8,lr=1e-3, good, a") == ["bs=8,lr=1e-3", "good", "a"]
    assert modules.evaluate(run, "good,bs=8") == ["good", "bs=8"]


def test_what_is_missing_in_a_logged_table_is_no_zero(modules: Any) -> None:
    run = """async (rows) => { const { chartOf } = await import("/lib/media/chart.js");
      const drawn = chartOf({ kind: "line", x: "step", y: "f1" }, { columns: ["step", "f1"], rows }, "t");
      return drawn.querySelector("polyline").getAttribute("points").split(" ").length; }"""
    assert modules.evaluate(run, [[1, 0.5], [2, None], [3, ""], [4, True], [5, "0.6"], [6, 0.7]]) == 3


def test_latex_of_a_name_that_begins_with_a_bracket_is_no_argument_of_the_line_before(modules: Any) -> None:
    run = """async (names) => { const { latexOf } = await import("/lib/table/latex.js");
      const cells = { words: (row) => row.name, isNumeric: () => false, goalOf: () => null };
      return latexOf(["name"], { rows: names.map((name) => ({ name })) }, cells).split("\\n"); }"""
    told = modules.evaluate(run, ["[test] lr1", "*", "plain"])
    assert [line.strip() for line in told if line.endswith("\\\\")][1:] == [
        "{}[test] lr1 \\\\",
        "{}* \\\\",
        "plain \\\\",
    ]


def test_an_evaluation_that_does_not_come_says_so_below_its_own_heading(modules: Any) -> None:
    run = """async ([file, panel]) => {
      const made = await import(`/lib/experiment/${file}.js`);
      const sample = { id: "a", row: 3, gold: "x", predicted: "x" };
      const data = { samples: 1, panel: ["a"], shown: [sample], counts: {}, labels: ["x", "y"], matrix: [[1, 1], [0, 2]] };
      let isAway = false;
      const shown = new made[panel]((entry) => isAway && entry.step < 3 ? Promise.reject(new Error("No answer.")) : Promise.resolve({ data }));
      document.body.append(shown.root);
      shown.pane.isSeen = true;
      const go = async (step) => ("to" in shown ? (shown.at = step - 1) : (shown.chosen = step), await shown.load(), await new Promise((done) => setTimeout(done)));
      const said = () => [shown.pane.note.textContent.split(/[,;]/)[0], shown.pane.body.textContent];
      const found = [];
      shown.add([1, 2, 3].map((step) => ({ step, epoch: null, writer_id: "w", seq: step })));
      for (const [away, step] of [[false, 3], [true, 2], [false, 2], [true, 1]]) {
        isAway = away;
        await go(step);
        found.push(said());
      }
      const late = go(1); // and the reader goes on before it fails
      await go(3);
      await late;
      found.push(said());
      shown.root.remove();
      return found;
    }"""
    for file, panel in (("predictions", "PredictionsPanel"), ("confusion", "ConfusionPanel")):
        told = modules.evaluate(run, [file, panel])
        assert [heading for heading, _ in told] == ["step 3", "step 2", "step 2", "step 1", "step 3"], panel
        assert ["did not come" in body for _, body in told] == [False, True, False, True, False], panel
        assert "No answer. Try again" in told[1][1]


def test_a_log_tells_the_day_that_is_over_and_shows_what_its_filter_finds_first(modules: Any) -> None:
    run = """async () => {
      const { LogPanel } = await import("/lib/experiment/log.js");
      const log = new LogPanel({ source: {}, id: "exp_1" }), now = Date.now;
      document.body.append(log.root);
      let seq = 0;
      const tell = (words) => log.add([{ content: { lines: [words], time_us: now() * 1000 }, position: (seq += 1) }], seq === 1);
      const said = () => [log.box.hidden, ...[...log.box.querySelectorAll(".tk-lines > div")].map((each) => each.textContent.replace(/^[\\d:]{8}/, ""))];
      const found = [];
      tell("loss 1");
      log.field.value = "nan";
      log.search();
      found.push(said());
      tell("loss nan"); // the first that the filter finds
      found.push(said());
      log.field.value = "";
      log.search();
      Date.now = () => now() + 864e5;
      log.live(true);
      Date.now = now;
      found.push(said());
      log.close();
      log.root.remove();
      return [found, new Date().toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric" })];
    }"""
    (nothing, first, later), day = modules.evaluate(run)
    assert nothing[0] is True
    assert first == [False, "loss nan"]
    assert later == [False, day, "loss 1", "loss nan"]


def test_back_brings_the_ticks_that_an_address_has_no_room_for(modules: Any) -> None:
    run = """async () => {
      const { followAddress, keptTicks } = await import("/lib/data/address.js");
      const { PageState } = await import("/lib/data/state.js");
      const begun = location.href, state = new PageState({ project: "p" });
      let ticks = null;
      const tick = (some) => ((ticks = some), state.set({ experiments: some ?? [] }));
      const stop = followAddress(state, { ticksByHand: () => ticks, tickListed: tick, tickNewest: () => tick(null) });
      const many = (n) => Array.from({ length: n }, (_, i) => `exp_${String(1e7 + i)}`), found = [];
      const shown = () => [state.get("view"), ticks && ticks.length, keptTicks()?.length ?? null, location.search.includes("shown=")];
      const gone = (go) => new Promise((done) => (addEventListener("popstate", () => setTimeout(done), { once: true }), go()));
      state.set({ view: "metrics", log: true });
      tick(many(400));
      tick(many(401)); // of one address, an instant before another view
      state.set({ view: "overview" });
      tick(many(402));
      while (keptTicks().length !== 402) await new Promise(requestAnimationFrame); // written soon
      found.push(shown());
      await gone(() => (location.hash = "panel")); // no way back
      found.push([...shown(), location.hash]);
      state.set({ view: "table" });
      tick(many(2));
      await gone(() => history.back());
      found.push(shown());
      await gone(() => history.go(-2));
      found.push(shown());
      stop();
      history.replaceState(null, "", begun);
      return found;
    }"""
    overview, panel, back, first = modules.evaluate(run)
    assert overview == ["overview", 402, 402, False]
    assert panel == ["overview", 402, 402, False, "#panel"]
    assert back == ["overview", 402, 402, False]
    assert first == ["metrics", 401, 401, False]


def test_each_silence_of_a_watched_experiment_is_told_once_whichever_tab_is_open(modules: Any) -> None:
    run = """async () => {
      const { Watch } = await import("/lib/shell/watch.js");
      const { PageState } = await import("/lib/data/state.js");
      const { mark, marked } = await import("/lib/base/marks.js");
      const said = [], tab = (name) => {
        const source = { experiment: async () => { throw { get status() { throw new Error("odd"); } }; } };
        const made = new Watch({ source, state: new PageState({ experiments: [] }), open: () => {} });
        return Object.assign(made, { tell: ({ state, since_s }) => said.push(`${name} ${state} ${since_s}`) });
      };
      mark("watched", ["exp_w"], true);
      const [one, other] = [tab("one"), tab("other")];
      const heard = (watch, state, since_s) => watch.heard({ id: "exp_w", state, since_s, generation: 0, alert_count: 0 });
      heard(one, "lost_contact", 100);
      heard(other, "lost_contact", 100);
      heard(one, "lost_contact", 100);
      heard(other, "running", 50); // and the tab that told it is closed
      heard(other, "lost_contact", 200);
      heard(other, "lost_contact", 200);
      heard(tab("third"), "lost_contact", 200);
      const { timer } = other;
      other.plan(); // another tab remembers something
      const isSame = timer > 0 && other.timer === timer;
      await other.ask().catch(() => {});
      const found = [said.slice(), isSame, other.isAsking, marked("watched")];
      heard(other, "finished", 300);
      return [...found, said.at(-1), marked("watched")];
    }"""
    said, goes_on, is_asking, watched, last, left = modules.evaluate(run)
    assert said == ["one lost_contact 100", "other lost_contact 200"]
    assert [goes_on, is_asking, watched] == [True, False, ["exp_w"]]
    assert [last, left] == ["other finished 300", []]


def test_what_is_asked_or_shown_once_stays_while_the_list_beside_it_changes(modules: Any) -> None:
    run = """async () => {
      const { showTokens } = await import("/lib/shell/tokens.js");
      const { BinView } = await import("/lib/bin/bin.js");
      const { PageState } = await import("/lib/data/state.js");
      const soon = () => new Promise((done) => setTimeout(done));
      const press = (within, words) => [...within.querySelectorAll("button")].find((each) => each.textContent === words).click();
      const old = { id: "t0", name: "old", role: "viewer", ends_s: null, used_day: null };
      const source = { tokens: async () => ({ now_s: 0, tokens: [old] }), takeBack: async () => {}, handOut: async ({ name }) => ({ ...old, id: "t1", name, token: "secret" }) };
      showTokens(source);
      await soon();
      const dialog = document.querySelector("dialog"), made = () => dialog.querySelector(".tk-share-made input")?.value;
      dialog.querySelector("input").value = "new";
      dialog.querySelector("form").requestSubmit();
      await soon();
      const revoke = async (name) => (press([...dialog.querySelectorAll("li")].find((each) => each.textContent.includes(name)), "Revoke"), await soon(), made());
      const found = [made(), await revoke("old"), (await revoke("new")) ?? null];
      dialog.close();
      const row = { experiment_id: "e1", name: "gone", group: null, last_step: 1, point_count: 2, binned_s: 1e9, goes_s: 2e9, by: null };
      let rows = [row];
      const root = document.createElement("div"), state = new PageState({ view: "bin", project: "p" });
      document.body.append(root);
      const bin = new BinView(root, { state, source: { session: async () => ({ role: "owner" }), bin: async () => ({ experiments: rows }) }, experiments: { now_s: () => 1e9 } });
      await soon();
      press(root.querySelector("tbody"), "Delete now");
      rows = [row, { ...row, experiment_id: "e2" }];
      await bin.ask();
      const asked = document.querySelector("dialog.tk-sure");
      found.push([root.querySelectorAll("tbody tr").length, asked?.open]);
      const first = root.firstChild;
      await bin.ask();
      found.push(first === root.firstChild); // nothing is new
      press(asked, "Keep in the bin");
      state.set({ view: "table" });
      root.remove();
      return found;
    }"""
    assert modules.evaluate(run) == ["secret", "secret", None, [2, True], True]


def test_spans_that_tell_no_times_leave_the_others_their_bars(modules: Any) -> None:
    run = """async (spans) => {
      const { traces } = await import("/lib/media/trace.js");
      const stage = document.createElement("div");
      await traces(stage, {}).show([{ messages: [{ role: "user", content: "x" }], spans }]);
      return [...stage.querySelectorAll(".tk-span-time i")].map((each) => ["--x", "--w"].map((name) => each.style.getPropertyValue(name)));
    }"""
    timed = [{"id": "a", "name": "a", "start": 0, "end": 2}, {"id": "b", "name": "b", "start": 1, "end": 2}]
    assert modules.evaluate(run, [*timed, {"id": "c", "name": "c"}]) == [["0%", "100%"], ["50%", "50%"]]


def test_the_box_of_all_hides_more_than_a_hundred_and_a_file_holds_what_the_page_shows(modules: Any) -> None:
    run = """async () => {
      const { SideBar } = await import("/lib/shell/sidebar.js");
      const { LabelsView } = await import("/lib/labels/view.js");
      const hits = Array.from({ length: 150 }, (_, i) => ({ id: `e${i}`, shown: false })), found = [];
      const press = (checked) => SideBar.prototype.tickAll.call({ hits, all: { checked }, experiments: {
        tick: (ids, shown) => (found.push([ids.length, shown]), ids.forEach((id) => (hits.find((row) => row.id === id).shown = shown))),
      } });
      for (const checked of [true, true, true, false]) press(checked); // a box of which some are ticked is checked by a press
      const tables = { eval: { none: { f1: 0, support: 0 }, some: { f1: 0.5, support: 4 } } };
      const told = LabelsView.prototype.fileBeside.call({ shown: { set: "eval", key: "f1" }, state: { get: () => "p" },
        comparedRows: [{ name: "none", support: 0 }, { name: "some", support: 4 }],
        compared: [{ row: { name: "r1" }, evaluation: { tables } }, { row: { name: "r2" }, evaluation: null }] });
      return [found, told.rows];
    }"""
    pressed, rows = modules.evaluate(run)
    assert pressed == [[100, True], [150, False], [100, True], [150, False]]
    assert rows == [["label", "support", "r1", "r2"], ["none", 0, None, None], ["some", 4, 0.5, None]]


def test_a_page_without_a_server_gives_an_assistant_its_text(modules):
    told = modules.evaluate(
        """async () => {
          const { briefOf } = await import("/lib/shell/brief.js");
          const detail = { config: { lr: 0.1 }, summary: {}, created_s: 0, last_step: 3, evidence: null };
          const source = { experiment: async () => detail, events: async () => ({ events: [] }) }; // and no comparison
          const rows = ["a", "b"].map((name) => ({ id: `exp_${name}`, name, state: "finished" }));
          return briefOf({ source, rows, metrics: [], filter: "", project: "p", address: "https://a.b/?c", now_s: 0 });
        }"""
    )
    assert told.startswith("# p: 2 experiments")
    assert "- lr: 0.1" in told
