"""What an experiment recorded beside its numbers, told without its content: a page asks for that when it is looked at.

A training that logs images at each of 1,000 steps has a list of 1,000 short entries; the one that a reader looks at is
then asked for by its position.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from trackio_client.errors import ExperimentNotFound, UsageError
from trackio_client.queries.experiments import find_experiment
from trackio_client.store.contract import Store
from trackio_client.wire.events import ARTIFACT, ARTIFACT_USED, ENVIRONMENT, MEDIA, RECORD

KINDS: Final = (RECORD, MEDIA, ENVIRONMENT, ARTIFACT, ARTIFACT_USED)
MOST_ENTRIES: Final = 20_000
"""Entries in one answer: the next ones are asked for with `after`."""


def list_index(store: Store, experiment_id: str, *, kinds: Sequence[str] = (), after: int = 0) -> dict[str, Any]:
    """{"entries": [entry], "after"} in order of arrival.

    An entry: {"position", "writer_id", "seq", "kind", "name", "step", "epoch", "time_s", "media", "items"}; `name` is a
    record's, a medium's or an artifact's; `media` and `items` (how many) stand at media only. `after` is what the next
    question gives; entries of one position always come together.

    Raises:
        ExperimentNotFound; UsageError: a kind that has no index.
    """
    find_experiment(store, experiment_id)
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise UsageError(f"there is no index of {unknown[0]!r:.60}. Kinds: {', '.join(KINDS)}")
    found = store.events(experiment_id, kinds=list(kinds or KINDS), after=after, limit=MOST_ENTRIES + 1)
    if len(found) > MOST_ENTRIES:
        last = found[-1].position
        if found[0].position == last:  # one commit that is longer than an answer: whole, or it would never end
            found = [
                e for e in store.events(experiment_id, kinds=list(kinds or KINDS), after=after) if e.position == last
            ]
        else:
            found = [e for e in found if e.position != last]
    entries = [{"position": e.position, "writer_id": e.writer_id, "seq": e.seq, **entry_of(e.content)} for e in found]
    return {"entries": entries, "after": found[-1].position if found else after}


def read_event(store: Store, experiment_id: str, *, writer_id: str, seq: int) -> dict[str, Any]:
    """The content of one entry. Raises ExperimentNotFound when the experiment or the event is not there."""
    find_experiment(store, experiment_id)
    for event in store.events_at(experiment_id, [(writer_id, seq)]):
        if event.content.get("kind") in KINDS:
            return {"position": event.position, "writer_id": writer_id, "seq": seq, "content": event.content}
    raise ExperimentNotFound(
        f"experiment {experiment_id!r:.160} has no event {seq} of writer {writer_id!r:.160} here. "
        "Ask for its index again"
    )


def entry_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of an event without its content, but for where it stands."""
    kind = content.get("kind")
    time_us = content.get("time_us")
    entry = {
        "kind": kind,
        "name": content.get("record") if kind == RECORD else content.get("name"),
        "step": content.get("step"),
        "epoch": content.get("epoch"),
        "time_s": time_us / 1e6 if isinstance(time_us, (int, float)) else None,
    }
    if kind == MEDIA:
        items = content.get("items")
        entry |= {"media": content.get("media"), "items": len(items) if isinstance(items, list) else 0}
    return entry
