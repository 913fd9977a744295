"""The rules of delivery as state machines: no history breaks a promise, and each planted bug is found.

`TRACKIO_TEST_SEED=n` begins at another history, `… pytest -k promise -s` prints what it does.
"""

from __future__ import annotations

import os

import pytest

from tests.model.rules import PLANTED, BrokenPromiseError
from tests.model.search import find, history, run

SEED = int(os.environ.get("TRACKIO_TEST_SEED", "0"))
HISTORIES = 4_000
LONG_HISTORIES = 80_000
ENOUGH = 3_000
"""Histories within which a planted bug must show; most show within a hundred, an idle writer's wipe is rare."""


def test_no_history_of_faults_breaks_a_promise():
    finding = find(range(SEED, SEED + HISTORIES))
    assert finding is None, f"a counter-example:\n{finding}"


@pytest.mark.long
def test_no_history_of_a_great_many_breaks_a_promise():
    finding = find(range(1_000_000 + SEED, 1_000_000 + SEED + LONG_HISTORIES))
    assert finding is None, f"a counter-example:\n{finding}"


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_bug_is_found_and_told_in_few_lines(planted):
    finding = find(range(ENOUGH), planted)
    assert finding is not None, f"{ENOUGH} histories do not show that {PLANTED[planted]}"
    print(f"{PLANTED[planted]}\n{finding}")  # shown with -s: what each rule is for
    assert len(finding.said) <= 20, "a history that a person reads is short"


def test_a_seed_means_the_same_history_every_time():
    features, steps = history(7)
    assert history(7) == (features, steps)
    told: list[list[str]] = [[], []]
    for said in told:
        run(features, steps, said=said)
    assert told[0] == told[1] != []


def test_a_finding_breaks_again_when_its_short_history_is_run():
    finding = find(range(ENOUGH), "merge-outside")
    assert finding is not None
    with pytest.raises(BrokenPromiseError, match=finding.promise):
        run(finding.features, finding.steps, "merge-outside")
    run(finding.features, finding.steps)  # and not where the rule is kept
