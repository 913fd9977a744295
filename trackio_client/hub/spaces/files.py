"""What a Space is made of: app.py, requirements.txt and the code it runs, from a checkout or the wheel alike."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from trackio_client.errors import UsageError

INSTALLED_IN = Path(__file__).resolve().parents[3]
"""Holds both packages: a checkout's root, or site-packages."""
APP: Final = "app.py"
REQUIREMENTS: Final = "requirements.txt"
CARD: Final = "README.md"
PACKAGES: Final = ("space", "trackio_client")
LEFT_OUT: Final = ("cli", "integrations", "monitor", "space_root")
"""Folders of trackio_client that no Space uses: the half for trainers and terminals."""
_WHEEL: Final = "space_root"
"""Where the wheel keeps what stands at a checkout's root (pyproject.toml, force-include)."""
_CODE: Final = (".py", ".js", ".css", ".svg", ".html", ".json", ".typed")
_PIN: Final = re.compile(r"^gradio==([\w.]+)\s*$", re.MULTILINE)


def files_of_space() -> dict[str, bytes]:
    """Everything but the card: path in the Space → content.

    Raises:
        UsageError: this installation does not hold what a Space runs.
    """
    code = INSTALLED_IN
    found = {name: _at_root(code, name) for name in (APP, REQUIREMENTS)}
    for package in PACKAGES:
        if not (code / package).is_dir():
            raise UsageError(f"{code} holds no package {package!r}, which a Space runs. Install trackio-client anew")
        found |= {path.relative_to(code).as_posix(): path.read_bytes() for path in _code_of(code / package)}
    return found


def _code_of(package: Path) -> Iterator[Path]:
    for path in sorted(package.rglob("*")):
        inside = path.relative_to(package).parts
        if package.name == "trackio_client" and inside[0] in LEFT_OUT:
            continue
        if any(part.startswith((".", "__pycache__")) for part in inside):
            continue
        if path.is_file() and path.suffix in _CODE:
            yield path


def _at_root(code: Path, name: str) -> bytes:
    """A file of a checkout's root; installed from a wheel, what that brought of it."""
    is_checkout = (code / "pyproject.toml").is_file()
    path = (code if is_checkout else code / "trackio_client" / _WHEEL) / name
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read ({error.strerror}): a Space needs it. Install trackio-client anew"
        ) from None


def gradio_of(files: Mapping[str, bytes]) -> str:
    """The version of Gradio that the Space's requirements pin, which is its card's sdk_version."""
    found = _PIN.search(files[REQUIREMENTS].decode())
    if found is None:
        raise UsageError("requirements.txt pins no gradio: the card cannot say which one the Space needs")
    return found[1]


def git_id(content: bytes) -> str:
    """Git's name for a file's content: the Hub lists its files by it, so what is there already is known unread."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def changes(
    wanted: Mapping[str, bytes], there: Mapping[str, str], folders: tuple[str, ...] = PACKAGES
) -> tuple[dict[str, bytes], list[str]]:
    """What to upload and what to delete.

    Args:
        wanted: path → content.
        there: path → git's name for what the Space holds.
        folders: ours as a whole.

    Returns:
        Files that differ or are missing; files of our folders that are no more. All else there is left alone.
    """
    add = {path: content for path, content in wanted.items() if there.get(path) != git_id(content)}
    ours = tuple(f"{folder}/" for folder in folders)
    return add, sorted(path for path in there if path.startswith(ours) and path not in wanted)
