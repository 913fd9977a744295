"""What became of gold entities, against plain loops; and the names that scores are told under."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackio_client.scoring.errors import NONE, span_errors
from trackio_client.scoring.report import report
from trackio_client.scoring.spans import entity_scores, flat, spans, tagging_of

LABELS = ("O", "B-X", "I-X", "B-Y", "I-Y")


def errors_by_loops(gold, said):
    """The same question asked span by span."""
    kinds = dict.fromkeys(("right", "type", "ends", "type and ends", "missed"), 0)
    for first, end, kind in gold:
        met = [s for s in said if s[0] < end and first < s[1]]
        exact = [s for s in met if s[:2] == (first, end)]
        best = exact or sorted(met, key=lambda s: (-(min(end, s[1]) - max(first, s[0])), s[0]))
        if not best:
            kinds["missed"] += 1
        elif exact:
            kinds["right" if best[0][2] == kind else "type"] += 1
        else:
            kinds["ends" if best[0][2] == kind else "type and ends"] += 1
    made_up = sum(all(s[0] >= end or first >= s[1] for first, end, _ in gold) for s in said)
    return kinds, made_up


def triples(found):
    return list(zip(found.first.tolist(), found.end.tolist(), found.types.tolist(), strict=True))


@pytest.mark.requirement("S4.12")
@given(st.lists(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=9), min_size=1, max_size=5))
@settings(max_examples=200, deadline=None)
def test_errors_of_entities_are_those_found_span_by_span(pairs):
    tagging = tagging_of(LABELS)
    gold, starts = flat([[a for a, _ in one] for one in pairs])
    said, _ = flat([[b for _, b in one] for one in pairs])
    gold, said = np.array(gold, dtype=np.int64), np.array(said, dtype=np.int64)
    scored = entity_scores(tagging, gold, said, starts, "lenient")
    found = span_errors(tagging, scored, gold.size)
    kinds, made_up = errors_by_loops(*(triples(spans(tagging, x, starts, "lenient")) for x in (gold, said)))
    assert (found.kinds, found.made_up) == (kinds, made_up)
    assert found.confusion[:-1].sum(axis=1).tolist() == np.bincount(scored.gold.types, minlength=2).tolist()
    assert found.confusion[-1].sum() == made_up


def test_a_missed_and_a_made_up_entity_stand_in_the_confusion_of_types():
    gold, said = np.array([1, 2, 0, 3, 0]), np.array([3, 4, 0, 0, 1])
    tagging = tagging_of(LABELS)
    told = span_errors(tagging, entity_scores(tagging, gold, said, np.array([0]), "strict"), 5).plain(tagging)
    assert told["labels"] == ["X", "Y", NONE]
    assert told["matrix"] == [[0, 1, 0], [0, 0, 1], [1, 0, 0]]
    assert {(c["gold"], c["predicted"]) for c in told["most_frequent"]} == {("X", "Y"), ("Y", NONE), (NONE, "X")}


def test_tags_that_mark_no_entities_are_scored_as_classes():
    told = report("tokens", ("NOUN", "VERB"), np.array([0, 1, 1]), np.array([0, 1, 0]), np.array([0]))
    assert told.metrics["accuracy"] == 2 / 3
    assert told.entities == {}
    assert "entities" not in told.scores()


def test_of_many_labels_the_rows_with_most_support_are_told_and_the_rest_counted():
    labels = tuple(f"l{i}" for i in range(1_200))
    gold = np.repeat(np.arange(1_200), np.arange(1_200) % 5)
    told = report("single_label", labels, gold, gold, np.zeros(0, dtype=np.int64)).scores()
    assert (len(told["labels"]), told["labels_left_out"]) == (1_000, 200)
    assert min(row["support"] for row in told["labels"].values()) == 0
    assert sum(row["support"] for row in told["labels"].values()) == gold.size


def test_nothing_to_score_tells_no_metric():
    none = np.zeros(0, dtype=np.int64)
    assert report("tokens", LABELS, none, none, none).metrics == {}
    assert report("single_label", LABELS, none, none, none).metrics == {}
