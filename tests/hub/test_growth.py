"""How a repo grows: 32 writers that flush every five minutes for a month, on a simulated clock.

The plans are the real ones; only the rows are counted instead of written.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace

import pytest

from trackio_client.hub.compaction import ENOUGH, LARGE, bridged, plan, shares
from trackio_client.hub.draft import MOST_FILES, Draft, Window
from trackio_client.hub.index import DataFile, Index
from trackio_client.store.columns import Digest
from trackio_client.store.holdings import Holding
from trackio_client.wire.batches import Ranges

BYTES_A_ROW = 10
FIXED_BYTES = 3_000


@dataclass
class Repo:
    """Counts what a repo would hold."""

    index: Index = field(default_factory=lambda: Index("0"))
    commits: int = 0
    uploaded: int = 0
    most_operations: int = 0
    made: int = 0
    compactions: int = 0
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """By file how many rows of each experiment are in it: the ranges of merged texts close gaps without rows."""

    def take(self, draft: Draft, added: list[tuple[DataFile, dict[str, Ranges]]]) -> None:
        for file, windows in added:
            assert file.rows == sum(self.counts[file.path].values())
            for slot in draft.slots.values():
                mine = {w: held for w, held in windows.items() if w in slot.writers}
                if mine:
                    slot.files[file.path] = replace(file, windows=mine)
            self.uploaded += file.bytes
        operations = len(draft.slots) + len(draft.delete) + len(added)
        if draft.delete or self.commits % 12 == 0:  # the bytes of the index, which take most of the time, now and then
            changed, deleted = draft.changes()
            assert (len(changed), len(deleted)) == (len(draft.slots), len(draft.delete))
        self.most_operations = max(self.most_operations, operations)
        self.commits += 1
        self.index = draft.after(str(self.commits))

    def name(self, kind: str) -> str:
        self.made += 1
        return f"{kind}/{self.made:08d}.parquet"

    def flush(self, rows: dict[str, int], at: int) -> None:
        draft, windows = Draft(self.index), {}
        for experiment, count in rows.items():
            writer = f"w_{experiment}"
            low = self.index.writer(writer).held[0][1] if self.index.writer(writer) else 0
            window = ((low, low + count),)
            holding = Holding(
                writer_id=writer, experiment_id=experiment, generation=0, held=window, digest=Digest(0, 0, count, count)
            )
            draft.hold(draft.place(experiment, "p"), Window(holding, window), Digest(0, 0, 0, count))
            windows[writer] = window
        total = sum(rows.values())
        files = [(DataFile(self.name("metrics"), total, FIXED_BYTES + BYTES_A_ROW * total, {}), windows)]
        self.counts[files[0][0].path] = dict(rows)
        if at % 12 == 0:  # texts and marks, once an hour
            files.append((DataFile(self.name("events"), len(rows), FIXED_BYTES, {}), windows))
            self.counts[files[1][0].path] = dict.fromkeys(rows, 1)
        self.take(draft, files)

    def compact(self) -> None:
        groups = plan(self.index)
        if not groups:
            return
        self.compactions += 1
        draft, added = Draft(self.index), []
        for group in groups:
            rows, windows = Counter[str](), defaultdict[str, list[tuple[int, int]]](list)
            for file in group.files:
                rows.update(self.counts.pop(file.path))
                for writer, held in file.windows.items():
                    windows[writer] += held
            for writer in windows:
                number = self.index.slot_of(writer[2:])
                assert number is not None
                draft.slot(number)
            held_by = bridged(self.index, group.kind, [file.path for file in group.files], windows)
            draft.drop_files(file.path for file in group.files)
            for names in shares(rows):
                count = sum(rows[name] for name in names)
                file = DataFile(self.name(group.kind), count, FIXED_BYTES + BYTES_A_ROW * count, {})
                self.counts[file.path] = {name: rows[name] for name in names}
                added.append((file, {f"w_{name}": held_by[f"w_{name}"] for name in names}))
        self.take(draft, added)


@pytest.mark.requirement("S1.55")
def test_a_month_of_32_writers_stays_within_the_limits_of_the_hub() -> None:
    repo, rows, most = Repo(), 0, 0
    flushes = 30 * 24 * 12
    for at in range(flushes):
        each = {f"exp_{n}": 30 * 10 for n in range(32)}  # ten metrics, a step every ten seconds
        repo.flush(each, at)
        rows += sum(each.values())
        if at % 12 == 11:
            assert repo.commits <= (at // 12 + 1) * 60
        repo.compact()
        most = max(most, len(repo.index.files()))
    data = rows * BYTES_A_ROW
    large = sum(file.bytes >= LARGE for file in repo.index.files().values())
    assert most <= 2 * (2 * ENOUGH + 32 * 2 * ENOUGH) + data // LARGE
    assert most < 1_000
    assert large <= data / LARGE
    assert repo.commits < 1.25 * flushes  # 15 an hour
    assert repo.most_operations < 100
    assert repo.most_operations <= MOST_FILES
    assert repo.uploaded < 4.2 * data  # each row once, and up to three times when files are merged
    assert sum(file.rows for path, file in repo.index.files().items() if path.startswith("metrics")) == rows
    assert max(len(slot.dump()) for slot in repo.index.slots.values()) < 100_000


def test_one_writer_alone_is_merged_as_well() -> None:
    repo = Repo()
    for at in range(3_000):
        repo.flush({"exp_1": 3_000}, at)
        repo.compact()
    data = 3_000 * 3_000 * BYTES_A_ROW
    assert len(repo.index.files()) < 6 * ENOUGH + data // LARGE
    assert repo.uploaded < 4.2 * data


def test_a_thousand_small_experiments_one_after_the_other_share_files() -> None:
    repo = Repo()
    for at in range(1_000):
        repo.flush({f"exp_{at}": 500}, at)
        repo.compact()
    assert len(repo.index.files()) < 100
