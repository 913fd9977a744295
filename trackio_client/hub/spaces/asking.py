"""Questions to a Space's address by whoever sets it up: a GET, when nobody knows yet what answers there."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from trackio_client.delivery.address import is_hub_host

TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came from an address."""

    is_ours: bool
    """It bears the mark of this server: a proxy's page does not."""
    status: int
    """0 if nobody answered."""
    said: str
    content: dict[str, Any] | None = None


def ask(url: str, *, token: str | None = None, hub_token: str | None = None) -> Answer:
    """One GET. A Hub token goes to hf.space by https alone, in the header that its proxy takes away."""
    headers = {"User-Agent": "trackio-client", "Accept": "application/json"}
    if token:
        headers["X-Trackio-Token"] = token
    if hub_token and url.startswith("https://") and is_hub_host(url):
        headers["X-HF-Authorization"] = f"Bearer {hub_token}"
    try:
        with _OPENER.open(urllib.request.Request(url, headers=headers), timeout=TIMEOUT_S) as response:
            ours = response.headers.get("X-Trackio") == "1"
            content = _json(response.read(8_000_000)) if ours else None
            return Answer(ours, response.status, f"status {response.status}", content)
    except urllib.error.HTTPError as error:
        with error:
            ours = error.headers.get("X-Trackio") == "1"
            content = _json(error.read(100_000)) if ours else None
            detail = str((content or {}).get("detail") or f"status {error.code}")[:300]
            return Answer(ours, error.code, detail if ours else f"status {error.code}", content)
    except (OSError, ValueError) as error:
        return Answer(False, 0, str(getattr(error, "reason", None) or error)[:200])


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(body)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


class _Stays(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: a token is for the address that was named."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_Stays)
