"""Who asks a Gradio function, as the gate found: no answer is given by the address alone."""

from __future__ import annotations

from typing import Any

import gradio as gr

from space.api.roles import Role


def role_of(request: gr.Request | None) -> Role:
    """The role of a request. One that did not come through the gate is nobody's."""
    scope = getattr(getattr(request, "request", None), "scope", None)
    role: Any = scope.get("trackio_role") if isinstance(scope, dict) else None
    return role if isinstance(role, Role) else Role.NOBODY


REFUSED = {
    Role.VIEWER: "This is for readers of this server. Send a token of it in the header X-Trackio-Token.",
    Role.WRITER: (
        "Reading is open here; creating and logging need a writer's token. Send it in the header X-Trackio-Token, or "
        "ask an owner for one."
    ),
    Role.OWNER: "This is for owners. Send TRACKIO_WRITE_TOKEN of the server in the header X-Trackio-Token.",
}
"""Why not, by the role that would be needed."""
