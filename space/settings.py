"""Every setting of the server: its environment variable, default and unit, in one place."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trackio_client.errors import UsageError
from trackio_client.hub.names import repo_of
from trackio_client.settings import data_folder
from trackio_client.store.saved_views import path_beside

DEFAULT_PORT = 7860


VISIBILITIES = ("public", "protected", "private")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSettings:
    """What a Space is told about itself and its people. Nothing of it is set elsewhere."""

    space_id: str = ""
    """SPACE_ID: owner/name; empty when this is no Space."""
    hosts: tuple[str, ...] = ()
    """SPACE_HOST: the names by which browsers reach the Space; several with a domain of one's own."""
    author: str = ""
    """SPACE_AUTHOR_NAME: the user or organisation that owns the Space."""
    creator_id: str = ""
    """SPACE_CREATOR_USER_ID: the Hub's id of the user who made it."""
    visibility: str | None = None
    """TRACKIO_SPACE_VISIBILITY: public, protected or private; the Hub is asked when it is not set."""
    client_id: str = ""
    """OAUTH_CLIENT_ID, which the Hub sets where the Space's card says `hf_oauth: true`."""
    client_secret: str = field(default="", repr=False)
    """OAUTH_CLIENT_SECRET. Never shown, never logged."""
    provider: str = "https://huggingface.co"
    """OPENID_PROVIDER_URL."""
    owners: tuple[str, ...] = ()
    """TRACKIO_OWNERS: Hub user names, with commas between, who are owners here when they log in with the Hub."""
    viewers: tuple[str, ...] = ()
    """TRACKIO_VIEWERS: Hub user names who may read."""

    @property
    def can_log_in(self) -> bool:
        """Whether browsers can log in with the Hub."""
        return bool(self.space_id and self.client_id and self.client_secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceSettings:
    """What the server was told. Made by `settings_from`; fields are read, never changed."""

    host: str = "127.0.0.1"
    """GRADIO_SERVER_NAME: address to listen on; 0.0.0.0 on a Space."""
    port: int = DEFAULT_PORT
    """GRADIO_SERVER_PORT."""
    directory: Path
    """TRACKIO_DIR: holds v1/store.sqlite."""
    store: Path | None = None
    """TRACKIO_STORE: another store's file, which `trackio-client ui` shows."""
    token: str | None = None
    """TRACKIO_WRITE_TOKEN: what writers send, and readers unless `public`. Never shown, never logged."""
    public: bool = False
    """TRACKIO_PUBLIC=1: everyone may read."""
    hosts: tuple[str, ...] = ()
    """TRACKIO_HOSTS: names, with commas between, by which a server without a token may be called beside localhost."""
    persistent: bool = True
    """TRACKIO_DISK: `persistent` or `ephemeral`; ephemeral when SPACE_ID is set: a Space loses its disk at restart."""
    lost_contact_s: float = 60.0
    """TRACKIO_LOST_CONTACT_S: silence after which contact with an experiment counts as lost."""
    on_space: bool = False
    """SPACE_ID is set: behind the Hub's proxy, in its frame."""
    hub: HubSettings = field(default_factory=HubSettings)
    """What only a Space has."""
    dataset_repo: str | None = None
    """TRACKIO_DATASET_REPO: `owner/name` of the dataset repo in which experiments live; the disk is then a cache."""
    hub_token: str | None = field(default=None, repr=False)
    """HF_TOKEN: may read and write that one repo. Never shown, never logged."""
    file_bytes: int = 1024**3
    """TRACKIO_FILE_BYTES: most bytes of one file (picture, table, artifact)."""
    experiment_files_bytes: int = 20 * 1024**3
    """TRACKIO_EXPERIMENT_FILES_BYTES: most bytes of the files of one experiment."""
    files_bytes: int | None = None
    """TRACKIO_FILES_BYTES: most bytes of all files on this disk; None: the disk is the bound; on a Space it is 30 GiB.
    With a dataset repo what is in the repo makes room; else what does not fit is refused, and its event says so."""
    push_interval_s: float = 300.0
    """TRACKIO_PUSH_INTERVAL_S: between commits to the dataset repo when there is something new."""
    commits_per_hour: int = 60
    """TRACKIO_COMMITS_PER_HOUR: of all who push to the repo together. The Hub itself stops at 128."""

    @property
    def store_path(self) -> Path:
        return self.store or self.directory / "v1" / "store.sqlite"

    @property
    def views_path(self) -> Path:
        """Views of the page that people saved."""
        return path_beside(self.store_path)

    @property
    def access_path(self) -> Path:
        """Tokens and share links that were handed out."""
        return self.directory / "v1" / "access.sqlite"

    @property
    def visibility(self) -> str | None:
        """What the Space was told about its own visibility on the Hub."""
        return self.hub.visibility

    @property
    def is_local(self) -> bool:
        """Nobody but this machine can reach it."""
        return is_loopback(self.host)


def settings_from(environ: Mapping[str, str] = os.environ) -> SpaceSettings:
    """Settings from the environment.

    Raises:
        UsageError: a value that cannot be read, or a server that would be open to the network without a token; the
            text holds the line to set.
    """
    on_space = bool(environ.get("SPACE_ID", "").strip())
    disk = environ.get("TRACKIO_DISK", "").strip().lower() or ("ephemeral" if on_space else "persistent")
    if disk not in ("persistent", "ephemeral"):
        raise UsageError(f"TRACKIO_DISK must be 'persistent' or 'ephemeral', got {disk!r}")
    settings = SpaceSettings(
        host=environ.get("GRADIO_SERVER_NAME", "").strip() or ("0.0.0.0" if on_space else "127.0.0.1"),
        port=_port(environ.get("GRADIO_SERVER_PORT", "").strip()),
        directory=data_folder(environ),
        store=Path(chosen).expanduser() if (chosen := environ.get("TRACKIO_STORE", "").strip()) else None,
        token=environ.get("TRACKIO_WRITE_TOKEN", "").strip() or None,
        public=environ.get("TRACKIO_PUBLIC", "").strip().lower() in ("1", "true", "yes", "on"),
        hosts=tuple(h.strip().lower() for h in environ.get("TRACKIO_HOSTS", "").split(",") if h.strip()),
        persistent=disk == "persistent",
        lost_contact_s=_seconds(environ, "TRACKIO_LOST_CONTACT_S", 60.0),
        on_space=on_space,
        hub=_hub(environ),
        dataset_repo=repo_of(environ.get("TRACKIO_DATASET_REPO"), "TRACKIO_DATASET_REPO"),
        hub_token=environ.get("HF_TOKEN", "").strip() or None,
        file_bytes=_bytes(environ, "TRACKIO_FILE_BYTES", 1024**3) or 0,
        experiment_files_bytes=_bytes(environ, "TRACKIO_EXPERIMENT_FILES_BYTES", 20 * 1024**3) or 0,
        files_bytes=_bytes(environ, "TRACKIO_FILES_BYTES", 30 * 1024**3 if disk == "ephemeral" else None),
        push_interval_s=_seconds(environ, "TRACKIO_PUSH_INTERVAL_S", 300.0),
        commits_per_hour=max(1, int(_seconds(environ, "TRACKIO_COMMITS_PER_HOUR", 60.0))),
    )
    if settings.token is None and not settings.is_local:
        where = (
            "in the Space's settings, under Secrets" if on_space else "and give it to your trainers as TRACKIO_TOKEN"
        )
        raise UsageError(
            f"refusing to listen on {settings.host} without a token: everyone in the network could write and delete. "
            f"Set one, {where}:\n"
            "    export TRACKIO_WRITE_TOKEN=$(python -c 'import secrets; print(secrets.token_urlsafe(24))')\n"
            "or listen on this machine only: export GRADIO_SERVER_NAME=127.0.0.1"
        )
    return settings


def _hub(environ: Mapping[str, str]) -> HubSettings:
    visibility = environ.get("TRACKIO_SPACE_VISIBILITY", "").strip().lower() or None
    if visibility not in (None, *VISIBILITIES):
        raise UsageError(f"TRACKIO_SPACE_VISIBILITY must be one of {', '.join(VISIBILITIES)}, got {visibility!r:.80}")
    return HubSettings(
        space_id=environ.get("SPACE_ID", "").strip(),
        hosts=_names(environ, "SPACE_HOST"),
        author=environ.get("SPACE_AUTHOR_NAME", "").strip() or environ.get("SPACE_ID", "").partition("/")[0].strip(),
        creator_id=environ.get("SPACE_CREATOR_USER_ID", "").strip(),
        visibility=visibility,
        client_id=environ.get("OAUTH_CLIENT_ID", "").strip(),
        client_secret=environ.get("OAUTH_CLIENT_SECRET", "").strip(),
        provider=environ.get("OPENID_PROVIDER_URL", "").strip().rstrip("/") or "https://huggingface.co",
        owners=_names(environ, "TRACKIO_OWNERS"),
        viewers=_names(environ, "TRACKIO_VIEWERS"),
    )


def _names(environ: Mapping[str, str], variable: str) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in environ.get(variable, "").split(",") if name.strip())


def is_loopback(host: str) -> bool:
    """Whether a host name means this machine and nothing else."""
    host = host.strip("[]").lower().rstrip(".")
    return host in ("localhost", "::1") or host.endswith(".localhost") or bool(re.fullmatch(r"127(\.\d{1,3}){3}", host))


def _port(text: str) -> int:
    if not text:
        return DEFAULT_PORT
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise UsageError(f"GRADIO_SERVER_PORT must be a number from 1 to 65535, got {text!r}")
    return int(text)


def _bytes(environ: Mapping[str, str], name: str, default: int | None) -> int | None:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or len(text) > 18:
        raise UsageError(f"{name} must be a whole number of bytes, got {text!r:.80}")
    return int(text)


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name, "").strip()
    try:
        seconds = float(text) if text else default
        if not 0 < seconds < 1e9:
            raise ValueError
    except ValueError:
        raise UsageError(f"{name} must be a number of seconds above 0, got {text!r}") from None
    return seconds
