"""An artifact that was logged, told again with other aliases, description or metadata: an event of the same content."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from trackio_client.values import jsonable
from trackio_client.wire import events
from trackio_client.wire.artifacts import LATEST, checked_alias, version_of
from trackio_client.wire.batches import Batch
from trackio_client.wire.frames import event_frame

if TYPE_CHECKING:
    from trackio_client.artifacts.artifact import Artifact
    from trackio_client.reader.source import Source


def tell_again(artifact: Artifact, experiment_id: str, source: Source) -> None:
    """Append the event to the experiment that logged it, as a writer of its own."""
    listed = source.experiment(experiment_id)
    known = [event["content"].get("time_us") for event in source.events(experiment_id, [events.ARTIFACT])]
    now = max([time.time_ns() // 1000, *(us + 1 for us in known if type(us) is int and us < events.MAX_STEP)])
    kept = [entry for entry in artifact.entries() if entry.file is not None]
    content = {
        "kind": events.ARTIFACT,
        "time_us": now,
        "edited": True,
        "name": artifact.name,
        "type": artifact.type,
        "files": [entry.told() for entry in artifact.entries()],
        "digest": artifact.digest,
        "aliases": [
            checked_alias(alias) for alias in artifact.aliases if alias != LATEST and version_of(alias) is None
        ],
        "metadata": artifact.metadata,
        "description": artifact.description,
        "blobs": [{"sha256": entry.file, "bytes": entry.bytes, "mime": entry.mime} for entry in kept],
    }
    source.append(
        Batch(
            writer_id=events.new_writer_id(),
            experiment_id=experiment_id,
            project=str(listed["project"]),
            generation=int(listed.get("generation") or 0),
            first_seq=0,
            count=1,
            first_held=0,
            body=event_frame(events.plain(jsonable(content))),
        )
    )
