"""Who pushes a store to the repo, in single steps between which anything may happen: look, plan, extract, send, hear.

A commit that is on its way lands or not, whether its pusher lives to hear of it or not.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.model.hub.place import Place
from tests.model.hub.repo import PER_HOUR, Held, Key, Repo, Rows, Tree
from tests.model.messages import MODULUS, Frame, digest_part

ENOUGH = 2
"""Files that are worth merging."""
SELDOM = 6
"""One in so many looks at the head is made though there is nothing to push: a Space may be far behind another."""


@dataclass(slots=True, eq=False)
class Upload:
    """A commit on its way."""

    parent: int | None
    tree: Tree
    marks: dict[str, set[int]]
    """By writer what it holds of the store it was made from."""


@dataclass(slots=True)
class Plan:
    """What one commit is to take up."""

    windows: dict[str, set[int]] = field(default_factory=dict)
    bury: dict[str, frozenset[str]] = field(default_factory=dict)
    rows: Rows = ()
    files: frozenset[int] = frozenset()  # that the rows cite and the store has, as the rows were read
    writers: dict[str, Held] = field(default_factory=dict)  # as they were when the rows were read
    merge: bool = False


class Pusher:
    """One process (or thread of a Space) that pushes."""

    def __init__(self, number: int, place: Place, repo: Repo, planted: str, sent: list[Upload]) -> None:
        self.number, self.place, self.repo, self.planted, self.sent = number, place, repo, planted, sent
        self.up = not place.is_staging
        self.merges = False
        self.wanted = False  # a push by hand: of a store that has another home
        self.phase = "idle"
        self.head = Tree()
        self.plan = Plan()
        self.upload: Upload | None = None
        self.answer = ""  # "ok" or "moved" once the upload has landed
        self.after_412 = False
        self.made: Tree | None = None  # planted bug: the head of its own last commit
        self.made_in_hour = 0  # planted bug
        self.noted: dict[str, set[int]] = {}  # planted bug: what it knows to have pushed itself
        self.brought: set[int] = set()  # files that it knows to have brought

    def stop(self) -> None:
        """Killed: what is on its way goes on without it."""
        self.up, self.phase, self.upload, self.answer = False, "idle", None, ""
        self.made, self.after_412, self.noted, self.brought = None, False, {}, set()

    def step(self, r: int, parts_fail: bool) -> str | None:
        """The next step of its work. None: there is none now."""
        if not self.up or not self.place.up:
            return None
        said = getattr(self, f"_{self.phase}")(r, parts_fail)
        return None if said is None else f"pusher {self.number} of {self.place.name} {said}"

    # --- look and plan ------------------------------------------------------------------------------------------------
    def merge(self) -> str | None:
        """Merge files, if there is nothing else to do."""
        if not self.up or not self.place.up or self.phase != "idle" or self.place.keeps:
            return None
        self.merges = True
        said = self.step(0, parts_fail=False)
        self.merges = False
        return said

    def _idle(self, r: int, parts_fail: bool) -> str | None:
        if self.repo.away:
            return None
        if self.place.ready and r % SELDOM and not self._is_behind():
            return None
        was_ready, before = self.place.ready, self.repo.head.number == self.head.number
        self.head = self.repo.head
        self.place.adopt(self.head)
        self.plan, self.wanted = self._made_plan(r), False
        if not (self.plan.windows or self.plan.bury or self.plan.merge):
            return None if was_ready and before else "reads the head"
        counted = self.made_in_hour if self.planted == "own-commits-only" else self.repo.in_hour
        if counted >= PER_HOUR:
            return None if was_ready and before else "reads the head; the hour is full"
        self.phase = "planned"
        what = "a merge" if self.plan.merge else f"{self.plan.windows or ''}{sorted(self.plan.bury) or ''}"
        return f"reads head {self.head.number} and plans {what}"

    def _is_behind(self) -> bool:
        disk = self.place.disk
        if self.place.keeps:
            return self.wanted
        return any(known.held - disk.durable.get(w, set()) for w, known in disk.writers.items()) or any(
            experiment not in self.head.tombstones for experiment in disk.tombstones
        )

    def _known(self, writer: str) -> set[int]:
        """What of a writer need not be pushed: what the head holds."""
        if self.planted == "trim-after-412" and not self.after_412:
            cold = {seq for name, seq in self.place.disk.cold if name == writer}
            return self.noted.get(writer, set()) | cold
        if self.planted == "plan-from-memory" and self.made is not None:
            return self.made.held(writer)
        return self.head.held(writer)

    def _made_plan(self, r: int) -> Plan:
        disk, head, plan = self.place.disk, self.head, Plan()
        if self.planted != "no-tombstone-pushed":
            plan.bury = {e: writers for e, writers in disk.tombstones.items() if e not in head.tombstones}
        for writer, mine in disk.writers.items():
            if mine.experiment in head.tombstones and self.planted != "push-of-deleted":
                continue
            if missing := mine.held - self._known(writer):
                plan.windows[writer] = missing
        parts = max(len(head.windows), len(head.packs))
        plan.merge = self.merges and not plan.windows and not plan.bury and parts >= ENOUGH
        return plan

    # --- extract and send ---------------------------------------------------------------------------------------------
    def _planned(self, r: int, parts_fail: bool) -> str:
        if self.plan.merge:
            return self._go("reads the files to merge", "extracted")
        rows = self._rows()
        if rows is None:
            return self._go("throws its plan away: something was deleted")
        self.plan.rows = rows
        self.plan.files = frozenset({frame.file for _, frame in rows} & self.place.disk.blobs)
        self.plan.writers = {writer: self.place.disk.writers[writer].copy() for writer in self.plan.windows}
        return self._go("extracts the rows", "extracted")

    def _rows(self) -> Rows | None:
        """The rows of the plan, in one read; None if some are gone since (deleted): the plan is no good."""
        rows: list[tuple[Key, Frame]] = []
        for writer, seqs in self.plan.windows.items():
            mine = self.place.disk.writers.get(writer)
            if mine is None:
                return None
            for seq in sorted(seqs - set(mine.holes)):
                frames = self.place.disk.rows.get((writer, seq))
                if frames is None:
                    return None
                rows.append(((writer, seq), frames[0]))
        return tuple(rows)

    def _go(self, said: str, phase: str = "idle") -> str:
        self.phase = phase
        return said

    def _extracted(self, r: int, parts_fail: bool) -> str:
        tree = self._tree(self.plan.merge, parts_fail)
        if tree is None:
            return self._go("finds nothing to merge")
        marks = {
            writer: tree.held(writer) & self.place.disk.held(writer) if not self.plan.merge else set()
            for writer in self.plan.windows
        }
        parent: int | None = self.head.number
        if self.planted == "no-parent" or (self.planted == "compaction-without-parent" and self.plan.merge):
            parent = None
        elif self.planted == "compaction-of-old-index" and self.plan.merge:
            parent = self.repo.head.number
        self.upload, self.answer = Upload(parent, tree, marks), ""
        self.sent.append(self.upload)
        if self.planted == "durable-at-upload":
            self._note(self.upload)
        return self._go(f"sends a commit on {parent}", "waiting")

    def _tree(self, merge: bool, parts_fail: bool) -> Tree | None:
        tree = self.head.copy()
        if merge:
            return tree if self._merge(tree, parts_fail) else None
        for experiment, writers in self.plan.bury.items():
            tree.bury(experiment, writers)
        if self.plan.rows or self.plan.windows:
            self._add(tree)
        return tree

    def _add(self, tree: Tree) -> None:
        """The planned rows as a new file, and the index with them."""
        disk = self.place.disk
        writers = disk.writers if self.planted == "index-past-snapshot" else self.plan.writers
        if self.plan.rows:
            path = f"f{tree.number}.{self.number}.{self.place.wipes}.{sum(seq for (_, seq), _ in self.plan.rows)}"
            while path in tree.files:
                path += "'"
            tree.files[path] = self.plan.rows
            tree.windows[path] = {key for key, _ in self.plan.rows}
            fresh = self.plan.files - (self.brought & tree.packed())
            if fresh and self.planted != "push-without-files":
                tree.packs[path] = tuple(sorted(fresh))
        for writer, seqs in self.plan.windows.items():
            mine = writers.get(writer)
            if mine is None:
                continue
            held = tree.index.setdefault(writer, Held(mine.experiment, mine.generation))
            own = [(key, frame) for key, frame in self.plan.rows if key[0] == writer]
            if self.planted == "digest-before-trim":
                own = [(key, frames[0]) for key, frames in disk.rows.items() if key[0] == writer]
            for key, frame in own:
                held.digest = (held.digest + digest_part(*key, frame)) % MODULUS
            filled = {key[1] for key, _ in self.plan.rows if key[0] == writer}
            held.held |= mine.held if self.planted == "index-past-snapshot" else seqs
            held.holes |= {seq: why for seq, why in mine.holes.items() if seq in seqs}
            held.holes = {seq: why for seq, why in held.holes.items() if seq not in filled}

    def _merge(self, tree: Tree, parts_fail: bool) -> bool:
        """All files become one, if all of them can be read: the ranges and the digest stay."""
        parts = sorted(tree.windows)
        if parts_fail and self.planted == "compaction-skips-a-part":
            read = parts[1:]
        elif parts_fail:
            parts = read = parts[1:]  # what cannot be read stays as it is
        else:
            read = parts
        if len(parts) < 2:
            return self._merge_packs(tree)
        keys = set().union(*(tree.windows[path] for path in parts))
        rows = [pair for path in read for pair in tree.files[path] if pair[0] in tree.windows[path]]
        if self.planted == "compaction-of-files":
            rows = [pair for path in read for pair in self._file(path)]
            keys = {key for key, _ in rows}
        if self.planted == "compaction-forgets-ranges":
            first = tree.windows[parts[0]]
            keys = first
            for writer, held in tree.index.items():
                left = {seq for name, seq in first if name == writer}
                held.held = left | set(held.holes) if left else held.held
        if self.planted == "compaction-drops-tombstones":
            tree.tombstones = {}
        for path in parts:
            del tree.files[path], tree.windows[path]
        path = f"m{tree.number}.{self.number}.{self.place.name}"
        tree.files[path], tree.windows[path] = tuple(rows), keys
        self._merge_packs(tree)
        return True

    def _merge_packs(self, tree: Tree) -> bool:
        """All packs become one: each file once, and none that only deleted experiments cited."""
        parts = sorted(tree.packs)
        if len(parts) < 2:
            return False
        read = parts[:1] if self.planted == "merge-drops-files" else parts
        cited = {frame.file for _, frame in tree.rows()}
        merged = [file for path in read for file in tree.packs[path]]
        for path in parts:
            del tree.packs[path]
        if kept := (merged if self.planted == "merge-doubles-files" else sorted({*merged} & cited)):
            tree.packs[f"m{tree.number}.{self.number}.{self.place.name}"] = tuple(kept)
        return True

    def _file(self, path: str) -> Rows:
        """All rows of a file, deleted ones too: as it was when it was first committed."""
        return next(tree.files[path] for tree in self.repo.commits if path in tree.files)

    # --- hear and note ------------------------------------------------------------------------------------------------
    def _waiting(self, r: int, parts_fail: bool) -> str | None:
        """The answer, if there is one yet."""
        if not self.answer:
            return None
        answer, self.answer = self.answer, ""
        if answer == "ok":
            return self._go("hears that it is committed", "committed")
        self.after_412 = True
        return self._unheard("hears 412")

    def unheard(self) -> str | None:
        """The answer is lost, or was waited for long enough: the commit may have happened, or happen yet."""
        if self.phase != "waiting" or not self.up:
            return None
        if self.planted == "silence-is-success":
            return self._go("takes silence for success", "committed")
        return f"pusher {self.number} of {self.place.name} " + self._unheard("hears nothing")

    def _unheard(self, said: str) -> str:
        if self.planted == "retry-on-new-head" and self.upload is not None and not self.plan.merge:
            self.head = self.repo.head
            return self._go(said + " and tries again on the new head", "extracted")
        return self._go(said)

    def _committed(self, r: int, parts_fail: bool) -> str:
        assert self.upload is not None
        self._note(self.upload)
        self.made, self.after_412 = self.upload.tree, False
        self.brought |= self.plan.files
        self.made_in_hour += 1
        self.upload = None
        return self._go("notes what is durable")

    def _note(self, upload: Upload) -> None:
        """Durable is what the commit holds of what this store holds now."""
        disk = self.place.disk
        if self.place.keeps:
            return
        for writer, seqs in upload.marks.items():
            if writer in disk.writers:
                marked = set(disk.held(writer)) if self.planted == "durable-is-accepted" else seqs & disk.held(writer)
                disk.durable.setdefault(writer, set()).update(marked)
                self.noted.setdefault(writer, set()).update(marked)
