"""Keeps a store and a repo alike: what is new here goes there in one commit a flush, what is new there is known here.

Durable moves only when a commit is known to have happened, to the position inside it. Every commit is planned against
the head and names it as its parent; on conflict the plan is thrown away. All pushers of a repo together stay under 60
commits an hour: the head tells how many there were, and because a commit names its parent, the count is exact.
"""

from __future__ import annotations

import errno
import logging
import random
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from trackio_client.errors import HubAway, HubBusy, HubError, HubMoved, HubRefused, StoreError
from trackio_client.hub.attachments import Attachment
from trackio_client.hub.compaction import Compactor
from trackio_client.hub.files.views import Views
from trackio_client.hub.index import Index, lacking
from trackio_client.hub.pushing import Committer, Pushed
from trackio_client.hub.reading import RepoReader
from trackio_client.hub.standing import Standing, backlog_of
from trackio_client.hub.target import Head, Target
from trackio_client.store.contract import Store
from trackio_client.store.numbering import number_all
from trackio_client.store.spans import common, minus

log = logging.getLogger("trackio.hub")

HOUR_S = 3600.0
COMMITS_PER_HOUR = 60
"""Of all pushers of a repo together; the Hub stops at 128."""
INTERVAL_S = 300.0
SETTLE_S = 0.5
"""After an experiment ended or a push was asked for, before pushing: what comes at the same moment goes with it."""
LOOK_S = 0.5
"""Between looks at whether the store has something new."""
CLOSE_S = 20.0
"""Longest wait for the last push: platforms kill 30 s after they said stop."""
AWAY_S = (2.0, 300.0)
"""First and longest pause while the Hub does not answer."""
MOST_TRIES = 40
"""Plans thrown away in one flush because others were quicker."""
ADOPT_TOGETHER = 250
"""Experiments made known in one transaction, so that nobody who writes waits long."""


@dataclass(slots=True)
class Flushed:
    """What a flush brought."""

    commits: int = 0
    values: int = 0
    events: int = 0
    names: set[str] = field(default_factory=set)
    """Experiments of which something was pushed."""
    deleted: int = 0
    is_all: bool = True
    """Nothing that was there when the last commit was planned is left behind."""
    wait_s: float = 0.0
    """If not: how long until the hour has room for another commit."""
    lost_files: dict[str, list[str]] = field(default_factory=dict)
    """Experiment and the files (by hash) that its events cite and this store does not have: they went without."""
    not_pushed: list[str] = field(default_factory=list)
    """Writers held back, and why."""

    @property
    def experiments(self) -> int:
        """How many experiments something was pushed of."""
        return len(self.names)


class Replicator:
    """Pushes a store to a repo and adopts what others pushed.

    Args:
        store: whose experiments are pushed.
        target: the repo.
        origin: names this pusher in the titles of its commits: 1 to 16 letters and digits, the same after a restart.
        interval_s: between pushes while there is something new.
        views: makes what static pages draw from.
        adopts: also make known to the store what others pushed (a Space); else only mark what is durable.
        marks: note in the store what is durable in this repo; not when another place is its home.
        per_hour: commits an hour of all pushers together.
        create: make the repo if it is missing.
        scratch: folder for temporary files.
    """

    def __init__(
        self,
        store: Store,
        target: Target,
        *,
        origin: str,
        interval_s: float = INTERVAL_S,
        views: Views | None = None,
        adopts: bool = True,
        marks: bool = True,
        per_hour: int = COMMITS_PER_HOUR,
        create: bool = True,
        scratch: Path | None = None,
        on_adopted: Callable[[], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.store = store
        self.target = target
        self.reader = RepoReader(target)
        self.interval_s = interval_s
        self.per_hour = per_hour
        self._committer = Committer(store, self.reader, origin=origin, views=views, scratch=scratch)
        self._compactor = Compactor(self.reader, origin=origin, scratch=scratch)
        self._adopts, self._marks, self._create = adopts, marks, create
        self.on_adopted = on_adopted or (lambda: None)
        """Called when experiments of others became known: there may be something to load."""
        self._clock, self._wait = clock, wait
        self._busy = threading.Lock()
        self._state = Standing()
        self._changed = threading.Condition()
        self._asked_at: float | None = None
        self._nothing_at = -1  # the store's position at which nothing was behind
        self._stopping = self._push_last = False
        self._thread = threading.Thread(target=self._run, name="trackio-replicator", daemon=True)
        self.ready = threading.Event()
        """The head was read once: the store may answer its writers (protocol rule 8)."""

    def attach(self, attachment: Attachment) -> None:
        """Let a small file travel with the repo. Before `start`."""
        self._committer.attachments.add(attachment)

    @property
    def is_ready(self) -> bool:
        return self.ready.is_set()

    # --- by hand ------------------------------------------------------------------------------------------------------

    def refresh(self) -> Index:
        """Read the head and make known to the store what it holds. Raises HubErrors, StoreErrors."""
        with self._busy:
            return self._look()[1]

    def flush(self, *, experiments: Collection[str] | None = None) -> Flushed:
        """Commit until all is there that was there when the last commit was planned, or the hour is full.

        Args:
            experiments: push only these, and delete nothing.

        Raises:
            HubError: of the attempt that failed; what was committed before it is in the repo. StoreError.
        """
        with self._busy:
            return self._flush(experiments)

    def _flush(self, experiments: Collection[str] | None) -> Flushed:
        done, tries = Flushed(), 0
        while True:
            head, index = self._look()
            if self._adopts:  # it is the home of these experiments, not a copy of them that is pushed by hand
                number_all(self.store)
            if head.hour >= self.per_hour and (self._committer.work(index, experiments) or self.is_behind()):
                done.is_all, done.wait_s = False, max(1.0, HOUR_S - head.oldest_age_s)
                break
            try:
                pushed = self._committer.commit(head, index, experiments)
            except HubMoved:
                tries += 1
                if tries >= MOST_TRIES:
                    raise
                self._wait(random.uniform(0, min(2.0, 0.1 * 2**tries)))
                continue
            if pushed is None:
                self._tidy(head, index, done)
                break
            self._note(pushed, done)
            if pushed.is_all:  # what came meanwhile waits for the next flush: writers that go on would never end this
                after = replace(head, commit=pushed.index.commit, hour=head.hour + 1)
                self._tidy(after, pushed.index, done)
                break
        done.not_pushed = list(self._committer.held_back.values())
        if done.is_all:
            self._state.problem = None
        return done

    def _note(self, pushed: Pushed, done: Flushed) -> None:
        done.values += pushed.values
        done.events += pushed.events
        done.names |= pushed.names
        done.deleted += pushed.deleted
        for name, lost in pushed.lost_files.items():
            done.lost_files.setdefault(name, []).extend(lost)
            log.warning("experiment %s cites files that are not here (%d); its events go without them", name, len(lost))
        if pushed.index.commit != self._state.head:
            done.commits += 1
            self._state.committed(self._clock(), pushed.index.commit)
        if self._marks and pushed.marks:
            holes = {w: held.holes for w in pushed.marks if (held := pushed.index.writer(w)) is not None}
            self.store.mark_durable(pushed.marks, holes=holes)

    def _tidy(self, head: Head, index: Index, done: Flushed) -> None:
        """Merge small files of the repo when there are many, and the hour has room to spare."""
        if head.hour >= self.per_hour - 6:
            return
        try:
            commit = self._compactor.step(head, index)
        except HubMoved:
            return  # somebody pushed meanwhile; the files are as they were
        if commit is not None:
            done.commits += 1
            self._state.committed(self._clock(), commit)

    # --- what others pushed -------------------------------------------------------------------------------------------

    def _look(self) -> tuple[Head, Index]:
        try:
            head = self.target.head()
        except HubRefused as error:
            if not (self._create and error.status == 404):
                raise
            self.target.create()
            head = self.target.head()
        index = self.reader.index(head.commit)
        self._take(index)
        self._committer.attachments.join(head.commit)
        self._state.looked(self._clock(), head, index)
        self.ready.set()
        return head, index

    def _take(self, index: Index) -> None:
        """Make known to the store what the head holds."""
        self._nothing_at = -1
        here = {holding.writer_id: holding for holding in self.store.holdings()}
        if self._adopts:
            buried = {name for name, _, _ in self.store.tombstones()}
            for name, tombstone in list(index.tombstones()):
                if name not in buried:
                    self.store.bury(name, tombstone.project, tombstone.writers)
        marks, unknown = {}, dict[str, None]()
        for writer, held in index.writers.items():
            mine = here.get(writer)
            if mine is None or lacking(held, mine):
                unknown[held.experiment_id] = None
            if mine is not None and mine.experiment_id == held.experiment_id:
                both = common(held.held, mine.held)
                if minus(both, mine.durable):
                    marks[writer] = both
        if marks and self._marks:
            self.store.mark_durable(marks, holes={writer: index.writers[writer].holes for writer in marks})
        if unknown and self._adopts:
            names = list(unknown)
            for start in range(0, len(names), ADOPT_TOGETHER):
                self.store.adopt(self.reader.adopted(index, names[start : start + ADOPT_TOGETHER]))
            self.on_adopted()

    # --- the thread ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()

    def ask(self) -> None:
        """Push soon: an experiment ended, or somebody waits."""
        with self._changed:
            if self._asked_at is None:
                self._asked_at = self._clock()
            self._changed.notify_all()

    def close(self, *, push: bool = True, wait_s: float = CLOSE_S) -> None:
        """Stop; with `push`, what is behind goes in a last commit. Waits at most `wait_s` for a Hub that is slow."""
        with self._changed:
            self._stopping, self._push_last = True, push
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(wait_s)
            if self._thread.is_alive():
                log.warning("the Hub is slow: the last push is left to the next start; clients keep what it lacks")
        elif push:
            self._push_once_more()

    def _push_once_more(self) -> None:
        if not (self.is_ready and self.is_behind()):
            return
        try:
            self.flush()
        except (HubError, StoreError) as error:
            log.warning("the last push failed: %s", error)

    def _run(self) -> None:
        pause = AWAY_S[0]
        looked_at = -1
        asked: float | None = None
        while not self._stopping:
            position, asked = looked_at, None
            try:
                if not self.is_ready:
                    self.refresh()
                else:
                    position = self.store.position()
                    if position != looked_at and self._something_ended(looked_at) and self.is_behind():
                        self.ask()
                    if self._is_due():
                        self._asked_at, asked = None, self._asked_at
                        done = self.flush()
                        self._state.next_at = self._clock() + self.interval_in_force()
                        if not done.is_all:
                            self._state.problem = (
                                f"the repo has had {self.per_hour} commits within an hour; "
                                f"the next push is in {done.wait_s:.0f} s"
                            )
                            self._sleep(done.wait_s, wakes=False)
                            self._asked_at = asked
                            continue
                    elif self._clock() >= self._state.looked_at + max(self.interval_in_force(), 5.0):
                        self.refresh()
                self._state.problem = None
                pause, looked_at = AWAY_S[0], position
            except (HubError, StoreError, OSError) as error:
                text = _full_disk(error) if isinstance(error, OSError) else str(error)
                self._state.problem = text
                log.warning("the push waits: %s", text)
                self._asked_at = self._asked_at or asked  # who asked still waits for it
                wait = pause
                if isinstance(error, HubBusy):
                    wait = max(pause, error.retry_after_s)
                elif isinstance(error, HubRefused):
                    wait = max(pause, 30.0)
                elif not isinstance(error, HubAway | HubMoved):
                    wait = max(pause, 5.0)
                pause = min(AWAY_S[1], pause * 2)
                self._sleep(wait * random.uniform(0.8, 1.2), wakes=False)
                continue
            except Exception as error:  # a thread's outermost loop: the Space must go on
                log.exception("the push failed; it is tried again")
                self._state.problem = f"a mistake of the server ({type(error).__name__}); its log says what happened"
                self._sleep(30.0, wakes=False)
                continue
            self._sleep(LOOK_S, wakes=True)
        if self._push_last:
            self._push_once_more()

    def _sleep(self, seconds: float, *, wakes: bool) -> None:
        """Wait; a question ends it early if `wakes`. Stopping always does."""
        until = self._clock() + seconds
        with self._changed:
            while not self._stopping and (left := until - self._clock()) > 0:
                if wakes and self._asked_at is not None and left > SETTLE_S:
                    left = SETTLE_S
                    until = min(until, self._clock() + SETTLE_S)
                self._changed.wait(min(left, 1.0))

    def _something_ended(self, since: int) -> bool:
        if since < 0:
            return False
        return any(record.end is not None for record in self.store.experiments(since=since))

    def _is_due(self) -> bool:
        now = self._clock()
        if self._asked_at is not None and now >= self._asked_at + SETTLE_S:
            return True
        return now >= self._state.next_at and self.is_behind()

    def is_behind(self) -> bool:
        """Whether the store has something that the repo lacks, as far as the store knows."""
        if self._committer.attachments.changed():
            return True
        position = self.store.position()
        if position == self._nothing_at:  # asked twice a second: what did not change is not counted again
            return False
        buried = self._state.buried
        behind = any(h.writer_id not in self._committer.held_back for h in self.store.holdings(behind=True))
        if behind or (self._adopts and any(name not in buried for name, _, _ in self.store.tombstones())):
            return True
        self._nothing_at = position
        return False

    def interval_in_force(self) -> float:
        """Seconds between pushes: as set, and longer while many push to the repo."""
        head = self._state.last_head
        if head is None or head.hour < self.per_hour / 2:
            return self.interval_s
        return max(self.interval_s, 1.2 * max(1, head.pushers) * HOUR_S / self.per_hour)

    # --- what people see ----------------------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """Where the push stands: for the page, `/v1/health` and the command line. Times are seconds; no token."""
        behind = self.store.holdings(behind=True)
        return {
            "repo": self.target.repo,
            "ready": self.is_ready,
            **self._state.told_at(self._clock(), backlog_of(behind), is_asked=self._asked_at is not None),
            "interval_s": round(self.interval_in_force(), 1),
            "not_ours": [{"path": path, "reason": why} for path, why in sorted(self.reader.not_ours.items())],
            "held_back": [*self._committer.held_back.values(), *self.store.damaged()],
        }


def _full_disk(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "there is no room on the server's disk: a push writes what it uploads there first. Nothing is lost"
    return f"the server's disk: {error}"
