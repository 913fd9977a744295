"""What is said of an experiment's state, and with which evidence."""

from __future__ import annotations

import numpy as np
import pytest

from trackio_client.queries.states import state_of
from trackio_client.store.cells import needs_double
from trackio_client.store.contract import ExperimentRecord, MetricSummary


def record(**changes):
    fields = {
        "experiment_id": "exp_1", "project": "digits", "name": "otter", "created_s": 100.0, "last_event_s": 900.0,
        "last_heard_s": 1000.0, "last_step": 1200,
    }  # fmt: skip
    return ExperimentRecord(**{**fields, **changes})


LOSS = MetricSummary(
    metric="train/loss", points=3, bad=0, last=0.41234, last_step=1200, last_time_s=900.0, first_step=0, min=0.4,
    min_step=2, max=1.0, max_step=0, mean=0.6,
)  # fmt: skip


def test_a_silent_experiment_lost_contact_and_says_what_was_heard_last():
    state = state_of(record(), 1061.0, loss=LOSS)
    assert (state.word, state.since_s) == ("lost_contact", 1000.0)
    assert state.evidence == "Last heard: step 1,200, loss 0.4123."


def test_silence_of_a_client_that_tells_no_end_says_so():
    state = state_of(record(client={"client": {"name": "trackio"}}), 1061.0)
    assert state.word == "lost_contact"
    assert state.evidence == "Last heard: step 1,200. Trackio's client tells no end: it may have finished."


def test_an_experiment_that_is_heard_runs():
    assert state_of(record(), 1059.0).word == "running"
    assert state_of(record(), 1059.0, lost_contact_s=10).word == "lost_contact"


@pytest.mark.parametrize(
    ("end", "word", "evidence"),
    [
        ({"state": "finished"}, "finished", "It called finish()."),
        ({"state": "failed", "error": "ValueError", "message": "no data."}, "failed", "ValueError. no data."),
        ({"state": "failed", "message": "gone", "exit_code": 1}, "failed", "Gone. Exit code 1."),
        ({"state": "failed", "error": "torch.OutOfMemoryError"}, "failed", "torch.OutOfMemoryError."),
        ({"state": "failed", "message": "torch.OutOfMemoryError: x"}, "failed", "torch.OutOfMemoryError: x."),
        (
            {"state": "interrupted", "signal": "SIGTERM", "exit_code": 143},
            "interrupted",
            "Signal SIGTERM. Exit code 143.",
        ),
    ],
)
def test_an_ended_experiment_says_how(end, word, evidence):
    state = state_of(record(end={**end, "time_s": 950.0}), 9999.0)
    assert (state.word, state.evidence, state.since_s) == (word, evidence, 950.0)


def test_a_paused_experiment_stays_paused_in_silence():
    assert state_of(record(edited_state="paused"), 9999.0).word == "paused"


@pytest.mark.parametrize(
    ("low", "high", "wide"),
    [
        ([0.0, 1.0], [0.5, 2.0], False),
        ([1e6, 1e6 + 0.001], [1e6, 1e6 + 0.002], True),
        ([1e39], [1e39], True),
        ([np.nan], [np.nan], False),
        ([0.0], [0.0], False),
    ],
)
def test_columns_are_double_where_single_would_lose_figures(low, high, wide):
    assert needs_double(np.array(low), np.array(high)) is wide
