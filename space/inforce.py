"""Which settings the server runs with, and where they come from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from space.settings import SpaceSettings
from trackio_client.inforce import InForce, Named, in_force

_DISK: Final = ("persistent", "ephemeral")
SPACE: Final = (
    Named("dataset_repo", ("TRACKIO_DATASET_REPO",), "dataset in which the experiments live"),
    Named("hub_token", ("HF_TOKEN",), "reads and writes that dataset", is_secret=True),
    Named("push_interval_s", ("TRACKIO_PUSH_INTERVAL_S",), "between commits, when there is something new"),
    Named("commits_per_hour", ("TRACKIO_COMMITS_PER_HOUR",), "of all who push to the dataset together"),
    Named("token", ("TRACKIO_WRITE_TOKEN",), "makes an owner: logs, deletes, shares, sets up", is_secret=True),
    Named("public", ("TRACKIO_PUBLIC",), "everybody may read"),
    Named("persistent", ("TRACKIO_DISK",), "whether the disk stays, and what lies on it is durable", words=_DISK),
    Named("directory", ("TRACKIO_DIR",), "the store"),
    Named("store", ("TRACKIO_STORE",), "another store's file, shown by trackio-client ui"),
    Named("file_bytes", ("TRACKIO_FILE_BYTES",), "most of one file"),
    Named("experiment_files_bytes", ("TRACKIO_EXPERIMENT_FILES_BYTES",), "most of one experiment's files"),
    Named("files_bytes", ("TRACKIO_FILES_BYTES",), "most of all files on this disk"),
    Named("lost_contact_s", ("TRACKIO_LOST_CONTACT_S",), "silence after which contact counts as lost"),
    Named("host", ("GRADIO_SERVER_NAME",), "listens on"),
    Named("port", ("GRADIO_SERVER_PORT",), "listens at"),
    Named("hosts", ("TRACKIO_HOSTS",), "other names, for a server without a token"),
    Named("hub.space_id", ("SPACE_ID",), "this Space; the platform sets it"),
    Named("hub.hosts", ("SPACE_HOST",), "its names for browsers; the platform sets them"),
    Named("hub.author", ("SPACE_AUTHOR_NAME",), "who owns it; the platform sets it"),
    Named("hub.creator_id", ("SPACE_CREATOR_USER_ID",), "who made it; the platform sets it"),
    Named("hub.visibility", ("TRACKIO_SPACE_VISIBILITY",), "public, protected or private"),
    Named("hub.owners", ("TRACKIO_OWNERS",), "Hub users who are owners here"),
    Named("hub.viewers", ("TRACKIO_VIEWERS",), "Hub users who may read"),
    Named("hub.client_id", ("OAUTH_CLIENT_ID",), "log-in with the Hub; the platform sets it"),
    Named("hub.provider", ("OPENID_PROVIDER_URL",), "who is asked at that log-in"),
    Named("hub.client_secret", ("OAUTH_CLIENT_SECRET",), "of that log-in", is_secret=True),
)
"""Every setting that an owner may wonder about, in the order of interest."""


def space_settings(settings: SpaceSettings, environ: Mapping[str, str] = os.environ) -> list[InForce]:
    """The server's settings. What differs from its environment was given in code."""
    return in_force(SPACE, settings, environ, {})
