"""Every setting of the client: its environment variable, default and unit, in one place.

Precedence: a value given in code, then the environment, then the default.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trackio_client.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the client was told. Made by `settings_from`; fields are read, never changed."""

    url: str | None = None
    """TRACKIO_URL: address of a Space or `owner/space`; None keeps everything in the local store."""
    token: str | None = None
    """TRACKIO_TOKEN, else TRACKIO_WRITE_TOKEN: sent in X-Trackio-Token."""
    hub_token: str | None = None
    """HF_TOKEN: passes the platform's gate of a private Space, sent to hf.space over https only."""
    project: str | None = None
    """TRACKIO_PROJECT; None is the name of the working folder."""
    directory: Path
    """TRACKIO_DIR: holds v1/store.sqlite, v1/spool/, v1/blobs/."""
    mode: str = "online"
    """TRACKIO_MODE: `online`; `offline` keeps everything in the spool; `disabled` records nothing."""
    spool_bytes: int | None = None
    """TRACKIO_SPOOL_BYTES: most bytes on disk; None is 10 GiB or a quarter of the free disk, the smaller."""
    finish_timeout_s: float = 30.0
    """TRACKIO_FINISH_TIMEOUT_S: longest wait of `finish()` for the receipt."""
    exit_timeout_s: float = 5.0
    """TRACKIO_EXIT_TIMEOUT_S: longest wait when the program ends without `finish()`, or by a signal."""
    heartbeat_s: float = 15.0
    """TRACKIO_HEARTBEAT_S: between signs of life when nothing is logged."""
    flush_s: float = 0.5
    """TRACKIO_FLUSH_S: longest time a logged value waits before it is sent."""
    hardware_s: float = 10.0
    """TRACKIO_HARDWARE_S: between readings of GPUs, CPU and memory. 0 reads nothing."""
    sync_s: float = 1.0
    """TRACKIO_SYNC_S: between fdatasyncs of the spool: what a power cut may cost. 0 is after every batch."""
    console: bool = True
    """TRACKIO_CAPTURE_CONSOLE: record stdout and stderr as log lines."""
    console_bytes: int = 8 * 1024 * 1024
    """TRACKIO_CONSOLE_BYTES: most bytes of output recorded of one experiment; the rest is counted."""
    quiet: bool = False
    """TRACKIO_QUIET: print nothing but warnings."""

    @property
    def store_path(self) -> Path:
        return self.directory / "v1" / "store.sqlite"

    @property
    def spool_path(self) -> Path:
        return self.directory / "v1" / "spool"


def data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """TRACKIO_DIR, else `trackio` in the platform's folder for user data (XDG, Library, LOCALAPPDATA)."""
    if chosen := environ.get("TRACKIO_DIR", "").strip():
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "trackio"


def settings_from(environ: Mapping[str, str] = os.environ, **given: object) -> Settings:
    """Settings from the environment, with what was given in code on top (None and blank texts are "not given").

    Raises:
        UsageError: a value that cannot be read, with its variable's name.
    """
    read: dict[str, object] = {
        "url": _text(environ, "TRACKIO_URL"),
        "token": _text(environ, "TRACKIO_TOKEN") or _text(environ, "TRACKIO_WRITE_TOKEN"),
        "hub_token": _text(environ, "HF_TOKEN") or _text(environ, "HUGGING_FACE_HUB_TOKEN"),
        "project": _text(environ, "TRACKIO_PROJECT"),
        "directory": data_folder(environ),
        "mode": _text(environ, "TRACKIO_MODE"),
        "spool_bytes": _number(environ, "TRACKIO_SPOOL_BYTES", int),
        "finish_timeout_s": _number(environ, "TRACKIO_FINISH_TIMEOUT_S", float),
        "exit_timeout_s": _number(environ, "TRACKIO_EXIT_TIMEOUT_S", float),
        "heartbeat_s": _number(environ, "TRACKIO_HEARTBEAT_S", float),
        "flush_s": _number(environ, "TRACKIO_FLUSH_S", float),
        "hardware_s": _number(environ, "TRACKIO_HARDWARE_S", float),
        "sync_s": _number(environ, "TRACKIO_SYNC_S", float),
        "console": _truth(environ, "TRACKIO_CAPTURE_CONSOLE"),
        "console_bytes": _number(environ, "TRACKIO_CONSOLE_BYTES", int),
        "quiet": _truth(environ, "TRACKIO_QUIET"),
    }
    for name, value in given.items():
        if value is not None and not (isinstance(value, str) and not value.strip()):
            read[name] = value
    settings = Settings(**{name: value for name, value in read.items() if value is not None})  # type: ignore[arg-type]
    if settings.mode not in ("online", "offline", "disabled"):
        raise UsageError(f"mode must be 'online', 'offline' or 'disabled', got {settings.mode!r}")
    return settings


def _text(environ: Mapping[str, str], name: str) -> str | None:
    return environ.get(name, "").strip() or None


def _number(environ: Mapping[str, str], name: str, kind: type[int | float]) -> float | None:
    text = _text(environ, name)
    if text is None:
        return None
    try:
        number = kind(text)
        if not 0 <= number < 2**63:
            raise ValueError
    except ValueError:
        raise UsageError(f"{name} must be a number >= 0, got {text!r}") from None
    return number


_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def _truth(environ: Mapping[str, str], name: str) -> bool | None:
    text = _text(environ, name)
    if text is None:
        return None
    if text.lower() not in _TRUE + _FALSE:
        raise UsageError(f"{name} must be one of {', '.join(_TRUE + _FALSE)}, got {text!r}")
    return text.lower() in _TRUE
