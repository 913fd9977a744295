"""Names of dataset repos: what people write for one, and the one form we use, `owner/name`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from trackio_client.errors import UsageError

DEFAULT_NAME = "trackio-experiments"
_HOSTS = {"huggingface.co", "www.huggingface.co", "hf.co"}
_INSIDE = {"tree", "blob", "resolve", "raw", "viewer", "discussions", "settings", "commit", "commits", "edit", "upload"}
"""What follows owner and name in the address of something within a repo."""
_MOST_CHARACTERS = 96
_STRANGE = re.compile(r"[^A-Za-z0-9._-]")
_TOKEN = re.compile(r"hf_[A-Za-z0-9]{8,}|(?<=//)[^/@]*@")


def repo_of(text: str | None, setting: str = "dataset_repo") -> str | None:
    """`owner/name` from that, from `hf://datasets/owner/name`, or from the address of its page; None if blank.

    Args:
        text: as a person wrote it. The page may be at huggingface.co or where HF_ENDPOINT is.
        setting: where it was written, for the error.

    Raises:
        UsageError: it cannot be the name of a dataset repo. The text says what was seen and what is expected.
    """
    if text is None or not text.strip():
        return None
    if not isinstance(text, str):
        raise UsageError(f"{setting} must be text, got {type(text).__name__}")
    parts, wrong = _parts(text.strip())
    if wrong is None:
        wrong = _wrong_parts(parts) or _wrong("owner", parts[0]) or _wrong("name", parts[1])
    if wrong is not None:
        example = f"alice/{DEFAULT_NAME}"
        raise UsageError(
            f"{setting} must name a dataset repo on the Hub as 'owner/name', got {_shown(text)!r}: "
            f"{wrong.rstrip('?.')}. Example: {f'{setting}=' if setting.isidentifier() else ''}'{example}' "
            f"(hf://datasets/{example} and the page's address are understood too)"
        )
    return "/".join(parts)


def _parts(text: str) -> tuple[list[str], str | None]:
    """Owner and name as far as they can be told apart, and what is wrong with an address."""
    scheme, colon, rest = text.partition("://")
    if not colon:
        parts = text.rstrip("/").split("/")
        return (parts[1:] if len(parts) == 3 and parts[0] == "datasets" else parts), None
    if scheme.lower() == "hf":
        kind, _, name = rest.rstrip("/").partition("/")
        if kind != "datasets":
            return [], "hf:// must be followed by datasets/owner/name"
        return name.split("/"), "a revision cannot be chosen here: leave '@…' out" if "@" in name else None
    if scheme.lower() not in ("http", "https"):
        return [], f"{scheme}:// is no address of the Hub"
    return _page(text)


def _page(text: str) -> tuple[list[str], str | None]:
    try:
        address = urlsplit(text)
        hosts = _HOSTS | {urlsplit(os.environ.get("HF_ENDPOINT", "").strip()).netloc.lower()} - {""}
        is_hub = address.netloc.rpartition("@")[2].lower() in hosts
    except ValueError:
        return [], "it is no address"
    parts = [unquote(part) for part in address.path.strip("/").split("/")]
    if not is_hub:
        return [], f"{address.hostname} is not the Hub"
    if parts[0] == "spaces":
        return [], "this is a Space; its address belongs into trackio_url"
    if parts[0] != "datasets":
        return [], "this is not the page of a dataset, which has /datasets/ after the host"
    inside = len(parts) > 3 and parts[3] in _INSIDE
    return parts[1:3] if inside else parts[1:], None


def _wrong_parts(parts: list[str]) -> str | None:
    if len(parts) == 1:
        return f"there is no '/': whose is {_shown(parts[0])!r}?" if parts[0] else "it is empty"
    if len(parts) > 2:
        return f"there are {len(parts) - 1} slashes, one is expected"
    return None


def _wrong(what: str, text: str) -> str | None:
    """The Hub's own rules, told before it has to."""
    if not text:
        return f"the {what} is missing"
    if strange := _STRANGE.search(text):
        seen = "a blank" if strange[0].isspace() else repr(strange[0])
        return f"the {what} holds {seen}; letters, digits, '-', '_' and '.' are allowed"
    if text[0] in ".-" or text[-1] in ".-":
        return f"the {what} begins or ends with '-' or '.'"
    if "--" in text or ".." in text:
        return f"the {what} holds '--' or '..', which the Hub does not allow"
    if len(text) > _MOST_CHARACTERS:
        return f"the {what} has {len(text)} characters, at most {_MOST_CHARACTERS} are allowed"
    if what == "name" and text.endswith(".git"):
        return "the name ends in '.git', which the Hub does not allow"
    return None


_SPACE_PAGE = re.compile(r"(?:hf://|https?://[^/]+/)spaces/(.*?)/?(?:[?#].*)?", re.IGNORECASE)


def space_of(text: str, owner: str | None = None) -> str:
    """`owner/name` of a Space, from that, from `name` alone with an owner, or from its page's address.

    Raises:
        UsageError: it cannot be the name of a Space, or has no owner. The text says what was seen and is expected.
    """
    text = text.strip()
    page = _SPACE_PAGE.fullmatch(text)
    parts = (page[1] if page else text).split("/")
    if len(parts) == 1 and owner is not None and parts[0]:
        parts = [owner, *parts]
    wrong = "this is no page of a Space" if "://" in text and not page else None
    wrong = wrong or _wrong_parts(parts) or _wrong("owner", parts[0]) or _wrong("name", parts[1])
    if wrong is not None:
        raise UsageError(
            f"a Space is named 'owner/name' (or 'name', for one of your own), got {_shown(text)!r}: {wrong}. "
            "Example: alice/curves"
        )
    return "/".join(parts)


def _shown(text: str) -> str:
    """What was written, for people to see: cut, and without what may be a token or a password."""
    return _TOKEN.sub("…", text.strip())[:120]


def default_repo(api_user: Mapping[str, Any], name: str = DEFAULT_NAME) -> str:
    """The repo for those who name none: in the account that the token belongs to.

    Args:
        api_user: what `HfApi.whoami()` answers.
        name: the repo's, without its owner.

    Raises:
        UsageError: it names no account.
    """
    user = api_user.get("name")
    if not isinstance(user, str) or not user:
        raise UsageError(
            "the Hub does not say whose this token is, so there is no owner for a default repo. "
            f"Give one: dataset_repo='owner/{name}'"
        )
    return f"{user}/{name}"
