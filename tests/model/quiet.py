"""When the faults are over: everything still alive works until nothing moves, then the promises are counted out."""

from __future__ import annotations

from collections import Counter

from tests.model import client
from tests.model.client import Process, Spool
from tests.model.rules import demand
from tests.model.world import World

ROUNDS = 60


def settle(world: World) -> None:
    """Let the living deliver by themselves, then end them and sync what they left; raises BrokenPromiseError."""
    world.full = False
    for store in world.stores.values():
        for server in store.servers:
            server.up = server.loaded = True
    for process in [p for p in world.processes if p.up]:
        for thread in list(process.pending):
            frame = process.pending[thread][0]
            client.end_slow(process, thread, world.planted)
            world._note(process, frame)
    world.messages.clear()
    for sender in world.senders:
        sender.waiting = None
        if not sender.locked:
            sender.up = False
    _work(world, syncs=False)
    for process in [p for p in world.processes if p.up]:
        held = set(world.stores["space"].file.marks.get(process.spool.writer, ()))
        passed = set(world.stores["space"].file.holes.get(process.spool.writer, ()))
        lacks = {n for segment in process.spool.segments for n in segment.numbers} - held - passed
        fine = not lacks or process.spool.gone or process.spool.moved_from is not None
        demand(fine, "a living writer is stuck", f"{process.spool.writer} lacks {sorted(lacks)}")
    while world.do("finish", 0) is not None:
        pass
    _work(world, syncs=True)


def _work(world: World, *, syncs: bool) -> None:
    for _ in range(ROUNDS):
        before = _state(world)
        if syncs:
            for spool in world.spools:
                if spool.owner is None and spool.holder is None and not spool.removed:
                    world.sync(spool)
        for sender in list(world.senders):
            if sender.up and not sender.spool.gone and not sender.spool.removed and not sender.done:
                world.send(sender, "space")
                while world.messages:
                    world.do("deliver", 0)
        for kind in ("merge", "merge", "fsync", "snapshot"):
            world.do(kind, 0)
        if _state(world) == before:
            return


def _state(world: World) -> tuple[object, ...]:
    file = world.stores["space"].file
    senders = [
        (s.number, dict(s.proved), s.spool.first_held, s.most, s.spool.moved_from) for s in world.senders if s.up
    ]
    return (len(file.tail) + len(file.chunks), {w: len(h) for w, h in file.holes.items()}, senders, len(world.spools))


def count_out(world: World) -> None:
    """Every call that returned is in the Space once, or excused for a reason that it names."""
    home = world.stores["space"]
    times = Counter(
        frame.call for part in (home.file.tail, home.file.chunks) for rows in part.values() for frame in rows
    )
    rejected = {
        key for key, reasons in home.file.holes.items() for reason in reasons.values() if reason.startswith("rejected")
    }
    for call, (process, frame) in world.returned.items():
        if process.spool.experiment in world.ever_deleted or call in world.excused:
            continue
        if frame.bad:
            named = bool(rejected) or world.features & {"wipe", "snapshot", "power"}  # a disk may go with its names
            demand(times[call] == 0 and bool(named), "a bad frame is not named", f"call {call}")
        else:
            demand(times[call] == 1, "lost", f"call {call} of p{process.number} is in the Space {times[call]} times")
    for spool in world.spools:
        _whole(world, spool)
    _refusals(world)
    _shown(world)


def _whole(world: World, spool: Spool) -> None:
    """Nobody is stuck, what is missing is named, and client and Space have one digest."""
    home = world.stores["space"].file
    if spool.gone or spool.experiment in world.ever_deleted or spool.removed:
        return
    left = [n for segment in spool.segments for n in segment.numbers]
    left = [n for n in left if spool.moved_from is None or n < spool.moved_from]
    end = home.end(spool.writer)
    demand(all(n < end for n in left), "a writer is stuck", f"{spool.writer}: {end} of {left}")
    whole = spool.first_held == 0 and spool.moved_from is None and not spool.damaged and "copy" not in world.features
    if whole and not any(r.startswith("the") for r in home.holes.get(spool.writer, {}).values()) and left:
        same = client.digest_of(spool) == home.digests.get(spool.writer, 0)
        demand(same, "client and Space have other digests", spool.writer)
    unnamed = [h for h in home.holes.get(spool.writer, {}) if h >= spool.first_held and h in left]
    bad = {n for s in spool.segments for n, f in zip(s.numbers, s.frames, strict=True) if f.bad}
    demand(not set(unnamed) - bad, "a hole where the writer still holds the frame", f"{spool.writer}: {unnamed}")


def _refusals(world: World) -> None:
    if "copy" in world.features or any(not p.finished for p in world.processes) or world.excused or world.ever_deleted:
        return
    home = world.stores["space"].file
    told = sum(
        f.value for part in (home.tail, home.chunks) for rows in part.values() for f in rows if f.kind == "refused"
    )
    counted = sum(process.refused_ever for process in world.processes)
    demand(told == counted, "refused calls are not counted", f"{told} told, {counted} refused")


def _shown(world: World) -> None:
    """Of a repeated step the later call is shown: by program order in one process, by generation across resumes."""
    home = world.stores["space"]
    by_experiment: dict[str, list[tuple[Process, int, int]]] = {}
    for call, (process, frame) in world.returned.items():
        if frame.kind == "metrics" and not frame.bad:
            by_experiment.setdefault(process.spool.experiment, []).append((process, frame.step, call))
    for experiment, calls in by_experiment.items():
        generations = Counter(p.spool.generation for p in {id(p): p for p, _, _ in calls}.values())
        if experiment in world.ever_deleted or max(generations.values()) > 1 or "copy" in world.features:
            continue
        expected: dict[int, tuple[int, int]] = {}
        for process, step, call in calls:
            expected[step] = max(expected.get(step, (-1, -1)), (process.spool.generation, call))
        for _, step, call in calls:
            if call in world.excused:  # gone with a disk, or not
                expected.pop(step, None)
        shown = home.shown(experiment)
        for step, (_, call) in expected.items():
            demand(
                shown.get(step) == call, "the earlier value is shown", f"step {step} of {experiment}, not call {call}"
            )
