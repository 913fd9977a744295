"""Entity spans: the seven systems of WNUT 2017, and seqeval as an independent oracle on generated tags."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackio_client.scoring.spans import entity_scores_of_texts, flat, spans, tagging_of

seqeval = pytest.importorskip("seqeval.metrics")
from seqeval.scheme import BILOU, IOB2, IOBES  # noqa: E402

F1 = {
    "uh_ritual": 0.4186,
    "spinningbytes.txt": 0.4078,
    "sjtu_adapt.txt": 0.4042,
    "arcada": 0.3998,
    "flytxt": 0.3835,
    "mic-cis.txt": 0.3706,
    "drexel_cci": 0.2630,
}
"""As the data's SOURCE.txt gives them, computed there by other code."""
SUPPORT = {"person": 429, "group": 165, "location": 150, "creative-work": 142, "product": 127, "corporation": 66}


def read_conll(path):
    """Tags of each sentence: the last column; columns are parted by a tab or spaces, lines end with LF or CRLF."""
    sentences, tags = [], []
    for line in path.read_bytes().decode().split("\n"):  # as the file has them: split() takes the CR away
        if line.strip():
            tags.append(line.split()[-1])
        elif tags:
            sentences.append(tags)
            tags = []
    return [*sentences, tags] if tags else sentences


@pytest.fixture(scope="module")
def wnut(test_data):
    folder = test_data / "wnut17"
    systems = {name: read_conll(folder / "submissions" / name) for name in F1}
    return read_conll(folder / "emerging.test.annotated"), systems


@pytest.mark.requirement("S4.13")
@pytest.mark.parametrize("system", F1)
def test_the_f1_of_the_seven_systems_of_wnut17_comes_out_to_four_decimals(wnut, system):
    gold, systems = wnut
    said = systems[system]
    scored = entity_scores_of_texts(gold, said, "lenient").scores
    assert round(scored.micro.f1, 4) == F1[system]
    assert {name: score.support for name, score in scored.labels.items()} == SUPPORT
    assert scored.support == 1079


@pytest.mark.requirement("S4.13")
@pytest.mark.parametrize("system", F1)
def test_strict_and_lenient_scores_of_real_systems_are_those_of_seqeval(wnut, system):
    gold, systems = wnut
    said = systems[system]
    for mode, named in (("lenient", {}), ("strict", {"mode": "strict", "scheme": IOB2})):
        ours = entity_scores_of_texts(gold, said, mode).scores
        theirs = report(gold, said, **named)
        assert ours.micro.f1 == pytest.approx(theirs["micro avg"]["f1-score"], abs=1e-12)
        for average in ("macro", "weighted"):
            found, wanted = getattr(ours, average), theirs[f"{average} avg"]
            assert (found.f1, found.precision, found.recall) == pytest.approx(
                (wanted["f1-score"], wanted["precision"], wanted["recall"])
            )
        for name, score in ours.labels.items():
            wanted = theirs[name]
            assert (score.f1, score.precision, score.recall, score.support) == pytest.approx(
                (wanted["f1-score"], wanted["precision"], wanted["recall"], wanted["support"])
            )


def report(gold, predicted, **named):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # seqeval warns of each ratio over nothing
        return seqeval.classification_report(gold, predicted, output_dict=True, zero_division=0, **named)


def test_broken_tags_of_a_real_system_count_as_spans_only_leniently(wnut):
    gold, systems = wnut
    said = systems["spinningbytes.txt"]
    strict, lenient = (entity_scores_of_texts(gold, said, mode) for mode in ("strict", "lenient"))
    assert (len(strict.predicted), len(lenient.predicted)) == (790, 824)
    assert strict.scores.micro.f1 > lenient.scores.micro.f1


def tags_of(prefixes):
    one = st.one_of(st.just("O"), st.builds("{}-{}".format, st.sampled_from(prefixes), st.sampled_from(["X", "Y-Z"])))
    return st.lists(st.lists(st.tuples(one, one), min_size=1, max_size=9), min_size=1, max_size=6)


def check_against_seqeval(pairs, reading, **named):
    gold = [[a for a, _ in sentence] for sentence in pairs]
    said = [[b for _, b in sentence] for sentence in pairs]
    if not any(tag != "O" for sentence in gold + said for tag in sentence):
        return
    ours = entity_scores_of_texts(gold, said, reading).scores
    wanted = report(gold, said, **named) if ours.support + ours.predicted else None
    if wanted is None:
        return
    for average in ("micro", "macro", "weighted"):
        found, theirs = getattr(ours, average), wanted[f"{average} avg"]
        assert (found.precision, found.recall, found.f1) == pytest.approx(
            (theirs["precision"], theirs["recall"], theirs["f1-score"])
        )
        assert ours.support == theirs["support"]
    for name, score in ours.labels.items():
        if name in wanted:
            theirs = wanted[name]
            assert (score.precision, score.recall, score.f1, score.support) == pytest.approx(
                (theirs["precision"], theirs["recall"], theirs["f1-score"], theirs["support"])
            )
        else:
            assert score.support == score.predicted == 0


@given(tags_of("BI"))
@settings(max_examples=150, deadline=None)
def test_iob_tags_of_any_kind_are_read_as_seqeval_and_conlleval_read_them(pairs):
    check_against_seqeval(pairs, "lenient")


@given(tags_of("BI"))
@settings(max_examples=150, deadline=None)
def test_iob2_tags_are_read_strictly_as_seqeval_reads_them(pairs):
    pairs = [[("B-X", "B-X")], *pairs]  # seqeval names the scheme, ours reads it off the labels: it must show
    check_against_seqeval(pairs, "strict", mode="strict", scheme=IOB2)


@given(tags_of("BIES"))
@settings(max_examples=150, deadline=None)
def test_iobes_tags_are_read_leniently_as_seqeval_reads_them(pairs):
    pairs = [[("B-X", "B-X"), ("E-X", "E-X"), ("O", "O")], *pairs]
    check_against_seqeval(pairs, "lenient")


@given(tags_of("BIES"))
@settings(max_examples=150, deadline=None)
def test_iobes_tags_are_read_strictly_as_seqeval_reads_them(pairs):
    pairs = [[("B-X", "B-X"), ("E-X", "E-X"), ("O", "O")], *pairs]
    check_against_seqeval(pairs, "strict", mode="strict", scheme=IOBES)


@given(tags_of("BILU"))
@settings(max_examples=100, deadline=None)
def test_bilou_tags_are_read_strictly_as_seqeval_reads_them(pairs):
    pairs = [[("B-X", "B-X"), ("L-X", "L-X"), ("U-X", "U-X")], *pairs]
    check_against_seqeval(pairs, "strict", mode="strict", scheme=BILOU)


def places(labels, sentences, mode):
    tags, starts = flat(sentences)
    found = spans(tagging_of(labels), np.array([labels.index(tag) for tag in tags]), starts, mode)
    return list(zip(found.first.tolist(), found.end.tolist(), found.types.tolist(), strict=True))


@pytest.mark.parametrize(
    ("tags", "lenient", "strict"),
    [
        (["I-X", "I-X", "O"], [(0, 2, 0)], []),
        (["B-X", "I-Y", "I-Y"], [(0, 1, 0), (1, 3, 1)], [(0, 1, 0)]),
        (["B-X", "B-X", "I-X"], [(0, 1, 0), (1, 3, 0)], [(0, 1, 0), (1, 3, 0)]),
        (["O", "B-X", "I-X"], [(1, 3, 0)], [(1, 3, 0)]),
        (["O", "O", "O"], [], []),
    ],
)
def test_a_broken_tag_begins_a_span_only_when_it_is_read_leniently(tags, lenient, strict):
    labels = ["O", "B-X", "I-X", "B-Y", "I-Y"]
    assert places(labels, [tags], "lenient") == lenient
    assert places(labels, [tags], "strict") == strict


def test_a_span_ends_with_its_sentence():
    assert places(["O", "B-X", "I-X"], [["B-X"], [], ["I-X", "I-X"]], "lenient") == [(0, 1, 0), (1, 3, 0)]
    assert places(["O", "B-X", "I-X"], [["B-X"], [], ["I-X", "I-X"]], "strict") == [(0, 1, 0)]


def test_labels_without_prefix_beside_an_outside_label_mean_runs():
    assert tagging_of(["O", "PER", "LOC"]).scheme == "IO"
    for mode in ("strict", "lenient"):
        assert places(["O", "PER", "LOC"], [["PER", "PER", "LOC", "O", "PER"]], mode) == [
            (0, 2, 0), (2, 3, 1), (4, 5, 0),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "scheme", "types"),
    [
        (["O", "B-PER", "I-PER"], "IOB2", ("PER",)),
        (["O", "I-PER", "I-LOC"], "IO", ("PER", "LOC")),
        (["B-a", "I-a", "E-a", "S-a", "O"], "IOBES", ("a",)),
        (["U-a", "B-a", "L-a", "I-a", "O"], "IOBES", ("a",)),
        (["O", "S-a", "E-a", "B-a"], "IOBES", ("a",)),
        (["B-creative-work", "I-creative-work", "O", "[PAD]"], "IOB2", ("creative-work",)),
        (["B-<b>", "I-<b>", "O"], "IOB2", ("<b>",)),
        (["O", "S-Bahn", "tram"], "IO", ("S-Bahn", "tram")),
    ],
)
def test_the_scheme_is_read_off_the_labels(labels, scheme, types):
    tagging = tagging_of(labels)
    assert (tagging.scheme, tagging.types) == (scheme, types)


@pytest.mark.parametrize("labels", [["NOUN", "VERB", "DET"], ["LABEL_0", "LABEL_1"], ["O"], []])
def test_labels_that_mark_no_entities_have_no_tagging(labels):
    assert tagging_of(labels) is None


def test_a_number_that_no_label_has_is_outside():
    tagging = tagging_of(["O", "B-X", "I-X"])
    found = spans(tagging, np.array([1, 99, 2, -3]), np.array([0]), "lenient")
    assert found.first.tolist() == [0, 2]


def test_tags_of_different_length_are_refused_with_the_place():
    with pytest.raises(ValueError, match="from sequence 1 on"):
        entity_scores_of_texts([["O"], ["O", "O"]], [["O"], ["O"]], "strict")


@pytest.mark.requirement("S4.11")
def test_a_type_without_gold_or_prediction_is_a_row_that_says_so():
    gold = [["B-X", "O", "B-Z"]]
    said = [["O", "B-Y", "B-Z"]]
    rows = {name: score.plain() for name, score in entity_scores_of_texts(gold, said, "strict").scores.labels.items()}
    assert rows["X"]["note"] == "never predicted"
    assert rows["Y"] == {
        "f1": 0.0, "precision": 0.0, "recall": 0.0, "support": 0, "predicted": 1, "right": 0, "note": "no support",
    }  # fmt: skip
    assert rows["Z"]["f1"] == 1.0
    assert "note" not in rows["Z"]
