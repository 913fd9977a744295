# ruff: noqa: E501 (schemas read best a field beside the other)
"""What /v1/openapi.json says of our routes: schemas of answers and bodies, in one place."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import FileResponse, HTMLResponse

from space.api.problems import PROBLEM_TYPE, SLUGS
from trackio_client.wire.asks import SERIES_TYPE
from trackio_client.wire.batches import FRAMES_TYPE, NDJSON_TYPE
from trackio_client.wire.files import FILES_TYPE

Json = dict[str, Any]


def _object(*required: str, **properties: Json) -> Json:
    return {"type": "object", "required": list(required), "properties": properties}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


_TEXT: Final[Json] = {"type": "string"}
_WHOLE: Final[Json] = {"type": "integer", "minimum": 0}
_SECONDS: Final[Json] = {"type": "number", "description": "seconds since 1970 UTC"}
_ANY: Final[Json] = {"type": "object"}
_VALUE: Final[Json] = {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}, {"type": "null"}]}
_RANGES: Final[Json] = _list({"type": "array", "items": _WHOLE, "minItems": 2, "maxItems": 2})

PROBLEM: Final[Json] = _object(
    "type", "title", "status", "detail",
    type={"type": "string", "description": "ends with one of: " + ", ".join(SLUGS)},
    title=_TEXT, status=_WHOLE, detail=_TEXT, hint=_TEXT, want={"anyOf": [_WHOLE, _list(_TEXT)]},
)  # fmt: skip
RECEIPT: Final[Json] = _object(
    "trackio_receipt", "writer_id", "store_id", "incarnation", "accepted", "durable", "events", "points", "digest", "holes",
    trackio_receipt={"const": 1}, writer_id=_TEXT, store_id=_TEXT, incarnation=_TEXT, accepted=_RANGES, durable=_RANGES,
    events=_WHOLE, points=_WHOLE, digest=_TEXT, holes=_list(_object(first_seq=_WHOLE, end_seq=_WHOLE, reason=_TEXT)),
)  # fmt: skip
EXPERIMENT: Final[Json] = _object(
    "experiment_id", "project", "name", "state",
    experiment_id=_TEXT, project=_TEXT, name=_TEXT, group={"type": ["string", "null"]}, job_type={"type": ["string", "null"]},
    tags=_list(_TEXT), state={"enum": ["running", "finished", "failed", "interrupted", "lost_contact", "paused"]},
    evidence=_TEXT, since_s=_SECONDS, created_s=_SECONDS, last_event_s=_SECONDS, last_heard_s=_SECONDS,
    duration_s={"type": "number"}, last_step={"type": ["integer", "null"]}, metric_count=_WHOLE, point_count=_WHOLE,
    alert_count=_WHOLE, alert_level={"enum": ["info", "warn", "error", None]}, missing=_WHOLE, generation=_WHOLE,
    archived={"type": "boolean"}, parent={"type": ["array", "null"]}, columns=_ANY,
)  # fmt: skip
_SERIES: Final[Json] = _object(
    "series", "cursor",
    series=_list(_object(
        "experiment_id", "metric", "steps", "values", "times_s",
        experiment_id=_TEXT, metric=_TEXT, steps=_list(_WHOLE), values=_list(_VALUE), times_s=_list(_SECONDS),
        std=_list(_VALUE), ranks=_list(_WHOLE), min=_list(_VALUE), max=_list(_VALUE),
    )),
    cursor=_TEXT,
)  # fmt: skip
_ASK: Final[Json] = _object(
    experiment=_list(_TEXT), metric=_list(_TEXT), max_points={"type": "integer", "minimum": 4, "maximum": 1_000_000},
    cursor=_TEXT, from_step=_WHOLE, to_step=_WHOLE, from_x={"type": "number"}, to_x={"type": "number"},
    x={"type": "string", "default": "step"}, repeats={"type": "boolean"},
    ranks={"type": "string", "enum": ["mean", "spread", "each"], "default": "mean"}, format={"enum": ["json", "binary"]},
)  # fmt: skip


_PROBLEM: Final[Json] = {"description": "a problem (RFC 9457)", "content": {PROBLEM_TYPE: {"schema": PROBLEM}}}
_PROBLEMS: Final[dict[int | str, Json]] = {"4XX": _PROBLEM, "5XX": _PROBLEM}


def responses(schema: Json, *, binary: bool = False) -> dict[int | str, Json]:
    """The answers of a route: its own, and our problem for everything else."""
    content: Json = {"application/json": {"schema": schema}}
    if binary:
        content[SERIES_TYPE] = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"description": "the answer", "content": content}, **_PROBLEMS}


def _route(summary: str, schema: Json, *, binary: bool = False, **extra: Any) -> dict[str, Any]:
    return {
        "summary": summary,
        "responses": responses(schema, binary=binary),
        **({"openapi_extra": extra} if extra else {}),
    }


def _query(name: str, schema: Json, *, required: bool = False) -> Json:
    many = {"explode": True, "style": "form"} if schema["type"] == "array" else {}
    return {"name": name, "in": "query", "required": required, "schema": schema, **many}


_BINARY: Final[Json] = {"schema": {"type": "string", "format": "binary"}}

_ROLE: Final[Json] = {"enum": ["nobody", "viewer", "writer", "owner"]}
_END: Final[Json] = {"type": ["number", "null"], "description": "seconds since 1970 UTC; null for never"}
_TOKEN: Final[Json] = _object("id", "name", "role", "created_s", "ends_s", "used_day", id=_TEXT, name=_TEXT, role=_ROLE,
    created_s=_SECONDS, ends_s=_END, used_day={"type": ["string", "null"], "format": "date"})  # fmt: skip
_SHOWS: Final[Json] = {**_list({"enum": ["media", "artifacts"]}),
    "description": "what a link shows beside charts and numbers; media, if nothing is said"}  # fmt: skip
_LINK: Final[Json] = _object("id", "name", "experiments", "address", "created_s", "ends_s", id=_TEXT, name=_TEXT,
    experiments=_list(_TEXT), shows=_SHOWS, address=_TEXT, embed=_TEXT, created_s=_SECONDS, ends_s=_END,
    used_day={"type": ["string", "null"], "format": "date"})  # fmt: skip

_VIEW: Final[Json] = _object("id", "name", "address", "created_s", "changed_s", id=_TEXT, name=_TEXT,
    address={"type": "string", "description": "the query of the page's address, without its project"},
    by={"type": ["string", "null"]}, created_s=_SECONDS, changed_s=_SECONDS)  # fmt: skip

_ARTIFACT: Final[Json] = _object("project", "name", "version", "digest", project=_TEXT, name=_TEXT,
    type={"type": ["string", "null"]}, version={"type": ["integer", "null"]}, digest=_TEXT, aliases=_list(_TEXT), bytes=_WHOLE,
    file_count=_WHOLE, files=_list(_ANY), metadata=_ANY, description={"type": ["string", "null"]}, time_s=_SECONDS,
    logged_by=_list(_ANY), used_by=_list(_ANY), used=_list(_ANY))  # fmt: skip

_IMPORTANCE: Final[Json] = _object("metric", "experiments", "says", "parameters", metric=_TEXT,
    goal={"type": ["string", "null"]}, by=_TEXT, experiments=_WHOLE, without=_WHOLE, says=_TEXT, parameters=_list(_ANY),
    together=_list(_ANY), left_out=_list(_ANY))  # fmt: skip
_GROUPS: Final[Json] = _object("by", "method", "few", "metrics", by=_TEXT, method=_TEXT, few={"type": "boolean"},
    comparable=_ANY, metrics=_list(_ANY), left_out=_list(_ANY))  # fmt: skip
_CURVES: Final[Json] = _object("metric", "steps", "n", metric=_TEXT, steps=_list({"type": "number"}), n=_list(_WHOLE),
    first=_ANY, second=_ANY, difference=_ANY)  # fmt: skip

DOCS: Final[dict[str, dict[str, Any]]] = {
    "append": _route(
        "Append events of one writer; a repeat is no harm", RECEIPT,
        requestBody={"required": True, "content": {FRAMES_TYPE: _BINARY, NDJSON_TYPE: {"schema": _TEXT}}},
        parameters=[
            _query("experiment", _TEXT), _query("project", _TEXT), _query("first_seq", {"type": "integer", "minimum": 0}),
            _query("generation", {"type": "integer", "minimum": 0}),
        ],
    ),
    "files_ask": _route(
        "Which of some files are wanted; or many small files at once", _object(
            want=_list(_TEXT), refused={"type": "object", "additionalProperties": _TEXT},
            files={"type": "object", "additionalProperties": _TEXT, "description": "hash → \"\", or why it is not kept"}),
        requestBody={"required": True, "content": {FILES_TYPE: _BINARY, "application/json": {"schema": _object(
            "files", experiment=_TEXT, files=_list(_object("sha256", "bytes", sha256=_TEXT, bytes=_WHOLE)))}}},
        parameters=[_query("experiment", _TEXT)],
    ),
    "file_put": _route(
        "Bring a file under the SHA-256 of its content, whole or in parts", _object("have", "bytes", have=_WHOLE, bytes=_WHOLE),
        requestBody={"required": True, "content": {"application/octet-stream": _BINARY}},
        parameters=[_query("experiment", _TEXT), {"name": "Content-Range", "in": "header", "required": False, "schema": _TEXT}],
    ),
    "file": {"summary": "A file that an event cites", "response_class": FileResponse, "responses": {
        200: {"description": "the file", "content": {"*/*": _BINARY}}, 206: {"description": "a part of it"},
        304: {"description": "as the asker has it"}, **_PROBLEMS}},
    "receipt": _route("What is held of a writer", RECEIPT),
    "edit": _route(
        "Change name, group, tags, notes, pause or archive", EXPERIMENT,
        requestBody={"required": True, "content": {"application/json": {"schema": _object(
            name=_TEXT, group=_TEXT, tags=_list(_TEXT), notes=_TEXT, state={"enum": ["paused", "running"]}, archived={"type": "boolean"},
            notes_version=_TEXT,
        )}}},
    ),
    "edit_many": _route("Tag, untag, archive or bring back up to 1,000 experiments at once", _object("edited", edited=_list(_TEXT)),
        requestBody={"required": True, "content": {"application/json": {"schema": _object(
            "experiments", experiments=_list(_TEXT), archived={"type": "boolean"}, add_tags=_list(_TEXT), remove_tags=_list(_TEXT))}}}),
    "delete": _route("Put an experiment into the bin for seven days; with `now` it is freed at once", _object("deleted", deleted=_TEXT,
        binned={"type": "boolean"})),
    "bin": _route("What is in the bin: when it was deleted, by whom, and when it is freed", _object("experiments", "days", "now_s",
        experiments=_list(_object("experiment_id", "project", "name", "binned_s", "by", "goes_s", experiment_id=_TEXT, project=_TEXT,
            name=_TEXT, created_s=_SECONDS, last_step={"type": ["integer", "null"]}, point_count=_WHOLE, binned_s=_SECONDS, by=_TEXT,
            goes_s=_SECONDS)), days=_WHOLE, now_s=_SECONDS)),
    **{name: _route(what, _object(done, **{done: _list(_TEXT)}), requestBody={"required": True, "content": {"application/json": {
        "schema": _object("experiments", experiments=_list(_TEXT))}}}) for name, what, done in (
            ("bin_many", "Put up to 1,000 experiments into the bin", "binned"),
            ("bin_restore", "Take experiments out of the bin, with all that arrived meanwhile", "restored"),
            ("bin_free", "Free experiments at once, in the bin or not: nothing brings them back", "freed"))},
    "projects": _route("Projects, newest first", _object("projects", projects=_list(_object(
        project=_TEXT, experiments=_WHOLE, last_event_s=_SECONDS)))),
    "experiments": _route(
        "Experiments of a project, newest first; with `since` those that changed",
        _object("experiments", "cursor", "now_s", experiments=_list(EXPERIMENT), cursor=_WHOLE, now_s=_SECONDS, gone=_list(_TEXT)),
    ),
    "cells": _route("Columns of a project's experiments, for a list that is held already", _object("experiments", "columns",
        experiments=_list(_TEXT), columns=_ANY)),
    "experiment": _route("One experiment with config, summary and environment", EXPERIMENT),
    "artifacts": _route("Artifacts of a project; with `name` the versions of one; with `any` only whether there are any", _object(
        artifacts=_list(_object("name", "type", "versions", name=_TEXT, type={"type": ["string", "null"]}, versions=_WHOLE,
            latest={"type": ["integer", "null"]}, aliases=_list(_TEXT), bytes=_WHOLE, updated_s=_SECONDS)),
        name=_TEXT, versions=_list(_ARTIFACT), total=_WHOLE, any={"type": "boolean"})),
    "artifact": _route("One version: name:alias, name:v3 or project/name:alias; with its files and lineage", _ARTIFACT),
    "lineage": _route("Where an experiment's artifacts come from and where they went", _object("nodes", "edges", "more",
        nodes=_list(_object("id", "kind", "distance", id=_TEXT, kind={"enum": ["experiment", "artifact"]}, distance={"type": "integer"},
            project=_TEXT)), edges=_list(_list(_TEXT)), more={"type": "boolean"})),
    "experiment_artifacts": _route("What an experiment logged and used", _object("logged", "used",
        logged=_list(_ARTIFACT), used=_list(_ANY))),
    "summary": _route(
        "What a training told beside its curves: run_config, epoch_metrics, run_summary, checkpoints, failures",
        _object("experiment_id", "state", "run_config", "epoch_metrics", "run_summary", "checkpoints",
            experiment_id=_TEXT, state=EXPERIMENT["properties"]["state"], run_config=_ANY, epoch_metrics=_list(_ANY),
            run_summary=_ANY, checkpoints=_list(_ANY), failures=_list(_ANY), faults=_list(_ANY), exports=_list(_ANY),
            evaluations_after_training=_list(_ANY), model={"type": ["object", "null"]},
            not_recorded={"type": "object", "additionalProperties": _TEXT})),
    "compare": _route(
        "Experiments beside each other: whether their scores are of the same data, best scores, settings that differ",
        _object("comparable", "experiments", "metrics", "config", comparable=_ANY, experiments=_list(_ANY),
            metrics=_ANY, config=_ANY, same=_ANY, environment=_ANY, numbers=_list(_ANY), numbers_left_out=_WHOLE)),
    "importance": _route(
        "Which parameters go with a metric, with interval and p; the strongest first", _IMPORTANCE,
        parameters=[_query("project", _TEXT, required=True), _query("metric", _TEXT, required=True),
            _query("by", {"type": "string", "enum": ["best", "last"]}), _query("experiment", _list(_TEXT))]),
    "importance_post": _route(
        "The same, for long lists", _IMPORTANCE, requestBody={"required": True, "content": {"application/json": {"schema": _object(
            "project", "metric", project=_TEXT, metric=_TEXT, by={"enum": ["best", "last"]}, experiment=_list(_TEXT))}}}),
    "groups": _route(
        "Two groups of experiments: means, difference with its 95 % interval, effect size", _GROUPS,
        parameters=[_query("first", _list(_TEXT), required=True), _query("second", _list(_TEXT), required=True),
            _query("metric", _list(_TEXT)), _query("by", {"type": "string", "enum": ["common", "best", "last"]})]),
    "groups_post": _route(
        "The same, for long lists", _GROUPS, requestBody={"required": True, "content": {"application/json": {"schema": _object(
            "first", "second", first=_list(_TEXT), second=_list(_TEXT), metric=_list(_TEXT),
            by={"enum": ["common", "best", "last"]})}}}),
    "group_curves": _route(
        "The means of two groups along the steps, and their difference", _CURVES,
        parameters=[_query("first", _list(_TEXT), required=True), _query("second", _list(_TEXT), required=True),
            _query("metric", _TEXT, required=True)]),
    "group_curves_post": _route(
        "The same, for long lists", _CURVES, requestBody={"required": True, "content": {"application/json": {"schema": _object(
            "first", "second", "metric", first=_list(_TEXT), second=_list(_TEXT), metric=_TEXT)}}}),
    "snapshot": {"summary": "One experiment as an HTML file that needs no server", "response_class": HTMLResponse, "responses": {
        200: {"description": "the file", "content": {"text/html": {"schema": _TEXT}}}, **_PROBLEMS}},
    "snapshots": {"summary": "Experiments beside each other as an HTML file that needs no server", "response_class": HTMLResponse, "responses": {
        200: {"description": "the file", "content": {"text/html": {"schema": _TEXT}}}, **_PROBLEMS}},
    "events": _route("Events that are no metrics, in order of arrival", _object("events", "more",
        events=_list(_object(position=_WHOLE, seq=_WHOLE, writer_id=_TEXT, content=_ANY)), more={"type": "boolean"})),
    "alerts": _route("What the trainings of a project told by `alert`, the newest first", _object("alerts", "more",
        alerts=_list(_object("experiment_id", "writer_id", "seq", "position", "time_s", "level", experiment_id=_TEXT, writer_id=_TEXT,
            seq=_WHOLE, position=_WHOLE, time_s={"type": ["number", "null"]}, step={"type": ["integer", "null"]},
            title={"type": ["string", "null"]}, text={"type": ["string", "null"]}, level={"enum": ["info", "warn", "error"]})),
        more={"type": "boolean"})),
    "index": _route("What an experiment recorded beside its numbers, without its content", _object("entries", "after",
        entries=_list(_object("position", "writer_id", "seq", "kind", position=_WHOLE, writer_id=_TEXT, seq=_WHOLE, kind=_TEXT,
            name={"type": ["string", "null"]}, step={"type": ["integer", "null"]}, items=_WHOLE)), after=_WHOLE)),
    "entry": _route("One entry of that index, with its content", _object("position", "writer_id", "seq", "content",
        position=_WHOLE, writer_id=_TEXT, seq=_WHOLE, content=_ANY)),
    "media": _route("Media of several experiments without their content: the newest entries of each", _object("experiments",
        experiments={"type": "object", "additionalProperties": _object("entries", "more", entries=_list(_ANY), more={"type": "boolean"})}),
        requestBody={"required": True, "content": {"application/json": {"schema": _object("experiments", experiments=_list(_TEXT))}}}),
    "contents": _route("Contents of entries of several experiments; fewer than asked for where more would be too much at once",
        _object("contents", contents=_list(_ANY)), requestBody={"required": True, "content": {"application/json": {"schema": _object(
            "entries", entries=_list({"type": "array", "description": "experiment id, writer id, number", "minItems": 3, "maxItems": 3}))}}}),
    "receipts": _route("What is held of an experiment: counts and digest", _object(
        "receipts", "events", "points", "digest", receipts=_list(RECEIPT), events=_WHOLE, points=_WHOLE, digest=_TEXT)),
    "replaced": _route("Points of a metric that a resume logged again, as they were", _object("metric", "branches", metric=_TEXT,
        branches=_list(_object("steps", "values", "times_s", steps=_list(_WHOLE), values=_list(_VALUE), times_s=_list(_SECONDS),
            points=_WHOLE, from_step=_WHOLE, to_step=_WHOLE, replaced_s=_SECONDS)), more=_WHOLE)),
    "metrics": _route("Metrics of a project, in the page's order", _object("metrics", metrics=_list(_object(
        metric=_TEXT, group=_TEXT, name=_TEXT, title=_TEXT, unit=_TEXT, goal={"type": ["string", "null"]}, quantity=_TEXT,
        experiments=_WHOLE, points=_WHOLE, step_metric={"type": ["string", "null"]}, hidden={"type": "boolean"},
        ranked={"type": "boolean"})))),
    "series": _route(
        "Points of series", _SERIES, binary=True,
        parameters=[
            _query("experiment", _list(_TEXT), required=True), _query("metric", _list(_TEXT), required=True),
            *(_query(name, schema) for name, schema in _ASK["properties"].items()
              if name not in ("experiment", "metric", "format")),
            _query("format", {"type": "string", "enum": ["json", "binary"]}),
        ],
    ),
    "series_post": _route(
        "Points of series, for long lists", _SERIES, binary=True,
        requestBody={"required": True, "content": {"application/json": {"schema": _ASK}}},
    ),
    "health": _route("Whether the server lives; to readers also which store it has", _object("status", status=_TEXT, version=_TEXT)),
    "sync": _route("Where push to and restore from the dataset repo stand", _object("sync", "keeps",
        sync={"type": ["object", "null"]}, keeps={"type": "boolean", "description": "what is here survives a restart"})),
    "push": _route("Push to the dataset repo soon, without waiting for the interval",
        _object("sync", sync={"type": ["object", "null"]})),
    "session": _route("Who one is here", _object("role", role=_ROLE, user={"type": ["string", "null"]},
        can_log_out={"type": "boolean"}, can_log_in_with_hub={"type": "boolean"})),
    "login": _route("Exchange a token for a cookie", _object("session", session=_TEXT, role=_ROLE)),
    "tokens": _route("Tokens that were handed out; owners only", _object("tokens", tokens=_list(_TOKEN), now_s=_SECONDS)),
    "token_new": _route("Make a token; it is shown this once", _object("token", "id", token=_TEXT, **_TOKEN["properties"]),
        requestBody={"required": True, "content": {"application/json": {"schema": _object(
            "name", "role", name=_TEXT, role={"enum": ["viewer", "writer"]}, ends_s=_END)}}}),
    "token_end": _route("Revoke a token", _object("revoked", revoked=_TEXT)),
    "shares": _route("Share links; owners only", _object("shares", "can_share", shares=_list(_LINK), now_s=_SECONDS,
        can_share={"type": "boolean"}, why_not={"type": ["string", "null"]})),
    "share_new": _route("Make a link to an experiment or a comparison", _LINK,
        requestBody={"required": True, "content": {"application/json": {"schema": _object(
            "experiments", experiments=_list(_TEXT), name=_TEXT, ends_s=_END, shows=_SHOWS)}}}),
    "share_end": _route("Revoke a link", _object("revoked", revoked=_TEXT)),
    "views": _route("Views of the page that were saved for a project", _object("views", views=_list(_VIEW))),
    "view_new": _route("Save a view; a name that is in use is refused, with the view that has it", _VIEW,
        requestBody={"required": True, "content": {"application/json": {"schema": _object("name", name=_TEXT, address=_TEXT)}}}),
    "view_change": _route("Rename a view, give it another address, or take its deletion back", _VIEW,
        requestBody={"required": True, "content": {"application/json": {"schema": _object(
            name=_TEXT, address=_TEXT, deleted={"type": "boolean"})}}}),
    "view_delete": _route("Delete a view; PATCH with deleted false takes it back", _object("deleted", deleted=_TEXT)),
    "logout": _route("Forget the cookie", _object("session", session=_TEXT)),
}  # fmt: skip
