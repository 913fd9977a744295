"""The Space as one process: the one place where its parts are joined.

store ← ingest (one writer thread), merging (one thread), queries; FastAPI routes, Gradio's pages at `/`; the gate
before all of them.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import sys
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from anyio import from_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

from space.api.access import Access
from space.api.gate import Gate
from space.api.library import Library
from space.api.problems import Problem, problem_of, response_of
from space.api.routes import Parts, add_routes
from space.api.syncing import add_sync_routes, sync_state
from space.api.trackio.handlers import handlers_of
from space.api.trackio.routes import add_trackio_routes
from space.api.visibility import Visibility
from space.files import Bounds
from space.home import AccessFile, Home, ViewsFile, open_home
from space.ingest import Ingest
from space.merging import Merging
from space.settings import SpaceSettings, settings_from
from trackio_client.errors import StoreError, TrackioError, UsageError
from trackio_client.managing.manager import Manager
from trackio_client.managing.served import ServedSource
from trackio_client.masking import Masker
from trackio_client.release import VERSION
from trackio_client.store.contract import Store
from trackio_client.store.open import open_store
from trackio_client.store.saved_views import SavedViews

log = logging.getLogger("trackio")

CANNOT_START = 2
"""Exit code when a setting, the port or the store keeps the server from starting."""


def main() -> int:
    """Start the server and run it until it is told to stop. Returns the exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        settings = settings_from()
        listener = listen(settings)
    except UsageError as error:
        print(f"trackio: {error}", file=sys.stderr)
        return CANNOT_START
    with listener:
        try:
            home = open_home(settings)
        except (TrackioError, OSError) as error:
            print(f"trackio: {error}", file=sys.stderr)
            return CANNOT_START
        try:
            serve(settings, home, listener)
        except StoreError as error:
            print(f"trackio: {error}", file=sys.stderr)
            return CANNOT_START
        finally:
            home.close()
    return 0


def serve(settings: SpaceSettings, home: Home, listener: socket.socket) -> None:
    """Answer until SIGTERM or ctrl-C; then finish what was taken."""
    server = uvicorn.Server(
        uvicorn.Config(
            make_app(settings, home.store, home=home),
            log_level="warning",
            access_log=False,  # addresses would be logged
            proxy_headers=settings.on_space,
            forwarded_allow_ips="*" if settings.on_space else None,
            server_header=False,
            timeout_graceful_shutdown=3,  # open pages hold event streams that never end by themselves
            timeout_keep_alive=75,  # longer than a trainer's heartbeat and most proxies' 60 s
            ws_max_size=1024 * 1024,
        )
    )
    print(f"Trackio is at {address_of(settings)} (data in {settings.directory})", flush=True)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again when it has shut down
        server.run(sockets=[listener])


def make_app(settings: SpaceSettings, store: Store, *, home: Home | None = None, pages: bool = True) -> FastAPI:
    """The whole application. Without `pages` it is the API alone, which starts in a moment.

    Args:
        settings: what the server was told.
        store: what is served.
        home: what keeps the store and a dataset repo alike; its owner closes it.
        pages: with Gradio's pages.
    """
    ingest = Ingest(store)
    look = home.replicator.refresh if home is not None and home.replicator is not None else lambda: None
    merging = Merging(store, ingest.written, ingest.unnumbered, look)
    library = Library()
    access = Access(settings.access_path, secret=settings.token)
    views = SavedViews(settings.views_path)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if home is not None:
            home.start()
        ingest.start()
        merging.start()
        visibility.ask_soon()
        try:
            yield
        finally:
            ingest.close()
            merging.close()
            access.close()
            views.close()

    app = FastAPI(
        title="Trackio",
        version=our_version(),
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.ingest = ingest
    app.state.home = home
    app.state.keeps = settings.persistent or settings.dataset_repo is not None
    if home is not None and home.replicator is not None:
        home.replicator.attach(AccessFile(access, waits=not settings.persistent))
        access.on_change = home.replicator.ask
        home.replicator.attach(ViewsFile(views, waits=not settings.persistent))
        views.on_change = home.replicator.ask
    app.state.access = access
    app.state.views = views
    _tell_problems(app)
    visibility = Visibility(settings.hub)
    gate = Gate(app, settings=settings, access=access, visibility=visibility)
    bounds = Bounds.of(settings, store)
    add_routes(app, Parts(settings, store, ingest, library, gate, bounds, our_version(), views))
    add_sync_routes(app)
    masker = Masker((settings.token, settings.hub_token))
    handlers = handlers_of(store, ingest, bounds, masker, lambda: _push(home))
    add_trackio_routes(app, handlers, store, bounds, our_version())
    app.add_api_route("/v1/{path:path}", _nothing_here, methods=_METHODS, include_in_schema=False)
    if pages:
        # Here: Gradio takes seconds to import, and tests of the API do without.
        from space.ui.app import mount, mount_configuration, mount_manage
        from space.ui.pages.configuration import Parts as OwnersParts

        owners = OwnersParts(settings, sync=lambda: sync_state(app), push=lambda: _push(home))
        mount_configuration(app, owners, address_of=library.address_of)
        source = ServedSource(
            store, lambda batch: from_thread.run(ingest.append, batch), lost_contact_s=settings.lost_contact_s
        )
        manager = Manager(source, masker=masker)
        mount_manage(app, manager, address_of=library.address_of)
        mount(app, manager, settings, address_of=library.address_of)
    app.add_middleware(_TheGate, gate=gate)  # last, so outermost: nothing is before it
    return app


def _push(home: Home | None) -> bool:
    if home is None or home.replicator is None:
        return False
    home.replicator.ask()
    return True


_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class _TheGate:
    """Puts the one gate, which the routes know too, before the finished application."""

    def __init__(self, app: ASGIApp, *, gate: Gate) -> None:
        gate.app = app
        self.gate = gate

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.gate(scope, receive, send)


def _nothing_here(request: Request) -> Response:
    raise Problem(
        "not-found",
        f"{request.method} {request.url.path[:200]} is no address of this server.",
        "GET /v1/openapi.json lists them.",
    )


def _tell_problems(app: FastAPI) -> None:
    """Every error leaves as a problem of ours."""

    def told(request: Request, error: Exception) -> Response:
        return response_of(error if isinstance(error, Problem) else problem_of(error))  # type: ignore[arg-type]

    def misread(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or "the request"
        seen = first.get("input")
        what = f"{where}: {first['msg']}, got {seen!r:.100}."
        return response_of(Problem("malformed", what, "GET /v1/openapi.json says what is taken."))

    def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        slug = {404: "not-found", 405: "method", 413: "too-large", 401: "unauthorized", 403: "forbidden"}.get(
            error.status_code, "malformed"
        )
        return response_of(Problem(slug, f"{request.method} {request.url.path[:200]}: {error.detail}."))

    def failed(request: Request, error: Exception) -> Response:
        return response_of(
            Problem("internal", "This is a mistake of the server, not yours.", "Its log says what happened.")
        )

    app.add_exception_handler(Problem, told)
    app.add_exception_handler(TrackioError, told)
    app.add_exception_handler(RequestValidationError, misread)
    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(Exception, failed)


def listen(settings: SpaceSettings) -> socket.socket:
    """The socket, taken before anything slow. Raises UsageError when it cannot be had."""
    kind = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it, each small answer takes 40 ms more.
    listener = socket.socket(kind, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":  # there the option would let two servers share one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"port {settings.port} on {settings.host} is in use, perhaps by a Trackio that runs already "
                f"(look at {address_of(settings)}). Choose another: "
                f"export GRADIO_SERVER_PORT={settings.port % 65535 + 1}"
            ) from None
        raise UsageError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}. "
            "Set GRADIO_SERVER_NAME and GRADIO_SERVER_PORT"
        ) from None
    return listener


def address_of(settings: SpaceSettings) -> str:
    """What to open in a browser."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def open_the_store(settings: SpaceSettings) -> Store:
    """The store in TRACKIO_DIR. Raises StoreError, OSError."""
    return open_store(settings.store_path, persistent=settings.persistent)


def our_version() -> str:
    """The version of the code that runs: on a Space and in a container it is not installed."""
    return VERSION
