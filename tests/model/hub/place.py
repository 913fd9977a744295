"""A store of the model whose home is a repo: a Space's, or the one that lies beside a trainer without a server."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.model.hub.repo import Held, Key, Repo, Tree
from tests.model.messages import MODULUS, Answer, Batch, Frame, Receipt, Refusal, digest_part
from tests.model.rules import demand

HOME = "repo"
"""The destination that receipts of all places on one repo name."""


@dataclass(slots=True)
class Disk:
    """The bytes of a store. Rows are lists so that a doubled row is seen."""

    incarnation: str
    rows: dict[Key, list[Frame]] = field(default_factory=dict)
    cold: dict[Key, str] = field(default_factory=dict)  # rows that are still to load, and the file they were in
    writers: dict[str, Held] = field(default_factory=dict)
    durable: dict[str, set[int]] = field(default_factory=dict)
    tombstones: dict[str, frozenset[str]] = field(default_factory=dict)
    arrived: list[Key] = field(default_factory=list)
    blobs: set[int] = field(default_factory=set)  # files beside the store

    def held(self, writer: str) -> set[int]:
        known = self.writers.get(writer)
        return known.held if known else set()

    def end(self, writer: str) -> int:
        return prefix(self.held(writer))


def prefix(seqs: set[int]) -> int:
    """The end of the contiguous prefix."""
    end = 0
    while end in seqs:
        end += 1
    return end


class Place:
    """One store, what answers for it, and what the repo told it."""

    def __init__(
        self, name: str, planted: str, repo: Repo | None, *, is_staging: bool = False, keeps: bool = False
    ) -> None:
        """A place that `keeps` is its own home: a store on a laptop's disk, of which a repo gets a copy."""
        self.name, self.planted, self.repo, self.is_staging, self.keeps = name, planted, repo, is_staging, keeps
        self.destination = name if keeps else HOME
        self.wipes = 0
        self.disk = Disk(f"{name}.0")
        self.up = True
        self.ready = keeps
        self.half_loaded: set[Key] = set()  # planted bug

    # --- writers ------------------------------------------------------------------------------------------------------
    def answer(self, batch: Batch) -> Answer:
        """One request: check, write, digest and watermark are one transaction."""
        if not self.up or (not self.ready and self.planted != "answer-before-head"):
            return Refusal("unavailable")
        if batch.experiment in self.disk.tombstones:
            return Refusal("gone")
        if batch.files:
            self.disk.blobs |= batch.files
            return Refusal("brought", files=batch.files)
        if not batch.frames:
            return self.receipt(batch.writer)
        end = self.disk.end(batch.writer)
        if batch.first > end and self.planted != "hole-at-any-gap":
            if batch.first_held <= end:
                return Refusal("gap", end)
            if self.repo is not None and self.ready and not self.keeps and self.planted != "no-look-at-gap":
                if self.repo.away:
                    return Refusal("unavailable")
                head = self.repo.head
                if self.planted == "gap-asks-a-cache":
                    head = self.repo.commits[max(0, head.number - 4)]
                self.adopt(head)
                if batch.experiment in self.disk.tombstones:
                    return Refusal("gone")
                end = self.disk.end(batch.writer)
            if batch.first > end and (batch.first_held <= end or self.planted == "no-hole"):
                return Refusal("gap", end)
            if batch.first > end and batch.first > batch.first_held:
                return Refusal("gap", batch.first_held)
        if (lacks := self._lacks(batch)) and self.planted != "event-before-file":
            return Refusal("files", files=lacks)
        self._write(batch, end)
        return self.receipt(batch.writer)

    def _lacks(self, batch: Batch) -> frozenset[int]:
        """Files that events cite which are new here, and that the writer may have."""
        known = self.disk.writers.get(batch.writer)
        held = known.held - set(known.holes) if known else set()
        new = {frame.file for seq, frame in enumerate(batch.frames, batch.first) if frame.file and seq not in held}
        return frozenset(new - self.disk.blobs - batch.without)

    def _write(self, batch: Batch, end: int) -> None:
        writer = batch.writer
        known = self.disk.writers.setdefault(writer, Held(batch.experiment, batch.generation))
        for seq in range(end, batch.first):
            known.held.add(seq)
            known.holes[seq] = "neither the writer nor the repo has it"
        for seq, frame in enumerate(batch.frames, batch.first):
            if seq in known.held and seq not in known.holes:
                continue  # a repeat; one of a row that is still cold counts as the same
            known.holes.pop(seq, None)
            known.held.add(seq)
            known.digest = (known.digest + digest_part(writer, seq, frame)) % MODULUS
            self.disk.rows.setdefault((writer, seq), []).append(frame)
            self.disk.arrived.append((writer, seq))

    def receipt(self, writer: str) -> Receipt:
        known = self.disk.writers.get(writer)
        end = self.disk.end(writer)
        durable = min(end, prefix(self.disk.durable.get(writer, set())))
        if self.keeps or (self.planted == "staging-is-durable" and self.is_staging):
            durable = end
        holes = dict(known.holes) if known else {}
        return Receipt(self.destination, self.disk.incarnation, end, durable, known.digest if known else 0, holes)

    # --- what the repo holds ------------------------------------------------------------------------------------------
    def adopt(self, tree: Tree) -> None:
        """Make known what a head holds: the larger of two holdings stands; where each has more, nobody guesses."""
        disk = self.disk
        if self.keeps:
            return
        if self.planted != "no-tombstone-at-restore":
            for experiment, writers in tree.tombstones.items():
                self.bury(experiment, writers)
        where = tree.where()
        for writer, theirs in tree.index.items():
            mine = disk.writers.get(writer)
            if theirs.experiment in disk.tombstones:
                continue
            both = theirs.held & (mine.held if mine else theirs.held)
            if mine is None or theirs.held > mine.held or (self.planted == "adopt-over-mine" and not disk.cold):
                for seq in theirs.held - set(theirs.holes) - (mine.held if mine else set()):
                    disk.cold[writer, seq] = where[writer, seq]
                disk.writers[writer] = theirs.copy()
                if self.planted == "generation-not-kept" and mine is None:
                    disk.writers[writer].generation = 0
                both = theirs.held
            disk.durable.setdefault(writer, set()).update(both)
        self.ready = True

    def load(self, r: int, away: bool) -> str | None:
        """Bring the rows of one file; a file that was merged meanwhile is looked for in the index of the head."""
        disk = self.disk
        if not disk.cold or self.repo is None or away:
            return None
        paths = sorted(set(disk.cold.values()))
        path = paths[r % len(paths)]
        head = self.repo.head
        if path not in head.windows:
            if self.planted == "cold-path-for-ever":
                return None
            where = head.where()
            moved = {key: where[key] for key, old in disk.cold.items() if old == path and key in where}
            disk.cold |= moved
            return f"{self.name} looks where the rows of {path} are now" if moved else None
        wanted = {key for key, at in disk.cold.items() if at == path}
        if self.half_loaded:
            for key in self.half_loaded:
                disk.cold.pop(key, None)
            self.half_loaded = set()
            return f"{self.name} strikes {path}"
        for key, frame in head.files[path]:
            if key in wanted:
                disk.rows.setdefault(key, []).append(frame)
                disk.arrived.append(key)
                if self.planted != "load-in-two":
                    del disk.cold[key]
                if self.planted == "load-adds-digest":
                    known = disk.writers[key[0]]
                    known.digest = (known.digest + digest_part(*key, frame)) % MODULUS
        self.half_loaded = wanted if self.planted == "load-in-two" else set()
        return f"{self.name} loads {path}"

    def bury(self, experiment: str, writers: frozenset[str] = frozenset()) -> None:
        """Rows go, a tombstone stays."""
        disk = self.disk
        own = {writer for writer, held in disk.writers.items() if held.experiment == experiment}
        own |= writers | disk.tombstones.get(experiment, frozenset())
        disk.tombstones[experiment] = frozenset(own)
        for writer in own:
            disk.writers.pop(writer, None)
            disk.durable.pop(writer, None)
        its = {frame.file for key, frames in disk.rows.items() if key[0] in own for frame in frames}
        for table in (disk.rows, disk.cold):
            for key in [key for key in table if key[0] in own]:
                del table[key]  # type: ignore[attr-defined]
        disk.blobs -= its if self.planted == "delete-takes-shared" else its - self.cited()

    # --- files --------------------------------------------------------------------------------------------------------
    def cited(self, *, undurable: bool = False) -> set[int]:
        """Files that rows here cite; of those only that the repo is not known to have."""
        disk = self.disk
        return {
            frame.file
            for (writer, seq), frames in disk.rows.items()
            if not undurable or self.repo is None or seq not in disk.durable.get(writer, ())
            for frame in frames
            if frame.file
        }

    def collect(self) -> set[int]:
        """Remove files that came and that nobody cites."""
        kept = self.cited() if self.planted != "collect-cited" else set[int]()
        gone = self.disk.blobs - kept
        self.disk.blobs &= kept
        return gone

    def make_room(self) -> set[int]:
        """On a full disk: remove what the repo has. A place that is its own home gives nothing up."""
        if self.keeps:
            return set()
        kept = self.cited(undurable=True) if self.planted != "room-for-all" else set[int]()
        gone = self.cited() & self.disk.blobs - kept
        self.disk.blobs -= gone
        return gone

    # --- what befalls it ----------------------------------------------------------------------------------------------
    def crash(self) -> None:
        self.up, self.ready, self.half_loaded = False, self.keeps, set()

    def wipe(self) -> None:
        """A disk that forgets everything; whoever serves it must read the head again."""
        self.wipes += 1
        self.disk = Disk(f"{self.name}.{self.wipes}")
        self.ready, self.half_loaded = self.keeps, set()

    # --- reading and checking -----------------------------------------------------------------------------------------
    def shown(self, experiment: str) -> dict[int, int]:
        """Per step the call whose value a chart shows: the later by (generation, writer, seq)."""
        best: dict[int, tuple[object, int]] = {}
        for key, frames in self.disk.rows.items():
            held = self.disk.writers[key[0]]
            if held.experiment != experiment:
                continue
            rank: object = (held.generation, *key)
            if self.planted == "order-of-arrival":
                rank = self.disk.arrived.index(key)
            for frame in frames:
                if frame.kind == "metrics" and (frame.step not in best or rank > best[frame.step][0]):  # type: ignore[operator]
                    best[frame.step] = (rank, frame.call)
        return {step: call for step, (_, call) in best.items()}

    def check(self, written: dict[Key, int], head: Tree) -> None:
        """What must hold after every step."""
        disk, sums = self.disk, dict[str, int]()
        for key, frames in disk.rows.items():
            if len(frames) != 1 or (key in disk.cold and not self.half_loaded):
                demand(False, "stored twice", f"{key} in {self.name}")
            if written.get(key) != frames[0].call:
                demand(False, "in a place that is not its own", f"{key} in {self.name}")
            sums[key[0]] = (sums.get(key[0], 0) + digest_part(*key, frames[0])) % MODULUS
        held = {(writer, seq) for writer, h in disk.writers.items() for seq in h.held - set(h.holes)}
        if self.planted != "load-in-two":
            wrong = held ^ (set(disk.rows) | set(disk.cold))
            demand(not wrong, "the watermark says other than the rows", f"{sorted(wrong)} in {self.name}")
        cold = {writer for writer, _ in disk.cold}
        for writer, known in disk.writers.items():
            if writer not in cold:
                demand(known.digest == sums.get(writer, 0), "the digest is not that of the rows", writer)
            demand(known.experiment not in disk.tombstones, "a deleted experiment came back", known.experiment)
            if not self.keeps and known.experiment not in head.tombstones:
                end = self.receipt(writer).durable_end
                beyond = set(range(end)) - head.held(writer)
                demand(not beyond, "durable says more than is true", f"{writer}: {end} in {self.name}")
