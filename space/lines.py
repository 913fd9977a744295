"""Events as lines of JSON (NDJSON), for curl and other languages: from text to a batch.

    {"experiment": "exp_…", "project": "digits", "first_seq": 0}           first line, or in the address
    {"metrics": {"train/loss": 0.5, "lr": "NaN"}, "step": 3, "time_s": 1.7e9}
    {"event": {"kind": "start", "name": "from curl"}, "time_s": 1.7e9}

`first_seq` is the place of the first event in its writer's log. With it a repeat of lines that are held is left out;
without it the lines go behind what is held. Without `time_s` the server's clock stands.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from trackio_client.errors import MalformedBatch, UsageError
from trackio_client.wire.batches import Batch
from trackio_client.wire.events import checked_name, checked_step, is_id, plain
from trackio_client.wire.frames import MAX_FRAME_BYTES, MAX_KEYS, Schema, event_frame, metrics_frame

MOST_LINES: Final = 100_000
MOST_DEPTH: Final = 64
_WORDS: Final = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_HEAD: Final = frozenset({"experiment", "project", "generation", "first_seq"})
_LINE: Final = frozenset({"metrics", "event", "step", "time_s"})


def batch_of_lines(raw: bytes, writer_id: str, given: Mapping[str, str], *, held: int, now_s: float) -> Batch:
    """The batch that lines say. `given` are the address's parameters, `held` is the end of what the store holds.

    Raises:
        MalformedBatch: with the line's number, what was seen and what is wanted.
    """
    lines = list(_parsed(raw))
    head: dict[str, Any] = {}
    if lines and not ("metrics" in lines[0][1] or "event" in lines[0][1]):
        head = lines.pop(0)[1]
        if unknown := set(head) - _HEAD:
            raise MalformedBatch(
                f"line 1 holds {sorted(unknown)[0]!r:.80}; a first line may hold {', '.join(sorted(_HEAD))}"
            )
    head |= {name: value for name, value in given.items() if name in _HEAD}
    experiment = head.get("experiment")
    if not isinstance(experiment, str) or not is_id(experiment):
        raise MalformedBatch(
            f"experiment must be an id of 1 to 128 letters, digits, '_', '-' or '.', got {experiment!r:.80}. "
            "Say ?experiment=… in the address or in the first line"
        )
    first_seq = held if head.get("first_seq") is None else _whole(head["first_seq"], "first_seq")
    project = _project(head.get("project"))
    repeats = min(len(lines), max(0, held - first_seq))  # their time may be ours and never the same again
    body = _body(lines[repeats:], project, now_s)
    return Batch(
        writer_id=writer_id,
        experiment_id=experiment,
        project=project,
        generation=_whole(head.get("generation") or 0, "generation"),
        first_seq=first_seq + repeats,
        count=len(lines) - repeats,
        first_held=0,
        body=body,
    )


def _body(lines: list[tuple[int, dict[str, Any]]], project: str, now_s: float) -> bytes:
    schemas: dict[tuple[str, ...], Schema] = {}
    parts: list[bytes] = []
    for number, line in lines:
        try:
            time_us = round(_time(line.get("time_s"), now_s) * 1e6)
            if "event" in line:
                frame = _event(line["event"], project, time_us)
            else:
                schema, step, values = _metrics(line)
                if schema not in schemas:
                    schemas[schema] = Schema(schema)
                    parts.append(schemas[schema].frame)
                frame = metrics_frame(schemas[schema], step, time_us, values)
        except (UsageError, RecursionError) as error:
            raise MalformedBatch(f"line {number}: {error}") from None
        if len(frame) > MAX_FRAME_BYTES:
            raise MalformedBatch(
                f"line {number} makes a frame of {len(frame):,} bytes, at most {MAX_FRAME_BYTES:,} are taken"
            )
        parts.append(frame)
    return b"".join(parts)


def _parsed(raw: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, text in enumerate(raw.split(b"\n"), 1):
        if not text.strip():
            continue
        if number > MOST_LINES:
            raise MalformedBatch(f"more than {MOST_LINES:,} lines: send them in parts")
        try:
            line = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise MalformedBatch(f"line {number} is no JSON: {error!s:.200}") from None
        if not isinstance(line, dict):
            raise MalformedBatch(
                f'line {number} must be an object like {{"metrics": {{…}}, "step": 3}}, got {text[:60]!r}'
            )
        if ("metrics" in line or "event" in line) and (unknown := set(line) - _LINE):
            raise MalformedBatch(
                f"line {number} holds {sorted(unknown)[0]!r:.80}; a line holds {', '.join(sorted(_LINE))}"
            )
        if number > 1 and not ("metrics" in line or "event" in line):
            raise MalformedBatch(f"line {number} holds neither 'metrics' nor 'event': {text[:80]!r}")
        yield number, line


def _metrics(line: dict[str, Any]) -> tuple[tuple[str, ...], int, list[float]]:
    metrics = line["metrics"]
    if not isinstance(metrics, dict) or not metrics or "event" in line:
        raise UsageError(f"metrics must be an object of names and numbers, and no event beside it; got {metrics!r:.80}")
    if len(metrics) > MAX_KEYS:
        raise UsageError(f"{len(metrics)} metrics in one line, at most {MAX_KEYS} are taken")
    if "step" not in line:
        raise UsageError('step is missing: a whole number >= 0, as in {"metrics": {"loss": 0.5}, "step": 3}')
    names = tuple(checked_name(name, "a metric's name") for name in metrics)
    if len(set(names)) != len(names):
        raise UsageError("two metrics of this line have the same name but for spaces")
    return names, checked_step(line["step"]), [_value(name, value) for name, value in metrics.items()]


def _value(name: str, value: Any) -> float:
    if isinstance(value, str) and value in _WORDS:
        return _WORDS[value]
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:
            pass
    raise UsageError(f'metric {name!r:.80} must be a number or "NaN", "Infinity", "-Infinity", got {value!r:.80}')


def _event(event: Any, project: str, time_us: int) -> bytes:
    if not isinstance(event, dict) or not isinstance(event.get("kind"), str) or not event["kind"]:
        raise UsageError(f"event must be an object with a 'kind', got {event!r:.80}")
    if _depth(event) > MOST_DEPTH:
        raise UsageError(f"the event is nested deeper than {MOST_DEPTH} levels")
    content = {"time_us": time_us, **event}
    if event["kind"] == "start":
        content.setdefault("project", project)
    if isinstance(content.get("name"), str):
        content["name"] = checked_name(content["name"], "name")
    return event_frame(plain(content))


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level and deepest <= MOST_DEPTH:
        deepest += 1
        level = [
            item
            for each in level
            for item in (each.values() if isinstance(each, dict) else each if isinstance(each, list) else ())
        ]
    return deepest


def _time(value: Any, now_s: float) -> float:
    if value is None:
        return now_s
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 9e12:
        raise UsageError(f"time_s must be seconds since 1970, got {value!r:.80}")
    return float(value)


def _whole(value: Any, name: str) -> int:
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdecimal()) or len(text) > 19 or int(text) >= 2**63:
        raise MalformedBatch(f"{name} must be a whole number >= 0, got {value!r:.80}")
    return int(text)


def _project(value: Any) -> str:
    try:
        return checked_name(value, "project")
    except UsageError as error:
        raise MalformedBatch(f"{error}. Say ?project=… in the address or in the first line") from None
