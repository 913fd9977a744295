"""How an experiment failed, as far as is known: by its own record, its error events, its end, or its silence (S4.19).

Kinds: out_of_memory, gpu, cuda, nan, data, interrupted, killed, unknown. A process that is killed (SIGKILL, the kernel
out of memory, a machine taken back) cannot say so: its silence is told as `killed` with `certain` false, for a lost
network looks the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trackio_client.queries.records import Record
from trackio_client.queries.states import State
from trackio_client.store.contract import ExperimentRecord, Store
from trackio_client.wire.events import ERROR

_INTERRUPTS: Final = frozenset({"SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK", "SIGUSR1", "SIGUSR2"})
_KILLS: Final = frozenset({"SIGKILL", "SIGABRT", "SIGSEGV", "SIGBUS", "SIGILL", "SIGXCPU"})
_WORDS: Final = (
    ("out_of_memory", re.compile(r"OutOfMemoryError|MemoryError|out of memory", re.I)),
    ("interrupted", re.compile(r"KeyboardInterrupt")),
    ("cuda", re.compile(r"\bCUDA\b|cublas|cudnn|nccl", re.I)),
    ("nan", re.compile(r"FloatingPointError|\bnan\b", re.I)),
)


def failures_of(
    store: Store, record: ExperimentRecord, state: State, records: Sequence[Record], last: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Every failure that is known, first the first: {"kind", "error", "message", "trace", "step", "rank", …}.

    Args:
        store: where the events are.
        record: whose.
        state: what state it is in.
        records: what it recorded.
        last: the last metrics, for a failure that could not record them.
    """
    found = [
        {"step": one.step, "epoch": one.epoch, **one.data, "time_s": one.time_s}
        for one in records
        if one.name == "failure"
    ]
    known = {(one.get("error"), str(one.get("message") or "")[:200], one.get("rank") or 0) for one in found}
    for event in store.events(record.experiment_id, kinds=[ERROR]):
        told = event.content
        key = (told.get("error"), str(told.get("message") or "")[:200], told.get("rank") or 0)
        if key not in known:
            known.add(key)
            found.append(_of_event(told, last))
    if not found and (one := _of_end(record, state, last)) is not None:
        found.append(one)
    return sorted(found, key=lambda one: float(one.get("time_s") or 0.0))


def _of_event(told: Mapping[str, Any], last: Mapping[str, Any]) -> dict[str, Any]:
    text = f"{told.get('error')}: {told.get('message')}"
    kind = next((kind for kind, words in _WORDS if words.search(text)), "unknown")
    one = {"kind": kind, **{name: told.get(name) for name in ("error", "message", "trace", "step", "rank")}}
    one["time_s"] = float(told.get("time_us") or 0) / 1e6
    one["last_metrics"] = dict(last)
    return {name: value for name, value in one.items() if value is not None}


def _of_end(record: ExperimentRecord, state: State, last: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the end, or its absence, says when nothing else does."""
    told: dict[str, Any] = {"step": record.last_step, "time_s": state.since_s, "last_metrics": dict(last)}
    if state.word == "lost_contact":
        return told | {
            "kind": "killed",
            "certain": False,
            "message": "Nothing was heard any more and no end was told: killed (SIGKILL, out of the host's memory, a "
            f"machine taken back), or the network was lost. {state.evidence}",
        }
    end = record.end or {}
    if state.word not in ("failed", "interrupted"):
        return None
    signal, code = end.get("signal"), end.get("exit_code")
    is_killed = signal in _KILLS or (isinstance(code, int) and code in (-9, 137))
    kind = (
        "killed" if is_killed else "interrupted" if state.word == "interrupted" or signal in _INTERRUPTS else "unknown"
    )
    told |= {"kind": kind, "error": end.get("error"), "message": end.get("message") or state.evidence}
    told |= {"signal": signal, "exit_code": code}
    return {name: value for name, value in told.items() if value is not None}
