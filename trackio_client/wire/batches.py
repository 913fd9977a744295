"""Batches: consecutive frames of one writer on their way, and the receipts that answer them.

A batch as bytes (the body of `POST /v1/writers/{writer_id}/events`, type `application/vnd.trackio.frames`):

    "TKB1"  head length u32 · head, JSON · body

The head says writer_id, experiment_id, project, generation, first_seq, count, first_held, codec ("none" or "zlib"),
body_bytes (after decompression) and crc32 of the uncompressed body. The body holds the schema frames that its
metrics frames use, then `count` frames; schema frames take no seq.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from trackio_client.blobs import is_hash
from trackio_client.errors import MalformedBatch
from trackio_client.wire.events import is_id

FRAMES_TYPE: Final = "application/vnd.trackio.frames"
NDJSON_TYPE: Final = "application/x-ndjson"
MAGIC: Final = b"TKB1"
MAX_BODY_BYTES: Final = 16 * 1024 * 1024
"""Largest body after decompression; the client cuts at 1 MiB, one frame may be 4 MiB."""
MAX_HEAD_BYTES: Final = 64 * 1024

Ranges = tuple[tuple[int, int], ...]
"""Half-open ranges of seqs, ascending, disjoint, not touching: ((0, 40), (50, 60)) holds 0–39 and 50–59."""

EVERY_FILE: Final = "*"
"""In `Batch.without`: the writer has none of the files that the store lacks."""
MAX_WITHOUT: Final = 500
"""Files named in one head, which has room for some more: above it `EVERY_FILE` stands."""

_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Consecutive frames of one writer."""

    writer_id: str
    experiment_id: str
    project: str
    generation: int
    """Counts the resumes of the experiment; of a repeated step the later generation is shown."""
    first_seq: int
    count: int
    """Frames in the body that are not schema frames; 0 is a heartbeat, which also asks for a receipt."""
    first_held: int
    """The first seq that the writer can still send; what the store lacks before it is a named hole."""
    body: bytes
    """Schema frames, then the frames. Checked by whoever made the batch; `unpack` compares the checksum."""
    without: tuple[str, ...] = ()
    """Files (by SHA-256) that events here cite and that are not to be waited for, or `EVERY_FILE`."""

    @property
    def end_seq(self) -> int:
        return self.first_seq + self.count


def pack(batch: Batch, *, codec: str = "none") -> bytes:
    """The bytes of a batch. `codec` "zlib" spends 20–30 ms a MiB to save about half: not worth it on loopback."""
    body = zlib.compress(batch.body, 1) if codec == "zlib" else batch.body
    head = {
        "writer_id": batch.writer_id,
        "experiment_id": batch.experiment_id,
        "project": batch.project,
        "generation": batch.generation,
        "first_seq": batch.first_seq,
        "count": batch.count,
        "first_held": batch.first_held,
        "codec": codec,
        "body_bytes": len(batch.body),
        "crc32": zlib.crc32(batch.body),
    }
    if batch.without:
        head["without"] = list(batch.without)
    text = json.dumps(head, separators=(",", ":")).encode("ascii")
    return b"".join((MAGIC, _LENGTH.pack(len(text)), text, body))


def unpack(raw: bytes | memoryview) -> Batch:
    """The batch in these bytes. Raises MalformedBatch with what is wrong; never inflates above MAX_BODY_BYTES."""
    raw = memoryview(raw)
    if bytes(raw[:4]) != MAGIC or len(raw) < 8:
        raise MalformedBatch(f"a batch begins with 'TKB1', these {len(raw)} bytes begin with {bytes(raw[:4])!r}")
    (length,) = _LENGTH.unpack_from(raw, 4)
    if not 0 < length <= min(MAX_HEAD_BYTES, len(raw) - 8):
        raise MalformedBatch(f"the head is said to have {length} bytes; 1 to {MAX_HEAD_BYTES} must be there")
    try:
        head = json.loads(bytes(raw[8 : 8 + length]))
    except (ValueError, RecursionError) as error:
        raise MalformedBatch(f"the head is no JSON: {error}") from None
    if not isinstance(head, dict):
        raise MalformedBatch(f"the head must be a JSON object, got {type(head).__name__}")
    body = _body(raw[8 + length :], head)
    return Batch(
        writer_id=_id(head, "writer_id"),
        experiment_id=_id(head, "experiment_id"),
        project=_project(head),
        generation=_count(head, "generation"),
        first_seq=_count(head, "first_seq"),
        count=_count(head, "count"),
        first_held=_count(head, "first_held"),
        body=body,
        without=_without(head),
    )


def _without(head: dict[str, Any]) -> tuple[str, ...]:
    named = head.get("without", [])
    if not isinstance(named, list) or not all(each == EVERY_FILE or is_hash(each) for each in named):
        raise MalformedBatch(f"without must be a list of SHA-256, or of '*', got {named!r:.80}")
    return tuple(named)


def _body(raw: memoryview, head: dict[str, Any]) -> bytes:
    size, codec = _count(head, "body_bytes"), head.get("codec")
    if size > MAX_BODY_BYTES:
        raise MalformedBatch(f"the body has {size} bytes, at most {MAX_BODY_BYTES} are taken: send smaller batches")
    if codec == "none":
        body = bytes(raw)
    elif codec == "zlib":
        inflate = zlib.decompressobj()
        try:  # one byte more than promised is enough to see that a small body would explode
            body = inflate.decompress(raw, size + 1)
        except zlib.error as error:
            raise MalformedBatch(f"the body cannot be decompressed: {error}") from None
    else:
        raise MalformedBatch(f"codec must be 'none' or 'zlib', got {codec!r}")
    if len(body) != size:
        raise MalformedBatch(f"the body must have {size} bytes as its head says, it has {len(body)} or more")
    if zlib.crc32(body) != head.get("crc32"):
        raise MalformedBatch("the body's checksum is wrong: it was changed on its way")
    return body


def _count(head: dict[str, Any], name: str) -> int:
    value = head.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise MalformedBatch(f"{name} must be a whole number >= 0, got {value!r:.80}")
    return value


def _id(head: dict[str, Any], name: str) -> str:
    value = head.get(name)
    if not isinstance(value, str) or not is_id(value):
        raise MalformedBatch(f"{name} must be 1 to 128 letters, digits, '_', '-' or '.', got {value!r:.80}")
    return value


def _project(head: dict[str, Any]) -> str:
    value = head.get("project")
    if not isinstance(value, str) or not value.strip() or len(value) > 256:
        raise MalformedBatch(f"project must be a text of 1 to 256 characters, got {value!r:.80}")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """Seqs that can never arrive, and why."""

    first_seq: int
    end_seq: int
    reason: str

    def text(self) -> str:
        """In words, the last seq included."""
        return f"events {self.first_seq} to {self.end_seq - 1}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A store's answer to a writer: what it holds of it, not what was just sent."""

    writer_id: str
    store_id: str
    """Names the destination for ever: the repo, or a disk that keeps. Durable counts only for this destination."""
    incarnation: str
    """Random, new whenever the store begins on an empty disk: a changed one tells the client to look again."""
    accepted: Ranges = ()
    """Committed in the store."""
    durable: Ranges = ()
    """Also in the Hub, or on a disk declared persistent: what the client may delete."""
    events: int = 0
    """Frames held of this writer."""
    points: int = 0
    """Single values held of this writer."""
    digest: str = "0" * 32
    """Of what is held of this writer (store.columns says how): 32 hexadecimal characters; sums of writers add up."""
    holes: tuple[Hole, ...] = ()

    @property
    def accepted_end(self) -> int:
        """The end of the contiguous prefix that is held."""
        return prefix_end(self.accepted)

    @property
    def durable_end(self) -> int:
        return prefix_end(self.durable)

    def to_json(self) -> dict[str, Any]:
        return {
            "trackio_receipt": 1,
            "writer_id": self.writer_id,
            "store_id": self.store_id,
            "incarnation": self.incarnation,
            "accepted": [list(pair) for pair in self.accepted],
            "durable": [list(pair) for pair in self.durable],
            "events": self.events,
            "points": self.points,
            "digest": self.digest,
            "holes": [{"first_seq": h.first_seq, "end_seq": h.end_seq, "reason": h.reason} for h in self.holes],
        }


def receipt_from_json(content: Any) -> Receipt:
    """The receipt in a JSON object. Raises MalformedBatch: then it was a proxy or a stranger who answered."""
    try:
        if content["trackio_receipt"] != 1:
            raise ValueError("a receipt of a version that this client does not know")
        return Receipt(
            writer_id=str(content["writer_id"]),
            store_id=str(content["store_id"]),
            incarnation=str(content["incarnation"]),
            accepted=ranges(content["accepted"]),
            durable=ranges(content["durable"]),
            events=int(content["events"]),
            points=int(content["points"]),
            digest=str(content["digest"]),
            holes=tuple(Hole(**hole) for hole in content["holes"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MalformedBatch(f"this is no receipt of ours: {error!r:.120}") from None


def digest_sum(digests: Iterable[str]) -> str:
    """The digest of an experiment from those of its writers: two sums modulo 2^64, each half for itself."""
    low = high = 0
    for digest in digests:
        high, low = high + int(digest[:16], 16), low + int(digest[16:], 16)
    return f"{high % 2**64:016x}{low % 2**64:016x}"


def ranges(pairs: Iterable[Iterable[int]]) -> Ranges:
    """Ranges in order with those that touch or overlap joined; empty ones vanish."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted((int(start), int(end)) for start, end in pairs):
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def prefix_end(held: Ranges) -> int:
    """The first seq that is not held."""
    return held[0][1] if held and held[0][0] == 0 else 0
