"""Where experiments go: from what a user wrote to the address of a Space or of a dataset repo."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

from trackio_client.errors import UsageError
from trackio_client.hub import names
from trackio_client.settings import DATASETS, is_dataset

_SPACE = re.compile(r"[A-Za-z0-9][\w.\-]*/[A-Za-z0-9][\w.\-]*", re.ASCII)
_HUB_PAGE = re.compile(r"https?://(?:www\.)?huggingface\.co/spaces/([\w.\-]+/[\w.\-]+)/?(?:[?#].*)?")
_HOST = re.compile(r"(localhost|[\w.\-]+|\[[0-9a-fA-F:]+\])(:\d{1,5})?", re.ASCII)


def address_of(text: str) -> str:
    """The address without a slash at its end.

    `owner/space` (and its page on the Hub) becomes its host under hf.space, as the Hub makes it: lower case, dots and
    underscores to dashes. A full address is used as it is, dashes included (B25). A bare host gets http on this
    machine, https elsewhere. A dataset repo, by its page or as `hf://datasets/owner/name`, becomes the latter.

    Raises:
        UsageError: it is none of these.
    """
    text = text.strip()
    if is_dataset(text):
        return DATASETS + repo_of(text)
    if page := _HUB_PAGE.fullmatch(text):
        text = page[1]
    if _SPACE.fullmatch(text):
        return "https://" + re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") + ".hf.space"
    if "://" not in text and (host := _HOST.fullmatch(text.rstrip("/"))):
        return ("http://" if is_this_machine(host[1]) else "https://") + text.rstrip("/")
    parts = urlsplit(text)
    try:
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        port_is_fine = False
    place_there = _in_ascii(parts.netloc)
    is_strange = any(
        not " " < letter < "\x7f" for letter in place_there + parts.path
    )  # what a request cannot hold as it is
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine or is_strange:
        raise UsageError(
            f"the Space's address must be 'owner/space' or begin with http:// or https://, got {text!r:.200}. "
            "Give it as trackio_url or in TRACKIO_URL, in letters that an address may have; a dataset repo is "
            "hf://datasets/owner/name"
        )
    return f"{parts.scheme}://{place_there}{parts.path.rstrip('/')}"


def _in_ascii(host: str) -> str:
    """A host with letters of other scripts as the network knows it: `müller.de` is `xn--mller-kva.de`."""
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def repo_of(text: str) -> str:
    """`owner/name` of a dataset repo, from that, its address or its page. Raises UsageError."""
    name = names.repo_of(text)
    if name is None:
        raise UsageError("the name of a dataset repo is missing: 'owner/name'")
    return name


def hub_page(repo: str) -> str:
    """The page of a dataset repo."""
    hub = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/") or "https://huggingface.co"
    return f"{hub}/datasets/{repo}"


def is_this_machine(host: str) -> bool:
    """A loopback host: nothing to gain from compressing, no platform in between."""
    host = host.strip("[]").lower()
    return host in ("localhost", "::1") or host.endswith(".localhost") or bool(re.fullmatch(r"127(\.\d+){3}", host))


def is_hub_host(address: str) -> bool:
    """An address on hf.space: its gate, its limits on requests, its sleep."""
    host = (urlsplit(address).hostname or "").lower()
    return host.endswith(".hf.space")


def place(destination: str) -> str:
    """A destination in words: an address, or the local store."""
    return "the local store" if destination == "local" else destination
