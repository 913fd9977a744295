"""The rules of the repo as state machines: no history breaks a promise, and each planted bug is found.

Spaces whose disks are wiped, stores beside trainers, laptops, commits that conflict or whose answers are lost,
merging, deletion; files that are put, cited, deleted by hand, wiped with a disk and brought again.
`TRACKIO_TEST_SEED=n` begins at another history, `TRACKIO_TEST_HISTORIES=n` runs so many; `python -m tests.model` prints
the table.
"""

from __future__ import annotations

import os

import pytest

from tests.model.hub.chances import features_for
from tests.model.hub.rules import HARMLESS, PLANTED
from tests.model.hub.table import ENDINGS, LINES, RIGHT, outcome
from tests.model.search import HUB, find

SEED = int(os.environ.get("TRACKIO_TEST_SEED", "0"))
HISTORIES = 600
FILE_HISTORIES = int(os.environ.get("TRACKIO_TEST_HISTORIES", "150"))
LONG_HISTORIES = int(os.environ.get("TRACKIO_TEST_HISTORIES", "20000"))
ENOUGH = 1_200
"""Histories within which a planted bug must show; most show in the first ten."""

pytestmark = pytest.mark.requirement("S1.50", "S1.51", "S1.52", "S1.53")


def test_no_history_of_spaces_and_a_repo_breaks_a_promise():
    finding = find(range(SEED, SEED + HISTORIES), model=HUB)
    assert finding is None, f"a counter-example:\n{finding}"


def test_no_history_with_files_has_an_event_durable_without_them_or_a_file_twice():
    """Beside those drawn above: files in every one, some deleted by hand."""
    finding = find(
        range(SEED, SEED + FILE_HISTORIES), model=HUB, features=lambda drawn: drawn | {"files", "lost files"}
    )
    assert finding is None, f"a counter-example:\n{finding}"


@pytest.mark.long
def test_no_history_of_a_great_many_with_a_repo_breaks_a_promise():
    finding = find(range(1_000_000 + SEED, 1_000_000 + SEED + LONG_HISTORIES), model=HUB)
    assert finding is None, f"a counter-example:\n{finding}"


@pytest.mark.parametrize("planted", PLANTED)
def test_a_bug_planted_into_pushing_or_restoring_is_found(planted):
    finding = find(range(ENOUGH), planted, HUB, lambda drawn: features_for(planted, drawn))
    assert finding is not None, f"{ENOUGH} histories do not show that {PLANTED[planted]}"
    print(f"{PLANTED[planted]}\n{finding}")  # shown with -s: what each rule is for


@pytest.mark.parametrize("planted", HARMLESS)
def test_what_is_called_harmless_breaks_no_promise(planted):
    finding = find(range(SEED, SEED + 150), planted, HUB, lambda drawn: features_for(planted, drawn))
    assert finding is None, f"{HARMLESS[planted]}, but:\n{finding}"


def test_the_lines_of_the_table_say_what_they_show():
    for line in LINES:
        ends = {outcome(line, seed, watches=bool(seed % 2)) for seed in range(3)}
        assert ends <= {RIGHT, *ENDINGS}
        if line.text.endswith("all rules"):
            assert ends == {RIGHT}, line.text
