"""Events: the immutable facts that a writer tells about its experiment.

A `log()` of numbers is a metrics frame; everything else is an event frame, a JSON object with

    kind     one of the names below; a store keeps kinds it does not know
    time_us  microseconds since 1970 UTC, by the writer's clock
    blobs    [{sha256, bytes, mime}]: the files that the event cites, by hash; absent if none. They are sent before it

and the fields that stand beside each kind. Floats that JSON has no word for are written as the strings
"NaN", "Infinity" and "-Infinity" inside {"$float": …}; `plain` and `revive` translate.
"""

from __future__ import annotations

import math
import re
import secrets
import time
from typing import Any, Final

from trackio_client.errors import UsageError

START: Final = "start"
"""project, name, group, job_type, tags [str], notes, config {}, generation, parent (experiment_id, step) or null,
client (version, language), process {pid, host, rank, world_size, local_rank, node, known_by}, steps_from (the first
step a resume may use). Of several ranks rank 0 tells all of it, the others project, generation, client and process."""
CONFIG: Final = "config"
"""values {}: keys set or replaced, in nested form; removed [str]; edited: true when a person did it afterwards."""
SUMMARY: Final = "summary"
"""values {}: what the user set by hand; it wins over what is computed; edited as above."""
DEFINE: Final = "define"
"""metric, step_metric or null, goal "min", "max" or null; where said: summary (words of SUMMARIES, with commas),
hidden, step_sync. Each tells all that is known of the metric by then."""
SUMMARIES: Final = ("last", "min", "max", "best", "mean", "first", "copy", "none")
"""Which of a metric's values its number in the summary may be; "copy" is the last, with "none" it has none."""
STEP_KEYS: Final = ("global_step", "train/global_step", "trainer/global_step", "step", "train/step")
"""Without `step=`, a call's step is taken from these metrics, the first that is there (S1.22). The third is the name
under which Lightning's WandbLogger tells it."""
TEXT: Final = "text"
"""step, values {name: str}: texts given to `log()`."""
CONSOLE: Final = "console"
"""stream "stdout" or "stderr", lines [str], dropped: lines left out by the bound, before these."""
MARK: Final = "mark"
"""step or null, mark ("checkpoint", "evaluation", "restart", "alert", "error", "note" …), title, data {}."""
ERROR: Final = "error"
"""step or null, error (the class), message, trace, rank or null."""
REFUSED: Final = "refused"
"""reason, count, first_step, last_step: `log()` calls that are not in the log, told and counted."""
RECORD: Final = "record"
"""record (its name: "run_config", "epoch_metrics", "checkpoint" …), step or null, epoch or null, data {}:
a fact of a training that is more than numbers. `queries/training.py` tells which names there are, and their shapes."""
ENVIRONMENT: Final = "environment"
"""values {}: what was found where this process runs; not_captured {name: why}; rank or null."""
MEDIA: Final = "media"
"""step, name (as of a metric), media ("image", "audio", "table", "histogram" …), items [{}]: each with its caption and
data, and `file`, the hash of its blob, if it has one."""
ARTIFACT: Final = "artifact"
"""name, type, files [{path, file (a hash) or null, bytes, reference or null}], digest, version, aliases, metadata,
description: logged as an output; edited: true when a person changed aliases, metadata or description afterwards."""
ARTIFACT_VERSION: Final = "artifact_version"
"""name, digest, version: the number that a store gave to a content of an artifact (store/numbering.py)."""
ARTIFACT_USED: Final = "artifact_used"
"""name, type, digest, version, from_experiment or null: taken as an input."""
RECEIVED: Final = "received"
"""ids: base64 of 8 bytes for each call that stands before it in its batch: what a foreign client that names its calls
(Trackio's log_id) has delivered, so that the same call is not taken again."""
AWAITED: Final = "awaited"
"""step, name, value: a value that a foreign client logged before it sent the files that the value names. The MEDIA
event follows when they are there."""
SENT_FILE: Final = "sent_file"
"""path (as the values name it), file (a hash), bytes, mime: a file that a foreign client sent before the value that
names it."""
END: Final = "end"
"""state "finished", "failed" or "interrupted"; exit_code, signal, error, message: each or null. rank, world_size: of
the process that says so, when it is one of several."""
EDIT: Final = "edit"
"""name, group, tags, notes, state ("paused" or the state again), archived (true or false), binned ({"time_us": when,
"by": whom} in the bin, null: restored): changes made by a person; absent is unchanged."""

TOLD_BY_HAND: Final = "by-hand"
"""The client's name in a start event of an experiment that people or scripts tell call by call (managing/): it sends
no signs of life, so its silence says nothing. `demo: true` beside it marks made-up data."""
DEMO: Final = "demo"
DEMO_PREFIX: Final = "exp_demo_"
"""What the id of a made-up experiment begins with: the one mark that nobody can put on a real one afterwards."""

STATES: Final = ("running", "finished", "failed", "interrupted", "lost_contact", "paused")
_ALIASES: Final = {
    "completed": "finished",
    "complete": "finished",
    "succeeded": "finished",
    "success": "finished",
    "crashed": "failed",
    "error": "failed",
    "cancelled": "interrupted",
    "canceled": "interrupted",
    "killed": "interrupted",
    "stale": "lost_contact",
    "pending": "running",
}

MAX_STEP: Final = 2**63 - 1
MAX_NAME_CHARACTERS: Final = 256
"""Longest name of a project, experiment, group, tag or metric: a path on the Hub holds 80 of them plus a hash."""


def state_of(word: str) -> str:
    """The state that a word of ours or of another system means. Raises UsageError with the list."""
    state = _ALIASES.get(word, word)
    if state not in STATES:
        raise UsageError(f"there is no state {word!r}. States: {', '.join(STATES)}")
    return state


_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"


def _random(characters: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(characters))


def new_experiment_id(now_s: float | None = None) -> str:
    """A new id, `exp_YYYYMMDD_HHMMSS_` (UTC) and 8 random characters of a–z, 2–7: 10^12 of them in one second."""
    return time.strftime("exp_%Y%m%d_%H%M%S_", time.gmtime(now_s)) + _random(8)


def new_writer_id() -> str:
    """A new id of a writer: `w_` and 26 random characters, 130 bits."""
    return "w_" + _random(26)


_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,127}")


def is_id(text: str) -> bool:
    """Whether a text can be an experiment's or a writer's id: it stands in addresses and file names as it is."""
    return _ID.fullmatch(text) is not None


def checked_name(text: str, what: str) -> str:
    """A name for people: any text of 1 to 256 printable characters, trimmed. Raises UsageError.

    Slashes, quotes, markup and emoji are letters like others: escaping is the business of what shows them.
    """
    if not isinstance(text, str):
        raise UsageError(f"{what} must be text, got {type(text).__name__}: {text!r:.80}")
    name = text.strip()
    if not name:
        raise UsageError(f"{what} must not be empty. Give it a name of 1 to {MAX_NAME_CHARACTERS} characters")
    if len(name) > MAX_NAME_CHARACTERS:
        raise UsageError(
            f"{what} has {len(name)} characters, at most {MAX_NAME_CHARACTERS} are taken: {name[:40]!r}… "
            "Put long descriptions into `notes`"
        )
    try:
        name.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{what} holds half of a surrogate pair and is no text: {name!r:.80}") from None
    if any(ord(c) < 32 or ord(c) == 127 for c in name):
        raise UsageError(f"{what} holds a control character: {name!r:.80}. Use printable characters")
    return name


def checked_step(step: Any, *, metric: str = "", experiment: str = "") -> int:
    """A step as int, or UsageError. Whole floats and numpy integers are taken; 1.5, −1 and 2**63 are not."""
    where = (f" for metric {metric!r}" if metric else "") + (f" of experiment {experiment!r}" if experiment else "")
    try:
        whole = int(step)
        if isinstance(step, (str, bytes)) or whole != step:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise UsageError(
            f"step must be a whole number >= 0, got {step!r:.80}{where}. "
            "To plot against epochs, log the epoch as a metric of its own"
        ) from None
    if not 0 <= whole <= MAX_STEP:
        raise UsageError(f"step must be between 0 and 2**63 - 1, got {whole}{where}")
    return whole


def plain(value: Any) -> Any:
    """The JSON form of a value made of dicts, lists, texts, numbers: NaN and ±inf become {"$float": "NaN"} …"""
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def revive(value: Any) -> Any:
    """The inverse of `plain`."""
    if isinstance(value, dict):
        if len(value) == 1 and isinstance(number := value.get("$float"), str):
            return float(number) if number in ("NaN", "Infinity", "-Infinity") else value
        return {key: revive(item) for key, item in value.items()}
    if isinstance(value, list):
        return [revive(item) for item in value]
    return value
