"""What an experiment says of its surroundings (code, packages, machine), as `environment` events of its own log."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Final

from trackio_client.blobs import Blob
from trackio_client.capture.environment.scene import Scene
from trackio_client.capture.environment.telling import EnvironmentCapture, masked_environment
from trackio_client.errors import SpoolFull
from trackio_client.origin import Origin
from trackio_client.settings import Settings
from trackio_client.wire import events

MAX_INLINE_DIFF: Final = 16 * 1024
"""Characters of a difference to the commit that stand in the event itself; a longer one is a file beside it."""


def look(
    origin: Origin, settings: Settings, event: Callable[..., None], put_file: Callable[[bytes, str], Blob]
) -> EnvironmentCapture | None:
    """Look on a thread; what is found becomes an event, at the latest when `end` is called.

    Args:
        origin: whose surroundings; secrets are taken out by its masker.
        settings: whether personal things are told, and how long a difference may be.
        event: appends an event, as `Writer.event`.
        put_file: keeps a file, as `Writer.put_file`.

    Returns:
        What looks; None if no thread could be started (there are too many, or the interpreter ends): that is told.
    """

    def tell(values: dict[str, Any], not_captured: dict[str, str]) -> None:
        masked: dict[str, Any] = masked_environment(values, origin.masker)
        blobs = _diff_kept(masked, put_file)
        with contextlib.suppress(SpoolFull, ValueError):
            event(
                events.ENVIRONMENT,
                values=masked,
                not_captured={name: origin.mask(why) for name, why in not_captured.items()},
                rank=origin.ranks.rank if origin.ranks.world_size > 1 else None,
                **({"blobs": [blob.cited() for blob in blobs]} if blobs else {}),
            )

    scene = Scene.now(is_main=origin.ranks.is_main, with_personal=settings.personal, diff_bytes=settings.diff_bytes)
    try:
        return EnvironmentCapture(scene, tell, origin.mask).start()
    except RuntimeError as error:
        tell({}, {"environment": f"no thread could be started ({error})"})
        return None


def _diff_kept(values: dict[str, Any], put_file: Callable[[bytes, str], Blob]) -> list[Blob]:
    """Put a long difference to the commit into a file, and its name in its place; the file, if there is one."""
    diff = values.get("git", {}).get("diff", "")
    with contextlib.suppress(SpoolFull, OSError, ValueError):  # it is told how much there is, at `refused`
        if len(diff) > MAX_INLINE_DIFF:
            blob = put_file(diff.encode(), "text/x-diff")
            values["git"] |= {"diff": None, "diff_file": blob.sha256, "diff_bytes": blob.bytes}
            return [blob]
    return []
