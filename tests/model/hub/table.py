"""Which rules keep which promise: histories counted out by rule left out, as docs/protocol.md prints them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.model.hub.chances import FEATURES, PLAIN, TWO
from tests.model.hub.quiet import count_out, settle
from tests.model.hub.world import HubWorld
from tests.model.rules import BrokenPromiseError
from tests.model.search import HUB, history

RIGHT = "right"
ENDINGS = ("lost", "stuck", "doubled", "wrong")
ENDS = {
    "lost": (
        "lost", "a segment was deleted before it was durable", "a file was deleted before it was durable",
        "a hole where the writer had the frame", "an event is durable without its file", "an event without its file",
    ),
    "stuck": ("stuck", "a living writer is stuck"),
    "doubled": ("stored twice",),
}  # fmt: skip
"""What a broken promise counts as; any other is `wrong`: a mark, a digest or a tombstone that is not true."""
_ALL = frozenset(FEATURES)
_FILES = _ALL | {"files", "lost files"}
_ONE = _ALL - {"two Spaces", "serverless", "laptop", "delete", "fall-back"}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table: what is left out, what must be possible, and what else may be."""

    text: str
    planted: str = ""
    must: frozenset[str] = frozenset()
    may: frozenset[str] = _ALL

    def features(self, drawn: frozenset[str]) -> frozenset[str]:
        return drawn & self.may | self.must


LINES = (
    Line("one Space, wipes, lost commit answers; all rules", must=frozenset({"wipe", "lost answers"}), may=_ONE),
    Line("two Spaces, wipes; all rules", must=TWO | {"wipe"}, may=_ONE),
    Line("no server: stores beside trainers, pushers killed; all rules", must=frozenset({"serverless"})),
    Line("two pushers of one store, no lock; all other rules", "no-lock", frozenset({"serverless"})),
    Line("Spaces, laptops, deletion, merging: everything; all rules", must=TWO | {"laptop", "delete"}),
    Line("two Spaces, trim only after a 412", "trim-after-412", TWO),
    Line("a retry adds the same rows on the new head", "retry-on-new-head"),
    Line("a commit names no parent", "no-parent", TWO, _ONE),
    Line("*durable* set to *accepted* when the commit ends", "durable-is-accepted", frozenset({"wipe"}), PLAIN),
    Line(
        "a commit whose answer was lost counts as made",
        "silence-is-success",
        frozenset({"wipe", "lost answers"}),
        PLAIN,
    ),
    Line("a wiped Space that answers before it has read the head", "answer-before-head", TWO, PLAIN),
    Line("two Spaces, head not re-read at a gap", "no-look-at-gap", TWO, PLAIN),
    Line("merging with the index of its plan, on a newer head", "compaction-of-old-index", TWO, PLAIN),
    Line("merging that leaves out a part it cannot read", "compaction-skips-a-part", frozenset({"bad part"}), PLAIN),
    Line("merging that leaves out tombstones", "compaction-drops-tombstones", frozenset({"delete"})),
    Line("a restored Space does not take tombstones", "no-tombstone-at-restore", frozenset({"delete"})),
    Line("a push to another repo moves *durable*", "durable-of-another", frozenset({"another repo", "wipe"}), PLAIN),
    Line("each pusher counts its own commits only", "own-commits-only", TWO),
    Line("files that events cite, some deleted by hand; all rules", "", frozenset({"files", "lost files"}), _FILES),
    Line("events are taken before their files", "event-before-file", frozenset({"files"}), _FILES),
    Line("files go from the trainer's machine at *accepted*", "file-freed-at-accepted", frozenset({"files"}), _FILES),
    Line("a client that brought a file does not bring it again", "believes-for-ever", frozenset({"files"}), _FILES),
    Line("a full Space removes files that the repo does not have", "room-for-all", frozenset({"files"}), _FILES),
)


def outcome(line: Line, seed: int, *, watches: bool = False) -> str:
    """What comes of one history in the end; with `watches`, of any moment of it."""
    features, steps = history(seed, HUB, line.features)
    world = HubWorld(features, line.planted)
    world.watches = watches
    try:
        for kind, r in steps:
            world.do(kind, r)
        settle(world)
        count_out(world)
        world.check()
    except (KeyError, StopIteration):  # a planted bug left the stores at odds with each other
        return "wrong"
    except BrokenPromiseError as broken:
        return next((name for name, promises in ENDS.items() if broken.promise in promises), "wrong")
    return RIGHT


def table(seeds: range) -> Iterator[str]:
    """The table, line by line, in Markdown."""
    yield f"| rules in force | right at all times | right in the end | {' | '.join(ENDINGS)} |"
    yield "|---" * (len(ENDINGS) + 3) + "|"
    for line in LINES:
        always = sum(outcome(line, seed, watches=True) == RIGHT for seed in seeds)
        ends = Counter(outcome(line, seed) for seed in seeds)
        yield f"| {line.text} | {always:,} | {' | '.join(f'{ends[name]:,}' for name in (RIGHT, *ENDINGS))} |"
