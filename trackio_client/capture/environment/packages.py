"""What is installed: names and versions from the folders that pip, uv and conda leave (S3.40).

The names of the folders tell both; opening the metadata of 300 packages would take half a second of somebody's CPU.
What was installed from a folder or a repository says so in a file of its own, which is read.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from trackio_client.capture.environment.found import Found
from trackio_client.capture.environment.gitfiles import without_credentials

MOST: Final = 3_000
_FOLDER = re.compile(r"(?P<name>.+?)-(?P<version>\d[^-]*|[^-]+)(?:-py\d[\d.]*)?(?:\.dist-info|\.egg-info)")


def packages(path: Iterable[str] | None = None) -> Found:
    """`packages` {name: version}, as `pip freeze` would list them; the first place on the path counts."""
    found = Found()
    installed: dict[str, str] = {}
    sources: dict[str, dict[str, Any]] = {}
    for entry in list(sys.path) if path is None else path:
        try:
            names = os.listdir(entry or ".")  # noqa: PTH208 (thousands of Path objects for nothing)
        except OSError:  # a zip, or a folder that is not there
            continue
        for folder in names:
            if not folder.endswith((".dist-info", ".egg-info")) or (parts := _FOLDER.fullmatch(folder)) is None:
                continue
            name = re.sub(r"[-_.]+", "-", parts["name"]).lower()
            if name in installed or len(installed) >= MOST:
                continue
            installed[name] = parts["version"]
            source = _source(Path(entry, folder, "direct_url.json"))
            if source:
                sources[name] = source
    if installed:
        found.put("packages", dict(sorted(installed.items())))
    else:
        found.lacks("packages", "no folder of installed packages is on the path")
    if sources:
        found.put("packages_from", sources)
    return found


def _source(file: Path) -> dict[str, Any]:
    """Where a package that is from no index came from: {"url", "editable", "commit"}."""
    try:
        told = json.loads(file.read_bytes())
        source: dict[str, Any] = {"url": without_credentials(str(told["url"]))}
        if told.get("dir_info", {}).get("editable"):
            source["editable"] = True
        if commit := told.get("vcs_info", {}).get("commit_id"):
            source["commit"] = str(commit)
        return source
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return {}


def conda(environ: Mapping[str, str]) -> Found:
    """`conda` {name, packages}: only inside a conda environment; nothing elsewhere."""
    found = Found()
    prefix = environ.get("CONDA_PREFIX", "").strip()
    if not prefix or Path(prefix).resolve() != Path(sys.prefix).resolve():
        return found
    found.put("conda.name", environ.get("CONDA_DEFAULT_ENV") or Path(prefix).name)
    try:
        files = [name for name in os.listdir(Path(prefix, "conda-meta")) if name.endswith(".json")]  # noqa: PTH208
    except OSError as error:
        found.lacks("conda.packages", f"conda-meta cannot be read ({error.strerror or error})")
        return found
    listed = [name.removesuffix(".json").rsplit("-", 2) for name in files[:MOST]]
    found.put("conda.packages", {parts[0]: "=".join(parts[1:]) for parts in sorted(listed) if len(parts) == 3})
    return found
