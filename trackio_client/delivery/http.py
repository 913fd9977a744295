"""Delivery over HTTP, with the standard library.

httpx would cost 20 MB and 0.1 s of CPU in every training process; `http.client` costs 8 MB and 0.025 s, of a budget
of 40 MB and 1.2 s for a million values. It keeps one connection open, takes proxies from the environment
(HTTPS_PROXY, NO_PROXY …) and trusts what SSL_CERT_FILE or REQUESTS_CA_BUNDLE names.

Only our own answers count: a receipt, or a problem of ours. A proxy's page with status 200, a 404 or a 503 means
asleep, building, private or gone: keep everything, and try again (S1.58).
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import ssl
import threading
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

from trackio_client.blobs import DEFAULT_MIME, Blob, BlobFolder
from trackio_client.delivery.address import is_hub_host, is_this_machine
from trackio_client.delivery.files import GONE, Lacking, read_part
from trackio_client.delivery.tokens import flaw_of
from trackio_client.delivery.transport import Known
from trackio_client.errors import (
    DeliveryError,
    FilesWanted,
    Gap,
    Gone,
    MalformedBatch,
    Overlap,
    Rejected,
    StoreError,
    StoreFull,
    Unauthorized,
    Unavailable,
)
from trackio_client.wire.batches import FRAMES_TYPE, Batch, Receipt, pack, receipt_from_json
from trackio_client.wire.files import FILES_TYPE, MOST_FILES, PART_BYTES, pack_files, range_header

MAX_ANSWER_BYTES = 4 * 1024 * 1024
"""What is read of an answer; a proxy's endless page must not fill the trainer's memory."""
TIMEOUT_S = 30.0
"""For connecting, and for each answer: proxies give up at 60 s."""


class HttpTransport:
    """Sends batches to a Space. Not thread-safe beyond a lock: one request at a time."""

    def __init__(
        self, address: str, *, token: str | None = None, hub_token: str | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        self.destination = address
        parts = urlsplit(address)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port
        self._path = parts.path.rstrip("/")
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._connection: http.client.HTTPConnection | None = None
        self._codec = "none" if is_this_machine(self._host) else "zlib"
        self._headers = {"User-Agent": "trackio-client", "Accept": "application/json, application/problem+json"}
        self._flaw = flaw_of(token, "TRACKIO_TOKEN")
        if token:
            self._headers["X-Trackio-Token"] = token
        if hub_token and self._secure and is_hub_host(address):
            self._flaw = self._flaw or flaw_of(hub_token, "HF_TOKEN")
            self._headers["X-HF-Authorization"] = f"Bearer {hub_token}"  # its proxy strips it; nobody else may see it
        self._arrived: dict[str, int] = {}
        """Large files on their way: how much of each the server has."""
        self._prefix = self._path
        self._proxy_headers: dict[str, str] = {}

    def send(self, batch: Batch) -> Receipt:
        path = f"/v1/writers/{quote(batch.writer_id)}/events"
        content = self._ask("POST", path, pack(batch, codec=self._codec), {"Content-Type": FRAMES_TYPE})
        try:
            receipt = receipt_from_json(content)
        except MalformedBatch as error:
            raise Unavailable(f"{self.destination} answered, but not with a receipt of ours: {error}") from None
        if receipt.writer_id != batch.writer_id:
            raise Unavailable(f"{self.destination} answered with another writer's receipt")
        return receipt

    def find(self, project: str, key: str) -> Known | None:
        if key and (found := self._one(key)) is not None:
            return found if found.project == project else None
        try:
            content = self._ask("GET", "/v1/experiments?" + urlencode({"project": project, "archived": 1}))
        except _Missing:
            return None
        listed = content.get("experiments") if isinstance(content, dict) else None
        named = [e for e in listed or [] if isinstance(e, dict) and (not key or e.get("name") == key)]
        return _known(max(named, key=lambda e: (e.get("created_s") or 0, e["experiment_id"]))) if named else None

    def _one(self, experiment_id: str) -> Known | None:
        try:
            return _known(self._ask("GET", "/v1/experiments/" + quote(experiment_id, safe="")))
        except (_Missing, Rejected):
            return None

    def receipts(self, experiment_id: str, *, timeout_s: float = 10.0) -> tuple[Receipt, ...]:
        with self._lock:  # asked at the end of a program: less patience than a batch gets
            self._timeout_s = min(self._timeout_s, timeout_s)
            if self._connection is not None and self._connection.sock is not None:
                self._connection.sock.settimeout(self._timeout_s)
        content = self._ask("GET", f"/v1/experiments/{quote(experiment_id, safe='')}/receipts")
        listed = content.get("receipts") if isinstance(content, dict) else None
        try:
            return tuple(map(receipt_from_json, listed or ()))
        except MalformedBatch as error:
            raise Unavailable(f"{self.destination} answered, but not with receipts of ours: {error}") from None

    # --- files ----------------------------------------------------------------------------------------------------

    def lacking(self, blobs: Sequence[Blob], experiment_id: str) -> Lacking:
        asked = {"experiment": experiment_id, "files": [{"sha256": b.sha256, "bytes": b.bytes} for b in blobs]}
        told = self._ask("POST", "/v1/blobs", json.dumps(asked).encode(), {"Content-Type": "application/json"})
        try:
            return Lacking({str(each) for each in told["want"]}, {str(k): str(v) for k, v in told["refused"].items()})
        except (KeyError, TypeError, AttributeError) as error:
            raise self._odd(error) from None

    def put_files(self, blobs: Sequence[Blob], folder: BlobFolder, experiment_id: str) -> dict[str, str]:
        if blobs[0].bytes > PART_BYTES:
            return self._put_part(blobs[0], folder, experiment_id)
        packed: list[tuple[Blob, bytes]] = []
        came: dict[str, str] = {}
        room = PART_BYTES
        for blob in blobs[:MOST_FILES]:
            room -= blob.bytes
            if room < 0:
                break
            content = read_part(folder, blob, 0)
            if content is None:
                came[blob.sha256] = GONE
            else:
                packed.append((blob, content))
        if not packed:
            return came
        path, kind = "/v1/blobs?" + urlencode({"experiment": experiment_id}), {"Content-Type": FILES_TYPE}
        told = self._ask("POST", path, pack_files(packed), kind)
        try:
            return came | {str(sha256): str(why) for sha256, why in told["files"].items()}
        except (KeyError, TypeError, AttributeError) as error:
            raise self._odd(error) from None

    def _put_part(self, blob: Blob, folder: BlobFolder, experiment_id: str) -> dict[str, str]:
        """The next part of a large file: from where the server's last answer said that it has it."""
        at = self._arrived.get(blob.sha256, 0)
        content = read_part(folder, blob, at)
        if not content:
            return {blob.sha256: GONE}
        path = f"/v1/blobs/{blob.sha256}?" + urlencode({"experiment": experiment_id})
        part = {"Content-Range": range_header(at, at + len(content), blob.bytes), "Content-Type": DEFAULT_MIME}
        try:
            have = int(self._ask("PUT", path, content, part)["have"])
        except Rejected as refused:
            self._arrived.pop(blob.sha256, None)
            return {blob.sha256: str(refused)}
        except (KeyError, TypeError, ValueError) as error:
            raise self._odd(error) from None
        if have < blob.bytes:
            self._arrived[blob.sha256] = max(0, have)
            return {}
        self._arrived.pop(blob.sha256, None)
        return {blob.sha256: ""}

    def _odd(self, error: Exception) -> Unavailable:
        return Unavailable(f"{self.destination} told of files in words that are not ours: {error!r:.100}")

    def health(self) -> dict[str, Any]:
        """What the Space says of itself. Raises DeliveryErrors."""
        content = self._ask("GET", "/v1/health")
        return content if isinstance(content, dict) else {}

    def idle(self) -> None: ...

    def close(self) -> None:
        with self._lock:
            self._hang_up()

    # --- one request ----------------------------------------------------------------------------------------------

    def _ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Any:
        """The JSON of an answer of ours. Raises DeliveryErrors, StoreFull, or _Missing for our own 404."""
        if self._flaw:
            raise Unauthorized(self._flaw)
        with self._lock:
            try:
                status, answered, raw = self._exchange(method, path, body, {**self._headers, **(headers or {})})
            except (OSError, http.client.HTTPException) as error:
                self._hang_up()
                raise Unavailable(f"{self.destination} cannot be reached: {_reason(error)}") from error
        try:
            content = json.loads(raw)
        except (ValueError, RecursionError):
            content = None
        if answered.get("X-Trackio") is None and not _is_ours(content):
            raise Unavailable(self._strange(status, answered), retry_after_s=_seconds(answered.get("Retry-After")))
        if status == 200 and content is not None:
            return content
        raise _problem(status, content if isinstance(content, dict) else {}, _seconds(answered.get("Retry-After")))

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        was_open = self._connection is not None
        try:
            return self._once(method, path, body, headers)
        except (ConnectionError, http.client.BadStatusLine):
            if not was_open:
                raise
            self._hang_up()  # a kept connection that the other side had closed: seqs make a repeat harmless
            return self._once(method, path, body, headers)

    def _once(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        if self._connection is None:
            self._connection = self._dial()
        connection = self._connection
        connection.request(method, self._prefix + path, body, {**headers, **self._proxy_headers})
        answer = connection.getresponse()
        raw = answer.read(MAX_ANSWER_BYTES + 1)
        if len(raw) > MAX_ANSWER_BYTES or answer.will_close:
            self._hang_up()
        return answer.status, answer.headers, raw

    def _dial(self) -> http.client.HTTPConnection:
        proxy = self._proxy()
        context = _context() if self._secure else None
        if proxy is None:
            if context is not None:
                return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout_s, context=context)
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        host, port, credentials = proxy
        if context is not None:
            connection = http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=context)
            connection.set_tunnel(self._host, self._port or 443, headers=credentials)
            return connection
        place = self._host if self._port is None else f"{self._host}:{self._port}"
        self._prefix, self._proxy_headers = f"http://{place}{self._path}", credentials
        return http.client.HTTPConnection(host, port, timeout=self._timeout_s)

    def _proxy(self) -> tuple[str, int, dict[str, str]] | None:
        """The proxy that the environment names for this address: (host, port, headers)."""
        named = getproxies().get("https" if self._secure else "http")
        if not named or is_this_machine(self._host) or proxy_bypass(self._host):
            return None
        parts = urlsplit(named if "://" in named else f"http://{named}")
        if not parts.hostname:
            return None
        headers = {}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers["Proxy-Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return parts.hostname, parts.port or 8080, headers

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _strange(self, status: int, headers: http.client.HTTPMessage) -> str:
        """What an answer means that is not ours."""
        if 300 <= status < 400:
            return (
                f"{self.destination} points elsewhere ({headers.get('Location', 'nowhere')}): give that address instead"
            )
        if is_hub_host(self.destination):
            words = {
                404: "is private, was deleted, or is being built",
                503: "is asleep or starting",
                429: "limits requests",
            }
            hint = "; if it is private, set HF_TOKEN" if status in (401, 403, 404) else ""
            return (
                f"the Space at {self.destination} {words.get(status, 'did not answer itself')} (status {status}){hint}"
            )
        return f"{self.destination} answered with status {status}, but it is not a Trackio Space"


class _Missing(DeliveryError):
    """Our own server's 404."""


def _is_ours(content: Any) -> bool:
    if not isinstance(content, dict):
        return False
    return content.get("trackio_receipt") == 1 or "/problems/" in str(content.get("type", ""))


def _problem(status: int, content: dict[str, Any], retry_after_s: float | None) -> DeliveryError | StoreError:
    """The error that a problem of ours means (docs/protocol.md lists them)."""
    slug = str(content.get("type", "")).rpartition("/problems/")[2]
    told = [str(content[key]).strip().rstrip(".") for key in ("detail", "hint") if content.get(key)]
    text = ". ".join(told) or f"status {status}"
    if slug == "store-full":
        return StoreFull(told[0] if told else text)  # the hint is for who keeps the server
    if slug == "gap" and isinstance(content.get("want"), int):
        return Gap(text, want=content["want"])
    if slug == "blobs-wanted" and isinstance(want := content.get("want"), list):
        return FilesWanted(text, want=tuple(map(str, want)))
    if slug in ("unauthorized", "forbidden"):
        return Unauthorized(text)
    if slug in ("malformed", "too-large"):
        return Rejected(text)
    if slug == "not-found":
        return _Missing(text)
    named = {"overlap": Overlap, "gone": Gone}.get(slug)
    return named(text) if named else Unavailable(f"{text} (status {status})", retry_after_s=retry_after_s)


def _known(content: Any) -> Known:
    try:
        return Known(
            experiment_id=str(content["experiment_id"]),
            project=str(content["project"]),
            name=str(content["name"]),
            generation=int(content["generation"]),
            last_step=None if content["last_step"] is None else int(content["last_step"]),
            state=str(content["state"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Unavailable(
            f"the Space described an experiment in words that this version does not know: {error!r}"
        ) from None


def _context() -> ssl.SSLContext:
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    context = ssl.create_default_context(cafile=bundle if bundle and os.path.isfile(bundle) else None)  # noqa: PTH113
    if not context.cert_store_stats()["x509_ca"] and not os.environ.get("SSL_CERT_DIR"):
        try:  # macOS from python.org has no certificates of its own
            import certifi
        except ImportError:
            return context
        context.load_verify_locations(certifi.where())
    return context


def _seconds(text: str | None) -> float | None:
    """A Retry-After in seconds; a date is left to our own backoff."""
    return min(float(text), 600.0) if text and text.strip().isdecimal() else None


def _reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text)[:200]
