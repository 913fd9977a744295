"""The bugs that can be planted into the model: each breaks one rule of delivery, and the checker must find it.

A model that finds nothing proves nothing. Each name below switches one rule of `docs/protocol.md` off in
`client.py`, `store.py` or `network.py`; the comment beside the code that asks for it is the rule itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PLANTED: Mapping[str, str] = MappingProxyType(
    {
        "seq-before-write": "rule 2: a thread takes its seq, then writes; a kill in between leaves a gap for ever",
        "append-after-torn": "rule 3: after a short write the log goes on in the same segment",
        "truncate-torn-tail": "rule 3: a reader cuts off a torn end, while its owner is still writing it",
        "schema-once": "rule 4: the schema stands in the first segment only",
        "maximum-watermark": "rule 5: the watermark is the highest seq seen, not ranges",
        "stale-watermark": "rule 5: a store process trusts its memory, though another process wrote to the file",
        "digest-before-trim": "rule 20: repeats are summed into the digest before they are trimmed",
        "no-trim": "rule 5: after a lost answer the batch that comes again is written again",
        "trim-other-content": "rule 6: an overlap with other content is trimmed as if it were a repeat",
        "reissue-batch": "rule 6: after an overlap the whole batch is issued again, held frames too",
        "refuse-whole-batch": "rule 7: one bad frame refuses its batch for ever",
        "drop-after-bad-frame": "rule 7: the frames behind a bad one are dropped, yet counted as held",
        "answer-before-loading": "rule 8: a store answers before it has read its watermarks",
        "hole-at-any-gap": "rule 9: a gap becomes a hole though the writer can still send it",
        "no-hole": "rule 9: a store waits for ever for what its writer no longer has",
        "durable-is-accepted": "rule 11: durable is said at the commit, before the disk has it",
        "free-at-accepted": "rule 12: the client deletes segments at accepted",
        "merged-receipts": "rule 12: what the local fall-back holds frees what is meant for the Space",
        "deaf-to-incarnation": "rule 13: an idle sender does not look again when the store was wiped",
        "stop-at-accepted": "rule 13: a sender stops asking at accepted, and never hears of a wipe",
        "merge-in-two": "rule 16: merging takes the tail out in one transaction and puts the chunk in with the next",
        "merge-outside": "rule 16: merging reads the tail before its transaction begins; two merge the same rows",
        "torn-snapshot": "rule 16: a snapshot copies rows and watermarks in two reads",
        "no-tombstone": "rule 17: a deleted experiment comes back with the next batch",
        "clock-order": "rule 18: of a repeated step the one with the later clock is shown",
        "refusal-takes-seq": "rule 19: a refused call uses up a seq",
        "uncounted-refusal": "rule 19: refused calls are told nowhere",
        "drop-oldest": "rule 19: over budget, the oldest segment goes, sent or not",
        "fork-shares-writer": "rule 1: a forked child goes on as the same writer",
        "resume-continues-writer": "rule 1: a resumed process goes on with the old id, from what the store holds",
        "heartbeat-creates": "a sign of life creates an experiment",
        "any-200-counts": "a proxy's page with status 200 counts as an answer",
        "equal-points-joined": "points of equal step and value are taken for repeats",
        "delete-under-owner": "rule 3: a second sender removes the spool of a writer that lives",
        "skip-unproved": "rule 6: a client skips what is held under its id, though a copy of it may have written that",
    }
)


class BrokenPromiseError(AssertionError):
    """The model did what must never happen. `promise` is its short name, the same for all histories that break it."""

    def __init__(self, promise: str, detail: str) -> None:
        super().__init__(f"{promise}: {detail}")
        self.promise = promise


def demand(holds: bool, promise: str, detail: object = "") -> None:
    """Raise BrokenPromiseError unless it holds."""
    if not holds:
        raise BrokenPromiseError(promise, str(detail))
