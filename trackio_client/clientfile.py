"""What this machine knows of Spaces: one file each in the client's configuration folder, readable by its owner only.

    <TRACKIO_CONFIG_DIR>/spaces/<owner>--<name>.json
    {"space": "me/curves", "address": "https://me-curves.hf.space", "token": "…", "hub": "https://huggingface.co",
     "dataset": "me/experiments"}

`trackio-client deploy` writes them; who logs to that Space without saying a token gets it from here. A file a Space,
so that two that deploy at once cannot take each other's token away: what a Space keeps as a secret is told to nobody.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from trackio_client.errors import UsageError
from trackio_client.homes import expanded, home

HUB = "https://huggingface.co"
_NAME = re.compile(r"[A-Za-z0-9][\w.\-]*/[A-Za-z0-9][\w.\-]*")


@dataclass(frozen=True, slots=True)
class KnownSpace:
    """A Space that was deployed from here, or whose token was put here."""

    space: str
    """`owner/name`."""
    address: str
    """Where it answers, without a slash at its end."""
    token: str = field(repr=False)
    """The write token."""
    hub: str = HUB
    """The Hub it is on: HF_ENDPOINT when it was deployed."""
    dataset: str = ""
    """The dataset it pushes to, which the Space itself keeps as a secret; "" if not known here."""


def config_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """TRACKIO_CONFIG_DIR, else `trackio` in the platform's folder for configuration (XDG, Library, APPDATA)."""
    if chosen := environ.get("TRACKIO_CONFIG_DIR", "").strip():
        return expanded(chosen)
    if sys.platform == "win32":
        base = Path(environ.get("APPDATA") or home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = home() / "Library" / "Application Support"
    else:
        base = Path(environ.get("XDG_CONFIG_HOME") or home() / ".config")
    return base / "trackio"


def file_of(space: str, environ: Mapping[str, str] = os.environ) -> Path:
    """The file of a Space, `owner/name`, whether it is there or not. Names on the Hub hold no `--`."""
    return config_folder(environ) / "spaces" / f"{space.lower().replace('/', '--')}.json"


def hub_address(environ: Mapping[str, str] = os.environ) -> str:
    """The Hub that huggingface_hub asks."""
    return environ.get("HF_ENDPOINT", "").strip().rstrip("/") or HUB


def find(text: str, environ: Mapping[str, str] = os.environ) -> KnownSpace | None:
    """What is known of a Space, by `owner/name`, its page on the Hub or its address; None if nothing.

    Raises:
        UsageError: its file cannot be read, or is none of ours. Nothing is changed.
    """
    text, hub = text.strip().rstrip("/"), hub_address(environ)
    for page in {f"{hub}/spaces/", f"{HUB}/spaces/"}:
        text = text.removeprefix(page)
    if _NAME.fullmatch(text):
        known = read(file_of(text, environ))
        return known if known is not None and known.hub == hub else None
    with contextlib.suppress(OSError):
        for path in sorted((config_folder(environ) / "spaces").glob("*.json")):
            with contextlib.suppress(UsageError):  # another Space's
                if (known := read(path)) is not None and known.address.lower() == text.lower():
                    return known
    return None


def read(path: Path) -> KnownSpace | None:
    """One file; None if it is not there. Raises UsageError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        needed = {name: _text(content[name]) for name in ("space", "address", "token", "hub")}
        return KnownSpace(**needed, dataset=str(content.get("dataset") or ""))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise UsageError(
            f"{path} is damaged: it should hold space, address, token and hub of a Space. Move it away, or set "
            "TRACKIO_TOKEN, which goes before it"
        ) from None


def save(known: KnownSpace, environ: Mapping[str, str] = os.environ) -> Path:
    """Write a Space's file anew, for its owner's eyes only, whole or not at all. Returns where. Raises OSError."""
    path = file_of(known.space, environ)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    import tempfile  # here: it takes 4 ms of every training's start, and only `deploy` writes

    made, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")  # mode 0600
    try:
        with os.fdopen(made, "w", encoding="utf-8") as file:
            json.dump(asdict(known), file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 (it keeps the mode)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise
    return path


def forget(space: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Remove a Space's file. Returns whether there was one."""
    try:
        file_of(space, environ).unlink()
    except FileNotFoundError:
        return False
    return True


def is_open_to_others(path: Path) -> bool:
    """Whether other users of this machine may read a file (where the system knows such a thing)."""
    return os.name == "posix" and bool(path.stat().st_mode & 0o077)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value
