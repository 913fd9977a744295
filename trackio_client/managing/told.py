"""What people type, as values: JSON of metrics and parameters, a step, a status, a list of ids."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Mapping
from typing import Any, Final

from trackio_client.errors import UsageError
from trackio_client.wire.events import checked_name, checked_step

MAX_JSON_CHARACTERS: Final = 1024 * 1024
MAX_METRICS: Final = 10_000
"""In one call."""
MAX_NOTES_CHARACTERS: Final = 100_000
STATUSES: Final = ("running", "completed", "failed", "paused")
_OF_STATE: Final = {
    "running": "running", "finished": "completed", "failed": "failed", "interrupted": "failed",
    "lost_contact": "failed", "paused": "paused",
}  # fmt: skip
_TO_STATE: Final = {"running": "running", "completed": "finished", "failed": "failed", "paused": "paused"}


def status_of(state: str) -> str:
    """The word of the four for a state of ours; interrupted and lost contact are `failed`; the evidence says why."""
    return _OF_STATE.get(state, "running")


def state_wanted(status: Any) -> str:
    """The state that one of the four words means. Raises UsageError with the list."""
    word = status.strip().lower() if isinstance(status, str) else status
    if word not in _TO_STATE:
        raise UsageError(f"the status must be one of {', '.join(STATUSES)}; got {status!r:.80}")
    return _TO_STATE[str(word)]


def object_of(given: Any, what: str, example: str) -> dict[str, Any]:
    """A JSON object: typed as text, or given as a dict.

    Raises:
        UsageError: with line and column of the fault and what stands there.
    """
    if isinstance(given, Mapping):
        return {str(key): value for key, value in given.items()}
    if not isinstance(given, str) or not given.strip():
        raise UsageError(f"{what} are missing. Write them as JSON, for example {example}")
    if len(given) > MAX_JSON_CHARACTERS:
        raise UsageError(f"{what} have {len(given):,} characters, at most {MAX_JSON_CHARACTERS:,} are taken")
    try:
        found = json.loads(given, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise UsageError(_fault(given, error, what, example)) from None
    except RecursionError:
        raise UsageError(f"{what} are nested too deep") from None
    except _Twice as error:
        raise UsageError(f"{what} name {error.args[0]!r:.80} twice. Which value is meant?") from None
    except ValueError as error:  # a whole number of thousands of digits
        raise UsageError(f"{what} hold a number that cannot be read: {error!s:.120}") from None
    if not isinstance(found, dict):
        kind = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}.get(type(found), "a number")
        raise UsageError(f"{what} must be a JSON object, got {kind}. Write for example {example}")
    return found


class _Twice(ValueError):
    """A key stands twice in one object."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Twice(key)
        found[key] = value
    return found


def _fault(text: str, error: json.JSONDecodeError, what: str, example: str) -> str:
    at = error.pos
    line = text.splitlines()[error.lineno - 1] if text.splitlines() and error.lineno <= len(text.splitlines()) else ""
    place = f"column {error.colno}" if "\n" not in text.strip() else f"line {error.lineno}, column {error.colno}"
    before, here = line[max(0, error.colno - 13) : error.colno - 1], text[at : at + 12].split("\n")[0]
    seen = f"{here!r}" if here else "the end"
    after = f" after {before!r}" if before else ""
    wanted = error.msg[0].lower() + error.msg[1:]
    hint = " JSON has double quotes." if "'" in (here[:1], before[-1:]) else ""
    return f"{what} are no JSON at {place}: {seen} stands{after} ({wanted}).{hint} Write for example {example}"


def metrics_of(given: Any) -> dict[str, float]:
    """Names and numbers. Nested objects are joined by "/". NaN and infinities are values.

    Raises:
        UsageError: it is no JSON object, holds nothing, or holds something that is no number: which, and what it is.
    """
    found: dict[str, float] = {}
    _flatten(object_of(given, "The metrics", '{"loss": 0.5, "accuracy": 0.85}'), "", found)
    if not found:
        raise UsageError('The metrics are empty. Write at least one, for example {"loss": 0.5}')
    return found


def _flatten(told: Mapping[str, Any], before: str, found: dict[str, float]) -> None:
    for key, value in told.items():
        name = checked_name(before + str(key), "a metric's name")
        if isinstance(value, Mapping):
            _flatten(value, f"{name}/", found)
            continue
        if name in found:
            raise UsageError(f"the metric {name!r:.80} stands twice, nested and flat")
        found[name] = _number(value, name)
        if len(found) > MAX_METRICS:
            raise UsageError(f"more than {MAX_METRICS:,} metrics in one call")


def _number(value: Any, name: str) -> float:
    if not isinstance(value, (int, float)):
        item = getattr(value, "item", None)  # numpy's and torch's numbers
        value = item() if callable(item) and getattr(value, "size", 1) == 1 else value
    if not isinstance(value, (int, float)):
        seen = "nothing (null)" if value is None else f"{value!r:.60}"
        raise UsageError(f"the metric {name!r:.80} must be a number, got {seen}. Texts belong into the parameters")
    try:
        return float(value)
    except OverflowError:
        raise UsageError(f"the metric {name!r:.80} is beyond every float (about 1.8e308)") from None


def parameters_of(given: Any) -> dict[str, Any]:
    """Settings as they are, nested. Raises UsageError: it is no JSON object, or an empty one."""
    found = object_of(given, "The parameters", '{"learning_rate": 5e-05, "batch_size": 8}')
    if not found:
        raise UsageError('The parameters are empty. Write at least one, for example {"learning_rate": 5e-05}')
    return {checked_name(key, "a parameter's name"): value for key, value in found.items()}


def step_of(given: Any) -> int | None:
    """A step, also as a text of digits; None where none is told. Raises UsageError."""
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    if isinstance(given, str):
        text = given.strip().replace(",", "").replace("_", "")
        try:
            given = int(text)
        except ValueError:
            with contextlib.suppress(ValueError):
                given = float(text)
        if isinstance(given, float) and not math.isfinite(given):
            given = str(given)
    return checked_step(given)


def ids_of(given: Any) -> list[str]:
    """Ids, with commas between, in order and each once. Raises UsageError where there is none."""
    parts = given.split(",") if isinstance(given, str) else [str(one) for one in given or ()]
    found = list(dict.fromkeys(part.strip() for part in parts if part.strip()))
    if not found:
        raise UsageError("no experiment is named. Give their ids with commas between: exp_…, exp_…")
    return found


def notes_of(given: Any) -> str | None:
    """A description. Raises UsageError."""
    if given is None or given == "":
        return None
    if not isinstance(given, str) or len(given) > MAX_NOTES_CHARACTERS:
        raise UsageError(f"the description must be a text of at most {MAX_NOTES_CHARACTERS:,} characters")
    return given
