"""One commit: what the head lacks of this store, as files, on the head that was read (protocol rules 10 and 11)."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trackio_client.blobs import Blob
from trackio_client.errors import ExperimentNotFound, NotOurs
from trackio_client.hub.attachments import Attachments
from trackio_client.hub.blobs import FOLDER, Outgoing, that_fit
from trackio_client.hub.draft import Draft, Window, Work, plan
from trackio_client.hub.files import tables
from trackio_client.hub.files.parquet import content_name
from trackio_client.hub.files.views import Views, gallery_path, overview_path
from trackio_client.hub.index import Index, Tombstone, rows_path
from trackio_client.hub.reading import RepoReader
from trackio_client.hub.rows import rows_of
from trackio_client.hub.target import Head, RepoFile, Target
from trackio_client.store.columns import Digest
from trackio_client.store.contract import Store
from trackio_client.store.holdings import digests
from trackio_client.store.spans import common
from trackio_client.wire.batches import Ranges

log = logging.getLogger("trackio.hub")

MOST_VIEWS = 40
"""Overviews for the static page in one commit; the rest come with the next ones."""
KINDS = ("experiments", "metrics", "events", "samples", FOLDER)
"""Folders that a configuration of the card stands for."""


@dataclass(slots=True)
class Pushed:
    """What one commit brought."""

    index: Index
    values: int = 0
    events: int = 0
    names: set[str] = field(default_factory=set)
    """Experiments of which something came."""
    deleted: int = 0
    is_all: bool = True
    homes: dict[tuple[str, str], str] = field(default_factory=dict)
    """(experiment, hash) of small files that it brought, and the packs that hold them."""
    lost_files: dict[str, list[str]] = field(default_factory=dict)
    """Experiment and the files (by hash) that events of the commit cite and that this store does not have."""
    marks: dict[str, Ranges] = field(default_factory=dict)
    """Per writer what the commit holds of what this store holds."""


class Committer:
    """Makes commits out of a store. It knows nothing of time; the replicator says when."""

    def __init__(
        self, store: Store, reader: RepoReader, *, origin: str, views: Views | None = None, scratch: Path | None = None
    ) -> None:
        self.store = store
        self.reader = reader
        self.origin = origin
        self.views = views
        self.scratch = scratch
        self.held_back: dict[str, str] = {}
        """Writers whose rows are not what their digest says, and what was seen. They are not pushed."""
        self.attachments = Attachments(reader)
        self._outgoing = Outgoing(store.files)
        self._later: list[str] = []  # experiments whose overview did not fit into the last commit
        self._carded: set[str] | None = None  # configurations that the card names, as far as this process knows

    @property
    def target(self) -> Target:
        return self.reader.target

    def work(self, index: Index, experiments: Collection[str] | None = None) -> Work:
        """What the next commit on this index is to take up."""
        holdings = self.store.holdings()
        tombstones: dict[str, Tombstone] = {}
        if experiments is None:
            tombstones = {name: Tombstone(project, writers) for name, project, writers in self.store.tombstones()}
        else:
            wanted = set(experiments)
            holdings = [h for h in holdings if h.experiment_id in wanted]
        # While a part of the index cannot be read, what was durable is taken for held: rather late than twice.
        trusted = {h.writer_id: h.durable for h in holdings} if index.unreadable else None
        return plan(index, holdings, tombstones, trusted=trusted, skip=self.held_back)

    def commit(self, head: Head, index: Index, experiments: Collection[str] | None = None) -> Pushed | None:
        """Commit what the head lacks (of these experiments), as much as fits; None if there is nothing.

        Raises HubErrors; after HubAway it may have happened. StoreErrors.
        """
        draft = Draft(index)
        with tempfile.TemporaryDirectory(prefix="trackio-", dir=self.scratch) as folder:
            place = Path(folder)
            with self.store.still():  # plan, rows and headers are of one commit of the store
                work = self.work(index, experiments)
                attached = self.attachments.changed() if experiments is None else {}
                if not work and not attached:
                    return None
                pushed = Pushed(index, is_all=work.is_all)
                for name, tombstone in work.bury.items():
                    draft.bury(name, tombstone)
                    pushed.deleted += 1
                first = self._data(draft, work, pushed, place, head)
                if first:
                    return self._ahead(head, index, first)
                touched = [name for name in work.experiments if any(name in s.projects for s in draft.slots.values())]
                told = rows_of(self.store, touched)
            self._show(draft, head, touched, list(work.bury))
            self._rows(draft, index, told, list(work.bury), place)
            self._card(draft, head)
            draft.add.update(attached)
            add, delete = draft.changes()
            if not add and not delete:
                return pushed
            title = f"{_title(pushed)} [{self.origin}]"
            commit = self.target.commit(head.commit, add, delete, title)
            pushed.index = draft.after(commit)
            self._outgoing.brought(pushed.homes)
            self.reader.remember(pushed.index)
            for path, content in add.items():
                if isinstance(content, bytes):
                    self.reader.keep(path, content)
            self.attachments.committed(head.commit, commit, attached)
        for window in work.windows:
            held = pushed.index.writer(window.holding.writer_id)
            if held is not None:
                pushed.marks[held.writer_id] = common(held.held, window.holding.held)
        return pushed

    # --- metrics and events -------------------------------------------------------------------------------------------

    def _ahead(self, head: Head, index: Index, first: Sequence[Blob]) -> Pushed:
        """Large files alone, before the commit of the events that cite them."""
        title = f"{len(first)} files of experiments that follow [{self.origin}]"
        commit = self.target.commit(head.commit, self._outgoing.ahead(first), (), title)
        after = Draft(index).after(commit)
        self.reader.remember(after)
        return Pushed(after, is_all=False)

    def _data(self, draft: Draft, work: Work, pushed: Pushed, place: Path, head: Head) -> Sequence[Blob]:
        """Put rows and files into the draft; or say which files must be in a commit before it."""
        if not work.windows:
            return ()
        extract = self.store.extract([row for window in work.windows for row in window.rows])
        fits = that_fit(work.windows, extract.events, self._outgoing.is_new(draft.index))
        if fits is not None:
            work.windows, work.is_all, pushed.is_all = fits, False, False
            extract = self.store.extract([row for window in fits for row in window.rows])
        found_digests = digests([*extract.points, *extract.events])
        fine: set[str] = set()
        for window in work.windows:
            holding = window.holding
            trial = Draft(draft.index)
            digest = found_digests.get(holding.writer_id, Digest())
            slot = trial.place(holding.experiment_id, self._project(draft, holding.experiment_id))
            trial.hold(slot, window, digest)
            found = slot.writers[holding.writer_id]
            if found.held == holding.held and (found.digest.low, found.digest.high) != (
                holding.digest.low,
                holding.digest.high,
            ):
                self._hold_back(window)
                continue
            fine.add(holding.writer_id)
            draft.hold(draft.place(holding.experiment_id, slot.projects[holding.experiment_id]), window, digest)
        points = [rows for rows in extract.points if rows.writer_id in fine and len(rows.seqs)]
        points.sort(key=lambda rows: (rows.experiment_id, rows.writer_id))
        events = sorted(
            (row for row in extract.events if row.writer_id in fine),
            key=lambda row: (row.experiment_id, row.writer_id, row.seq),
        )
        taken = {w.holding.writer_id: w.ranges for w in work.windows if w.holding.writer_id in fine}
        if points:
            pushed.values = sum(len(rows.seqs) for rows in points)
            self._file(draft, "metrics", place, points, pushed.values, _only(taken, {p.writer_id for p in points}))
        if events:
            pushed.events = len(events)
            self._file(draft, "events", place, events, len(events), _only(taken, {e.writer_id for e in events}))

            def listed() -> set[str]:
                return {file.path for file in self.target.files(head.commit, FOLDER)}

            brings = self._outgoing.plan(draft.index, events, listed)
            if brings.first:
                return brings.first
            pushed.homes = self._outgoing.put(draft, brings, place, listed)
            pushed.lost_files = brings.lost
        pushed.names = {w.holding.experiment_id for w in work.windows if w.holding.writer_id in fine}
        return ()

    def _file(
        self, draft: Draft, kind: str, place: Path, rows: Sequence[Any], count: int, windows: Mapping[str, Ranges]
    ) -> None:
        file = place / f"{kind}.parquet"
        (tables.write_metrics if kind == "metrics" else tables.write_events)(file, rows, held=windows)
        path = content_name(kind, file)
        draft.add_file(path, file, count, windows)

    def _project(self, draft: Draft, experiment_id: str) -> str:
        number = draft.index.slot_of(experiment_id)
        if number is not None and experiment_id in draft.index.slots[number].projects:
            return draft.index.slots[number].projects[experiment_id]
        return self.store.experiment(experiment_id).project

    def _hold_back(self, window: Window) -> None:
        holding = window.holding
        text = (
            f"writer {holding.writer_id} of experiment {holding.experiment_id} is not pushed: its rows are not what "
            "its digest says. The store's file is damaged, or another store pushed other events under this writer"
        )
        self.held_back[holding.writer_id] = text
        log.error("%s", text)

    # --- rows of the experiments --------------------------------------------------------------------------------------

    def _rows(
        self, draft: Draft, index: Index, told: Mapping[str, dict[str, Any]], gone: Sequence[str], place: Path
    ) -> None:
        slots = {s.number: s for s in draft.slots.values()}
        known = self.reader.rows(index.commit, [n for n in slots if n in index.slots]) if index.slots else {}
        for number, slot in slots.items():
            path = rows_path(number)
            if path in self.reader.not_ours:
                continue  # never overwritten; these experiments are restored from their events
            rows = {str(row["experiment_id"]): row for row in known.get(number, [])}
            before = dict(rows)
            for name in gone:
                rows.pop(name, None)
            rows |= {name: row for name, row in told.items() if name in slot.projects}
            if rows == before:
                continue
            if not rows:
                draft.delete.add(path)
                continue
            file = place / f"rows-{number:04x}.parquet"
            tables.write_experiments(file, [rows[name] for name in sorted(rows)])
            draft.add[path] = file.read_bytes()

    # --- what people and pages see ------------------------------------------------------------------------------------

    def _show(self, draft: Draft, head: Head, touched: Sequence[str], gone: Sequence[str]) -> None:
        if self.views is None:
            return
        slots = {name: s.number for s in draft.slots.values() for name in s.projects}
        buried = {name: s.number for s in draft.slots.values() for name in gone if name in s.deleted}
        asked = [*touched, *(name for name in self._later if name not in touched)]
        slots |= {name: n for name in asked if name not in slots and (n := draft.index.slot_of(name)) is not None}
        at_head: dict[str, RepoFile] = {}

        def read(path: str) -> bytes | None:
            if not at_head:
                at_head.update({file.path: file for file in self.target.files(head.commit, "view")})
                at_head[""] = RepoFile("", 0, "")
            file = at_head.get(path) if path else None
            return None if file is None else self.reader.read(path, head.commit, file.blob)

        binned = {name: slots[name] for name in asked if name in slots and self._is_binned(name)}
        buried |= binned
        asked = [name for name in asked if name not in binned]
        if buried:
            read("")  # learns what is there
        files, self._later = self.views.changes(
            self.store, [name for name in asked if name in slots], slots, buried, read, most=MOST_VIEWS
        )
        draft.add.update(files)
        draft.delete |= {
            path for name in buried for path in (overview_path(name), gallery_path(name)) if path in at_head
        }

    def _is_binned(self, experiment_id: str) -> bool:
        try:
            return self.store.experiment(experiment_id).binned is not None
        except ExperimentNotFound:
            return False

    def _card(self, draft: Draft, head: Head) -> None:
        paths = [*draft.add, *draft.index.files()]
        kinds = {path.partition("/")[0] for path in paths if path.endswith(".parquet")} & set(KINDS)
        if draft.index.slots:
            kinds.add("experiments")
        if self._carded is not None and kinds <= self._carded:
            return
        try:
            existing: str | None = self.target.read("README.md", head.commit).decode()
        except NotOurs:
            existing = None  # not there
        except UnicodeDecodeError:
            self.reader.not_ours["README.md"] = "no UTF-8; it is left alone"
            self._carded = kinds
            return
        from trackio_client.hub.files import card

        try:
            configs = {kind: f"{kind}/**/*.parquet" for kind in KINDS if kind in kinds}
            text = card.card(existing, repo=self.target.repo, configs=configs)
            if text != existing:
                draft.add["README.md"] = text.encode()
        except NotOurs as error:
            self.reader.not_ours["README.md"] = error.reason
        self._carded = kinds


def _only(taken: Mapping[str, Ranges], writers: Collection[str]) -> dict[str, Ranges]:
    return {writer: held for writer, held in taken.items() if writer in writers}


def _title(pushed: Pushed) -> str:
    parts = []
    if pushed.values:
        parts.append(f"{pushed.values:,} values")
    if pushed.events:
        parts.append(f"{pushed.events:,} events")
    text = " and ".join(parts) or "What changed"
    if pushed.names:
        text += f" of {len(pushed.names):,} experiment{'s' if len(pushed.names) > 1 else ''}"
    if pushed.deleted:
        text += f"; {pushed.deleted} deleted"
    return text
