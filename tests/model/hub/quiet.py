"""When the faults are over: all that lives works until nothing moves, then the promises are counted out."""

from __future__ import annotations

from collections import Counter

from tests.model.hub.repo import PER_HOUR
from tests.model.hub.world import HubWorld
from tests.model.rules import demand

ROUNDS = 80


def settle(world: HubWorld) -> None:
    """Let the living deliver by themselves, then end them and sync what they left; raises BrokenPromiseError."""
    world.repo.away = world.parts_fail = False
    for place in world.places.values():
        if not place.up:
            place.up = True
            for pusher in world.pushers:
                pusher.up |= pusher.place is place
    if world.sent:
        world.land(world.sent[0])  # the one that was quickest; for the others it is a 412, or they were lost
    world.sent.clear()
    for pusher in world.pushers:
        pusher.unheard()
    if not any(pusher.up for pusher in world.pushers if pusher.place.is_staging):
        world.do("start_pusher", 0)
    world.messages.clear()
    for sender in world.senders:
        sender.waiting = None
    _work(world, syncs=False)
    for spool in world.spools:
        if spool.owner is not None and not spool.gone and spool.experiment not in world.repo.head.tombstones:
            lacks = set(range(spool.end)) - world.repo.head.held(spool.writer)
            demand(not lacks, "a living writer is stuck", f"{spool.writer} lacks {sorted(lacks)} in the repo")
    while world.do("finish", 0) is not None:
        pass
    _work(world, syncs=True)


def _work(world: HubWorld, *, syncs: bool) -> None:
    for _ in range(ROUNDS):
        before = _state(world)
        if syncs:
            for spool in world.spools:
                if spool.owner is None and spool.holder is None and not spool.is_done:
                    world.sync(spool)
        for sender in list(world.senders):
            if sender.up and not sender.spool.is_done and not sender.stopped:
                world.send(sender, sender.home, 4)
                while world.messages:
                    world.do("deliver", 0)
        world.do("push_laptop", 0)
        for n in range(4 * len(world.pushers)):
            world.do("push", n)  # two of them at once, so that 412 happens too
            if world.sent and n % 3:
                world.do("land", n)
        world.do("merge", world.repo.in_hour)
        while world.sent:
            world.do("land", 0)
        if world.repo.in_hour >= PER_HOUR:
            world.do("hour", 0)
        for n in range(4):
            while world.do("load", n) is not None:
                pass
        if _state(world) == before:
            return


def _state(world: HubWorld) -> tuple[object, ...]:
    senders = [
        (s.number, dict(s.position), s.spool.first_held, s.spool.gone, {name: set(t) for name, t in s.there.items()})
        for s in world.senders if s.up
    ]  # fmt: skip
    places = [(p.ready, len(p.disk.rows), len(p.disk.cold), len(p.disk.tombstones)) for p in world.places.values()]
    phases = [(pusher.phase, pusher.head.number) for pusher in world.pushers]
    durable = [len(world.repo.head.windows), len(world.repo.head.packs)] + [
        sum(len(d) for d in p.disk.durable.values()) for p in world.places.values()
    ]
    return (world.repo.head.number, world.repo.in_hour, senders, places, durable, phases)


def count_out(world: HubWorld) -> None:
    """Every call that returned is in the repo once, in every store once, or of a deleted experiment."""
    head = world.repo.head
    times = Counter(frame.call for _, frame in head.rows())
    for spool in world.spools:
        if spool.home == "P":
            own = world.places["P"].disk
            whole = all((spool.writer, seq) in own.rows for seq in range(spool.end))
            deleted = spool.experiment in own.tombstones
            demand(whole or deleted, "lost", f"{spool.writer} is not whole on the laptop")
        if spool.experiment in head.tombstones:
            continue
        if spool.experiment in world.ever_deleted and spool.gone:
            continue  # a deletion that a wiped disk forgot; its writers had been told to stop
        for seq, frame in enumerate(spool.frames):
            name = f"{spool.writer}#{seq}"
            demand(times[frame.call] >= 1 or seq >= spool.first_held, "lost", name)
            demand(times[frame.call] >= 1, "stuck", f"{name} is not in the repo")
            demand(times[frame.call] == 1, "stored twice", f"{name} is in the repo {times[frame.call]} times")
        demand(spool.first_held == spool.end, "stuck", f"{spool.writer} waits for durable at {spool.first_held}")
    for experiment in world.ever_deleted & set(head.tombstones):
        for name, place in world.places.items():
            alive = [w for w, held in place.disk.writers.items() if held.experiment == experiment]
            demand(not alive or place.keeps, "a deleted experiment came back", f"{experiment} in {name}")
    _everywhere(world)
    _files(world)
    _refusals(world)
    _shown(world)


def _everywhere(world: HubWorld) -> None:
    """What is in the repo is in every store that is on it, and nothing else."""
    head = world.repo.head
    truth = dict(head.rows())
    for name, place in world.places.items():
        if place.keeps:
            continue
        deleted = {e for e in place.disk.tombstones if e not in head.tombstones}
        demand(not deleted, "stuck", f"the repo does not know that {deleted} are deleted")
        demand(not place.disk.cold, "stuck", f"{name} has rows still to load: {place.disk.cold}")
        rows = {key: frames[0] for key, frames in place.disk.rows.items()}
        other = rows.keys() ^ truth.keys()
        demand(not other, "a store has other rows than the repo", f"{sorted(other)} of {name}")
        for writer, held in head.index.items():
            mine = place.disk.writers[writer]
            demand(mine.digest == held.digest, "store and repo have other digests", f"{writer} in {name}")
            demand(not held.holes, "a hole where the writer had the frame", f"{writer} in the repo")
            demand(not mine.holes, "a hole where the writer had the frame", f"{writer} in {name}")
    demand(len(head.windows) <= 1, "stuck", "files are never merged")


def _files(world: HubWorld) -> None:
    """Each cited file that nobody deleted by hand is in the repo once, and where its writer's home is."""
    head = world.repo.head
    times = Counter(file for pack in head.packs.values() for file in pack)
    for spool in world.spools:
        if spool.experiment in world.ever_deleted and spool.gone:
            continue  # a deletion that a wiped disk forgot
        for seq, frame in enumerate(spool.frames):
            if not frame.file or world._excused(spool.writer, frame.file):
                continue
            name = f"file {frame.file} of {spool.writer}#{seq}"
            if spool.home == "P" and spool.experiment not in world.places["P"].disk.tombstones:
                demand(frame.file in world.places["P"].disk.blobs, "lost", f"{name} is not on the laptop")
            if spool.writer in head.index:
                demand(times[frame.file] >= 1, "lost", f"{name} is not in the repo")
                demand(times[frame.file] == 1, "stored twice", f"{name} is in the repo {times[frame.file]} times")
    demand(len(head.packs) <= 1, "stuck", "packs are never merged")


def _refusals(world: HubWorld) -> None:
    told = sum(frame.value for spool in world.spools for frame in spool.frames if frame.kind == "refused")
    counted = sum(spool.refused_ever - spool.refused for spool in world.spools)
    demand(told == counted, "refused calls are not counted", f"{told} told, {counted} refused")


def _shown(world: HubWorld) -> None:
    """Of a repeated step the later call is shown: by program order in one process, by generation across resumes."""
    by_experiment: dict[str, list[tuple[int, int, int]]] = {}
    for spool in world.spools:
        for frame in spool.frames:
            if frame.kind == "metrics":
                by_experiment.setdefault(spool.experiment, []).append((spool.generation, frame.step, frame.call))
    for experiment, calls in by_experiment.items():
        generations = Counter(s.generation for s in world.spools if s.experiment == experiment)
        if experiment in world.ever_deleted or max(generations.values()) > 1:
            continue
        expected: dict[int, tuple[int, int]] = {}
        for generation, step, call in calls:
            expected[step] = max(expected.get(step, (-1, -1)), (generation, call))
        for name, place in world.places.items():
            if place.keeps:
                continue
            shown = place.shown(experiment)
            for step, (_, call) in expected.items():
                demand(shown.get(step) == call, "the earlier value is shown", f"step {step} of {experiment} at {name}")
