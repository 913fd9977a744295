"""The addresses of an application, as its routers have them."""

from __future__ import annotations

from typing import Any


def every_address(app: Any) -> list[tuple[str, str]]:
    """(method, path) of every route, those behind mounts and included routers too."""
    found: set[tuple[str, str]] = set()

    def walk(routes: Any, prefix: str = "") -> None:
        for route in routes:
            path = prefix + (getattr(route, "path", "") or "")
            for method in getattr(route, "methods", None) or ():
                found.add((method, path))
            for inner in ("routes", "original_router", "router", "app"):
                below = getattr(route, inner, None)
                below = getattr(below, "routes", below)
                if isinstance(below, list) and below:
                    walk(below, prefix if inner in ("original_router", "router") else path)

    walk(app.routes)
    return sorted({(method, path.replace("//", "/")) for method, path in found})
