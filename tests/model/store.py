"""The store of the model: a file, what of it is safe on the disk, and the processes that serve it.

Transactions are single steps here; a planted bug splits them in two. `Backing` is where a dataset repo comes in:
a store asks it at its start and at a gap, before it believes that something is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from tests.model.messages import MODULUS, Answer, Batch, Frame, Receipt, Refusal, digest_part
from tests.model.rules import demand

Key = tuple[str, int]  # (writer, seq)
_fresh = count()


class Backing(Protocol):
    """What stands behind a store and survives its disk."""

    def held(self, writer: str) -> set[int]: ...


class Nothing:
    """No repo: what the disk loses only the clients can send again."""

    def held(self, writer: str) -> set[int]:
        return set()


@dataclass(slots=True)
class File:
    """The bytes of a store. Rows are lists so that a doubled row is seen."""

    incarnation: str
    tail: dict[Key, list[Frame]] = field(default_factory=dict)
    chunks: dict[Key, list[Frame]] = field(default_factory=dict)
    marks: dict[str, set[int]] = field(default_factory=dict)  # seqs held, by writer: the ranges
    holes: dict[str, dict[int, str]] = field(default_factory=dict)
    digests: dict[str, int] = field(default_factory=dict)
    experiments: dict[str, set[str]] = field(default_factory=dict)  # its writers
    generations: dict[str, int] = field(default_factory=dict)  # by writer
    tombstones: set[str] = field(default_factory=set)  # experiments
    version: int = 0  # PRAGMA data_version

    def copy(self) -> File:
        return File(
            self.incarnation,
            {key: list(rows) for key, rows in self.tail.items()},
            {key: list(rows) for key, rows in self.chunks.items()},
            {writer: set(seqs) for writer, seqs in self.marks.items()},
            {writer: dict(holes) for writer, holes in self.holes.items()},
            dict(self.digests),
            {experiment: set(writers) for experiment, writers in self.experiments.items()},
            dict(self.generations),
            set(self.tombstones),
            next(_fresh),
        )

    def rows(self, key: Key) -> list[Frame]:
        return self.tail.get(key, []) + self.chunks.get(key, [])

    def calls(self) -> set[int]:
        return {frame.call for part in (self.tail, self.chunks) for rows in part.values() for frame in rows}

    def end(self, writer: str, marks: set[int] | None = None) -> int:
        """The end of the contiguous prefix; a named hole counts as passed."""
        held = self.marks.get(writer, set()) if marks is None else marks
        holes = self.holes.get(writer, {})
        end = 0
        while end in held or end in holes:
            end += 1
        return end


@dataclass(slots=True)
class Server:
    """One process that has the file open."""

    up: bool = True
    loaded: bool = True
    memory: dict[str, set[int]] = field(default_factory=dict)  # watermarks as it last saw them
    seen: int = -1  # the file's version then
    merging: dict[Key, list[Frame]] | None = None  # planted bugs: a merge that is half done


class Store:
    """One destination: a file and its servers."""

    def __init__(
        self, name: str, planted: str, *, persistent: bool, servers: int = 1, backing: Backing | None = None
    ) -> None:
        self.name = name
        self.planted = planted
        self.persistent = persistent
        self.backing = backing or Nothing()
        self.file = File(f"{name}.{0}")
        self.stable = self.file.copy()  # as of the last fsync
        self.servers = [Server() for _ in range(servers)]
        self.snapshots: list[File] = []
        self.half_snapshot: File | None = None
        self.wipes = 0
        self.deleted: set[str] = set()  # and not forgotten since
        self.ever_deleted: set[str] = set()

    # --- appending --------------------------------------------------------------------------------------------------
    def answer(self, server: Server, batch: Batch) -> Answer:
        """One request: check, write, digest and watermark are one transaction."""
        if not server.loaded and self.planted != "answer-before-loading":
            return Refusal("unavailable")
        if batch.experiment in self.file.tombstones:
            return Refusal("gone")
        if not batch.frames:
            if self.planted == "heartbeat-creates":
                self.file.experiments.setdefault(batch.experiment, set()).add(batch.writer)
            return self.receipt(batch.writer)
        if any(frame.schema not in batch.schemas for frame in batch.frames):
            return Refusal("rejected")
        held = self._watermark(server, batch.writer)
        refusal = self._refused(batch, held)
        if refusal is not None:
            return refusal
        self._write(batch, held)
        self.file.version = next(_fresh)
        if self.planted in ("stale-watermark", "answer-before-loading"):
            server.memory.setdefault(batch.writer, set()).update(range(batch.first, batch.end))
            server.seen = self.file.version
        return self.receipt(batch.writer)

    def _watermark(self, server: Server, writer: str) -> set[int]:
        """The seqs that are held: read inside the transaction."""
        if self.planted == "no-trim":
            return set()
        trusts = self.planted == "stale-watermark" and server.seen >= 0
        if trusts or (self.planted == "answer-before-loading" and not server.loaded):
            return set(server.memory.get(writer, ()))
        server.memory = {name: set(seqs) for name, seqs in self.file.marks.items()} if self.planted else {}
        server.seen = self.file.version
        return set(self.file.marks.get(writer, ()))

    def _refused(self, batch: Batch, held: set[int]) -> Refusal | None:
        file, writer = self.file, batch.writer
        end = file.end(writer, held if self.planted != "no-trim" else None)
        if batch.first > end and self.planted != "maximum-watermark":
            held |= self.backing.held(writer)  # a repo's head is read again before a hole is believed in
            end = file.end(writer, held)
            may_pass = batch.first_held > end or self.planted == "hole-at-any-gap"
            if batch.first > end and self.planted == "no-hole":
                return Refusal("gap", end)
            if batch.first > end and not may_pass:
                return Refusal("gap", end)
            if batch.first > end and batch.first > batch.first_held and self.planted != "hole-at-any-gap":
                return Refusal("gap", batch.first_held)
            for seq in range(end, batch.first):
                file.holes.setdefault(writer, {})[seq] = "the writer no longer has it"
        for seq, frame in enumerate(batch.frames, batch.first):
            other = [row for row in file.rows((writer, seq)) if row != frame]
            if other and seq in held and self.planted != "trim-other-content":
                return Refusal("overlap")
        if self.planted == "refuse-whole-batch" and any(frame.bad for frame in batch.frames):
            return Refusal("rejected")
        return None

    def _write(self, batch: Batch, held: set[int]) -> None:
        file, writer = self.file, batch.writer
        marks = file.marks.setdefault(writer, set())
        holes = file.holes.setdefault(writer, {})
        digest = file.digests.get(writer, 0)
        dropping = False
        for seq, frame in enumerate(batch.frames, batch.first):
            if self.planted == "digest-before-trim" and seq in held:
                digest = (digest + digest_part(writer, seq, frame)) % MODULUS
            if seq in held or holes.get(seq, "").startswith("rejected"):
                continue
            if frame.bad:
                holes[seq] = "rejected: its value is none"  # uses up its seq, counted and named
                dropping = self.planted == "drop-after-bad-frame"
                continue
            marks.add(seq)
            holes.pop(seq, None)  # a hole that can be filled after all is none
            if dropping or (self.planted == "equal-points-joined" and self._has_equal(batch.experiment, frame)):
                continue
            file.tail.setdefault((writer, seq), []).append(frame)
            digest = (digest + digest_part(writer, seq, frame)) % MODULUS
        if self.planted == "maximum-watermark":
            marks.update(range(max(marks, default=-1) + 1))
        file.digests[writer] = digest
        file.experiments.setdefault(batch.experiment, set()).add(writer)
        file.generations[writer] = batch.generation

    def _has_equal(self, experiment: str, frame: Frame) -> bool:
        return any((f.step, f.value) == (frame.step, frame.value) for f, _ in self._frames(experiment))

    def receipt(self, writer: str) -> Receipt:
        """What is held of a writer. Durable is what the disk has, and only a disk that keeps has anything."""
        file = self.file
        durable = 0
        if self.persistent or self.planted == "durable-is-accepted":
            durable = (file if self.planted == "durable-is-accepted" else self.stable).end(writer)
            durable = min(durable, file.end(writer))
        holes = dict(file.holes.get(writer, {}))
        return Receipt(self.name, file.incarnation, file.end(writer), durable, file.digests.get(writer, 0), holes)

    # --- background and reading ---------------------------------------------------------------------------------------
    def merge(self, server: Server) -> str:
        """Tail out and chunk in."""
        if self.planted == "merge-in-two":
            if server.merging is None:
                server.merging, self.file.tail = self.file.tail, {}
                return "takes the tail out"
            self._into_chunks(server.merging)
            server.merging = None
            return "puts the chunk in"
        if self.planted == "merge-outside":
            if server.merging is None:
                server.merging = {key: list(rows) for key, rows in self.file.tail.items()}
                return "reads the tail"
            self._into_chunks(server.merging)
            for key in server.merging:
                self.file.tail.pop(key, None)
            server.merging = None
            return "replaces it by a chunk"
        self._into_chunks(self.file.tail)
        self.file.tail = {}
        self.file.version = next(_fresh)
        return "merges its tail"

    def _into_chunks(self, rows: dict[Key, list[Frame]]) -> None:
        for key, frames in rows.items():
            self.file.chunks.setdefault(key, []).extend(frames)

    def shown(self, experiment: str) -> dict[int, int]:
        """Per step the call whose value a chart shows: the later by (generation, writer, seq), never by a clock."""
        best: dict[int, tuple[object, int]] = {}
        for frame, key in self._frames(experiment):
            rank: object = (self.file.generations[key[0]], *key)
            if self.planted == "clock-order":
                rank = (frame.time, *key)
            if frame.kind == "metrics" and (frame.step not in best or rank > best[frame.step][0]):  # type: ignore[operator]
                best[frame.step] = (rank, frame.call)
        return {step: call for step, (_, call) in best.items()}

    def _frames(self, experiment: str) -> list[tuple[Frame, Key]]:
        writers = self.file.experiments.get(experiment, set())
        parts = (self.file.tail, self.file.chunks)
        return [(f, key) for part in parts for key, rows in part.items() if key[0] in writers for f in rows]

    # --- what befalls it ----------------------------------------------------------------------------------------------
    def crash(self, server: Server) -> None:
        server.up = server.loaded = False
        server.memory, server.seen, server.merging = {}, -1, None

    def sync_disk(self) -> None:
        self.stable = self.file.copy()

    def replace(self, image: File, *, fresh: bool) -> set[int]:
        """The disk now holds another image. Returns the calls that were safe on it and are gone with it."""
        lost = self.stable.calls() - image.calls() if self.persistent else set()
        self.wipes += fresh
        self.deleted &= image.tombstones  # a disk that forgot a tombstone can be told anew: only a repo outlives it
        self.file, self.stable = image.copy(), image.copy()
        for server in self.servers:
            self.crash(server)
        return lost

    def delete(self, experiment: str) -> None:
        """Rows go, a tombstone stays: writers are told, and nothing brings it back."""
        self.deleted.add(experiment)
        self.ever_deleted.add(experiment)
        writers = self.file.experiments.pop(experiment, set())
        for part in (self.file.tail, self.file.chunks):
            for key in [key for key in part if key[0] in writers]:
                del part[key]
        for writer in writers:
            for table in (self.file.marks, self.file.holes, self.file.digests, self.file.generations):
                table.pop(writer, None)
        if self.planted != "no-tombstone":
            self.file.tombstones.add(experiment)
        self.file.version = next(_fresh)

    def snapshot(self) -> str:
        """One read transaction."""
        if self.planted != "torn-snapshot":
            self.snapshots = [self.file.copy()]
            return "is copied"
        if self.half_snapshot is None:
            self.half_snapshot = self.file.copy()
            return "has its rows copied"
        torn = self.file.copy()
        torn.tail, torn.chunks = self.half_snapshot.tail, self.half_snapshot.chunks
        self.snapshots, self.half_snapshot = [torn], None
        return "has its watermarks copied"

    # --- promises ---------------------------------------------------------------------------------------------------
    def check(self, written: dict[Key, set[int]]) -> None:
        """What must hold after every step. `written` is the ghost: which calls stand at (writer, seq) in some log."""
        file, seen = self.file, set()
        sums: dict[str, int] = {}
        held: dict[str, set[int]] = {}
        for part in (file.tail, file.chunks):
            for (writer, seq), rows in part.items():
                for frame in rows:
                    demand(
                        frame.call not in seen, "stored twice", f"call {frame.call} at {writer}#{seq} of {self.name}"
                    )
                    seen.add(frame.call)
                    sums[writer] = (sums.get(writer, 0) + digest_part(writer, seq, frame)) % MODULUS
                    right = frame.call in written.get((writer, seq), ())
                    demand(right, "in a place that is not its own", f"call {frame.call} at {writer}#{seq}")
                held.setdefault(writer, set()).add(seq)
        for writer, seqs in file.marks.items():
            lacking = seqs ^ held.get(writer, set())
            demand(not lacking, "the watermark says other than the rows", f"{writer}: {sorted(lacking)} in {self.name}")
            said, is_so = file.digests.get(writer, 0), sums.get(writer, 0)
            demand(said == is_so, "the digest is not that of the rows", writer)
        for experiment, writers in file.experiments.items():
            full = any(file.marks.get(writer) or file.holes.get(writer) for writer in writers)
            demand(full, "an experiment without an event", experiment)
        deleted = self.deleted & set(file.experiments)
        demand(not deleted, "a deleted experiment came back", deleted)
        if self.persistent:
            for writer in file.marks:
                said_end = self.receipt(writer).durable_end
                safe = self.stable.marks.get(writer, set()) | set(self.stable.holes.get(writer, ()))
                ok = all(seq in safe for seq in range(said_end))
                demand(ok, "durable says more than is true", f"{writer}: {said_end} in {self.name}")
        elif file.marks:
            demand(
                all(self.receipt(w).durable_end == 0 for w in file.marks), "durable says more than is true", self.name
            )
