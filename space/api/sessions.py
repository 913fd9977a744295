"""Sessions of browsers: a cookie that says a role, its end and where it came from, under a seal. It is no token.

    2.<role>.<end, seconds UTC>.<subject>.<seal>

The subject is "owner" (the write token), "token:<id>" (gone when that token is revoked) or "hub:<user name>".
"""

from __future__ import annotations

import base64
import binascii
import hmac
import time
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from space.api.roles import Role
from space.api.tokens import Signer

COOKIE: Final = "trackio_session"
SESSION_S: Final = 30 * 86_400
"""How long a browser stays logged in with a token."""
HUB_SESSION_S: Final = 8 * 3600
"""With the Hub: as long as the Hub's own log-in of a Space; who lost the right is out by then."""
_VERSION: Final = "2"


@dataclass(frozen=True, slots=True)
class Session:
    """Who a browser is."""

    role: Role
    end_s: int
    subject: str


class Sessions:
    """Makes cookies' values and reads them."""

    def __init__(self, signer: Signer, *, valid_for: str = "") -> None:
        """`valid_for`: settings that sessions of the Hub depend on (who are owners, viewers); others end them."""
        self._signer = signer
        self._valid_for = valid_for

    def make(self, role: Role, subject: str, *, seconds: float = SESSION_S, end_s: int = 0) -> str:
        """A cookie's value. It ends after `seconds`, or at `end_s` if that is earlier and not 0."""
        end = int(time.time() + seconds)
        end = min(end, end_s) if end_s else end
        name = base64.urlsafe_b64encode(subject.encode()).decode().rstrip("=")
        said = f"{_VERSION}.{int(role)}.{end}.{name}"
        return f"{said}.{self._seal(said, subject)}"

    def read(self, value: str) -> Session | None:
        """The session of a cookie, if it is one of ours and not over."""
        said, _, seal = value.rpartition(".")
        parts = said.split(".")
        if len(value) > 2000 or len(parts) != 4 or parts[0] != _VERSION:
            return None
        try:
            role, end = Role(int(parts[1])), int(parts[2])
            subject = base64.urlsafe_b64decode(parts[3] + "=" * (-len(parts[3]) % 4)).decode()
        except (ValueError, binascii.Error):
            return None
        sealed = hmac.compare_digest(seal.encode("utf-8", "replace"), self._seal(said, subject).encode())
        return Session(role, end, subject) if sealed and end > time.time() else None

    def _seal(self, said: str, subject: str) -> str:
        more = self._valid_for if subject.startswith("hub:") else ""
        return self._signer.seal("session", f"{said}\n{more}".encode()).hex()


def set_cookie(response: Response, value: str, seconds: int, *, in_frame: bool, name: str = COOKIE) -> None:
    """Set (or with 0 seconds take away) a cookie that scripts cannot read.

    In the Hub's frame our page is a third party: only SameSite=None travels there, only over https, and Partitioned
    where browsers keep no third-party cookies at all. Starlette writes that word only from Python 3.14 on.
    """
    rules = "SameSite=none; Secure; Partitioned" if in_frame else "SameSite=lax"
    response.headers.append("Set-Cookie", f"{name}={value}; Max-Age={seconds}; Path=/; HttpOnly; {rules}")
