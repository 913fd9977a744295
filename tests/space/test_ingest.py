"""What comes in over HTTP: taken once and whole, or refused in clear words, and the process lives on."""

from __future__ import annotations

import itertools
import json
import re
import threading
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trackio_client.errors import StoreFull
from trackio_client.wire.batches import FRAMES_TYPE, pack
from trackio_client.wire.events import plain
from trackio_client.wire.frames import EVENT, Schema, _seal, event_frame, metrics_frame


def problem(answer, status, slug):
    content = answer.json()
    assert (answer.status_code, content["type"].rpartition("/problems/")[2]) == (status, slug), content
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-trackio"] == "1"
    assert content["title"]
    assert content["detail"]
    return content


def test_a_batch_gets_a_receipt_of_what_is_held(api, a_batch):
    answer = api.send(a_batch())
    assert answer.status_code == 200
    receipt = answer.json()
    assert receipt["accepted"] == [[0, 4]]
    assert (receipt["trackio_receipt"], receipt["events"], receipt["points"]) == (1, 4, 6)
    assert api.get("/v1/writers/w1").json() == receipt


@pytest.mark.requirement("S1.58")
def test_the_same_batch_twice_counts_once(api, a_batch):
    assert api.send(a_batch()).json() == api.send(a_batch()).json()


def test_a_gap_names_the_seq_that_is_wanted(api, a_batch):
    api.send(a_batch())
    assert problem(api.send(a_batch(40)), 409, "gap")["want"] == 4


def test_a_deleted_experiment_is_gone_for_its_writers(api, a_batch):
    api.send(a_batch())
    assert api.client.delete("/v1/experiments/exp_a?now=1").status_code == 200
    problem(api.send(a_batch()), 410, "gone")
    problem(api.get("/v1/experiments/exp_a"), 404, "not-found")


def test_bodies_that_are_not_what_they_say_are_refused(api, a_batch):
    good = pack(a_batch())
    head_end = 8 + int.from_bytes(good[4:8], "little")
    for raw in (
        b"",
        b"TKB1",
        b"{}",
        good[:-1],
        good[:40],
        good + b"x",
        good[:-9] + b"\0" + good[-8:],
        good.replace(b"TKB1", b"TKB9"),
    ):
        problem(api.send(raw), 400, "malformed")
    for field, wrong in (
        ("count", 99),
        ("first_seq", -1),
        ("experiment_id", "a/b"),
        ("project", "  "),
        ("codec", "xz"),
    ):
        head = json.loads(good[8:head_end]) | {field: wrong}
        text = json.dumps(head).encode()
        problem(api.send(b"TKB1" + len(text).to_bytes(4, "little") + text + good[head_end:]), 400, "malformed")
    assert api.send(good).status_code == 200


def test_a_compressed_bomb_is_not_inflated(api, a_batch):
    bomb = zlib.compress(bytes(200 * 1024 * 1024), 9)
    head = {
        "writer_id": "w1", "experiment_id": "exp_a", "project": "digits", "generation": 0, "first_seq": 0, "count": 1,
        "first_held": 0, "codec": "zlib", "body_bytes": 64, "crc32": 0,
    }  # fmt: skip
    text = json.dumps(head).encode()
    problem(api.send(b"TKB1" + len(text).to_bytes(4, "little") + text + bomb), 400, "malformed")
    assert api.send(a_batch()).status_code == 200


def test_too_large_a_body_is_refused_before_it_is_read(api):
    problem(api.send(bytes(17 * 1024 * 1024)), 413, "too-large")
    many = (bytes(1024 * 1024) for _ in range(18))  # no Content-Length
    answer = api.client.post("/v1/writers/w1/events", content=many, headers={"Content-Type": FRAMES_TYPE})
    problem(answer, 413, "too-large")


def test_another_type_of_content_is_named(api, a_batch):
    assert "image/png" in problem(api.send(a_batch(), kind="image/png"), 415, "type")["detail"]


def test_a_batch_of_another_writer_is_refused(api, a_batch):
    problem(api.send(a_batch(), writer="w2"), 400, "malformed")


def test_a_full_disk_is_said_and_forgotten_when_there_is_room(api, a_batch):
    api.store.trouble = StoreFull("no room on the disk")
    answer = api.send(a_batch())
    problem(answer, 507, "store-full")
    assert int(answer.headers["retry-after"]) > 0
    api.store.trouble = None
    assert api.send(a_batch()).json()["accepted"] == [[0, 4]]


def test_a_mistake_in_the_store_leaves_the_writer_alive(api, a_batch):
    api.store.trouble = ValueError("a bug")
    problem(api.send(a_batch()), 503, "store")
    api.store.trouble = None
    assert api.send(a_batch()).status_code == 200


def test_what_waits_is_written_in_one_group(api, a_batch):
    api.store.may_write.clear()
    threads = [threading.Thread(target=lambda k=k: api.send(a_batch(writer=f"w{k}"), writer=f"w{k}")) for k in range(9)]
    threads[0].start()
    assert api.store.entered.wait(60)
    for thread in threads[1:]:
        thread.start()
    while len(api.client.app.state.ingest._queue) < 8:
        threading.Event().wait(0.005)
    api.store.may_write.set()
    for thread in threads:
        thread.join()
    assert sorted(api.store.groups) == [1, 8]


def test_lines_of_json_are_taken_in_and_a_repeat_is_left_out(api):
    text = '{"metrics": {"loss": 0.5, "lr": "NaN"}, "step": 0}\n{"metrics": {"loss": 0.25}, "step": 1}\n'
    first = api.lines(text, query="experiment=exp_a&project=digits&first_seq=0")
    assert first.json()["accepted"] == [[0, 2]]
    again = api.lines(text, query="experiment=exp_a&project=digits&first_seq=0")
    assert again.json() == first.json()
    series = api.get("/v1/series?experiment=exp_a&metric=loss&metric=lr").json()["series"]
    assert [one["values"] for one in series] == [[0.5, 0.25], ["NaN"]]


def test_a_first_line_may_say_what_the_address_does_not(api):
    head = '{"experiment": "exp_b", "project": "otters", "first_seq": 0}\n'
    answer = api.lines(head + '{"event": {"kind": "start", "name": "from a script"}, "time_s": 5}\n', query="")
    assert answer.status_code == 200
    assert api.get("/v1/experiments/exp_b").json()["name"] == "from a script"


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ('{"metrics": {"loss": 1}, "step": 1.5}', "1.5"),
        ('{"metrics": {"loss": 1}, "step": -1}', "-1"),
        ('{"metrics": {"loss": 1}, "step": 9223372036854775808}', "2**63"),
        ('{"metrics": {"loss": 1}}', "step is missing"),
        ('{"metrics": {"": 1}, "step": 1}', "empty"),
        ('{"metrics": {"%s": 1}, "step": 1}' % ("x" * 300), "300 characters"),
        ('{"metrics": {"loss": "much"}, "step": 1}', "much"),
        ('{"metrics": {"loss": 1}, "stpe": 1}', "stpe"),
        ('{"metrics": [1], "step": 1}', "object"),
        ('{"event": {"no": "kind"}}', "kind"),
        ('{"event": {"kind": "mark", "data": %s}}' % ("[" * 100 + "]" * 100), "deeper"),
        ("[" * 100_000, "JSON"),
        ("{", "JSON"),
    ],
)
def test_a_bad_line_is_named_and_nothing_of_it_is_kept(api, line, word):
    good = '{"metrics": {"loss": 1}, "step": 0}\n'
    content = problem(api.lines(good + line + "\n"), 400, "malformed")
    assert "line 2" in content["detail"]
    assert word in content["detail"]
    assert api.get("/v1/writers/w1").json()["accepted"] == []


def test_names_with_slashes_quotes_markup_and_emoji_are_names(api):
    name = 'a/"b" <script>alert(1)</script> 🦦'
    line = json.dumps({"metrics": {name: 1.0}, "step": 0})
    assert api.lines(line, query="experiment=exp_a&project=%3Cb%3E%20%F0%9F%A6%A6").status_code == 200
    answer = api.client.get("/v1/series", params={"experiment": "exp_a", "metric": name})
    assert answer.json()["series"][0]["metric"] == name


START = event_frame({"kind": "start", "time_us": 1, "name": "otter"})


def one_frame(a_batch, frame: bytes, *schemas: bytes):
    """A start event and one more frame, as a batch."""
    return a_batch(count=2, body=b"".join(schemas) + START + frame)


@pytest.mark.parametrize("name", ["", " ", "x" * 300, "a\nb", "\0", " a", "\x7f"])
def test_a_metrics_name_that_is_none_is_refused_in_frames_too(api, a_batch, name):
    schema = Schema((name,))
    content = problem(api.send(one_frame(a_batch, metrics_frame(schema, 1, 1, [0.5]), schema.frame)), 400, "malformed")
    assert "metric's name" in content["detail"]
    assert api.get("/v1/writers/w1").json()["accepted"] == []


@pytest.mark.parametrize(
    "payload",
    [
        b'{"kind":"mark","data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"kind":"mark","data":' + b"[" * 600 + b"]" * 600 + b"}",
        b'{"kind":"mark","time_us":' + b"9" * 5000 + b"}",
        b'{"kind":"\xff"}',
        b'{"kind":null}',
        b'{"no":"kind"}',
        b"[1]",
        b'{"a',
    ],
)
def test_an_event_that_is_none_is_refused_and_nothing_of_its_batch_is_kept(api, a_batch, payload):
    problem(api.send(one_frame(a_batch, _seal(EVENT, payload))), 400, "malformed")
    assert api.get("/v1/writers/w1").json()["accepted"] == []
    assert api.send(a_batch()).status_code == 200


def test_steps_from_0_to_the_highest_are_drawn_and_below_0_are_refused(api, a_batch):
    schema = Schema(("loss",))
    refused = api.send(one_frame(a_batch, metrics_frame(schema, -1, 1, [0.5]), schema.frame))
    assert "-1" in problem(refused, 400, "malformed")["detail"]
    assert api.send(one_frame(a_batch, metrics_frame(schema, 2**63 - 1, 1, [0.5]), schema.frame)).status_code == 200
    ask = "/v1/series?experiment=exp_a&metric=loss"
    for more in ("", "&max_points=100", "&max_points=100&format=binary", "&repeats=1"):
        assert api.get(ask + more).status_code == 200, more
    assert api.get(ask).json()["series"][0]["steps"] == [2**63 - 1]


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=8), st.just({"$float": 5}),
    st.lists(st.text(max_size=3), max_size=2), st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
)  # fmt: skip
FIELDS = re.findall(
    r"\w+",
    "time_us project name group job_type tags notes config generation parent client process steps_from values removed "
    "metric step_metric goal step stream lines dropped mark title data error message trace rank reason count "
    "first_step last_step state exit_code signal",
)
NUMBERS = itertools.count(1)
KINDS = ["start", "config", "summary", "define", "text", "console", "mark", "error", "refused", "end", "edit", "other"]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(KINDS), fields=st.dictionaries(st.sampled_from(FIELDS), JUNK, max_size=12))
def test_an_event_whose_fields_are_of_other_types_harms_no_answer(api, a_batch, kind, fields):
    n = next(NUMBERS)
    sent = a_batch(
        writer=f"w{n}", experiment=f"exp_{n}", count=2, body=START + event_frame(plain({"kind": kind, **fields}))
    )
    assert api.send(sent, writer=f"w{n}").status_code in (200, 400)
    if api.send(sent, writer=f"w{n}").status_code == 200:
        for path in (f"/v1/experiments/exp_{n}", f"/v1/experiments/exp_{n}/events", "/v1/experiments?project=digits"):
            assert api.get(path).status_code == 200, (kind, fields, path)
