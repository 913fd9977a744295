"""Artifacts on the wire: what names one, what is in one, and the digest by which two are known to be the same.

An ARTIFACT event lists `files`: {"path", "file" (a hash) or null, "bytes", "mime", "reference" or null, "etag" or null,
"not_kept" (why) or absent}. Paths are with "/", relative, and never lead outside.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from trackio_client.errors import UsageError
from trackio_client.wire.events import checked_name

LATEST: Final = "latest"
NUMBERING: Final = "numbering_"
"""How the id of a writer begins that only numbers: a store's own (store/numbering.py)."""
HINT: Final = b'"artifact"'
"""Stands in every frame of an ARTIFACT event: what has it not need not be looked into."""
UNTYPED: Final = "unspecified"
_VERSION = re.compile(r"v(\d{1,9})")
_DRIVE = re.compile(r"[A-Za-z]:")


def digest_of(files: Iterable[Mapping[str, Any]]) -> str:
    """Of what an artifact holds, whatever it is called: 64 hexadecimal characters. Equal content, equal digest."""
    lines = sorted(
        "\0".join((str(each["path"]), each.get("file") or "", each.get("reference") or "", str(each.get("etag") or "")))
        for each in files
    )
    return hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()


def version_of(text: str) -> int | None:
    """3 for "v3"; None for what is no version."""
    found = _VERSION.fullmatch(text)
    return int(found[1]) if found else None


def checked_artifact_name(text: str) -> str:
    """A name: any text but ":", which stands before an alias. Raises UsageError."""
    name = checked_name(text, "an artifact's name")
    if ":" in name:
        raise UsageError(f"an artifact's name holds no ':' (an alias follows it), got {name!r:.80}")
    return name


def checked_alias(text: str) -> str:
    """An alias. Raises UsageError: v0, v1 … are versions, which nobody can give away."""
    alias = checked_name(text, "an alias")
    if ":" in alias or "/" in alias:
        raise UsageError(f"an alias holds no ':' and no '/', got {alias!r:.80}")
    if version_of(alias) is not None:
        raise UsageError(f"{alias!r} is a version and no alias: the store numbers versions. Take another word")
    return alias


def split(wanted: str, project: str | None = None) -> list[tuple[str, str, str]]:
    """What a text may mean, the likeliest first: (project, name, alias or version).

    "name:best" in the project at hand; "project/name:best"; a name and a project may themselves hold "/", and W&B puts
    an entity before them. Without ":" it is the latest.
    """
    rest, mark, alias = wanted.rpartition(":")
    if not mark or not rest:
        rest, alias = wanted, LATEST
    found = [] if project is None else [(project, rest, alias)]
    parts = rest.split("/")
    found += [("/".join(parts[:n]), "/".join(parts[n:]), alias) for n in range(1, len(parts))]
    if len(parts) > 2:  # entity/project/name
        found += [("/".join(parts[1:n]), "/".join(parts[n:]), alias) for n in range(2, len(parts))]
    return [each for each in found if each[0] and each[1] and each[2]]


def safe_path(text: str) -> str:
    """The path of a file in an artifact that perhaps a stranger logged. Raises UsageError if it leads out."""
    path = str(text).replace("\\", "/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    is_bad = path.startswith("/") or ".." in parts or "\0" in path or not parts or _DRIVE.match(parts[0]) is not None
    if is_bad or len(path) > 1000 or any(len(part) > 255 for part in parts):
        raise UsageError(f"a file in an artifact has a relative path that stays inside, got {text!r:.160}")
    return "/".join(parts)
