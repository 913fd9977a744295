"""What travels between the machines of the model: frames, batches, receipts and refusals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Frame(NamedTuple):
    """One event. `call` is a ghost: it names the `log()` call for the checker and makes the content unique."""

    call: int
    step: int
    value: int  # small, so that equal points happen
    time: int  # by the writer's clock, which may go back
    schema: int = 0
    kind: str = "metrics"  # or "refused" (value counts them), "end"
    bad: bool = False  # a store refuses this one for good
    file: int = 0  # the content that it cites by its hash; 0 is none


class Batch(NamedTuple):
    """Consecutive frames of one writer; no frames is a heartbeat, or brings `files`."""

    writer: str
    experiment: str
    generation: int
    first: int
    frames: tuple[Frame, ...]
    first_held: int
    schemas: frozenset[int]
    files: frozenset[int] = frozenset()
    without: frozenset[int] = frozenset()
    """Cited files that the writer has no more: nobody is to wait for them."""

    @property
    def end(self) -> int:
        return self.first + len(self.frames)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A store's answer: what it holds of a writer. Ends are of the contiguous prefix, named holes included."""

    store_id: str
    incarnation: str
    accepted_end: int
    durable_end: int
    digest: int
    holes: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """`unavailable`, `gap` (want), `overlap`, `gone`, `rejected`, or `page`: a stranger's 200.

    `files`: the batch cites some that are not there. `brought` is no refusal: it answers to files.
    """

    reason: str
    want: int = 0
    files: frozenset[int] = frozenset()


Answer = Receipt | Refusal


@dataclass(slots=True)
class Message:
    """One request or answer on its way. `request` ties an answer to the sender that waits for it."""

    request: int
    sender: int
    to: str  # the store's name
    batch: Batch
    answer: Answer | None = None  # None while this is still the request

    def __str__(self) -> str:
        b = self.batch
        what = f"{b.writer}[{b.first}:{b.end}]" if b.frames else f"{b.writer} heartbeat"
        if b.files:
            what = f"files {sorted(b.files)} of {b.writer}"
        elif b.without:
            what += f" without files {sorted(b.without)}"
        return f"{what} to {self.to}" + (f", answer {told(self.answer)}" if self.answer else "")


def told(answer: Answer) -> str:
    """An answer in a few words, for histories."""
    if isinstance(answer, Refusal):
        files = f" {sorted(answer.files)}" if answer.files else ""
        return answer.reason + files + (f", wants {answer.want}" if answer.reason == "gap" else "")
    holes = f", holes {sorted(answer.holes)}" if answer.holes else ""
    return f"accepted {answer.accepted_end}, durable {answer.durable_end}{holes} ({answer.incarnation})"


def digest_part(writer: str, seq: int, frame: Frame) -> int:
    """What one frame adds to its writer's digest; the sum is taken modulo 2^61 - 1."""
    return hash((writer, seq, frame.call, frame.step, frame.value)) * 0x9E3779B97F4A7C15 % MODULUS


MODULUS = 2**61 - 1
