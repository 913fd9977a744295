"""The stand-in as one ASGI app: routes, what is refused and recorded, faults, CORS and rate headers.

Three ports make three origins: the Hub, its CDN (LFS files; takes no token), and static Spaces' pages.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from email.utils import formatdate
from functools import partial
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from tests.hub.standin import access, commits, files, oauth, repos, spaces
from tests.hub.standin.answers import Refusal
from tests.hub.standin.control import CONTROL
from tests.hub.standin.faults import Fault, through
from tests.hub.standin.oauth import Logins
from tests.hub.standin.state import State

_EXPOSED = "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,Content-Range"
_REPO = "/api/{kinds}/{owner}/{name}"
_SPACE = "/api/{kinds:spaces}/{owner}/{name}"
_REF = "/{what:branch|tag}/{ref}"

HUB: list[tuple[str, str, Callable[..., Any]]] = [
    ("GET", "/api/whoami-v2", access.whoami),
    ("POST", "/api/repos/create", repos.create),
    ("DELETE", "/api/repos/delete", repos.delete),
    ("POST", "/api/validate-yaml", repos.validate_yaml),
    ("GET", "/api/agent-harnesses", lambda *_: JSONResponse({"standardEnvVars": [], "harnesses": {}})),
    ("GET", _REPO, repos.info),
    ("GET", _REPO + "/revision/{revision}", repos.info),
    ("PUT", _REPO + "/settings", repos.settings),
    ("GET", _REPO + "/auth-check", repos.auth_check),
    ("GET", _REPO + "/auth-check/write", repos.auth_check),
    ("GET", _REPO + "/refs", repos.refs),
    ("POST", _REPO + _REF, repos.change_ref),
    ("DELETE", _REPO + _REF, repos.change_ref),
    ("GET", _REPO + "/tree/{revision}", repos.tree),
    ("GET", _REPO + "/tree/{revision}/{path:.+}", repos.tree),
    ("POST", _REPO + "/paths-info/{revision}", repos.paths_info),
    ("POST", _REPO + "/preupload/{revision}", commits.preupload),
    ("POST", _REPO + "/commit/{revision}", commits.commit),
    ("GET", _REPO + "/commits/{revision}", commits.commits),
    ("POST", _REPO + "/super-squash/{revision}", commits.squash),
    ("POST", "/api/lfs-verify", commits.lfs_verify),
    ("POST", "/{kinds}/{owner}/{name}.git/info/lfs/objects/batch", commits.lfs_batch),
    ("POST", "/{owner}/{name}.git/info/lfs/objects/batch", commits.lfs_batch),
    ("GET", "/{kinds}/{owner}/{name}/resolve/{revision}/{path:.+}", files.resolve),
    ("GET", "/api/resolve-cache/{kinds}/{owner}/{name}/{revision}/{path:.+}", files.resolve_cache),
    ("GET", "/{owner}/{name}/resolve/{revision}/{path:.+}", files.resolve),
    ("GET", _SPACE + "/runtime", spaces.runtime),
    ("POST", _SPACE + "/{order:hardware|sleeptime|pause|restart}", spaces.order),
    ("GET", _SPACE + "/{what:secrets|variables}", spaces.settings),
    ("POST", _SPACE + "/{what:secrets|variables}", spaces.settings),
    ("DELETE", _SPACE + "/{what:secrets|variables}", spaces.settings),
    ("GET", "/.well-known/openid-configuration", lambda _, request: oauth.configuration(request)),
    ("GET", "/oauth/authorize", oauth.authorize),
    ("POST", "/oauth/token", oauth.token),
    ("GET", "/oauth/userinfo", oauth.userinfo),
]
CDN = [("GET", "/file/{sha256}", files.cdn_file), ("PUT", "/upload/{oid}", commits.lfs_put)]
PAGES = [("GET", "/{path:.*}", files.static_space)]


class Route:
    """`{x}` is one part of the address, `{x:pattern}` what the pattern says; parts are unquoted after the match."""

    def __init__(self, method: str, template: str, handler: Callable[..., Any]) -> None:
        self.method, self.template, self.handler = method, template, handler
        literals_and_fields = re.split(r"({\w+(?::[^}]*)?})", template)
        self.pattern = re.compile("".join(map(_pattern, literals_and_fields)))

    def match(self, method: str, path: str) -> dict[str, str] | None:
        method = "GET" if method == "HEAD" else method
        found = self.pattern.fullmatch(path) if method == self.method else None
        return {"kinds": "models", **{k: unquote(v) for k, v in found.groupdict().items()}} if found else None


def _pattern(piece: str) -> str:
    if not piece.startswith("{"):
        return re.escape(piece)
    name, _, wanted = piece.strip("{}").partition(":")
    return f"(?P<{name}>{wanted or {'kinds': 'models|datasets|spaces'}.get(name, '[^/]+')})"


class StandIn:
    def __init__(self, state: State) -> None:
        self.state, self.logins = state, Logins()
        self.faults: list[Fault] = []
        self.seen: list[dict[str, Any]] = []
        self.ports: dict[str, int] = {}
        self._windows: dict[tuple[str, str, int], int] = {}
        self._routes = {
            name: [Route(*r) for r in rows] for name, rows in (("hub", HUB), ("cdn", CDN), ("pages", PAGES))
        }
        for routes in self._routes["hub"]:
            if routes.handler in (oauth.authorize, oauth.token):
                routes.handler = partial(routes.handler, logins=self.logins)

    def listens(self, hub: int, cdn: int, pages: int) -> None:
        """Say at which ports; a restart may take others for the CDN, whose addresses do not last."""
        self.ports = {"hub": hub, "cdn": cdn, "pages": pages}
        self.state.cdn_url, self.state.pages_url = f"http://127.0.0.1:{cdn}", f"http://127.0.0.1:{pages}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["raw_path"].decode().split("?")[0]
        if path.startswith("/-/"):
            await (await self._control(path, Request(scope, receive)))(scope, receive, send)
            return
        place = next(name for name, port in self.ports.items() if port == scope["server"][1])
        query = scope["query_string"].decode()
        asked = f"{scope['method']} {path}{'?' + query if query else ''}"
        fault = next((f for f in self.faults if f.meets(asked)), None)
        record = {"place": place, "request": asked, "at_s": self.state.now_s(), "bytes_in": 0, "bytes_out": 0}
        record |= {"fault": fault and fault.kind, "route": None, "status": None, "token": None, "range": None}
        for name, value in scope["headers"]:
            if name in (b"authorization", b"range"):
                record["token" if name == b"authorization" else "range"] = value.decode().removeprefix("Bearer ")
        self.seen.append(record)

        async def count_in() -> Message:
            message = await receive()
            record["bytes_in"] += len(message.get("body", b""))
            return message

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            response = await self._serve(place, path, Request(scope, receive), record)
            record["status"] = response.status_code
            record["bytes_out"] = len(response.body) if scope["method"] != "HEAD" else 0
            await response(scope, receive, send)

        async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
            assert fault is not None
            record["status"] = fault.status
            # A proxy knows nothing of CORS; the Hub's own errors can be read from any page.
            answer, request = fault.answer(), Request(scope, receive)
            response = answer if fault.kind == "html" else self._with_headers(place, request, answer)
            await response(scope, receive, send)

        await through(fault, serve, refuse, scope, count_in, send)

    async def _control(self, path: str, request: Request) -> Response:
        said = await request.json() if request.method == "POST" else {}
        try:
            return JSONResponse(CONTROL[path.removeprefix("/-/")](self, **said))
        except (KeyError, TypeError, ValueError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)

    async def _serve(self, place: str, path: str, request: Request, record: dict[str, Any]) -> Response:
        if request.method == "OPTIONS":
            record["route"] = "OPTIONS"
            return self._preflight(place, request)
        limited = self._rate(place, path, request)
        for route in self._routes[place]:
            found = route.match(request.method, path)
            if found is not None:
                template = re.sub(r"{kinds[^}]*}", found["kinds"], route.template)
                record["route"] = f"{request.method} {re.sub(r':[^}]*}', '}', template)}"
                request.scope["path_params"] = found
                response = limited or await self._answer(route, request)
                break
        else:
            text = f"the stand-in for the Hub does not know {request.method} {path}"
            response = Refusal(501, text).answer()
        return self._with_headers(place, request, response)

    async def _answer(self, route: Route, request: Request) -> Response:
        try:
            response = route.handler(self.state, request)
            return response if isinstance(response, Response) else await response
        except Refusal as refusal:
            response = refusal.answer()
        except Exception as error:  # ours to mend, so loud; the client sees a Hub that failed
            traceback.print_exc()
            response = Refusal(500, f"the stand-in failed: {error!r}").answer()
        if request.method == "HEAD":
            response.body = b""
        return response

    def _rate(self, place: str, path: str, request: Request) -> Response | None:
        """Fixed windows of five minutes per token, of real or moved time."""
        if place != "hub":
            return None
        kind = "resolvers" if "/resolve/" in path or "/resolve-cache/" in path else "api"
        limits = self.state.limits
        limit = limits.resolve_per_5_min if kind == "resolvers" else limits.api_per_5_min
        window, left = divmod(self.state.now_s(), 300)
        key = (request.headers.get("authorization", ""), kind, int(window))
        self._windows[key] = used = self._windows.get(key, 0) + 1
        remaining = max(0, (limit or 1000) - used)
        request.scope["rate"] = {
            "RateLimit": f'"{kind}";r={remaining if limit else 999};t={int(300 - left)}',
            "RateLimit-Policy": f'"fixed window";"{kind}";q={limit or 1000};w=300',
        }
        if limit is None or used <= limit:
            return None
        text = f"We had to rate limit your IP. To continue using our service, wait {int(300 - left)} seconds."
        return Refusal(429, text, headers={"Retry-After": str(int(300 - left))}).answer()

    def _preflight(self, place: str, request: Request) -> Response:
        """The Hub allows an Authorization header and names no Max-Age; its CDN is not known to answer: refused."""
        if place == "cdn":
            return Response(status_code=403)
        allowed = {"Access-Control-Allow-Methods": "GET,HEAD,POST,PUT,DELETE", "Vary": "Origin"}
        allowed["Access-Control-Allow-Headers"] = request.headers.get("access-control-request-headers", "")
        allowed["Access-Control-Allow-Origin"] = request.headers.get("origin", "*")
        return Response(status_code=204, headers=allowed)

    def _with_headers(self, place: str, request: Request, response: Response) -> Response:
        if place == "cdn":
            response.headers["Access-Control-Allow-Origin"] = "*"
        elif place == "hub":
            for name, value in request.scope.get("rate", {}).items():
                response.headers.setdefault(name, value)  # a fault's own stay
            if origin := request.headers.get("origin"):
                response.headers["Access-Control-Allow-Origin"] = origin
                response.headers["Vary"] = "Origin"
                response.headers["Access-Control-Expose-Headers"] = _EXPOSED + ",X-Linked-Size,X-Linked-ETag"
        response.headers["X-Request-Id"] = f"Root=1-{len(self.seen):08x}"
        response.headers["Date"] = formatdate(self.state.now_s(), usegmt=True)
        return response
