"""Experiments between a store and a repo, at a user's word: push, pull, copies to restore from, and restoring.

What lies in a repo is never rewritten by any of these. A pull and a restore only add to a store; one to a point in
time goes into a store or a repo of its own, so that what came later stays where it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trackio_client.errors import ExperimentNotFound, HubRefused, UsageError
from trackio_client.hub.fetching import Fetcher
from trackio_client.hub.files.views import Views
from trackio_client.hub.index import Index, span
from trackio_client.hub.loading import Loader
from trackio_client.hub.reading import RepoReader
from trackio_client.hub.replicator import Flushed, Replicator
from trackio_client.hub.target import Head, RepoFile, Target
from trackio_client.store.columns import Digest
from trackio_client.store.contract import Store
from trackio_client.store.numbering import number_all
from trackio_client.store.spans import common

ADOPT_TOGETHER = 250
"""Experiments made known to a store in one transaction."""
Tell = Callable[[str], None]


def quiet(text: str) -> None:
    """Tell nobody how it gets on."""


# --- out of a store ------------------------------------------------------------------------------------------------


def push(store: Store, target: Target, experiments: Collection[str], *, origin: str) -> Flushed:
    """Bring experiments of a store to a repo, which is made (private) when missing.

    The store's own notes of what is durable stay as they are: another place may be its home. What the repo holds
    already is left out, so a second push of the same changes nothing.

    Raises:
        HubErrors, StoreErrors: what was committed before is in the repo; to push again goes on after it.
    """
    replicator = Replicator(store, target, origin=origin, views=Views(), adopts=False, marks=False)
    return replicator.flush(experiments=experiments)


def chosen(store: Store, names: Sequence[str], project: str | None) -> list[str]:
    """Ids of the experiments that are meant by ids or names, of one project or of all.

    Raises:
        ExperimentNotFound: one of them is not here. UsageError: a name that several experiments have.
    """
    records = store.experiments(project)
    found = []
    for name in names:
        alike = [one.experiment_id for one in records if name in (one.experiment_id, one.name)]
        exact = [one for one in alike if one == name]
        found.append(_one(exact or alike, name, "here" if project is None else f"in project {project!r} here"))
    return list(dict.fromkeys(found)) if names else [one.experiment_id for one in records]


def _one(alike: Sequence[str], name: str, where: str) -> str:
    if not alike:
        raise ExperimentNotFound(f"there is no experiment {name!r} {where}")
    if len(alike) > 1:
        raise UsageError(f"{len(alike)} experiments are named {name!r}: give one of the ids {', '.join(alike[:5])}")
    return alike[0]


# --- into a store --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Pulled:
    """What came from a repo."""

    commit: str
    experiments: list[str] = field(default_factory=list)
    """That are now here with all that the repo holds of them."""
    added: int = 0
    """Frames that were not here before."""
    values: int = 0
    """Single values of these experiments, here now."""
    incomplete: dict[str, str] = field(default_factory=dict)
    """Experiment and what is missing or not as it should be."""
    lost_files: dict[str, list[str]] = field(default_factory=dict)
    """Experiment and the files (by hash) that its events cite and the repo does not have."""
    deleted: list[str] = field(default_factory=list)
    """Experiments that were deleted here: they are not brought back."""
    not_ours: dict[str, str] = field(default_factory=dict)
    """Files of the repo that cannot be read, and why. They were passed over."""


class Pinned:
    """A repo as it was at one commit; it cannot be written."""

    def __init__(self, target: Target, commit: str) -> None:
        self.repo, self._target, self._commit = target.repo, target, commit

    def head(self) -> Head:
        return Head(self._commit, 0, 0.0, 0)

    def files(self, commit: str, prefix: str) -> Sequence[RepoFile]:
        return self._target.files(commit, prefix)

    def read(self, path: str, commit: str) -> bytes:
        return self._target.read(path, commit)

    def fetch(self, path: str, commit: str, into: Path) -> None:
        self._target.fetch(path, commit, into)

    def commit(self, parent: str, add: Mapping[str, bytes | Path], delete: Sequence[str], title: str) -> str:
        raise HubRefused(f"{self.repo} is read at commit {self._commit[:8]}, and not written")

    def create(self, *, private: bool | None = None) -> bool:
        return False


def pull(
    target: Target,
    store: Store,
    names: Sequence[str] = (),
    *,
    project: str | None = None,
    commit: str | None = None,
    tell: Tell = quiet,
) -> Pulled:
    """Bring experiments from a repo into a store, and check counts and digests of what came.

    Args:
        target: the repo.
        store: takes them; what it has of them already is kept and not read again.
        names: ids or names; none means all.
        project: only of this project.
        commit: as the repo was then; None is now.
        tell: is told how it gets on.

    Raises:
        ExperimentNotFound: the repo does not hold one of them. HubErrors, StoreErrors: what came before stays.
    """
    pinned = Pinned(target, commit or target.head().commit)
    reader = RepoReader(pinned)
    index = reader.index(pinned.head().commit)
    wanted = _wanted(reader, index, names, project)
    gone = {name for name, _, _ in store.tombstones()}
    pulled = Pulled(index.commit, deleted=[name for name in wanted if name in gone])
    wanted = [name for name in wanted if name not in gone]
    before = _held(store, wanted)
    for start in range(0, len(wanted), ADOPT_TOGETHER):
        store.adopt(reader.adopted(index, wanted[start : start + ADOPT_TOGETHER]))
    loader = Loader(store, reader)
    try:
        for number, name in enumerate(wanted, 1):
            tell(f"{number:,} of {len(wanted):,} experiments")
            loader.load_all([name])
    finally:
        loader.close()
    fetcher, lacking = Fetcher(store, reader), dict[str, list[str]]()
    for name in wanted:
        with contextlib.suppress(ExperimentNotFound):  # nothing of it could be read: told below
            if lost := fetcher.bring_all(index, name):
                lacking[name] = lost
    for name, lost in lacking.items():  # after all: what one experiment lost another one may have brought again
        if lost := [sha256 for sha256 in lost if store.files.path(sha256) is None]:
            pulled.lost_files[name] = lost
    _check(store, index, wanted, pulled)
    pulled.added = sum(_held(store, wanted).values()) - sum(before.values())
    pulled.not_ours = dict(reader.not_ours)
    number_all(store)  # artifacts that nobody has numbered yet
    return pulled


def _wanted(reader: RepoReader, index: Index, names: Sequence[str], project: str | None) -> list[str]:
    """Ids, the newest experiment last."""
    there = {name: slot.number for name, of, slot in index.experiments() if project in (None, of)}
    if not names:
        return list(there)
    called: dict[str, list[str]] = {}
    if any(name not in there for name in names):
        for rows in reader.rows(index.commit, sorted(set(there.values()))).values():
            for row in rows:
                if str(row["experiment_id"]) in there:
                    called.setdefault(str(row["name"]), []).append(str(row["experiment_id"]))
    where = f"in {reader.target.repo}" + (f", project {project!r}" if project is not None else "")
    return list(dict.fromkeys(_one([name] if name in there else called.get(name, []), name, where) for name in names))


def _held(store: Store, experiments: Collection[str]) -> dict[str, int]:
    """Frames here, by writer."""
    mine = set(experiments)
    return {h.writer_id: span(h.held) for h in store.holdings() if h.experiment_id in mine}


def _check(store: Store, index: Index, experiments: Iterable[str], pulled: Pulled) -> None:
    """Whether all that the repo told of is here, by ranges and by digests computed from single values."""
    receipts = {h.writer_id: h for h in store.holdings()}
    for name in experiments:
        number = index.slot_of(name)
        told = [] if number is None else index.slots[number].of(name)
        try:
            audited = store.audit(name)
        except ExperimentNotFound:
            pulled.incomplete[name] = "nothing of it could be read"
            continue
        cold = sorted({entry.path for entry in store.cold([name])})
        missing = sum(
            span(h.held) - (span(common(h.held, receipts[h.writer_id].held)) if h.writer_id in receipts else 0)
            for h in told
        )
        strange = [w for w, digest in audited.items() if w in receipts and digest != receipts[w].digest.hex()]
        if cold:
            pulled.incomplete[name] = f"not all of it can be read: {', '.join(cold[:3])}"
        elif missing:
            pulled.incomplete[name] = f"{missing:,} events are missing"
        elif strange:
            pulled.incomplete[name] = f"digests differ of {', '.join(strange[:3])}"
        else:
            pulled.experiments.append(name)
            total = Digest()
            for holding in receipts.values():
                if holding.experiment_id == name:
                    total = total + holding.digest
            pulled.values += total.points
