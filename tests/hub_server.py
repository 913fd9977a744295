"""A stand-in for the Hugging Face Hub on loopback: huggingface_hub and datasets talk to it by HF_ENDPOINT.

    with running_hub() as hub:                      # in a thread; state in memory, or running_hub(folder)
        api = HfApi(hub.url, token="hf_me")
        hub.fault(r"POST .*/commit/", status=429, headers={"Retry-After": "271"})
        …
        assert hub.unknown() == []

    hub = HubProcess(folder)                        # a process of its own, which can be killed and started again
    hub.start(); hub.kill(); hub.start()            # same address, same state

`python -m tests.hub_server --port 8000 --folder /tmp/hub` serves by hand. Accounts: me (free; tokens hf_me,
hf_me_read), pro (PRO; hf_pro), stranger (hf_stranger); me may write in the organisation lab. The parts lie in
tests/hub/standin/. huggingface_hub reads HF_ENDPOINT at import: give other processes `hub.env(home)`, and in your own
process take the fixture `hub` of tests/hub/conftest.py or pass `endpoint=hub.url`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn

from tests.hub.standin.app import StandIn
from tests.hub.standin.state import State
from tests.ports import free_port

_ROOT = Path(__file__).resolve().parents[1]
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Hub:
    """A running stand-in, as a test sees it. Asks by HTTP, so that it may be in any process."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, what: str, **said: Any) -> Any:
        """One of the questions and orders of tests/hub/standin/control.py."""
        request = urllib.request.Request(
            f"{self.url}/-/{what}", json.dumps(said).encode(), {"Content-Type": "application/json"}
        )
        try:
            with _DIRECT.open(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise ValueError(error.read().decode()) from None

    def fault(self, route: str, status: int = 200, *, kind: str = "", times: int = 1, **more: Any) -> None:
        """Switch a fault on: tests/hub/standin/faults.py, `Fault`, says which there are."""
        self.ask("fault", route=route, status=status, kind=kind or "status", times=times, **more)

    def heal(self, route: str | None = None) -> None:
        self.ask("heal", route=route)

    def requests(self, holding: str = "") -> list[dict[str, Any]]:
        """What was asked since the start or `forget()`, in order: request, route, status, token, bytes, fault."""
        return list(self.ask("requests", holding=holding))

    def forget(self) -> None:
        self.ask("forget")

    def routes(self) -> list[str]:
        """The routes that were used, as "METHOD /api/datasets/{owner}/{name}/…"."""
        return sorted({seen["route"] for seen in self.requests() if seen["route"]})

    def unknown(self) -> list[str]:
        """What was refused with 501 because the stand-in does not know it."""
        return [seen["request"] for seen in self.requests() if seen["status"] == 501]

    def pushes(self, repo: str, last_s: float = float("inf"), *, kind: str = "dataset") -> list[dict[str, Any]]:
        """The commits that were taken, a squash notwithstanding: id, at_s, author, title, files, bytes (new ones)."""
        told = self.ask("repo", kind=kind, name=repo)
        return [push for push in told["pushes"] if push["at_s"] > told["now_s"] - last_s]

    def advance(self, seconds: float) -> None:
        """Move the stand-in's clock: commits per hour, tokens' ends, dates."""
        self.ask("clock", by_s=seconds)

    def limit(self, **limits: float | None) -> None:
        """Set limits of tests/hub/standin/state.py, `Limits`."""
        self.ask("limits", **limits)

    def add_user(self, name: str, *, is_pro: bool = False, can_pay: bool = False, **orgs: str) -> None:
        self.ask("user", name=name, is_pro=is_pro, can_pay=can_pay, orgs=orgs)
        self.add_token(f"hf_{name}", name)

    def add_token(self, value: str, user: str = "me", role: str = "write", **more: Any) -> None:
        """`role="fineGrained", scoped=[{"type", "name", "permissions"}]`; `lasts_s` gives it an end."""
        self.ask("token", value=value, user=user, role=role, **more)

    def revoke(self, token: str) -> None:
        self.ask("revoke", value=token)

    def repo(self, name: str, kind: str = "dataset") -> dict[str, Any]:
        return dict(self.ask("repo", kind=kind, name=name))

    def space(self, name: str, **said: Any) -> None:
        """`stages=[…]` (one a question, the last stays), `host="http://…"` where the Space really answers."""
        self.ask("space", name=name, **said)

    def host(self, name: str, address: str) -> None:
        """Where a Space will really answer, told before it is made: a deploy asks as soon as it has made one."""
        self.ask("host", name=name, address=address)

    def browser(self, user: str | None, *, refuses: bool = False) -> None:
        """Who sits before the browser at an OAuth log-in, and whether they say no."""
        self.ask("browser", user=user, refuses=refuses)

    def env(self, home: Path, token: str | None = "hf_me") -> dict[str, str]:
        """The environment for another process whose Hub this is."""
        given = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING_FACE_", "HUGGINGFACE_"))}
        given |= {"HF_ENDPOINT": self.url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "NO_PROXY": "*"}
        given |= {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        return given | ({"HF_TOKEN": token} if token else {})


def _sockets(port: int = 0) -> list[socket.socket]:
    """Hub, CDN, pages."""
    found = []
    for wanted in (port, 0, 0):
        # Named as TCP: asyncio turns Nagle's delay off only then, and with it every answer takes 40 ms.
        found.append(socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP))
        found[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found[-1].bind(("127.0.0.1", wanted))
        found[-1].listen(512)
    return found


class _Server(uvicorn.Server):
    async def main_loop(self) -> None:
        """Uvicorn looks ten times a second whether it should end; a test that starts one each time notices."""
        while not await self.on_tick(0):
            await asyncio.sleep(0.01)


def _server(state: State, sockets: list[socket.socket]) -> uvicorn.Server:
    app = StandIn(state)
    app.listens(*(s.getsockname()[1] for s in sockets))
    quiet = {"log_config": None, "log_level": "critical", "access_log": False, "date_header": False}
    return _Server(uvicorn.Config(app, http="h11", lifespan="off", proxy_headers=False, **quiet))


@contextlib.contextmanager
def running_hub(folder: Path | None = None, port: int = 0) -> Iterator[Hub]:
    """A stand-in in a thread of this process, gone afterwards."""
    sockets, state = _sockets(port), State(folder)
    server = _server(state, sockets)
    thread = threading.Thread(target=server.run, kwargs={"sockets": sockets}, name="hub", daemon=True)
    thread.start()
    try:
        yield Hub(f"http://127.0.0.1:{sockets[0].getsockname()[1]}")
    finally:
        server.should_exit = server.force_exit = True  # a fault may hold a request for an hour
        thread.join(30)
        state.close()
        for s in sockets:
            s.close()


class HubProcess(Hub):
    """A stand-in in a process of its own, over a folder; the address stays over `kill()` and `start()`."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        super().__init__(f"http://127.0.0.1:{self.port}")
        self.folder, self.process = folder, None

    process: subprocess.Popen[str] | None

    def start(self) -> HubProcess:
        command = [sys.executable, "-m", "tests.hub_server", "--port", str(self.port), "--folder", str(self.folder)]
        self.process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        if not self.process.stdout.readline():
            raise RuntimeError(f"the stand-in ended with {self.process.wait()}")
        return self

    def kill(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self) -> HubProcess:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--folder", type=Path, help="keeps the state over a restart; default: in memory")
    given = parser.parse_args()
    sockets = _sockets(given.port)
    server = _server(State(given.folder), sockets)
    print(f"http://127.0.0.1:{sockets[0].getsockname()[1]}", flush=True)  # connections wait in the listener's queue
    server.run(sockets=sockets)


if __name__ == "__main__":
    main()
