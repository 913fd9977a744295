"""Trace: one conversation or one run of an agent: messages, spans, tokens, cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from trackio_client.media.keeping import Keeper, Media, NotKept
from trackio_client.values import jsonable

MAX_PARTS: Final = 10_000
"""Messages, and spans, of one trace."""


class Trace(Media):
    """What a model or an agent did for one request.

    Args:
        messages: as OpenAI's: [{"role": "user", "content": "…"}], with `tool_calls` and `tool_call_id`.
        metadata: of the whole: `session_id`, `status`, `duration_ms`, `cost_usd`, scores, whatever is of use.
        spans: [{"id", "name", "kind" ("span", "generation" or "tool"), "parent_id", "start_time", "end_time",
            "duration_ms", "status", "error", "input", "output", "model", "usage", "cost_usd", "metadata"}].

    Images and other media may stand anywhere inside.
    """

    kind: ClassVar[str] = "trace"

    def __init__(
        self, messages: Any = (), metadata: Any = None, spans: Any = None, *, caption: str | None = None
    ) -> None:
        self.caption = caption
        self._problem: str | None = None
        self.messages = self._dicts("messages", messages)
        self.spans = self._dicts("spans", spans)
        self.metadata: dict[str, Any] = dict(metadata) if isinstance(metadata, Mapping) else {}

    def _dicts(self, what: str, given: Any) -> list[dict[str, Any]]:
        if given is None:
            return []
        if not isinstance(given, (list, tuple)) or not all(isinstance(one, Mapping) for one in given):
            self._problem = f"{what} must be a list of dicts"
            return []
        return [dict(one) for one in given]

    def kept(self, keeper: Keeper) -> dict[str, Any]:
        if self._problem is not None:
            raise NotKept(self._problem)
        if max(len(self.messages), len(self.spans)) > MAX_PARTS:
            keeper.tell("long", f"a trace has more than {MAX_PARTS:,} messages or spans: the first are kept")
        content = {
            "messages": with_files(self.messages[:MAX_PARTS], keeper),
            "metadata": with_files(self.metadata, keeper),
            "spans": with_files(self.spans[:MAX_PARTS], keeper),
        }
        return {**self._told(), **keeper.data(content)}

    def _told(self) -> dict[str, Any]:
        """What a list of traces shows: counts, tokens, cost, duration, status. What nobody said is absent."""
        usage = [span["usage"] for span in self.spans if isinstance(span.get("usage"), Mapping)]
        told: dict[str, Any] = {"message_count": len(self.messages), "span_count": len(self.spans)}
        for name, keys in _TOKENS.items():
            found = [n for one in usage if (n := _first_number(one, keys)) is not None]
            if not found and (given := _first_number(self.metadata, keys)) is not None:
                found = [given]
            if found:
                told[name] = sum(found)
        costs = [cost for span in self.spans if (cost := _first_number(span, ("cost_usd",))) is not None]
        if not costs and (cost := _first_number(self.metadata, ("cost_usd",))) is not None:
            costs = [cost]
        if costs:
            told["cost_usd"] = sum(costs)
        duration = _first_number(self.metadata, ("duration_ms", "latency_ms"))
        if duration is None:
            roots = [span for span in self.spans if not span.get("parent_id")]
            durations = [d for span in roots if (d := _first_number(span, ("duration_ms",))) is not None]
            duration = sum(durations) if durations else None
        if duration is not None:
            told["duration_ms"] = duration
        failed = next((span for span in self.spans if span.get("error") or span.get("status") == "error"), None)
        status = self.metadata.get("status") or ("error" if failed is not None else None)
        return {**told, "status": str(status)[:100]} if status else told


_TOKENS: Final = {
    "input_tokens": ("input_tokens", "prompt_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens"),
    "total_tokens": ("total_tokens",),
}


def _first_number(of: Mapping[str, Any], keys: tuple[str, ...]) -> float | int | None:
    for key in keys:
        if isinstance(value := of.get(key), (int, float)) and not isinstance(value, bool):
            return value
    return None


def with_files(value: Any, keeper: Keeper, depth: int = 0) -> Any:
    """JSON of nested values, media in them put and cited as {"$media": kind, "file": …}."""
    if getattr(type(value), "is_trackio_media", False):
        return {"$media": value.kind, **value.item(keeper)}
    if depth < 16:
        if isinstance(value, Mapping):
            return {str(key): with_files(item, keeper, depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [with_files(item, keeper, depth + 1) for item in value]
    return jsonable(value)
