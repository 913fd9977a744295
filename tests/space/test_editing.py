"""Edits of one experiment by several people and tools: nobody's words are written over unseen."""

from __future__ import annotations

import threading

import pytest

pytestmark = pytest.mark.requirement("S1.67")

ONE = "/v1/experiments/exp_a"


def begun(api):
    return api.get(ONE).json()["notes_version"]


def test_of_two_that_edit_the_same_notes_the_second_is_refused_with_what_stands(api, a_batch):
    api.send(a_batch())
    version = begun(api)
    first = api.client.patch(ONE, json={"notes": "warm-up was too short", "notes_version": version})
    assert first.status_code == 200
    assert first.json()["notes_version"] != version
    second = api.client.patch(ONE, json={"notes": "it is the data", "notes_version": version})
    assert second.status_code == 409
    problem = second.json()
    assert problem["type"].endswith("/problems/edited")
    assert (problem["notes"], problem["notes_version"]) == ("warm-up was too short", first.json()["notes_version"])
    assert api.get(ONE).json()["notes"] == "warm-up was too short"
    both = {"notes": "both", "notes_version": problem["notes_version"]}
    assert api.client.patch(ONE, json=both).json()["notes"] == "both"


def test_the_same_words_twice_are_no_conflict_and_an_edit_without_a_version_is_taken(api, a_batch):
    api.send(a_batch())
    version = begun(api)
    for _ in range(2):
        assert api.client.patch(ONE, json={"notes": "same", "notes_version": version}).status_code == 200
    assert api.client.patch(ONE, json={"notes": "by a script"}).json()["notes"] == "by a script"
    # A version is of the notes: a name is edited whatever they say, and nonsense is no version of anything.
    assert api.client.patch(ONE, json={"name": "heron", "notes_version": version}).json()["name"] == "heron"
    for nonsense in (version, "", 7, ["x"], {}):
        refused = api.client.patch(ONE, json={"notes": "x", "notes_version": nonsense})
        assert refused.status_code == 409, nonsense
    assert api.client.patch(ONE, json={"notes_version": version}).status_code == 400  # it changes nothing


def test_of_many_at_once_one_is_taken(api, a_batch):
    api.send(a_batch())
    version = begun(api)
    answers = []

    def write(number):
        answers.append(api.client.patch(ONE, json={"notes": f"by {number}", "notes_version": version}))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    (taken,) = (answer.json()["notes"] for answer in answers if answer.status_code == 200)
    assert api.get(ONE).json()["notes"] == taken


def test_no_notes_are_a_version_too(api, a_batch):
    api.send(a_batch())
    version = begun(api)
    assert api.client.patch(ONE, json={"notes": "x", "notes_version": version}).status_code == 200
    gone = api.client.patch(ONE, json={"notes": None, "notes_version": begun(api)}).json()
    assert (gone["notes"], gone["notes_version"]) == (None, version)
