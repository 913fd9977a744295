"""Which of several ends an experiment keeps."""

import itertools

from trackio_client.store.facts import fold


def end(state, time_us):
    return {"kind": "end", "state": state, "time_us": time_us}


def kept(*events):
    return fold({}, sorted(events, key=lambda one: one[0]))["end"]


def test_of_two_writers_the_end_that_came_last_stands_whatever_their_ids_are():
    for first, second in itertools.permutations(("w_a", "w_b")):
        assert kept(((0, first, 9), end("interrupted", 5)), ((0, second, 3), end("finished", 8)))["state"] == "finished"


def test_a_failure_of_one_writer_is_not_covered_by_another_that_finished():
    for first, second in itertools.permutations(("w_a", "w_b")):
        assert kept(((0, first, 9), end("failed", 5)), ((0, second, 3), end("finished", 8)))["state"] == "failed"


def test_a_second_finish_of_the_same_writer_changes_nothing():
    assert kept(((0, "w_a", 1), end("finished", 5)), ((0, "w_a", 2), end("interrupted", 6)))["time_us"] == 5


def test_a_resumed_experiment_ends_as_its_last_generation_did():
    found = fold(
        {},
        [((0, "w_b", 5), end("failed", 5)), ((1, "w_a", 0), {"kind": "start"}), ((1, "w_a", 4), end("finished", 9))],
    )
    assert (found["end"]["state"], found["end"]["generation"]) == ("finished", 1)
