"""The media of several experiments beside each other: what there is, in one answer, and then what of it is looked at.

A page first asks which names and steps there are, which is little, and then for the content of the few entries that are
in sight. So a comparison of a hundred experiments costs two questions and the files of a screen.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from trackio_client.errors import ExperimentNotFound, UsageError
from trackio_client.queries.experiments import find_experiment
from trackio_client.queries.index import KINDS, entry_of
from trackio_client.store.contract import Store
from trackio_client.wire.events import MEDIA

MOST_EXPERIMENTS: Final = 300
"""In one list: more than that nobody puts side by side."""
MOST_ENTRIES: Final = 12_000
"""In one list, of all experiments together: about 150 kB packed."""
MOST_OF_ONE: Final = 2_000
MOST_CONTENTS: Final = 256
MOST_BYTES: Final = 8 * 1024 * 1024
"""Of contents in one answer: 200 histograms of 512 bins are a third of it."""


def list_media(store: Store, experiment_ids: Sequence[str]) -> dict[str, Any]:
    """{"experiments": {id: {"entries": [entry], "more": bool}}}, entries as of `list_index`, in order of arrival.

    `more`: it logged earlier ones that are not told, for the newest are. An experiment that is not here is absent.

    Raises:
        UsageError: more than MOST_EXPERIMENTS.
    """
    wanted = list(dict.fromkeys(experiment_ids))
    if len(wanted) > MOST_EXPERIMENTS:
        raise UsageError(f"media of at most {MOST_EXPERIMENTS} experiments are listed at once, got {len(wanted):,}")
    most = min(MOST_OF_ONE, MOST_ENTRIES // max(1, len(wanted)))
    found: dict[str, Any] = {}
    for experiment_id in wanted:
        try:
            find_experiment(store, experiment_id)
            events = store.events(experiment_id, kinds=[MEDIA], limit=most + 1, newest=True)
        except ExperimentNotFound:
            continue
        entries = [
            {"position": e.position, "writer_id": e.writer_id, "seq": e.seq, **entry_of(e.content)}
            for e in events[-most:]
        ]
        found[experiment_id] = {"entries": entries, "more": len(events) > most}
    return {"experiments": found}


def read_contents(store: Store, wanted: Sequence[tuple[str, str, int]]) -> dict[str, Any]:
    """{"contents": [content or None]} of entries by (experiment id, writer id, seq), in the order asked for.

    None: it is not here, or was deleted. The list is shorter than what was asked for where the rest would make the
    answer larger than MOST_BYTES: ask for that again. The first always comes.

    Raises:
        UsageError: more than MOST_CONTENTS.
    """
    if len(wanted) > MOST_CONTENTS:
        raise UsageError(f"contents of at most {MOST_CONTENTS} entries are read at once, got {len(wanted):,}")
    contents: list[dict[str, Any] | None] = []
    size = 0
    for experiment_id, writer_id, seq in wanted:
        try:
            find_experiment(store, experiment_id)
            events = store.events_at(experiment_id, [(writer_id, seq)])
        except ExperimentNotFound:
            events = []
        content = next((dict(e.content) for e in events if e.content.get("kind") in KINDS), None)
        size += len(json.dumps(content))
        if size > MOST_BYTES and contents:
            break
        contents.append(content)
    return {"contents": contents}
