"""What state an experiment is in, since when, and how we know.

Computed when asked and never written: lost contact depends on now. Times between are by the store's clock
(`last_heard_s`), never by the trainer's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from trackio_client.store.contract import ExperimentRecord, MetricSummary
from trackio_client.wire.events import TOLD_BY_HAND

LOST_CONTACT_S: Final = 60.0
"""Silence after which contact counts as lost: four heartbeats of 15 s, so that one lost packet is no alarm."""
BY_HAND_S: Final = 86_400.0
"""The same of what is told call by call: nothing sends signs of life between two calls, and people sleep."""
LOSSES: Final = ("loss", "train/loss", "train_loss", "training_loss")
"""Names under which a last loss is looked for, to be told with a lost contact."""


@dataclass(frozen=True, slots=True)
class State:
    """One word, a sentence of evidence, and the time since when (seconds UTC)."""

    word: str
    evidence: str
    since_s: float


def state_of(
    record: ExperimentRecord, now_s: float, *, lost_contact_s: float = LOST_CONTACT_S, loss: MetricSummary | None = None
) -> State:
    """The state of an experiment at `now_s` (the store's clock). `loss` is told when contact was lost."""
    if record.edited_state == "paused":
        return State("paused", "Paused by a person.", record.last_heard_s)
    if record.end is not None:
        word = str(record.end.get("state") or "finished")
        evidence = _ending(record.end, word) + _untold(record)
        return State(word, evidence, float(record.end.get("time_s") or record.last_event_s))
    if is_by_hand(record):
        lost_contact_s = max(lost_contact_s, BY_HAND_S)
    if now_s - record.last_heard_s > lost_contact_s:
        return State("lost_contact", _last_heard(record, loss) + _tells_no_end(record), record.last_heard_s)
    if is_by_hand(record):
        return State("running", "Logged by hand: running until another status is set.", record.created_s)
    return State("running", f"Heard within the last {lost_contact_s:g} s.", record.created_s)


def is_by_hand(record: ExperimentRecord) -> bool:
    """Whether a form, a named endpoint or a script tells it call by call."""
    client = record.client.get("client")
    return isinstance(client, dict) and client.get("name") == TOLD_BY_HAND


def _ending(end: dict[str, Any], word: str) -> str:
    parts = []
    rank, size = end.get("rank"), end.get("world_size")
    if word == "failed" and type(rank) is int and type(size) is int and size > 1:
        parts.append(f"Rank {rank} of {size} failed first")
    if end.get("error"):
        parts.append(str(end["error"]))
    if end.get("message"):
        parts.append(str(end["message"]))
    if end.get("signal"):
        parts.append(f"Signal {end['signal']}")
    if end.get("exit_code") is not None:
        parts.append(f"Exit code {end['exit_code']}")
    if not parts:
        return "It called finish()." if word == "finished" else "Its program said so as it ended."
    text = ". ".join(part.rstrip(". ") for part in parts)
    is_class = "." in text.split(" ", 1)[0].rstrip(".:")  # torch.OutOfMemoryError is called so
    return (text if is_class else text[:1].upper() + text[1:]) + "."


def _untold(record: ExperimentRecord) -> str:
    """The ranks that began and did not say how they ended: killed, or still at it."""
    ranks = record.ranks
    if not ranks or ranks.get("generation") != record.generation:
        return ""
    silent = [rank for rank in ranks.get("started") or () if rank not in (ranks.get("ended") or ())]
    if not silent:
        return ""
    named = ", ".join(map(str, silent[:8])) + (f" and {len(silent) - 8} more" if len(silent) > 8 else "")
    return f" Of {ranks.get('size')} ranks, {named} did not tell how {'it' if len(silent) == 1 else 'they'} ended."


def _tells_no_end(record: ExperimentRecord) -> str:
    """What has to be said of a client that sends neither a sign of life nor an end: Trackio's own."""
    client = record.client.get("client")
    if not isinstance(client, dict) or client.get("name") != "trackio":
        return ""
    return " Trackio's client tells no end: it may have finished."


def _last_heard(record: ExperimentRecord, loss: MetricSummary | None) -> str:
    if record.last_step is None:
        return "Last heard before its first step."
    value = "" if loss is None else f", loss {loss.last:.4g}"
    return f"Last heard: step {record.last_step:,}{value}."
