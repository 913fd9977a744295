"""`trackio-client ui`: the dashboard on the local store, in a child process that ends with this one."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from trackio_client.cli.output import print_json
from trackio_client.cli.waiting import waiting_lines
from trackio_client.errors import MissingExtra, StoreError, UsageError
from trackio_client.settings import is_staged

if TYPE_CHECKING:
    from trackio_client.settings import Settings

FIRST_PORT: Final = 7860
"""Gradio's own default; when it is taken, the next free one of a hundred."""
START_S: Final = 60.0
"""Longest start: importing Gradio from a cold disk takes 20 s."""


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("ui", parents=[common], help="the dashboard on the local store")
    parser.add_argument("--port", type=int, help=f"port (default: the first free one from {FIRST_PORT})")
    parser.add_argument("--project", help="open this project")
    parser.add_argument("--no-browser", action="store_true", help="print the address only")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Start it, print its address, wait for ctrl-C."""
    from trackio_client.settings import settings_from

    if asked.url is not None:
        raise UsageError(f"ui shows the store on this machine; the Space has a page of its own: open {asked.url}")
    for package in ("gradio", "fastapi", "uvicorn"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtra("trackio-client ui", package, "space")
    port = _port(asked.port)
    settings = settings_from()
    signal.signal(signal.SIGTERM, _interrupt)  # the child must not outlive this process when a service manager ends it
    child = subprocess.Popen([sys.executable, "-m", "space"], env=_environment(settings, port))
    try:
        _wait(child, port)
        address = f"http://127.0.0.1:{port}/" + (f"?project={_quoted(asked.project)}" if asked.project else "")
        if asked.json:
            told = {"address": address, "pid": child.pid, "directory": str(settings.directory)}
            print_json({**told, "waiting": waiting_lines(settings.spool_path)})
        else:
            print(f"Dashboard of {settings.shown_path.parent}: {address}  (ctrl-C ends it)")
            if is_staged(settings.url):
                print(
                    f"It shows what this machine logged for {settings.url}. What others pushed there is listed without "
                    f"curves: `trackio-client pull {settings.dataset_repo}` brings it into the local store"
                )
            for line in waiting_lines(settings.spool_path):
                print(f"Not all on it yet: {line}")
        sys.stdout.flush()
        if not asked.no_browser and sys.stdout.isatty():
            import webbrowser

            with contextlib.suppress(webbrowser.Error):
                webbrowser.open(address)
        return child.wait()
    except KeyboardInterrupt:
        return 0  # the way to end it
    finally:
        _end(child)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


_NOT_THE_CHILDS = frozenset({"TRACKIO_URL", "TRACKIO_WRITE_TOKEN", "TRACKIO_DATASET_REPO", "HF_TOKEN"})
"""A repo is pushed to by whoever logs for it: looking at a store must not bring it there."""


def _environment(settings: Settings, port: int) -> dict[str, str]:
    """The child's: this machine only and no token, so that the owner of the store needs none for their own page."""
    return {name: text for name, text in os.environ.items() if name not in _NOT_THE_CHILDS} | {
        "TRACKIO_DIR": str(settings.directory),
        "TRACKIO_STORE": str(settings.shown_path),
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_ANALYTICS_ENABLED": "False",
    }


def _port(asked: int | None) -> int:
    if asked is not None:
        if not 1 <= asked <= 65535:
            raise UsageError(f"--port must be between 1 and 65535, got {asked}")
        if not _is_free(asked):
            raise UsageError(f"port {asked} is in use. Give another --port, or none for the first free one")
        return asked
    for port in range(FIRST_PORT, FIRST_PORT + 100):
        if _is_free(port):
            return port
    raise UsageError(f"ports {FIRST_PORT} to {FIRST_PORT + 99} are all in use. Give one with --port")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As uvicorn binds: a port whose last owner left connections behind is free; on Windows the option means else.
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _wait(child: subprocess.Popen[bytes], port: int) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy has no business on this machine
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if child.poll() is not None:
            raise StoreError(f"the dashboard ended at once with status {child.returncode}; what it said stands above")
        try:
            with opener.open(f"http://127.0.0.1:{port}/v1/health", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise StoreError(f"the dashboard did not answer within {START_S:.0f} s on port {port}")


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _quoted(text: str) -> str:
    return quote(text, safe="")
