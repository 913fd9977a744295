"""Files of the model: a trainer puts a content and cites it; contents are found by their hash and deleted by hand."""

from __future__ import annotations

from tests.model.hub.trainers import Trainers
from tests.model.rules import demand

CONTENTS = 4
"""Few, so that several writers cite the same one."""


class Files(Trainers):
    """What may happen to files, and what must hold of them."""

    def _do_log_file(self, r: int) -> str | None:
        """The file first, then the event that cites it."""
        alive = self._alive()
        if not alive:
            return None
        spool, file = alive[r % len(alive)], 1 + r // 8 % CONTENTS
        spool.files.add(file)
        if r // 64 % 8 == 0:
            return f"{spool.writer} keeps file {file}, and is not yet done with the event"
        self._append(spool, "media", 0, file=file)
        return f"{spool.writer} logs file {file} as {spool.writer}#{spool.end - 1}"

    def _do_lose_file(self, r: int) -> str | None:
        """Somebody deletes a file from a trainer's machine."""
        able = [(spool, file) for spool in self.spools for file in sorted(spool.files)]
        if not able:
            return None
        spool, file = able[r % len(able)]
        spool.files.discard(file)
        self.lost.add((spool.writer, file))
        return f"file {file} of {spool.writer} is deleted by hand"

    def _do_rot(self, r: int) -> str | None:
        """Somebody deletes a file from a store's disk."""
        able = [(place, file) for place in self.places.values() for file in sorted(place.disk.blobs)]
        if not able:
            return None
        place, file = able[r % len(able)]
        place.disk.blobs.discard(file)
        self.rotten.add(file)
        return f"file {file} of {place.name} is deleted by hand"

    def _do_collect(self, r: int) -> str | None:
        places = list(self.places.values())
        place = places[r % len(places)]
        gone = place.collect()
        return f"{place.name} removes files {sorted(gone)}, which nobody cites" if gone else None

    def _do_make_room(self, r: int) -> str | None:
        places = [place for place in self.places.values() if not place.keeps]
        place = places[r % len(places)]
        gone = place.make_room()
        return f"{place.name} makes room: files {sorted(gone)} are in the repo" if gone else None

    def check_files(self) -> None:
        """What is durable has its files in the repo; what a store took has them there or in the repo."""
        packed = self.repo.head.packed()
        for (writer, seq), frame in self.repo.head.rows():
            fine = not frame.file or frame.file in packed or self._excused(writer, frame.file)
            demand(fine, "an event is durable without its file", f"{writer}#{seq}, file {frame.file}")
        for place in self.places.values():
            if place.repo is None:
                continue  # the fall-back is nobody's home: what is durable at home is no more brought there
            there = place.disk.blobs if place.keeps else place.disk.blobs | packed
            for (writer, seq), frames in place.disk.rows.items():
                for frame in frames:
                    fine = not frame.file or frame.file in there or self._excused(writer, frame.file)
                    demand(fine, "an event without its file", f"{writer}#{seq}, file {frame.file} in {place.name}")
