"""A Space of a hundred lines: the delivery routes over HTTP, with a MemoryTransport as its store."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from trackio_client.delivery.transport import Known, MemoryTransport
from trackio_client.errors import Gap
from trackio_client.wire.batches import unpack


class SmallSpace:
    """Listens on a free port of this machine. `trouble` (status, slug) is answered instead while it is set."""

    def __init__(self, port: int = 0) -> None:
        self.store = MemoryTransport(destination="small")
        self.trouble: tuple[int, str] | None = None
        self.tokens: set[str | None] = set()
        self.health: dict[str, Any] = {"status": "ok"}
        space = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                space.tokens.add(self.headers.get("X-Trackio-Token"))
                if space.trouble:
                    return self.answer(space.trouble[0], _problem(space.trouble[1]))
                try:
                    return self.answer(200, space.store.send(unpack(raw)).to_json())
                except Gap as gap:
                    return self.answer(409, _problem("gap", want=gap.want))

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                if url.path == "/v1/health":
                    return self.answer(200, space.health)
                if url.path == "/v1/experiments":
                    known = space.store.find(parse_qs(url.query)["project"][0], "")
                    return self.answer(200, {"experiments": [_listed(known)] if known else []})
                if url.path.endswith("/receipts"):
                    receipts = space.store.receipts(unquote(url.path.split("/")[-2]))
                    return self.answer(200, {"receipts": [receipt.to_json() for receipt in receipts]})
                key = unquote(url.path.rpartition("/")[2])
                known = space.store.find("digits", key)
                if known is None or known.experiment_id != key:
                    return self.answer(404, _problem("not-found"))
                return self.answer(200, _listed(known))

            def answer(self, status: int, content: Any) -> None:
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("X-Trackio", "1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *given: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [p.content for p in self.store.decoded() if hasattr(p, "content") and p.content["kind"] == kind]

    def steps(self, metric: str) -> list[int]:
        return [
            int(s) for p in self.store.decoded() if hasattr(p, "steps") and metric in p.schema.keys for s in p.steps
        ]


def _problem(slug: str, **more: Any) -> dict[str, Any]:
    return {"type": f"https://example.org/problems/{slug}", "title": slug, "detail": f"this is {slug}", **more}


def _listed(known: Known) -> dict[str, Any]:
    return {
        "experiment_id": known.experiment_id, "project": known.project, "name": known.name,
        "generation": known.generation, "last_step": known.last_step, "state": known.state,
    }  # fmt: skip
