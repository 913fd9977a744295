"""Which settings are in force, and who said so: code, environment, a file, or nobody. No secret is ever shown."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from trackio_client import clientfile
from trackio_client.errors import UsageError
from trackio_client.settings import Settings

_PASSWORD = re.compile(r"(?<=//)[^/@\s]*@")


@dataclass(frozen=True, slots=True)
class InForce:
    """One setting."""

    name: str
    value: str
    """For people; of a secret only that it is set, and how long it is."""
    source: str
    """`code`, `environment: NAME`, `file: PATH`, `default`."""
    variables: tuple[str, ...]
    """Where it can be set, the first that is set wins."""
    meaning: str


@dataclass(frozen=True, slots=True)
class Named:
    """A field of a settings class and the variables behind it."""

    field: str
    variables: tuple[str, ...]
    meaning: str
    is_secret: bool = False
    words: tuple[str, str] = ("yes", "no")
    """For a field that is true or false."""


CLIENT: Final = (
    Named("url", ("TRACKIO_URL", "TRACKIO_SPACE_ID", "TRACKIO_SPACE_NAME"), "where experiments go"),
    Named("token", ("TRACKIO_TOKEN", "TRACKIO_WRITE_TOKEN"), "what the Space asks for", is_secret=True),
    Named("dataset_repo", ("TRACKIO_DATASET_REPO",), "dataset that this machine pushes to when there is no Space"),
    Named("hub_token", ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"), "for the dataset, and a private Space", is_secret=True),
    Named("monitoring_mode", ("MONITORING_MODE",), "both, dataset, trackio (the Space), none"),
    Named("project", ("TRACKIO_PROJECT",), "default: the name of the working folder"),
    Named("name", ("EXPERIMENT_NAME",), "of the experiment; default: two words and a number"),
    Named("mode", ("TRACKIO_MODE",), "online, offline, disabled"),
    Named("directory", ("TRACKIO_DIR",), "log and local store"),
    Named("push_interval_s", ("TRACKIO_PUSH_INTERVAL_S",), "between commits to the dataset"),
    Named("flush_s", ("TRACKIO_FLUSH_S", "TRACKIO_FLUSH_INTERVAL"), "longest time a value waits before it is sent"),
    Named("heartbeat_s", ("TRACKIO_HEARTBEAT_S",), "between signs of life"),
    Named("finish_timeout_s", ("TRACKIO_FINISH_TIMEOUT_S",), "longest wait of finish()"),
    Named("exit_timeout_s", ("TRACKIO_EXIT_TIMEOUT_S",), "longest wait without finish()"),
    Named("spool_bytes", ("TRACKIO_SPOOL_BYTES",), "most on disk; default: 10 GiB, or a quarter of what is free"),
    Named("file_bytes", ("TRACKIO_FILE_BYTES",), "most of one file; a larger one is named, and not kept"),
    Named("table_rows", ("TRACKIO_TABLE_ROWS",), "most rows kept of one logged table"),
    Named("ranks", ("TRACKIO_RANKS",), "whose metrics, of several processes: auto, all, main"),
    Named("sync_s", ("TRACKIO_SYNC_S",), "between fdatasyncs: what a power cut may cost"),
    Named("hardware_s", ("TRACKIO_HARDWARE_S",), "between readings of GPU, CPU, memory"),
    Named("record", ("TRACKIO_RECORD",), "groups that the Trainer's callback records; -name leaves one out"),
    Named("price_per_hour", ("TRACKIO_PRICE_PER_HOUR",), "of the machine that trains, for the cost"),
    Named("forward_share", ("TRACKIO_FORWARD_SHARE",), "of the time between evaluations, for forward passes of ours"),
    Named("console", ("TRACKIO_CAPTURE_CONSOLE",), "record stdout and stderr"),
    Named("console_bytes", ("TRACKIO_CONSOLE_BYTES",), "most output of one experiment"),
    Named("environment", ("TRACKIO_CAPTURE_ENVIRONMENT",), "record code, packages and machine"),
    Named("personal", ("TRACKIO_CAPTURE_PERSONAL",), "record user, host and home folder with it"),
    Named("diff_bytes", ("TRACKIO_CAPTURE_DIFF_BYTES",), "most of the difference to the commit; 0: none"),
    Named("quiet", ("TRACKIO_QUIET",), "print warnings only"),
)
"""Every setting of the client, in the order of interest."""


def client_settings(
    settings: Settings, environ: Mapping[str, str] = os.environ, given: Mapping[str, Any] | None = None
) -> list[InForce]:
    """The client's settings. `given` is what code (or the command line) said, by field."""
    passed_over = {said.split(" ", 1)[0] for said in settings.warnings}  # what could not be read is in no setting
    heeded = {name: text for name, text in environ.items() if name not in passed_over}
    found = in_force(CLIENT, settings, heeded, given or {})
    return [_from_file(one, settings, environ) for one in found]


def in_force(
    table: Iterable[Named], settings: Any, environ: Mapping[str, str], given: Mapping[str, Any]
) -> list[InForce]:
    """Each field of `table` as it stands in `settings`, with where it came from.

    A dotted field is one of a nested object.
    """
    rows = []
    for named in table:
        value = settings
        for part in named.field.split("."):
            value = getattr(value, part)
        variable = next((name for name in named.variables if environ.get(name, "").strip()), None)
        if str(given.get(named.field) or "").strip():
            source = "code"
        else:
            source = f"environment: {variable}" if variable is not None else "default"
        rows.append(InForce(named.field, shown(named, value), source, named.variables, named.meaning))
    return rows


def shown(named: Named, value: Any) -> str:
    """A value for people."""
    if value is None or value == "" or value == ():
        return "not set"
    if named.is_secret:
        return shown_secret(str(value))
    if isinstance(value, bool):
        return named.words[not value]
    if isinstance(value, float):
        return f"{value:g} s" if named.field.endswith("_s") else f"{value:g}"
    if isinstance(value, int):
        return f"{value:,} bytes" if named.field.endswith("_bytes") else str(value)
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return _PASSWORD.sub("…@", str(value))


def shown_secret(text: str) -> str:
    """That a secret is set: no part of it, for the last letters of a short one are much of it."""
    return f"set, {len(text)} characters"


def _from_file(one: InForce, settings: Settings, environ: Mapping[str, str]) -> InForce:
    """What stands in files: the client's own of the Space that is set, and the Hub's log-in."""
    if one.name == "hub_token" and settings.hub_token is None and (log_in := _log_in(environ)).is_file():
        return InForce(one.name, "the Hub's log-in", f"file: {log_in}", one.variables, one.meaning)
    if settings.url is None:
        return one
    try:
        known = clientfile.find(settings.url, environ)
    except UsageError:
        return one
    if known is None:
        return one
    path: Path = clientfile.file_of(known.space, environ)
    if one.name == "token" and settings.token is None:
        return InForce("token", shown_secret(known.token), f"file: {path}", one.variables, one.meaning)
    if one.name == "url":
        return InForce("url", f"{known.space} at {known.address}", one.source, one.variables, one.meaning)
    return one


def _log_in(environ: Mapping[str, str]) -> Path:
    """Where `hf auth login` keeps its token."""
    if chosen := environ.get("HF_TOKEN_PATH", "").strip():
        return Path(chosen).expanduser()
    home = environ.get("HF_HOME", "").strip()
    cache = environ.get("XDG_CACHE_HOME", "").strip() or "~/.cache"
    return Path(home or f"{cache}/huggingface").expanduser() / "token"
