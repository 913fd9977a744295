"""What trainers do and what befalls them."""

from __future__ import annotations

from tests.model import client
from tests.model.client import BUDGET_FRAMES, Process, Segment, Sender, Spool
from tests.model.messages import Frame
from tests.model.state import State


class Trainers(State):
    """What trainers do and what befalls them."""

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
