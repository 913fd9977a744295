"""Tokens that carry what they open and a seal that only this server can make: no secret of theirs is kept anywhere.

    27 bytes, 36 characters: kind (1) · id (6) · end, seconds UTC, 0 for never (4) · seal (16)

The seal is HMAC-SHA256 over the first eleven bytes and the scope (what a share link shows), under a key made of
TRACKIO_WRITE_TOKEN. Whoever holds a link holds something to test guesses of that token against; so the key is made
with scrypt, and a token of 128 random bits is what we tell people to set. Another TRACKIO_WRITE_TOKEN ends them all.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final

from space.api.roles import Role


class Kind(IntEnum):
    """What a token opens."""

    SHARE = 1
    VIEWER = 2
    WRITER = 3

    @property
    def role(self) -> Role:
        """The role of a caller who shows it."""
        return {Kind.SHARE: Role.NOBODY, Kind.VIEWER: Role.VIEWER, Kind.WRITER: Role.WRITER}[self]


PREFIXES: Final = {Kind.SHARE: "", Kind.VIEWER: "trackio_viewer_", Kind.WRITER: "trackio_writer_"}
"""Tell people, and scanners for secrets, what they look at. A link needs none: it stands in our address."""
ID_BYTES: Final = 6
_HEAD: Final = 1 + ID_BYTES + 4
_SEAL: Final = 16
_LENGTH: Final = (_HEAD + _SEAL) * 4 // 3
LAST_S: Final = 2**32 - 1
"""The latest end that four bytes hold: in the year 2106."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a token says of itself. Nothing of it counts before `Signer.is_sealed`."""

    kind: Kind
    id: str
    """12 hexadecimal digits."""
    end_s: int
    """Seconds UTC; 0 for never."""
    seal: bytes


def new_id() -> str:
    """An id that no other token has."""
    return secrets.token_bytes(ID_BYTES).hex()


def claim_of(text: str) -> Claim | None:
    """What a text says if it has a token's form, else None. One token has one spelling."""
    text = text.strip()
    for kind, prefix in sorted(PREFIXES.items(), reverse=True):  # the empty prefix last
        if text.startswith(prefix):
            return _claim(kind, text[len(prefix) :])
    return None


def _claim(kind: Kind, text: str) -> Claim | None:
    if len(text) != _LENGTH or not text.isascii():
        return None
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if raw[0] != kind or base64.urlsafe_b64encode(raw).decode() != text:
        return None
    return Claim(kind, raw[1 : 1 + ID_BYTES].hex(), int.from_bytes(raw[1 + ID_BYTES : _HEAD], "big"), raw[_HEAD:])


class Signer:
    """Makes seals and checks them."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def seal(self, purpose: str, content: bytes) -> bytes:
        """32 bytes that nobody can make without the secret. Seals of different purposes have nothing in common."""
        key = hmac.new(_key(self._secret), purpose.encode(), "sha256").digest()
        return hmac.new(key, content, "sha256").digest()

    def token(self, kind: Kind, id_: str, end_s: int, scope: Sequence[str] = ()) -> str:
        """The token's text."""
        head = _head(kind, id_, end_s)
        return PREFIXES[kind] + base64.urlsafe_b64encode(head + self._token_seal(head, scope)).decode()

    def is_sealed(self, claim: Claim, scope: Sequence[str] = ()) -> bool:
        """Whether this server made the token for this scope."""
        return hmac.compare_digest(claim.seal, self._token_seal(_head(claim.kind, claim.id, claim.end_s), scope))

    def _token_seal(self, head: bytes, scope: Sequence[str]) -> bytes:
        return self.seal("token", head + hashlib.sha256("\n".join(scope).encode()).digest())[:_SEAL]


def _head(kind: Kind, id_: str, end_s: int) -> bytes:
    return bytes([kind]) + bytes.fromhex(id_) + end_s.to_bytes(4, "big")


@lru_cache(8)
def _key(secret: bytes) -> bytes:
    # 32 MB and about 0.1 s, once a process: what one guess at a weak TRACKIO_WRITE_TOKEN costs whoever holds a link.
    return hashlib.scrypt(secret, salt=b"trackio access 1", n=2**15, r=8, p=1, maxmem=2**26, dklen=32)
