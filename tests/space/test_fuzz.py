"""Whatever is sent, the server answers in its own words and lives: questions drawn from its own OpenAPI."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

JUNK = st.one_of(
    st.text(max_size=40),
    st.integers(),
    st.floats(),
    st.none(),
    st.booleans(),
    st.lists(st.text(max_size=5), max_size=3),
)
KEPT = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def routes(api):
    paths = api.get("/v1/openapi.json").json()["paths"]
    return [
        (method.upper(), path, [p["name"] for p in docs.get("parameters", []) if p["in"] == "query"])
        for path, methods in paths.items()
        for method, docs in methods.items()
    ]


def check(answer):
    assert answer.status_code < 500, answer.text
    assert answer.headers["x-trackio"] == "1"
    if answer.status_code >= 400:
        content = answer.json()
        assert {"type", "title", "status", "detail"} <= set(content)
        assert answer.headers["content-type"] == "application/problem+json"


@KEPT
@given(data=st.data())
def test_any_question_gets_an_answer_or_a_problem(api, a_batch, data):
    api.send(a_batch())
    method, path, names = data.draw(st.sampled_from(routes(api)))
    for place in ("{writer_id}", "{experiment_id}"):
        path = path.replace(place, data.draw(st.sampled_from(["exp_a", "w1", "x", "%2F", "é", "%00", "a" * 300])))
    if method in ("DELETE",):
        path = path.replace("exp_a", "exp_b")
    params = {name: data.draw(JUNK.map(str)) for name in names if data.draw(st.booleans())}
    params = {name: value.encode("utf-8", "replace").decode() for name, value in params.items()}
    body = None if method == "GET" else json.dumps(data.draw(st.dictionaries(st.text(max_size=8), JUNK, max_size=3)))
    kind = data.draw(st.sampled_from(["application/json", "application/x-ndjson", "application/vnd.trackio.frames"]))
    check(api.client.request(method, path, params=params, content=body, headers={"Content-Type": kind}))


@KEPT
@given(raw=st.binary(max_size=200), kind=st.sampled_from(["application/x-ndjson", "application/vnd.trackio.frames"]))
def test_any_bytes_as_events_are_refused_or_taken(api, raw, kind):
    check(api.send(raw, kind=kind))
    check(api.send(b"TKB1" + raw, kind=kind))
