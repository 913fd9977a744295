"""The client of the model: processes that log, spools on the machine's disk, and senders.

A spool is the append-only log of one writer. Its seqs are ordinals; a torn end is never cut off, a new segment begins
behind it. A sender reads a spool (its own process's, or an orphan's during `sync`) and has one request on its way.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.model.messages import MODULUS, Batch, Frame, Receipt, Refusal, digest_part
from tests.model.rules import demand

SEGMENT_FRAMES = 3
BUDGET_FRAMES = 9  # a control frame (refusals, the end) may go above: else nobody would hear of the refusals


@dataclass(slots=True)
class Segment:
    """One file of a spool. `numbers` are the seqs of its frames: first, first + 1 … unless a bug is planted."""

    numbers: list[int] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    schemas: set[int] = field(default_factory=set)
    partial: Frame | None = None  # bytes of a frame whose write is not over
    torn: bool = False  # ends in bytes that will never be a frame
    garbled: bool = False  # a reader cut the partial bytes off: what the write still brings is no frame
    synced: int = 0  # frames that survive a power cut

    def copy(self) -> Segment:
        return Segment(
            list(self.numbers), list(self.frames), set(self.schemas), self.partial, self.torn, self.garbled, self.synced
        )


@dataclass(slots=True)
class Spool:
    """The log of one writer on one machine."""

    writer: str
    experiment: str
    generation: int
    machine: int
    segments: list[Segment] = field(default_factory=lambda: [Segment()])
    owner: int | None = None  # the process whose lock it is
    holder: int | None = None  # the `sync` whose lock it is
    first_held: int = 0
    moved_from: int | None = None  # frames from here on were issued again under another id
    gone: bool = False
    removed: bool = False
    damaged: bool = False  # a power cut took frames that the store may have

    @property
    def end(self) -> int:
        for segment in reversed(self.segments):
            if segment.numbers:
                return segment.numbers[-1] + 1
        return self.first_held

    def held(self) -> int:
        return sum(len(segment.frames) for segment in self.segments)

    def read(self, start: int, most: int, *, owner_lives: bool, planted: str) -> list[tuple[int, Frame, set[int]]]:
        """Consecutive frames from `start` on with the schemas of their segment; stops at a torn end that may grow."""
        found: list[tuple[int, Frame, set[int]]] = []
        for number, segment in enumerate(self.segments):
            if segment.partial and planted == "truncate-torn-tail":
                segment.partial, segment.garbled = None, True
            for seq, frame in zip(segment.numbers, segment.frames, strict=True):
                at = found[-1][0] + 1 if found else start
                if seq == at or (not found and seq > start):
                    found.append((seq, frame, segment.schemas))
                    if len(found) == most:
                        return found
            is_last = number == len(self.segments) - 1
            if is_last and (segment.partial or segment.torn) and owner_lives:
                break
        return found


@dataclass(slots=True)
class Process:
    """A trainer: one experiment, two threads, its spool and its sender."""

    number: int
    machine: int
    spool: Spool
    count: int  # frames in its log, as it remembers
    clock: int
    steps: int = 0
    up: bool = True
    finished: bool = False
    refused: int = 0  # not yet told
    refused_ever: int = 0
    pending: dict[int, tuple[Frame, Segment | None, int]] = field(default_factory=dict)  # by thread


@dataclass(slots=True)
class Sender:
    """Reads one spool. Positions are per destination; what one destination holds says nothing of another."""

    number: int
    spool: Spool
    process: Process | None  # None: a `sync`
    locked: bool = True  # False: a second sender by mistake
    home: str = "space"
    proved: dict[str, int] = field(default_factory=dict)  # my frames up to here are held there
    incarnation: dict[str, str] = field(default_factory=dict)
    most: int = 3
    waiting: int | None = None
    up: bool = True
    done: bool = False
    reported: Receipt | None = None
    schemas: set[int] = field(default_factory=set)  # planted bug: remembered from segments now deleted

    def position(self, store: str) -> int:
        return max(self.proved.get(store, 0), self.spool.first_held)

    def owner_lives(self) -> bool:
        return self.spool.owner is not None

    def batch(self, store: str, planted: str, *, heartbeat: bool = False) -> Batch:
        """The next batch for a store; without frames it is a heartbeat, which also asks for a receipt."""
        spool, start = self.spool, self.position(store)
        part = [] if heartbeat else spool.read(start, self.most, owner_lives=self.owner_lives(), planted=planted)
        if spool.moved_from is not None:
            part = [item for item in part if item[0] < spool.moved_from]
        schemas = {schema for _, _, known in part for schema in known}
        if planted == "schema-once":
            self.schemas |= schemas
            schemas = set(self.schemas)
        first = part[0][0] if part else start
        frames = tuple(frame for _, frame, _ in part)
        return Batch(
            spool.writer, spool.experiment, spool.generation, first, frames, spool.first_held, frozenset(schemas)
        )


# --- writing --------------------------------------------------------------------------------------------------------


def append(process: Process, frame: Frame, planted: str, *, slow: bool, thread: int, short: bool) -> str:
    """One write to the log. `short` writes half of the frame and fails; `slow` leaves it half written for now."""
    spool = process.spool
    segment = _segment(process, planted)
    if planted == "seq-before-write":
        seq = process.count
        process.count += 1
        if slow:
            process.pending[thread] = (frame, None, seq)
            return f"takes seq {seq} for call {frame.call}"
        return _land(process, segment, frame, seq, planted)
    if slow:
        segment.partial = frame
        process.pending[thread] = (frame, segment, process.count)
        return f"has call {frame.call} half written"
    if short:
        segment.torn = True
        if planted != "append-after-torn":
            segment = Segment()
            spool.segments.append(segment)
        return "tears a frame, then " + _land(process, segment, frame, _take(process), planted)
    return _land(process, segment, frame, _take(process), planted)


def end_slow(process: Process, thread: int, planted: str) -> tuple[str, bool]:
    """The second half of a slow write arrives. False: a reader had cut off the first, and the frame is none."""
    frame, segment, seq = process.pending.pop(thread)
    if segment is None:  # planted: the seq was taken long ago
        return _land(process, _segment(process, planted), frame, seq, planted), True
    segment.partial = None
    if segment.garbled:
        segment.garbled, segment.torn = False, True
        process.spool.segments.append(Segment())
        return f"ends the write of call {frame.call}, of which a reader cut the beginning", False
    return _land(process, segment, frame, _take(process), planted), True


def _take(process: Process) -> int:
    process.count += 1
    return process.count - 1


def _segment(process: Process, planted: str) -> Segment:
    spool = process.spool
    segment = spool.segments[-1]
    is_long = len(segment.frames) >= SEGMENT_FRAMES and not segment.partial
    if is_long or (segment.torn and planted != "append-after-torn"):
        spool.segments.append(Segment())
    return spool.segments[-1]


def _land(process: Process, segment: Segment, frame: Frame, seq: int, planted: str) -> str:
    spool = process.spool
    if segment.torn:  # planted: behind torn bytes no reader of this segment finds it
        return f"logs call {frame.call} behind torn bytes"
    segment.frames.append(frame)
    segment.numbers.append(seq)
    known = planted == "schema-once" and any(frame.schema in other.schemas for other in spool.segments)
    if not known:
        segment.schemas.add(frame.schema)
    return f"logs call {frame.call} as {spool.writer}#{seq}"


# --- receiving ------------------------------------------------------------------------------------------------------


def take_receipt(sender: Sender, store: str, batch: Batch, receipt: Receipt, planted: str) -> None:
    """Move on over what is proved, fall back where the store fell back, and delete what is durable at home."""
    proved = sender.proved.get(store, sender.spool.first_held)
    if planted == "skip-unproved":
        proved = receipt.accepted_end
    elif batch.frames and batch.first <= proved:
        proved = max(proved, batch.end)
    elif batch.frames and batch.first == sender.spool.first_held:
        proved = batch.end
    known = sender.incarnation.get(store, receipt.incarnation)
    if planted == "deaf-to-incarnation" and known != receipt.incarnation and not batch.frames:
        receipt = Receipt(receipt.store_id, receipt.incarnation, proved, receipt.durable_end, receipt.digest)
    sender.proved[store] = min(proved, receipt.accepted_end)  # what is held beyond that, somebody else wrote
    sender.incarnation[store] = receipt.incarnation
    sender.most = 3
    if store == sender.home or planted == "merged-receipts":
        sender.reported = receipt
        reached = receipt.accepted_end if planted == "free-at-accepted" else receipt.durable_end
        free(sender, min(reached, sender.proved[store]), planted)


def take_refusal(sender: Sender, store: str, batch: Batch, refusal: Refusal) -> bool:
    """True if the frames of the batch must be issued again under another id."""
    if refusal.reason == "gap":
        sender.proved[store] = min(sender.proved.get(store, 0), refusal.want)
    elif refusal.reason == "gone":
        sender.spool.gone = True  # told, kept, and never sent again
    elif refusal.reason == "overlap" and len(batch.frames) > 1:
        sender.most = len(batch.frames) // 2  # to find the first frame that differs
    # What the fall-back holds under this id says nothing of home: issued again because of it, frames stood there twice.
    return refusal.reason == "overlap" and len(batch.frames) == 1 and store == sender.home


def free(sender: Sender, upto: int, planted: str) -> None:
    """Delete segments of which every frame is durable; the one that is written to stays."""
    spool = sender.spool
    while spool.segments and sender.locked:
        segment = spool.segments[0]
        is_last = len(spool.segments) == 1
        if is_last and sender.owner_lives():
            return
        if segment.numbers and segment.numbers[-1] >= upto:
            return
        spool.first_held = max(spool.first_held, segment.numbers[-1] + 1 if segment.numbers else 0)
        spool.segments.pop(0)
    if (not sender.locked and planted == "delete-under-owner" and spool.end <= upto) or not spool.segments:
        spool.removed, spool.segments = True, [Segment()]


def issue_again(sender: Sender, batch: Batch, writer: str, planted: str) -> Spool | None:
    """Move what no store can take under this id to a log of its own. None while a write is not over."""
    spool = sender.spool
    if any(segment.partial for segment in spool.segments) or not sender.locked:
        return None
    start = spool.first_held if planted == "reissue-batch" else batch.first
    fresh = Spool(writer, spool.experiment, spool.generation, spool.machine, segments=[])
    for segment in spool.segments:
        pairs = list(zip(segment.numbers, segment.frames, strict=True))
        if moved := [frame for seq, frame in pairs if seq >= start]:
            first = sum(len(s.frames) for s in fresh.segments)
            numbers = list(range(first, first + len(moved)))
            fresh.segments.append(Segment(numbers, moved, set(segment.schemas), synced=len(moved)))
        if planted != "reissue-batch":
            kept = [pair for pair in pairs if pair[0] < start]
            segment.numbers, segment.frames = [s for s, _ in kept], [f for _, f in kept]
    fresh.segments = fresh.segments or [Segment()]
    spool.moved_from = batch.first
    if sender.process is not None:
        fresh.owner, spool.owner = spool.owner, None
        sender.process.spool, sender.process.count = fresh, fresh.end
        sender.process, sender.up = None, False
    return fresh


def digest_of(spool: Spool) -> int:
    """The client's own digest of a log of which it holds all."""
    total = 0
    for segment in spool.segments:
        for seq, frame in zip(segment.numbers, segment.frames, strict=True):
            total = (total + (0 if frame.bad else digest_part(spool.writer, seq, frame))) % MODULUS
    return total


def check_freed(spool: Spool, before: list[Segment], safe: set[int]) -> None:
    """Segments are deleted only when each frame is on a disk that keeps, at home."""
    now = {id(segment) for segment in spool.segments}
    for segment in before:
        if id(segment) not in now:
            lost = [frame.call for frame in segment.frames if frame.call not in safe and not frame.bad]
            demand(not lost, "a segment was deleted before it was durable", f"{spool.writer}: calls {lost}")
