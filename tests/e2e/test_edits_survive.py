"""What people change on a page outlives a killed Space and a full disk: tags, notes, the bin, saved views."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.e2e.machines import Space, until
from trackio_client.wire.batches import FRAMES_TYPE, Batch, pack
from trackio_client.wire.events import new_experiment_id, new_writer_id
from trackio_client.wire.frames import Schema, event_frame, metrics_frame

pytestmark = pytest.mark.crash
PEOPLE, KILLS, EDITS = 4, 5, 60


def logged(space: Space, project: str) -> str:
    """An experiment with a few values that ended."""
    experiment, schema = new_experiment_id(), Schema(("loss",))
    frames = [metrics_frame(schema, step, step, [1 / (step + 1)]) for step in range(5)]
    start = event_frame({"kind": "start", "time_us": 1, "project": project, "name": "one"})
    batch = Batch(
        writer_id=new_writer_id(), experiment_id=experiment, project=project, generation=0, first_seq=0, count=6,
        first_held=0, body=schema.frame + start + b"".join(frames),
    )  # fmt: skip
    answer = httpx.post(
        f"{space.url}/v1/writers/{batch.writer_id}/events", content=pack(batch), headers={"Content-Type": FRAMES_TYPE}
    )
    answer.raise_for_status()
    return experiment


class Person:
    """Changes one experiment again and again; what is not answered is asked once more, as a person would."""

    def __init__(self, space: Space, experiment: str, rng: random.Random) -> None:
        self.space, self.experiment, self.rng = space, experiment, rng
        self.tags: set[str] = set()
        self.notes, self.is_binned = "", False
        self.views: set[str] = set()
        self.repeats, self.trouble = 0, ""
        self.client = httpx.Client(base_url=space.url, timeout=30)

    def ask(self, method: str, path: str, content: Any = None, done: Callable[[httpx.Response], bool] | None = None):
        """Until it is answered. `done` knows the answer to a change that a lost answer had already made."""
        again = False
        deadline = time.monotonic() + 120
        while True:
            assert time.monotonic() < deadline, f"{method} {path} is not answered"
            try:
                answer = self.client.request(method, path, json=content)
            except httpx.HTTPError:
                again, self.repeats = True, self.repeats + 1
                time.sleep(0.05)
                continue
            if answer.status_code == 503:  # it has just started
                time.sleep(0.05)
                continue
            if answer.status_code == 200 or (again and done is not None and done(answer)):
                return
            raise AssertionError(f"{method} {path} {content}: {answer.status_code} {answer.text}")

    def act(self, number: int) -> None:
        what = self.rng.choice(["tag", "untag", "note", "bin", "view"])
        one = {"experiments": [self.experiment]}
        if self.is_binned:
            self.ask("POST", "/v1/bin/restore", one, lambda answer: "is not in the bin" in answer.text)
            self.is_binned = False
        elif what == "tag":
            self.ask("POST", "/v1/edits", {**one, "add_tags": [f"tag {number % 9}"]})
            self.tags.add(f"tag {number % 9}")
        elif what == "untag":
            self.ask("POST", "/v1/edits", {**one, "remove_tags": [f"tag {number % 9}"]})
            self.tags.discard(f"tag {number % 9}")
        elif what == "note":
            self.ask("PATCH", f"/v1/experiments/{self.experiment}", {"notes": f"note {number} <b>'\"🦦"})
            self.notes = f"note {number} <b>'\"🦦"
        elif what == "bin":
            self.ask("POST", "/v1/bin", one, lambda answer: "is in the bin" in answer.text)
            self.is_binned = True
        else:
            name = f"{self.experiment} {number}"
            view = {"name": name, "address": f"view=table&search={number}"}
            self.ask("POST", "/v1/projects/edited/views", view, lambda answer: answer.status_code == 409)
            self.views.add(name)

    def work(self, count: int) -> None:
        try:
            for number in range(count):
                self.act(number)
        except Exception as error:  # told by the test's own thread
            self.trouble = repr(error)


def holds(space: Space, people: list[Person]) -> None:
    """All that was answered is there, and nothing else."""
    in_bin = {row["experiment_id"] for row in space.get("/v1/bin?project=edited")["experiments"]}
    assert in_bin == {one.experiment for one in people if one.is_binned}
    for one in people:
        if one.is_binned:
            one.client.post("/v1/bin/restore", json={"experiments": [one.experiment]}).raise_for_status()
        facts = space.get(f"/v1/experiments/{one.experiment}")
        assert (set(facts["tags"]), facts["notes"] or "", facts["last_step"]) == (one.tags, one.notes, 4)
    names = [view["name"] for view in space.get("/v1/projects/edited/views")["views"]]
    assert sorted(names) == sorted(name for one in people for name in one.views)
    for one in people:
        one.client.close()


def test_edits_that_were_answered_hold_when_the_space_is_killed_in_the_middle(own_space, rng, tell):
    own_space.start()
    people = [Person(own_space, logged(own_space, "edited"), random.Random(rng.random())) for _ in range(PEOPLE)]
    threads = [threading.Thread(target=one.work, args=(EDITS,)) for one in people]
    for thread in threads:
        thread.start()
    kills = 0
    while kills < KILLS and any(thread.is_alive() for thread in threads):
        time.sleep(rng.uniform(0.05, 0.4))
        own_space.kill()
        kills += 1
        own_space.start()
    for thread in threads:
        thread.join(120)
    assert [one.trouble for one in people] == [""] * PEOPLE
    holds(own_space, people)
    asked = sum(one.repeats for one in people)
    tell(f"{kills} kills of the Space under {PEOPLE * EDITS} edits: all answered ones hold, {asked} asked again")


def test_a_full_disk_refuses_edits_in_words_and_what_was_answered_holds(small_disk, rng, tmp_path):
    disk = small_disk("space-disk", 6_000)
    space = Space(disk / "data", log=tmp_path / "space.log").start()
    people: list[Person] = []
    try:
        people += [Person(space, logged(space, "edited"), random.Random(rng.random())) for _ in range(3)]
        for one in people:
            one.work(10)
            assert one.trouble == ""
        first = people[0]
        if first.is_binned:
            first.act(0)  # brings it back
        filler = disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb") as file:
            file.write(b"\0" * 8_000_000)
        refused = []
        for number in range(400):
            note = "n" * 240 + str(number)
            answer = first.client.patch(f"/v1/experiments/{first.experiment}", json={"notes": note})
            view = {"name": f"full {number}", "address": "search=" + "s" * 3000}
            shared = first.client.post("/v1/shares", json={"experiments": [first.experiment], "name": note})
            saved = first.client.post("/v1/projects/edited/views", json=view)
            if answer.status_code == 200:
                first.notes = note
            if saved.status_code == 200:
                first.views.add(view["name"])
            refused = [each for each in (answer, saved, shared) if each.status_code != 200]
            if len(refused) == 3:
                break
        assert [each.status_code for each in refused] == [507, 507, 507], [each.text for each in refused]
        assert all("no room on the disk" in each.json()["detail"] for each in refused)
        assert all(each.json()["hint"] for each in refused)
        assert space.get(f"/v1/experiments/{first.experiment}")["last_step"] == 4, "reading goes on"
        filler.unlink()
        until(
            lambda: (
                first.client.post(
                    "/v1/edits", json={"experiments": [first.experiment], "add_tags": ["after"]}
                ).status_code
                == 200
            ),
            "an edit is taken when there is room",
        )
        first.tags.add("after")
        holds(space, people)
    finally:
        space.kill()
        for one in people:
            one.client.close()
