"""The digest of what is held, computed anew from single points and events.

Used to see whether a repeated batch has the content that is held under its seqs (protocol rule 6), and by `audit`.
"""

from __future__ import annotations

import sqlite3

from trackio_client.store.chunks import decode as decode_chunk
from trackio_client.store.columns import Digest, EventAt, Run, decode, digest_of, digest_points


def held_digest(
    connection: sqlite3.Connection, writer: int, writer_id: str, first_seq: int = 0, end_seq: int = 2**63 - 1
) -> Digest:
    """The digest of what the store holds of a writer under [first_seq, end_seq).

    `events` counts frames only of events and of the tail: a chunk does not know how many frames its points came in.
    """
    total = Digest()
    rows = connection.execute(
        "SELECT seq, content FROM event WHERE writer = ? AND seq >= ? AND seq < ?", (writer, first_seq, end_seq)
    )
    total = total + digest_of(writer_id, [EventAt(seq, {}, content.encode("ascii")) for seq, content in rows])
    rows = connection.execute(
        "SELECT first_seq, body FROM tail WHERE writer = ? AND first_seq < ? AND first_seq + frames > ?",
        (writer, end_seq, first_seq),
    )
    for seq, body in rows:
        for part in decode(body, seq):
            if isinstance(part, Run):
                low, high = max(0, first_seq - part.first_seq), max(0, end_seq - part.first_seq)
                if low < min(high, len(part.steps)):
                    window = slice(low, high)
                    run = Run(
                        part.schema,
                        part.first_seq + low,
                        part.steps[window],
                        part.times_us[window],
                        part.values[window],
                    )
                    total = total + digest_of(writer_id, [run])
    rows = connection.execute(
        "SELECT s.metric, p.data FROM series s JOIN chunk c ON c.series = s.id JOIN "
        "points p ON p.series = c.series AND p.no = c.no "
        "WHERE s.experiment = (SELECT experiment FROM writer WHERE id = ?) AND "
        "c.writer = ? AND c.seq0 < ? AND c.seq1 >= ?",
        (writer, writer, end_seq, first_seq),
    )
    for metric, data in rows:
        c = decode_chunk(data)
        inside = (c.seqs >= first_seq) & (c.seqs < end_seq)
        low, high = digest_points(
            writer_id, metric, c.seqs[inside], c.steps[inside], c.times_us[inside], c.values[inside]
        )
        total = total + Digest(low, high, 0, int(inside.sum()))
    return total
