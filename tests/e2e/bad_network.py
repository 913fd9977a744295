"""A network of our own between trainer and Space: it loses, repeats, delays, reorders, and answers like a stranger."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGE = b"<!doctype html><title>Building</title><h1>This Space is building</h1>"
STRANGERS = {
    "page": (200, {"Content-Type": "text/html"}, PAGE),
    "json": (200, {"Content-Type": "application/json"}, b'{"status": "ok"}'),
    "receipt of nobody": (200, {"Content-Type": "application/json"}, b'{"trackio_receipt": 2}'),
    "404": (404, {"Content-Type": "text/html"}, PAGE),
    "401 of the platform": (401, {"Content-Type": "text/html"}, PAGE),
    "503": (503, {"Content-Type": "text/html"}, PAGE),
    "429": (429, {"Content-Type": "text/plain", "Retry-After": "1"}, b"slow down"),
    "moved": (302, {"Location": "https://example.invalid/"}, b""),
}
FAULTS = ("lose request", "lose answer", "reset", "cut", "delay", "twice", "hold back", *STRANGERS)


class BadNetwork:
    """Forwards to `target`. `choose(number)` names what befalls request `number`; "pass" is nothing."""

    def __init__(self, target_port: int, choose: Callable[[int], str]) -> None:
        self.befell: Counter[str] = Counter()
        self._held: list[tuple[str, str, dict[str, str], bytes]] = []
        self._lock = threading.Lock()
        network, self._number = self, 0

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: Any) -> None: ...

            def do_GET(self) -> None:
                self._any()

            def do_POST(self) -> None:
                self._any()

            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with network._lock:
                    number, network._number = network._number, network._number + 1
                fault = choose(number)
                network.befell[fault] += 1
                request = (self.command, self.path, dict(self.headers.items()), body)
                network._treat(self, fault, request)

        self._handler_class = Handler
        self._target_port = target_port
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def goes_to(self, port: int) -> None:
        """From now on another server is behind it."""
        self._target_port = port

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _forward(self, request: tuple[str, str, dict[str, str], bytes]) -> tuple[int, dict[str, str], bytes]:
        method, path, headers, body = request
        connection = http.client.HTTPConnection("127.0.0.1", self._target_port, timeout=30)
        try:
            connection.request(method, path, body, {**headers, "Connection": "close"})
            answer = connection.getresponse()
            kept = ("content-type", "retry-after", "x-trackio")
            return answer.status, {k: v for k, v in answer.getheaders() if k.lower() in kept}, answer.read()
        except OSError:
            return STRANGERS["503"]
        finally:
            connection.close()

    def _treat(
        self, client: BaseHTTPRequestHandler, fault: str, request: tuple[str, str, dict[str, str], bytes]
    ) -> None:
        if fault in STRANGERS:
            return _answer(client, *STRANGERS[fault])
        if fault in ("lose request", "reset"):
            return _hang_up(client, reset=fault == "reset")
        if fault == "hold back":  # it arrives later, behind requests that were sent after it
            with self._lock:
                self._held.append(request)
            return _hang_up(client)
        if fault == "delay":
            time.sleep(0.15)
        if fault == "twice":
            self._forward(request)
        status, headers, body = self._forward(request)
        with self._lock:
            held, self._held = self._held, []
        for earlier in held:
            self._forward(earlier)
        if fault == "lose answer":
            return _hang_up(client)
        if fault == "cut":
            client.wfile.write(
                b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\nX-Trackio: 1\r\n\r\n" + body[: len(body) // 2]
            )
            return _hang_up(client)
        return _answer(client, status, headers, body)


def _answer(client: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes) -> None:
    client.send_response(status)
    for name, value in headers.items():
        client.send_header(name, value)
    client.send_header("Content-Length", str(len(body)))
    client.end_headers()
    client.wfile.write(body)


def _hang_up(client: BaseHTTPRequestHandler, *, reset: bool = False) -> None:
    client.close_connection = True
    if reset:
        client.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.connection.close()
