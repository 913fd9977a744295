"""Entries of older Trackio monitors: a JSON list, a JSON object with a list under `metrics`, or one JSON object a line.

An entry is nested, `{"timestamp": …, "step": 3, "metrics": {"loss": 0.5}}`, or flat, `{"timestamp": …, "step": 3,
"loss": 0.5}`; both may stand in one file. A timestamp is ISO 8601 (UTC if it names no zone) or seconds since 1970.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from trackio_client.errors import UsageError
from trackio_client.exchange.past import PastEntry, PastRun
from trackio_client.wire.events import MAX_NAME_CHARACTERS, checked_step

SOURCE: Final = "Trackio entries"
MAX_FILE_BYTES: Final = 1024**3
_NOT_METRICS: Final = ("timestamp", "step", "metrics")
_STATES: Final = {"completed": "finished", "finished": "finished", "failed": "failed"}


def holds_entries(path: Path) -> bool:
    """Whether a file is for this reader: by its name, or by how its JSON begins."""
    if not path.is_file():
        return False
    if path.suffix == ".jsonl":
        return True
    with path.open("rb") as file:
        head = file.read(65_536).lstrip()
    return head.startswith(b"[") or (b'"metrics"' in head and b'"log_history"' not in head)


def read_entries(path: Path, *, name: str | None = None) -> PastRun:
    """Read one file of entries. Raises UsageError with the place of what cannot be right."""
    record, rows = _load(path)
    entries: list[PastEntry] = []
    notes: dict[str, int] = {}
    for index, row in enumerate(rows):
        place = f"entry {index} of {path}"
        if not isinstance(row, dict):
            raise UsageError(f"{place} must be an object of metrics, it is {type(row).__name__}: {row!r:.60}")
        time_s = _seconds(row.get("timestamp"), place)
        try:
            given = row.get("step")
            step = checked_step((entries[-1].step + 1 if entries else 0) if given is None else given)
        except UsageError as error:
            raise UsageError(f"{place}: {error}") from None
        values, texts = dict[str, float](), dict[str, str]()
        nested = row.get("metrics")
        flat = {key: value for key, value in row.items() if key not in _NOT_METRICS}
        _take("", {**flat, **(nested if isinstance(nested, dict) else {})}, values, texts, notes)
        entries.append(PastEntry(step=step, values=values, texts=texts, time_s=time_s))
    if not entries:
        raise UsageError(f"{path} holds no entries. One looks like {{'step': 3, 'metrics': {{'loss': 0.5}}}}")
    status = str(record.get("status") or "completed")
    return PastRun(
        source=SOURCE,
        name=name or str(record.get("name") or path.stem)[:MAX_NAME_CHARACTERS],
        identity=[record.get("experiment_id"), rows[0]],
        entries=entries,
        config=dict(record["parameters"]) if isinstance(record.get("parameters"), dict) else {},
        state=_STATES.get(status, "interrupted"),
        evidence=f"The log says {status!r}." if "status" in record else "The log ends here; it names no state.",
        ended_s=max((one.time_s for one in entries if one.time_s is not None), default=path.stat().st_mtime),
        seconds_a_step=None,
        notes=tuple(f"{text} ({count}×)" for text, count in notes.items()),
    )


def _load(path: Path) -> tuple[Mapping[str, Any], list[Any]]:
    """What is said of the experiment, and its entries."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UsageError(f"{path} is larger than {MAX_FILE_BYTES:,} bytes. Cut it in parts")
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".jsonl":
            return {}, [json.loads(line) for line in text.splitlines() if line.strip()]
        content = json.loads(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no JSON: {error}") from None
    if isinstance(content, list):
        return {}, content
    rows = content.get("metrics") if isinstance(content, dict) else None
    if isinstance(rows, str):  # a Hub dataset keeps the list as a text
        return _load_text(content, rows, path)
    if not isinstance(rows, list):
        raise UsageError(f"{path} holds no list of entries, neither at its top nor under 'metrics'")
    return content, rows


def _load_text(content: Mapping[str, Any], rows: str, path: Path) -> tuple[Mapping[str, Any], list[Any]]:
    try:
        found = json.loads(rows)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"'metrics' in {path} is a text, but no JSON: {error}") from None
    return content, found if isinstance(found, list) else [found]


def _seconds(value: Any, place: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e11:
        return float(value)
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise UsageError(
            f"the timestamp of {place} must be ISO 8601 or seconds since 1970, got {value!r:.60}"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _take(
    prefix: str, found: Mapping[str, Any], values: dict[str, float], texts: dict[str, str], notes: dict[str, int]
) -> None:
    for key, value in found.items():
        name = prefix + "".join(c if c.isprintable() else " " for c in str(key)).strip()
        if not name or len(name) > MAX_NAME_CHARACTERS:
            text = f"left out names that are empty or longer than {MAX_NAME_CHARACTERS} characters"
            notes[text] = notes.get(text, 0) + 1
        elif isinstance(value, (bool, int, float)):
            try:
                values[name] = float(value)
            except OverflowError:  # an int beyond 1e308
                values[name] = math.inf if value > 0 else -math.inf
        elif isinstance(value, str):
            texts[name] = value
        elif isinstance(value, dict):
            _take(f"{name}/", value, values, texts, notes)
        elif value is not None:
            text = f"left out {name!r}: a {type(value).__name__} is no metric"
            notes[text] = notes.get(text, 0) + 1
