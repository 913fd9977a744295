"""All machines of the model with a repo, and what may befall them, one step at a time."""

from __future__ import annotations

from tests.model.hub.files import Files
from tests.model.hub.place import Place
from tests.model.hub.pusher import Pusher, Upload

TOUCHING = frozenset(
    {"deliver", "push", "load", "merge", "delete", "wipe", "crash", "push_elsewhere", "unheard", "collect", "make_room"}
)
"""The steps after which the stores are checked: the others change none."""


class HubWorld(Files):
    """One state of everything. `do` makes a step and says in words what happened."""

    def do(self, kind: str, r: int) -> str | None:
        """Make one step and check what must always hold. None: it is not possible now."""
        said = self.actions[kind](r)
        if said is not None and self.watches:
            self.check(kind in TOUCHING)
        return said

    def check(self, places: bool = True) -> None:
        """What must hold at all times."""
        self.repo.check(self.written)
        if places:
            for place in self.places.values():
                place.check(self.written, self.repo.head)
            if "files" in self.features:
                self.check_files()

    # --- pushing ------------------------------------------------------------------------------------------------------
    def _do_push(self, r: int) -> str | None:
        able = [pusher for pusher in self.pushers if pusher.up and pusher.place.up]
        return able[r % len(able)].step(r // 8, self.parts_fail) if able else None

    def _do_merge(self, r: int) -> str | None:
        able = [pusher for pusher in self.pushers if pusher.up and not pusher.place.keeps]
        return able[r % len(able)].merge() if able else None

    def _do_land(self, r: int) -> str | None:
        """A commit reaches the repo; whoever sent it may be gone, or wait no longer."""
        if not self.sent or self.repo.away:
            return None
        return self.land(self.sent[r % len(self.sent)])

    def land(self, upload: Upload) -> str:
        self.sent.remove(upload)
        done = self.repo.land(upload.parent, upload.tree)
        for pusher in self.pushers:
            if pusher.upload is upload and pusher.phase == "waiting":
                pusher.answer = "ok" if done else "moved"
        return f"commit {self.repo.head.number} is made" if done else f"a commit on {upload.parent} is refused: 412"

    def _do_unheard(self, r: int) -> str | None:
        able = [pusher for pusher in self.pushers if pusher.phase == "waiting"]
        return able[r % len(able)].unheard() if able else None

    def _do_refuse(self, r: int) -> str | None:
        """429, 403, 500: nothing happened, and the pusher is told so, or hears nothing."""
        if not self.sent:
            return None
        upload = self.sent.pop(r % len(self.sent))
        for pusher in self.pushers:
            if pusher.upload is upload:
                pusher.unheard()
        return f"a commit on {upload.parent} comes to nothing"

    def _do_hour(self, r: int) -> str | None:
        """An hour passes: a commit's request has ended by then."""
        self.sent.clear()
        for pusher in self.pushers:
            pusher.unheard()
            pusher.made_in_hour = 0
        self.repo.in_hour, was = 0, self.repo.in_hour
        return "an hour passes" if was else None

    def _do_hub_away(self, r: int) -> str | None:
        self.repo.away = not self.repo.away
        return "the Hub is away" if self.repo.away else "the Hub is back"

    def _do_part_fails(self, r: int) -> str | None:
        self.parts_fail = not self.parts_fail
        return "a file of the repo cannot be read" if self.parts_fail else "it can be read again"

    def _do_push_elsewhere(self, r: int) -> str | None:
        """`trackio-client push` into another repo: what is there says nothing of home."""
        places = [place for place in self._homes() if not place.keeps]
        place = places[r % len(places)]
        if self.planted == "durable-of-another":
            for writer, known in place.disk.writers.items():
                place.disk.durable.setdefault(writer, set()).update(known.held)
        return f"{place.name} is pushed to another repo too"

    def _do_push_laptop(self, r: int) -> str | None:
        """`trackio-client push`: what a laptop's store holds, once."""
        for pusher in self.pushers:
            if pusher.place.keeps and not pusher.wanted:
                pusher.wanted = True
                return "the laptop's store is to be pushed"
        return None

    # --- the stores ---------------------------------------------------------------------------------------------------
    def _homes(self, *, up: bool | None = None) -> list[Place]:
        return [place for place in self.places.values() if place.repo is not None and up in (None, place.up)]

    def _pushers_of(self, place: Place) -> list[Pusher]:
        return [pusher for pusher in self.pushers if pusher.place is place]

    def _do_crash(self, r: int) -> str | None:
        able = [place for place in self._homes(up=True) if not place.is_staging and not place.keeps]
        if not able:
            return None
        self._down(able[r % len(able)])
        return f"{able[r % len(able)].name} is killed"

    def _down(self, place: Place) -> None:
        place.crash()
        for pusher in self._pushers_of(place):
            pusher.stop()

    def _do_restart(self, r: int) -> str | None:
        able = self._homes(up=False)
        if not able:
            return None
        place = able[r % len(able)]
        place.up = True
        for pusher in self._pushers_of(place):
            pusher.up = True
        return f"{place.name} starts, and has not read the head"

    def _do_wipe(self, r: int) -> str | None:
        able = [place for place in self._homes() if not place.keeps]
        if "wipe of staging" not in self.features:
            able = [place for place in able if not place.is_staging]
        place = able[r % len(able)]
        self._down(place)
        place.wipe()
        place.up = place.is_staging
        return f"{place.name} loses its disk"

    def _do_load(self, r: int) -> str | None:
        able = [place for place in self._homes(up=True) if place.disk.cold and place.ready]
        return able[r % len(able)].load(r // 8, self.repo.away) if able else None

    def _do_delete(self, r: int) -> str | None:
        able = [place for place in self._homes(up=True) if place.ready and place.disk.writers]
        if not able:
            return None
        place = able[r % len(able)]
        experiments = sorted({held.experiment for held in place.disk.writers.values()})
        experiment = experiments[r // 8 % len(experiments)]
        self.ever_deleted.add(experiment)
        place.bury(experiment)
        return f"{experiment} is deleted at {place.name}"

    # --- no server ----------------------------------------------------------------------------------------------------
    def _do_start_pusher(self, r: int) -> str | None:
        """A process of the trainer's machine starts a pusher; it ends at once if another holds the lock."""
        own = [pusher for pusher in self.pushers if pusher.place.is_staging]
        idle = [pusher for pusher in own if not pusher.up]
        if not idle or (len(idle) < len(own) and self.planted != "no-lock"):
            return None
        idle[0].up = True
        return f"pusher {idle[0].number} of S starts"

    def _do_kill_pusher(self, r: int) -> str | None:
        able = [pusher for pusher in self.pushers if pusher.place.is_staging and pusher.up]
        if not able:
            return None
        able[r % len(able)].stop()
        return f"pusher {able[r % len(able)].number} of S is killed"
