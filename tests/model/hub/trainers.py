"""Trainers of the model, their spools, and the network between them and the stores."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.model.hub.place import Place
from tests.model.hub.state import State
from tests.model.messages import Answer, Batch, Frame, Message, Receipt, Refusal, told
from tests.model.post import Post
from tests.model.rules import demand

SEGMENT = 2
BUDGET = 8


@dataclass(slots=True)
class Spool:
    """The log of one writer, on its machine's disk. `frames` keeps what was freed too, for the checker."""

    writer: str
    experiment: str
    generation: int
    home: str
    frames: list[Frame] = field(default_factory=list)
    first_held: int = 0
    owner: int | None = None
    holder: int | None = None
    gone: bool = False
    refused: int = 0  # not yet told
    refused_ever: int = 0
    steps: int = 0
    finished: bool = False
    files: set[int] = field(default_factory=set)  # on the machine, for its events

    @property
    def end(self) -> int:
        return len(self.frames)

    @property
    def is_done(self) -> bool:
        return self.gone or (self.owner is None and self.first_held >= self.end)


@dataclass(slots=True)
class Sender:
    """Reads one spool: its own process's, or an orphan's."""

    number: int
    spool: Spool
    home: str
    position: dict[str, int] = field(default_factory=dict)  # by store: what it holds, as it said
    there: dict[str, set[int]] = field(default_factory=dict)  # by store: the files that it took
    waiting: int | None = None
    up: bool = True
    stopped: bool = False  # planted bug


class Trainers(State, Post):
    """What trainers do, and their network."""

    MOST_ON_THEIR_WAY = 6

    spools: list[Spool]
    senders: list[Sender]

    # --- processes ----------------------------------------------------------------------------------------------------
    def _do_start(self, r: int) -> str | None:
        if len([s for s in self.spools if s.owner is not None]) >= 3 or len(self.spools) >= 6:
            return None
        experiment = f"e{r % 2}"
        generation = self.generations.get(experiment, -1) + 1
        self.generations[experiment] = generation
        homes = [name for name, place in self.places.items() if place.repo is not None]
        spool = self._spool(experiment, generation, homes[r // 2 % len(homes)])
        return f"{spool.writer} starts {experiment} (generation {generation}) with {spool.home}"

    def _spool(self, experiment: str, generation: int, home: str) -> Spool:
        spool = Spool(f"w{len(self.spools)}", experiment, generation, home, owner=len(self.spools))
        self.spools.append(spool)
        self._sender(spool)
        return spool

    def _sender(self, spool: Spool) -> Sender:
        self.senders.append(Sender(len(self.senders), spool, spool.home))
        return self.senders[-1]

    def _alive(self) -> list[Spool]:
        return [spool for spool in self.spools if spool.owner is not None]

    def _append(self, spool: Spool, kind: str, value: int, *, again: bool = False, file: int = 0) -> None:
        self.calls += 1
        spool.steps += not again
        frame = Frame(self.calls, spool.steps, value, time=self.calls, kind=kind, file=file)
        self.written[spool.writer, spool.end] = frame.call
        spool.frames.append(frame)

    def _tell_refused(self, spool: Spool) -> None:
        if spool.refused:
            self._append(spool, "refused", spool.refused)
            spool.refused = 0

    def _do_log(self, r: int) -> str | None:
        alive = self._alive()
        if not alive:
            return None
        spool = alive[r % len(alive)]
        if "budget" in self.features and spool.end - spool.first_held >= BUDGET:
            spool.refused += 1
            spool.refused_ever += 1
            return f"{spool.writer} is refused a call: over budget"
        self._tell_refused(spool)
        self._append(spool, "metrics", r % 3, again=r // 16 % 4 == 0 and spool.steps > 0)
        return f"{spool.writer} logs call {self.calls} as {spool.writer}#{spool.end - 1}"

    def _do_fork(self, r: int) -> str | None:
        alive = self._alive()
        if not alive or len(self.spools) >= 6:
            return None
        parent = alive[r % len(alive)]
        child = self._spool(parent.experiment, parent.generation, parent.home)
        child.steps = parent.steps
        return f"{parent.writer} forks {child.writer}"

    def _do_finish(self, r: int) -> str | None:
        alive = self._alive()
        if not alive:
            return None
        spool = alive[r % len(alive)]
        self._tell_refused(spool)
        self._append(spool, "end", 0)
        spool.finished = True
        self._end(spool)
        return f"{spool.writer} finishes"

    def _do_kill(self, r: int) -> str | None:
        alive = self._alive()
        if not alive:
            return None
        self._end(alive[r % len(alive)])
        return f"{alive[r % len(alive)].writer} is killed"

    def _end(self, spool: Spool) -> None:
        spool.owner = None
        for sender in self.senders:
            if sender.spool is spool:
                sender.up = False

    def _do_sync(self, r: int) -> str | None:
        able = [s for s in self.spools if s.owner is None and not s.is_done and s.holder is None]
        return self.sync(able[r % len(able)]) if able else None

    def sync(self, spool: Spool) -> str:
        """Another process takes the lock of a dead writer's spool and sends what it holds."""
        spool.holder = self._sender(spool).number
        return f"the log of {spool.writer} is synced"

    # --- sending ------------------------------------------------------------------------------------------------------
    def _do_send(self, r: int) -> str | None:
        able = [s for s in self.senders if s.up and s.waiting is None and not s.spool.is_done and not s.stopped]
        return self.send(able[r % len(able)], able[r % len(able)].home, r // 64 % 3 + 1) if able else None

    def _do_send_local(self, r: int) -> str | None:
        able = [s for s in self.senders if s.up and s.waiting is None and not s.spool.is_done]
        return self.send(able[r % len(able)], "local", 2) if able else None

    def send(self, sender: Sender, store: str, most: int) -> str:
        """Cut a batch and put it on its way; nothing to send is a heartbeat, which asks for a receipt too."""
        spool = sender.spool
        first = max(sender.position.get(store, 0), spool.first_held)
        if self.planted == "stop-at-accepted" and first >= spool.end > 0 and store == sender.home:
            sender.stopped = spool.finished
        frames = tuple(spool.frames[first : first + most])
        brings, without = self._files_of(sender, store, frames)
        batch = Batch(
            spool.writer, spool.experiment, spool.generation, first, () if brings else frames, spool.first_held,
            frozenset((0, 1)), brings, without,
        )  # fmt: skip
        self.requests += 1
        sender.waiting = self.requests
        self.messages.append(Message(self.requests, sender.number, store, batch))
        return f"s{sender.number} sends {self.messages[-1]}"

    def _files_of(self, sender: Sender, store: str, frames: tuple[Frame, ...]) -> tuple[frozenset[int], frozenset[int]]:
        """What is to be brought before a batch of these, and what is here no more and not to be waited for."""
        cited = frozenset(frame.file for frame in frames if frame.file) - sender.there.get(store, set())
        here = cited & sender.spool.files
        without = frozenset() if self.planted == "waits-for-lost" else cited - here
        return frozenset() if self.planted == "event-before-file" else here, without

    def _do_move(self, r: int) -> str | None:
        """The client is told another address of the same repo."""
        able = [s for s in self.senders if s.up and s.home in ("A", "B") and not s.spool.is_done]
        if not able:
            return None
        sender = able[r % len(able)]
        sender.home = sender.spool.home = "B" if sender.home == "A" else "A"
        return f"s{sender.number} goes on with {sender.home}"

    def _do_deliver(self, r: int) -> str | None:
        message = self._message(r)
        if message is None:
            return None
        self.messages.remove(message)
        if message.answer is not None:
            return self._receive(message, message.answer)
        place: Place = self.places[message.to]
        answer = place.answer(message.batch)
        self.messages.append(Message(message.request, message.sender, message.to, message.batch, answer))
        b = message.batch
        return f"{message.to} takes {b.writer}[{b.first}:{b.end}]: {told(answer)}"

    def _receive(self, message: Message, answer: Answer) -> str:
        sender = self.senders[message.sender]
        if sender.waiting != message.request or not sender.up:
            return f"nobody waits for: {message}"
        sender.waiting = None
        if isinstance(answer, Receipt):
            self._take(sender, message.to, answer)
        elif isinstance(answer, Refusal) and answer.reason == "gap":
            sender.position[message.to] = answer.want
        elif isinstance(answer, Refusal) and answer.reason == "gone":
            sender.spool.gone = True  # told, kept, and never sent again
        elif isinstance(answer, Refusal) and answer.reason == "brought":
            sender.there.setdefault(message.to, set()).update(answer.files)
        elif isinstance(answer, Refusal) and answer.reason == "files" and self.planted != "believes-for-ever":
            sender.there.setdefault(message.to, set()).difference_update(answer.files)
        return f"s{sender.number} learns of {message.batch.writer}: {told(answer)}"

    def _take(self, sender: Sender, store: str, receipt: Receipt) -> None:
        """Move on or back to what is held, and free whole segments of what is durable at home."""
        spool, known = sender.spool, sender.position.get(store, 0)
        is_deaf = self.planted == "deaf-to-less"
        sender.position[store] = max(known, receipt.accepted_end) if is_deaf else receipt.accepted_end
        home = self.places[sender.home].destination
        if receipt.store_id != home and self.planted != "merged-receipts":
            return
        upto = min(receipt.durable_end, spool.end)
        if spool.owner is not None or upto < spool.end:
            upto -= upto % SEGMENT
        for seq in range(spool.first_held, upto if self.watches else 0):
            kept = self.places[sender.home].keeps and store == sender.home
            safe = set(range(spool.end)) if kept else self.repo.head.held(spool.writer) | self._deleted_seqs(spool)
            demand(seq in safe, "a segment was deleted before it was durable", f"{spool.writer}#{seq}")
        spool.first_held = max(spool.first_held, upto)
        durable = receipt.accepted_end if self.planted == "file-freed-at-accepted" else receipt.durable_end
        self._let_go(spool, min(durable, spool.end), self.places[sender.home])

    def _let_go(self, spool: Spool, durable: int, home: Place) -> None:
        """Let go of files that no event behind the durable mark cites."""
        needed = {frame.file for frame in spool.frames[durable:]}
        if self.planted == "file-freed-at-first":
            needed = set()
        going = {frame.file for frame in spool.frames[:durable]} & spool.files - needed
        there = home.disk.blobs if home.keeps else self.repo.head.packed()
        for file in going if self.watches else ():
            fine = file in there or self._excused(spool.writer, file) or bool(self._deleted_seqs(spool))
            demand(fine, "a file was deleted before it was durable", f"file {file} of {spool.writer}")
        spool.files -= going

    def _excused(self, writer: str, file: int) -> bool:
        """Whether somebody deleted it by hand."""
        return (writer, file) in self.lost or file in self.rotten

    def _deleted_seqs(self, spool: Spool) -> set[int]:
        return set(range(spool.end)) if spool.experiment in self.ever_deleted else set()
