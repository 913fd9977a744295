"""Every setting of the client: its environment variable, default and unit, in one place.

Precedence: a value given in code, then the environment, then the default.

Where experiments go is one answer of several settings, found here and nowhere else: `Settings.url`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from trackio_client import clientfile
from trackio_client.errors import UsageError
from trackio_client.homes import expanded, home
from trackio_client.hub.names import repo_of
from trackio_client.variables import Variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the client was told. Made by `settings_from`; fields are read, never changed."""

    url: str | None = None
    """Where experiments go: a Space's address, `owner/space`, or `hf://datasets/owner/name`; None is the local store.

    From TRACKIO_URL, else TRACKIO_SPACE_ID, else HF_USERNAME and TRACKIO_SPACE_NAME, else the dataset repo; and from
    the monitoring mode, which may rule one or both out.
    """
    dataset_repo: str | None = None
    """TRACKIO_DATASET_REPO: `owner/name`. Without a Space this machine pushes to it; a Space has its own."""
    monitoring_mode: str = "both"
    """MONITORING_MODE: `both`, `dataset`, `trackio` (the Space) or `none` (this machine); all keep local files."""
    token: str | None = None
    """TRACKIO_TOKEN, else TRACKIO_WRITE_TOKEN: sent in X-Trackio-Token. None: what `deploy` kept here (`space_at`)."""
    hub_token: str | None = None
    """HF_TOKEN, else HUGGING_FACE_HUB_TOKEN: for the dataset repo, and for the gate of a private Space (hf.space)."""
    project: str | None = None
    """TRACKIO_PROJECT; None is the name of the working folder."""
    name: str | None = None
    """EXPERIMENT_NAME: of the experiment; None makes one up."""
    directory: Path
    """TRACKIO_DIR: holds v1/store.sqlite, v1/spool/, v1/blobs/."""
    mode: str = "online"
    """TRACKIO_MODE: `online`; `offline` keeps everything in the spool; `disabled` records nothing."""
    spool_bytes: int | None = None
    """TRACKIO_SPOOL_BYTES: most bytes on disk; None is 10 GiB or a quarter of the free disk, the smaller."""
    file_bytes: int = 1024**3
    """TRACKIO_FILE_BYTES: most bytes of one file (picture, table, artifact); a larger one is named, and not kept."""
    table_rows: int = 100_000
    """TRACKIO_TABLE_ROWS: most rows kept of one logged table; the rest is counted."""
    finish_timeout_s: float = 30.0
    """TRACKIO_FINISH_TIMEOUT_S: longest wait of `finish()` for the receipt."""
    exit_timeout_s: float = 5.0
    """TRACKIO_EXIT_TIMEOUT_S: longest wait when the program ends without `finish()`, or by a signal."""
    heartbeat_s: float = 15.0
    """TRACKIO_HEARTBEAT_S: between signs of life when nothing is logged."""
    flush_s: float = 0.5
    """TRACKIO_FLUSH_S, else TRACKIO_FLUSH_INTERVAL: longest time a logged value waits before it is sent."""
    push_interval_s: float = 300.0
    """TRACKIO_PUSH_INTERVAL_S: between commits to the dataset repo; more when others push to it, too."""
    hardware_s: float = 10.0
    """TRACKIO_HARDWARE_S: between readings of GPUs, CPU and memory. 0 reads nothing."""
    record: str | None = None
    """TRACKIO_RECORD: what the Trainer's callback records; `-predictions,-labels` leaves those out. None is all."""
    price_per_hour: float | None = None
    """TRACKIO_PRICE_PER_HOUR: of the machine that trains, for the cost; None tells no cost."""
    forward_share: float = 0.01
    """TRACKIO_FORWARD_SHARE: of the time between evaluations, what the callback's own forward passes may take."""
    ranks: str = "auto"
    """TRACKIO_RANKS: whose metrics are recorded, of several processes. `main`: of rank 0 alone; `all`: of every rank;
    `auto`: what an integration reports, of rank 0; what a training loop logs itself, of every rank that does. Hardware
    and errors are recorded of every rank."""
    sync_s: float = 1.0
    """TRACKIO_SYNC_S: between fdatasyncs of the spool: what a power cut may cost. 0 is after every batch."""
    console: bool = True
    """TRACKIO_CAPTURE_CONSOLE: record stdout and stderr as log lines."""
    console_bytes: int = 8 * 1024 * 1024
    """TRACKIO_CONSOLE_BYTES: most bytes of output recorded of one experiment; the rest is counted."""
    environment: bool = True
    """TRACKIO_CAPTURE_ENVIRONMENT: record code, packages, machine and command of the program."""
    personal: bool = True
    """TRACKIO_CAPTURE_PERSONAL: record user, host and the home folder's name with it."""
    diff_bytes: int = 256 * 1024
    """TRACKIO_CAPTURE_DIFF_BYTES: most of the difference to the commit that is recorded; 0 records none."""
    quiet: bool = False
    """TRACKIO_QUIET: print nothing but warnings."""
    warnings: tuple[str, ...] = ()
    """What was told and does not fit together: for whoever has a console to say it."""

    @property
    def store_path(self) -> Path:
        return self.directory / "v1" / "store.sqlite"

    def staged_path(self, repo: str) -> Path:
        """The store in which experiments wait here for a dataset repo. Names on the Hub hold no `--`."""
        return self.directory / "v1" / "hub" / repo.replace("/", "--") / "store.sqlite"

    @property
    def shown_path(self) -> Path:
        """The store on this machine that holds what is logged here: for the repo that is set, else the local one."""
        if self.url is not None and is_staged(self.url):
            return self.staged_path(self.url.removeprefix(DATASETS))
        return self.store_path

    @property
    def spool_path(self) -> Path:
        return self.directory / "v1" / "spool"


def data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """TRACKIO_DIR, else `trackio` in the platform's folder for user data (XDG, Library, LOCALAPPDATA)."""
    if chosen := environ.get("TRACKIO_DIR", "").strip():
        return expanded(chosen)
    if sys.platform == "win32":
        base = Path(environ.get("LOCALAPPDATA") or home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home() / "Library" / "Application Support"
    else:
        base = Path(environ.get("XDG_DATA_HOME") or home() / ".local" / "share")
    return base / "trackio"


def settings_from(environ: Mapping[str, str] = os.environ, *, forgives: bool = False, **given: object) -> Settings:
    """Settings from the environment, with what was given in code on top (None and blank texts are "not given").

    Args:
        environ: the variables.
        forgives: for a training, which must not end for a variable: one that cannot be read is named in `warnings` and
            counts as not set (a switch for what may be personal as "no").
        **given: fields of `Settings`, from code.

    Raises:
        UsageError: a value that cannot be read, with its variable's name; with `forgives` a value in code alone.
    """
    said = Variables(environ, forgives=forgives)
    read: dict[str, object] = {
        "url": said.text("TRACKIO_URL") or said.text("TRACKIO_SPACE_ID") or _named_space(said),
        "dataset_repo": said.text("TRACKIO_DATASET_REPO"),
        "monitoring_mode": said.text("MONITORING_MODE"),
        "token": said.text("TRACKIO_TOKEN") or said.text("TRACKIO_WRITE_TOKEN"),
        "hub_token": said.text("HF_TOKEN") or said.text("HUGGING_FACE_HUB_TOKEN"),
        "project": said.text("TRACKIO_PROJECT"),
        "name": said.text("EXPERIMENT_NAME"),
        "directory": data_folder(environ),
        "mode": said.word("TRACKIO_MODE", WORLDS),
        "spool_bytes": said.number("TRACKIO_SPOOL_BYTES", int),
        "file_bytes": said.number("TRACKIO_FILE_BYTES", int),
        "table_rows": said.number("TRACKIO_TABLE_ROWS", int),
        "finish_timeout_s": said.number("TRACKIO_FINISH_TIMEOUT_S", float),
        "exit_timeout_s": said.number("TRACKIO_EXIT_TIMEOUT_S", float),
        "heartbeat_s": said.number("TRACKIO_HEARTBEAT_S", float),
        "flush_s": _either(said.number("TRACKIO_FLUSH_S", float), said.number("TRACKIO_FLUSH_INTERVAL", float)),
        "push_interval_s": said.number("TRACKIO_PUSH_INTERVAL_S", float),
        "hardware_s": said.number("TRACKIO_HARDWARE_S", float),
        "record": said.text("TRACKIO_RECORD"),
        "price_per_hour": said.number("TRACKIO_PRICE_PER_HOUR", float),
        "forward_share": said.number("TRACKIO_FORWARD_SHARE", float),
        "ranks": said.word("TRACKIO_RANKS", ("auto", "all", "main")),
        "sync_s": said.number("TRACKIO_SYNC_S", float),
        "console": said.consent("TRACKIO_CAPTURE_CONSOLE"),
        "console_bytes": said.number("TRACKIO_CONSOLE_BYTES", int),
        "environment": said.consent("TRACKIO_CAPTURE_ENVIRONMENT"),
        "personal": said.consent("TRACKIO_CAPTURE_PERSONAL"),
        "diff_bytes": said.number("TRACKIO_CAPTURE_DIFF_BYTES", int),
        "quiet": said.truth("TRACKIO_QUIET"),
    }
    in_code = {name: value for name, value in given.items() if value is not None and str(value).strip()}
    for name in {"url", "dataset_repo"} - in_code.keys():  # a repo whose name cannot be
        text = _stripped(read[name])
        if text is not None and (name == "dataset_repo" or is_dataset(text)):
            variable = "TRACKIO_DATASET_REPO" if name == "dataset_repo" else "TRACKIO_URL"
            read[name] = text if said.take(partial(repo_of, text, variable)) else None
    read |= in_code
    url, repo, asked = (_stripped(read[name]) for name in ("url", "dataset_repo", "monitoring_mode"))
    where = _where(url, repo, asked, said.text("TRACKIO_SPACE_NAME"))
    where["warnings"] = (*said.faults, *where["warnings"])
    read |= where
    read |= _deployed(read["url"], environ)
    settings = Settings(**{name: value for name, value in read.items() if value is not None})  # type: ignore[arg-type]
    if settings.mode not in WORLDS:
        raise UsageError(f"mode must be 'online', 'offline' or 'disabled', got {settings.mode!r}")
    return settings


WORLDS = ("online", "offline", "disabled")
MODES = ("both", "dataset", "trackio", "none")
"""S1's words for where experiments go; other words mean the first."""


def _where(url: str | None, repo: str | None, asked: str | None, space_name: str | None) -> dict[str, Any]:
    """What `url`, `dataset_repo`, `monitoring_mode` and `warnings` become when they are taken together."""
    warnings = []
    if url is None and space_name and "/" not in space_name:
        warnings.append(
            f"TRACKIO_SPACE_NAME {space_name!r:.80} names no owner: set HF_USERNAME, too, or TRACKIO_SPACE_ID"
        )
    mode = (asked or "both").lower()
    if mode not in MODES:
        warnings.append(f"monitoring_mode must be one of {', '.join(MODES)}, got {asked!r:.80}: 'both' is taken")
        mode = "both"
    if url is not None and is_dataset(url):  # a repo in the place of a Space
        repo, url = repo_of(url, "trackio_url"), None
    repo = repo_of(repo)
    dataset = None if repo is None else DATASETS + repo
    if mode == "dataset" and dataset is None:
        warnings.append(
            "monitoring_mode is 'dataset', and no dataset_repo (TRACKIO_DATASET_REPO) is set: experiments are kept on "
            "this machine. `trackio-client push owner/name` brings them to a repo"
        )
    if mode == "trackio" and url is None:
        warnings.append(
            "monitoring_mode is 'trackio', and no trackio_url (TRACKIO_URL) is set: experiments stay on this machine"
        )
    there = {"both": url or dataset, "dataset": dataset, "trackio": url, "none": None}[mode]
    return {"url": there, "dataset_repo": repo, "monitoring_mode": mode, "warnings": tuple(warnings)}


def _deployed(url: object, environ: Mapping[str, str]) -> dict[str, object]:
    """The address of a Space that was deployed from this machine: on a Hub of one's own no name tells it."""
    if not isinstance(url, str) or is_dataset(url):
        return {}
    known = _known(url, environ)
    return {} if known is None else {"url": known.address}


def space_at(text: str, settings: Settings, environ: Mapping[str, str] = os.environ) -> tuple[str, str | None]:
    """Address and token of a Space: a token that was told is for every Space, a kept one for its own alone."""
    known = _known(text, environ)
    if known is None:
        return text, settings.token
    return known.address, settings.token or known.token


def _known(text: str, environ: Mapping[str, str]) -> clientfile.KnownSpace | None:
    try:
        return clientfile.find(text, environ)
    except UsageError:  # a damaged file must not stop a training; `trackio-client config` names it
        return None


DATASETS = "hf://datasets/"
"""What the address of a dataset repo begins with."""
_DATASET_PAGE = re.compile(r"(?:https?://(?:(?:www\.)?huggingface\.co|hf\.co)/|hf://)datasets/", re.IGNORECASE)


def is_dataset(text: str) -> bool:
    """Whether an address is one of a dataset repo rather than of a Space."""
    hub = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/")
    text = text.strip()
    return _DATASET_PAGE.match(text) is not None or bool(hub and text.startswith(f"{hub}/datasets/"))


def is_staged(url: str | None) -> bool:
    """Whether `Settings.url` is a dataset repo's."""
    return url is not None and url.startswith(DATASETS)


def _named_space(said: Variables) -> str | None:
    """TRACKIO_SPACE_NAME, with HF_USERNAME before it unless it names an owner or a host itself."""
    name, owner = said.text("TRACKIO_SPACE_NAME"), said.text("HF_USERNAME")
    if name is None or "/" in name:
        return name
    return None if owner is None else f"{owner}/{name}"


def _stripped(value: object) -> str | None:
    return None if value is None else str(value).strip() or None


def _either(first: float | None, second: float | None) -> float | None:
    return second if first is None else first
