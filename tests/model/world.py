"""All machines of the model and what may befall them, one step at a time.

A step is (kind, r): `kind` names an action below, and `r` is a number that decides everything in it, so that a history
is a list of pairs which can be run again, also with some of them left out. The ghosts (`written`,
`returned`, `excused`) are what only the checker knows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

from tests.model import client
from tests.model.client import BUDGET_FRAMES, Process, Segment, Sender, Spool
from tests.model.messages import Answer, Frame, Message, Receipt, Refusal, told
from tests.model.rules import demand
from tests.model.store import File, Key, Server, Store

T = TypeVar("T")

WEIGHTS = {
    "log": 24, "send": 24, "deliver": 44, "heartbeat": 6, "timeout": 5, "start": 3, "finish": 1, "kill": 2, "sync": 4,
    "fdatasync": 3, "fsync": 6, "merge": 6, "crash": 2, "restart": 6, "load": 6, "drop": 3,
}  # fmt: skip
"""Always possible. What follows is in a history only if its feature is drawn: each in half of the histories."""
FEATURES = {
    "repeat": {"duplicate": 5},
    "threads": {"log_slow": 8, "log_end": 8},
    "short writes": {"log_short": 5},
    "full disk": {"disk_full": 2, "disk_free": 4},
    "bad frames": {"log_bad": 3},
    "fork": {"fork": 2},
    "clock": {"clock_back": 3},
    "power": {"power_cut": 1, "store_power_cut": 1},
    "wipe": {"wipe": 2},
    "delete": {"delete": 1},
    "snapshot": {"snapshot": 3, "restore": 1},
    "proxy": {"page": 4},
    "fall-back": {"send_local": 12},
    "second sender": {"second_sender": 3},
    "copy": {"copy_machine": 2},
    "budget": {},
    "persistent": {},
    "two servers": {},
}
NOT_WITH_COPIES = ("wipe", "power", "snapshot", "delete", "bad frames", "fall-back")
"""A copied running machine goes with none of these.

A request of the copy that was answered 409 may still be on its way; behind a wipe it is taken under the old id, while
its frames were issued again under a new one: stored twice. It takes a request held back for longer than its sender
lives and a wipe at once. Of a frame refused for good the store keeps no content, so it cannot see that a copy has
another under that seq. Frames that were issued again for home's sake may stand in the fall-back twice.
"""


def drawn_features(rng: Random) -> frozenset[str]:
    """Which things may happen in one history. Few at a time find more than all at once."""
    drawn = {name for name in FEATURES if rng.random() < 0.5}
    if "copy" in drawn:
        drawn -= set(NOT_WITH_COPIES)
    return frozenset(drawn)


class World:
    """One state of everything. `do` makes a step and says in words what happened."""

    def __init__(self, features: frozenset[str], planted: str = "") -> None:
        self.features, self.planted = features, planted
        servers = 2 if "two servers" in features else 1
        self.stores = {
            "space": Store("space", planted, persistent="persistent" in features, servers=servers),
            "local": Store("local", planted, persistent=True, servers=servers),
        }
        self.processes: list[Process] = []
        self.senders: list[Sender] = []
        self.spools: list[Spool] = []
        self.messages: list[Message] = []
        self.full = False
        self.machines = 1
        self.calls = self.requests = self.writers = 0
        self.generations: dict[str, int] = {}
        self.written: dict[Key, set[int]] = {}
        self.returned: dict[int, tuple[Process, Frame]] = {}
        self.excused: set[int] = set()
        self.actions: dict[str, Callable[[int], str | None]] = {
            name.removeprefix("_do_"): getattr(self, name) for name in dir(self) if name.startswith("_do_")
        }

    def do(self, kind: str, r: int) -> str | None:
        """Make one step and check what must always hold. None: it is not possible now."""
        said = self.actions[kind](r)
        if said is not None:
            for store in self.stores.values():
                store.check(self.written)
        return said

    # --- trainers -----------------------------------------------------------------------------------------------------
    def _do_start(self, r: int) -> str | None:
        if len([p for p in self.processes if p.up]) >= 3 or len(self.processes) >= 5:
            return None
        experiment = f"e{r % 2}"
        generation = self.generations.get(experiment, -1) + 1
        self.generations[experiment] = generation
        dead = [
            s
            for s in self.spools
            if s.experiment == experiment and s.owner is None and s.holder is None and not s.removed
        ]
        if self.planted == "resume-continues-writer" and dead:
            spool = dead[-1]
            count = self.stores["space"].file.end(spool.writer)
            spool.segments.append(Segment())
        else:
            spool, count = self._spool(experiment, generation, 0), 0
        process = self._process(spool, count)
        return f"p{process.number} starts {experiment} as {spool.writer} (generation {generation})"

    def _spool(self, experiment: str, generation: int, machine: int) -> Spool:
        self.writers += 1
        spool = Spool(f"w{self.writers}", experiment, generation, machine)
        self.spools.append(spool)
        return spool

    def _process(self, spool: Spool, count: int) -> Process:
        process = Process(len(self.processes), spool.machine, spool, count, clock=100)
        spool.owner = process.number
        self.processes.append(process)
        self._sender(spool, process)
        return process

    def _sender(self, spool: Spool, process: Process | None, *, locked: bool = True) -> Sender:
        sender = Sender(len(self.senders), spool, process, locked)
        self.senders.append(sender)
        return sender

    def _frame(self, process: Process, r: int, **more: object) -> Frame:
        self.calls += 1
        process.clock += 1
        if r % 4:  # else the step is logged once more
            process.steps += 1
        given: dict[str, object] = {"step": process.steps, "value": r % 3, "schema": r // 4 % 2} | more
        return Frame(call=self.calls, time=process.clock, **given)  # type: ignore[arg-type]

    def _log(self, r: int, *, slow: bool = False, short: bool = False, bad: bool = False) -> str | None:
        able = [p for p in self.processes if p.up]
        if not able:
            return None
        process = able[r % len(able)]
        r //= len(able)
        thread = r % 2
        r //= 2
        if any(segment.partial for segment in process.spool.segments) or (thread in process.pending):
            return None  # appends to one file come one after the other
        who = f"p{process.number} "
        over = "budget" in self.features and process.spool.held() >= BUDGET_FRAMES
        if over and self.planted == "drop-oldest":
            dropped = process.spool.segments.pop(0)
            process.spool.segments = process.spool.segments or [Segment()]
            process.spool.first_held = dropped.numbers[-1] + 1 if dropped.numbers else process.spool.first_held
        elif self.full or over:
            process.refused += 1
            process.refused_ever += 1
            process.count += self.planted == "refusal-takes-seq"
            return who + ("is refused a call: the disk is full" if self.full else "is refused a call: over budget")
        said = self._tell_refused(process)
        frame = self._frame(process, r, bad=bad)
        said += client.append(process, frame, self.planted, slow=slow, thread=thread, short=short)
        if not slow:
            self._note(process, frame)
        return who + said + (" (bad)" if bad else "")

    def _tell_refused(self, process: Process) -> str:
        if not process.refused or self.planted == "uncounted-refusal":
            return ""
        frame = self._frame(process, 0, kind="refused", value=process.refused)
        process.refused = 0
        client.append(process, frame, self.planted, slow=False, thread=0, short=False)
        self._note(process, frame)
        return f"tells of {frame.value} refused, "

    def _note(self, process: Process, frame: Frame) -> None:
        """The ghosts learn that a call has returned, and where it stands."""
        self.returned[frame.call] = (process, frame)
        for segment in process.spool.segments:
            for seq, other in zip(segment.numbers, segment.frames, strict=True):
                if other.call == frame.call:
                    self.written.setdefault((process.spool.writer, seq), set()).add(frame.call)

    def _do_log(self, r: int) -> str | None:
        return self._log(r)

    def _do_log_short(self, r: int) -> str | None:
        return self._log(r, short=True)

    def _do_log_bad(self, r: int) -> str | None:
        return self._log(r, bad=True)

    def _do_log_slow(self, r: int) -> str | None:
        return self._log(r, slow=True)

    def _do_log_end(self, r: int) -> str | None:
        able = [(p, thread) for p in self.processes if p.up for thread in p.pending]
        if not able:
            return None
        process, thread = able[r % len(able)]
        frame = process.pending[thread][0]
        said, _ = client.end_slow(process, thread, self.planted)
        self._note(process, frame)
        return f"p{process.number} {said}"

    def _do_fork(self, r: int) -> str | None:
        able = [p for p in self.processes if p.up]
        if not able or len(self.processes) >= 6:
            return None
        parent = able[r % len(able)]
        if self.planted == "fork-shares-writer":
            child = self._process(parent.spool, parent.count)
        else:
            child = self._process(self._spool(parent.spool.experiment, parent.spool.generation, parent.machine), 0)
        child.clock, child.steps = parent.clock, parent.steps
        return f"p{parent.number} forks p{child.number}, which logs as {child.spool.writer}"

    def _do_clock_back(self, r: int) -> str | None:
        able = [p for p in self.processes if p.up]
        if not able:
            return None
        able[r % len(able)].clock -= 10
        return f"the clock of p{able[r % len(able)].number} goes back"

    def _do_finish(self, r: int) -> str | None:
        able = [p for p in self.processes if p.up and not p.pending]
        if not able or self.full:
            return None
        process = able[r % len(able)]
        said = self._tell_refused(process)
        frame = self._frame(process, 0, kind="end", value=0)
        said += client.append(process, frame, self.planted, slow=False, thread=0, short=False)
        self._note(process, frame)
        process.finished = True
        self._end(process)
        return f"p{process.number} {said} and finishes"

    def _do_kill(self, r: int) -> str | None:
        able = [p for p in self.processes if p.up]
        if not able:
            return None
        self._end(able[r % len(able)])
        return f"p{able[r % len(able)].number} is killed"

    def _end(self, process: Process) -> None:
        process.up = False
        for segment in process.spool.segments:
            if segment.partial:
                segment.partial, segment.torn = None, True
        process.pending.clear()
        if process.spool.owner == process.number:
            process.spool.owner = None
        for sender in self.senders:
            if sender.process is process:
                sender.up = False

    def _do_disk_full(self, r: int) -> str | None:
        self.full, was = True, self.full
        return None if was else "the trainers' disk is full"

    def _do_disk_free(self, r: int) -> str | None:
        self.full, was = False, self.full
        return "the trainers' disk has room" if was else None

    def _do_fdatasync(self, r: int) -> str | None:
        for spool in self.spools:
            for segment in spool.segments:
                segment.synced = len(segment.frames)
        return "the spools are synced to the disk" if self.spools else None

    def _do_power_cut(self, r: int) -> str | None:
        if not self.spools:
            return None
        for process in [p for p in self.processes if p.up]:
            self._end(process)
        for sender in self.senders:
            sender.up = False
        for spool in self.spools:
            spool.holder = None
            for segment in spool.segments:
                self.excused.update(frame.call for frame in segment.frames[segment.synced :])
                spool.damaged |= len(segment.frames) > segment.synced
                segment.numbers, segment.frames = segment.numbers[: segment.synced], segment.frames[: segment.synced]
        return "the trainers' machine loses power: what was not synced is gone"

    def _do_copy_machine(self, r: int) -> str | None:
        if self.machines > 1 or not any(p.up for p in self.processes) or any(p.pending for p in self.processes):
            return None
        self.machines += 1
        for spool in [s for s in self.spools if not s.removed and s.holder is None]:
            copy = Spool(
                spool.writer, spool.experiment, spool.generation, 1, [segment.copy() for segment in spool.segments],
                first_held=spool.first_held, moved_from=spool.moved_from, gone=spool.gone, damaged=spool.damaged,
            )  # fmt: skip
            self.spools.append(copy)
            if spool.owner is not None:
                origin = self.processes[spool.owner]
                twin = self._process(copy, origin.count)
                twin.steps, twin.clock = origin.steps + 50, origin.clock
                self.senders[-1].proved = {
                    name: proved for s in self.senders if s.process is origin for name, proved in s.proved.items()
                }
        return "the machine is copied while it runs: both go on"

    # --- senders and the network --------------------------------------------------------------------------------------
    def _do_send(self, r: int) -> str | None:
        return self._send(r, "space")

    def _do_send_local(self, r: int) -> str | None:
        return self._send(r, "local")

    def _do_heartbeat(self, r: int) -> str | None:
        return self._send(r, "space", heartbeat=True)

    def _send(self, r: int, store: str, *, heartbeat: bool = False) -> str | None:
        able = [
            s
            for s in self.senders
            if s.up and s.waiting is None and not s.spool.gone and not s.spool.removed and not s.done
        ]
        return self.send(able[r % len(able)], store, heartbeat=heartbeat) if able else None

    def send(self, sender: Sender, store: str, *, heartbeat: bool = False) -> str | None:
        """Cut a batch and put it on its way; nothing to send becomes a heartbeat."""
        if self.planted == "stop-at-accepted" and sender.proved.get(store, 0) >= sender.spool.end > 0:
            sender.done = True
            return None
        batch = sender.batch(store, self.planted, heartbeat=heartbeat)
        self.requests += 1
        sender.waiting = self.requests
        message = Message(self.requests, sender.number, store, batch)
        self.messages.append(message)
        return f"s{sender.number} sends {message}"

    def _do_timeout(self, r: int) -> str | None:
        able = [s for s in self.senders if s.up and s.waiting is not None]
        if not able:
            return None
        able[r % len(able)].waiting = None
        return f"s{able[r % len(able)].number} waits no longer"

    def _do_sync(self, r: int) -> str | None:
        able = [s for s in self.spools if s.owner is None and s.holder is None and not s.removed]
        return self.sync(able[r % len(able)]) if able else None

    def sync(self, spool: Spool) -> str:
        """Another process takes the lock of a spool whose owner is dead, and sends what it holds."""
        sender = self._sender(spool, None)
        spool.holder = sender.number
        return f"s{sender.number} syncs the spool of {spool.writer}"

    def _do_second_sender(self, r: int) -> str | None:
        able = [s for s in self.spools if s.owner is not None and not s.removed]
        if not able or len(self.senders) > 12:
            return None
        sender = self._sender(able[r % len(able)], None, locked=False)
        return f"s{sender.number} sends the spool of {sender.spool.writer} too, by mistake"

    def _message(self, r: int) -> Message | None:
        return self.messages[r % len(self.messages)] if self.messages else None

    def _do_drop(self, r: int) -> str | None:
        message = self._message(r)
        if message is not None:
            self.messages.remove(message)
        return f"lost: {message}" if message else None

    def _do_duplicate(self, r: int) -> str | None:
        message = self._message(r)
        if message is None or len(self.messages) > 8:
            return None
        self.messages.append(Message(message.request, message.sender, message.to, message.batch, message.answer))
        return f"doubled: {message}"

    def _do_page(self, r: int) -> str | None:
        message = self._message(r)
        if message is None or message.answer is not None:
            return None
        message.answer = Refusal("page")
        return f"a proxy answers with a page and 200: {message}"

    def _do_deliver(self, r: int) -> str | None:
        message = self._message(r)
        if message is None:
            return None
        self.messages.remove(message)
        return self._serve(message, r) if message.answer is None else self._receive(message)

    def _serve(self, message: Message, r: int) -> str:
        store = self.stores[message.to]
        up = [server for server in store.servers if server.up]
        answer: Answer = Refusal("unavailable")
        if up:
            answer = store.answer(up[r // 7 % len(up)], message.batch)
        said = f"{message.to} takes {message.batch.writer}[{message.batch.first}:{message.batch.end}]: {told(answer)}"
        self.messages.append(Message(message.request, message.sender, message.to, message.batch, answer))
        return said

    def _receive(self, message: Message) -> str:
        sender, answer = self.senders[message.sender], message.answer
        if sender.waiting != message.request or not sender.up:
            return f"nobody waits for: {message}"
        sender.waiting = None
        before = list(sender.spool.segments)
        if isinstance(answer, Refusal) and answer.reason == "page" and self.planted == "any-200-counts":
            end = message.batch.end
            answer = Receipt(message.to, "?", end, end, 0)
        if isinstance(answer, Receipt):
            client.take_receipt(sender, message.to, message.batch, answer, self.planted)
            client.check_freed(sender.spool, before, self._safe())
        elif isinstance(answer, Refusal) and client.take_refusal(sender, message.to, message.batch, answer):
            self._issue_again(sender, message)
        return f"s{sender.number} learns of {message.batch.writer}: {told(answer)}" if answer else ""

    def _safe(self) -> set[int]:
        home = self.stores["space"]
        return (home.stable.calls() if home.persistent else set()) | self.excused | self._deleted_calls()

    def _deleted_calls(self) -> set[int]:
        return {call for call, (process, _) in self.returned.items() if process.spool.experiment in self.ever_deleted}

    @property
    def ever_deleted(self) -> set[str]:
        return self.stores["space"].ever_deleted

    def _issue_again(self, sender: Sender, message: Message) -> None:
        owner = sender.process
        fresh = client.issue_again(sender, message.batch, f"w{self.writers + 1}", self.planted)
        if fresh is None:
            return
        self.writers += 1
        self.spools.append(fresh)
        for segment in fresh.segments:
            for seq, frame in zip(segment.numbers, segment.frames, strict=True):
                self.written.setdefault((fresh.writer, seq), set()).add(frame.call)
        if owner is not None:
            self._sender(fresh, owner)

    # --- stores -------------------------------------------------------------------------------------------------------
    def _server(self, r: int, *, up: bool, name: str | None = None) -> tuple[Store, Server] | None:
        stores = [self.stores[name]] if name else list(self.stores.values())
        able = [(store, server) for store in stores for server in store.servers if server.up == up]
        return able[r % len(able)] if able else None

    def _do_crash(self, r: int) -> str | None:
        found = self._server(r, up=True)
        if found is None:
            return None
        found[0].crash(found[1])
        return f"a process of {found[0].name} is killed"

    def _do_restart(self, r: int) -> str | None:
        found = self._server(r, up=False)
        if found is None:
            return None
        found[1].up = True
        return f"a process of {found[0].name} starts, and has read nothing yet"

    def _do_load(self, r: int) -> str | None:
        able = [(st, sv) for st in self.stores.values() for sv in st.servers if sv.up and not sv.loaded]
        if not able:
            return None
        able[r % len(able)][1].loaded = True
        return f"a process of {able[r % len(able)][0].name} has read its watermarks"

    def _do_merge(self, r: int) -> str | None:
        found = self._server(r, up=True)
        if found is None or not (found[0].file.tail or found[1].merging):
            return None
        return f"{found[0].name} {found[0].merge(found[1])}"

    def _do_fsync(self, r: int) -> str | None:
        for store in self.stores.values():
            store.sync_disk()
        return "the stores' files are safe on their disks"

    def _do_store_power_cut(self, r: int) -> str | None:
        return self._replace(self.stores["space"].stable, "the Space loses power: its disk is as of the last fsync")

    def _do_wipe(self, r: int) -> str | None:
        return self._replace(File(f"space.{self.stores['space'].wipes + 1}"), "the Space's disk is wiped", fresh=True)

    def _do_restore(self, r: int) -> str | None:
        snapshots = self.stores["space"].snapshots
        return self._replace(snapshots[0], "the Space goes back to its snapshot") if snapshots else None

    def _replace(self, image: File, said: str, *, fresh: bool = False) -> str:
        self.excused |= self.stores["space"].replace(image, fresh=fresh)
        return said

    def _do_delete(self, r: int) -> str | None:
        experiments = sorted(self.stores["space"].file.experiments)
        if not experiments:
            return None
        self.stores["space"].delete(experiments[r % len(experiments)])
        return f"{experiments[r % len(experiments)]} is deleted"

    def _do_snapshot(self, r: int) -> str | None:
        return f"the Space's file {self.stores['space'].snapshot()}"


def steps_of(features: frozenset[str]) -> tuple[Sequence[str], Sequence[int]]:
    """The actions that may happen with these features, and their weights."""
    weights = dict(WEIGHTS)
    for feature in sorted(features):
        weights |= FEATURES[feature]
    return list(weights), list(weights.values())


__all__ = ["World", "demand", "drawn_features", "steps_of"]
