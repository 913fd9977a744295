"""Imports point one way, heavy packages stay where they belong, and `import trackio_client` is light.

Imports are read from the syntax, those inside functions too: a late import is a dependency all the same.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import trackio_client

ROOT = Path(__file__).resolve().parents[1]

CORE = {"errors", "release", "blobs", "truth", "homes"}
STORE = CORE | {"wire", "store"}
EXPERIMENT = STORE | {
    "delivery",
    "capture",
    "media",
    "artifacts",
    "values",
    "masking",
    "clientfile",
    "settings",
    "inforce",
    "experiment",
}
"""`experiment` stands for every module at the top of trackio_client that is not named below: what it was split into."""
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "release": set(),
    "blobs": {"errors"},
    "wire": CORE,
    "scoring": {"errors"},
    "store": STORE,
    "queries": STORE | {"scoring"},
    "view": set(),
    "snapshot": STORE | {"queries", "view"},
    "notebook": CORE | {"snapshot.numbers"},
    "clientfile": CORE,
    "truth": {"errors"},
    "homes": set(),
    "variables": {"errors", "truth"},
    "settings": CORE | {"hub.names", "clientfile", "variables"},
    "inforce": CORE | {"settings", "clientfile"},
    "values": CORE | {"wire"},
    "masking": CORE,
    "media": CORE | {"wire", "values"},
    "capture": CORE | {"settings", "masking"},
    "delivery": STORE | {"settings", "hub.names"},
    # An artifact that is used is asked for and fetched as any reader does.
    "experiment": EXPERIMENT | {"reader", "notebook", "snapshot.numbers"},
    # An artifact gives back the tables that were added to it.
    "artifacts": CORE | {"wire", "reader.source", "values", "media"},
    "integrations": EXPERIMENT | {"scoring"},
    "monitor": EXPERIMENT | {"integrations"},
    "reader": STORE
    | {"queries", "settings", "delivery.address", "delivery.tokens", "artifacts", "values", "snapshot", "notebook"},
    "managing": STORE | {"queries", "reader", "masking", "settings", "delivery.address"},
    "exchange": STORE | {"masking"},
    "hub": STORE | {"view", "queries", "clientfile", "settings", "delivery"},
    "cli": EXPERIMENT | {"queries", "reader", "exchange", "hub", "snapshot"},
    # The wheel's face: names that are loaded on first use.
    "__init__": EXPERIMENT | {"calls", "install", "reader", "monitor", "integrations", "managing"},
    "calls": EXPERIMENT | {"reader"},
    "install": EXPERIMENT | {"__init__"},
    "__main__": {"cli"},
    # exchange, masking: what Trackio's clients log is mapped as their files are.
    "space": STORE
    | {"managing", "exchange", "masking", "media", "queries", "settings", "inforce", "hub", "view", "snapshot"},
}
ONLY_IN = {
    "gradio": ("space/ui/",),
    "plotly": ("space/ui/", "space/api/library.py"),
    "fastapi": ("space/",),
    "starlette": ("space/",),
    "uvicorn": ("space/",),
    "httpx": ("trackio_client/delivery/transport.py", "trackio_client/reader/"),
    "pandas": ("trackio_client/reader/", "trackio_client/media/tables.py"),
    "PIL": ("trackio_client/media/", "space/sharing/", "space/api/trackio/"),
    "matplotlib": ("trackio_client/media/",),
    "huggingface_hub": ("trackio_client/hub/", "space/api/visibility.py"),
    "pyarrow": ("trackio_client/hub/", "trackio_client/exchange/", "trackio_client/archive/"),
    "transformers": ("trackio_client/integrations/",),
    "torch": ("trackio_client/integrations/",),
    "pynvml": ("trackio_client/capture/",),
    "psutil": ("trackio_client/capture/",),
}


class Import(NamedTuple):
    """One imported module and where the line stands."""

    path: str
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} imports {self.module}"


def imports_of(package: str) -> Iterator[Import]:
    for path in sorted((ROOT / package).rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), place)):
            if isinstance(node, ast.Import):
                yield from (Import(place, node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                module = node.module or ""
                inside = [f"{module}.{alias.name}" for alias in node.names]
                yield from (Import(place, node.lineno, name if is_module(name) else module) for name in inside)


def is_module(name: str) -> bool:
    at = ROOT.joinpath(*name.split("."))
    return at.is_dir() or at.with_suffix(".py").exists()


def layer_of(module: str) -> str:
    """`trackio_client.store.writing` → "store"; a module at the top that has no rule of its own → "experiment"."""
    parts = module.split(".")
    if parts[0] == "space":
        return "space"
    name = parts[1] if len(parts) > 1 else "__init__"
    return name if name in MAY_IMPORT else "experiment"


def module_of(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def is_allowed(one: Import) -> bool:
    own, other = layer_of(module_of(one.path)), layer_of(one.module)
    may = MAY_IMPORT[own]
    return own == other or other in may or any(one.module == f"trackio_client.{name}" for name in may)


def test_imports_inside_the_client_and_from_the_space_point_one_way():
    found = [one for package in ("trackio_client", "space") for one in imports_of(package)]
    ours = [one for one in found if one.module.split(".")[0] in ("trackio_client", "space")]
    assert len(ours) > 100
    assert [str(one) for one in ours if not is_allowed(one)] == []


def test_a_line_that_points_the_wrong_way_is_named():
    wrong = Import("trackio_client/store/sqlite.py", 7, "trackio_client.queries.series")
    assert not is_allowed(wrong)
    assert str(wrong) == "trackio_client/store/sqlite.py:7 imports trackio_client.queries.series"
    assert not is_allowed(Import("trackio_client/cli/serving.py", 1, "space.server"))
    assert not is_allowed(Import("trackio_client/reader/api.py", 1, "trackio_client.delivery.sender"))
    assert is_allowed(Import("trackio_client/reader/api.py", 1, "trackio_client.delivery.address"))


def test_parts_of_the_space_are_joined_in_one_place():
    joined = [one for one in imports_of("space") if one.module == "space.server" and one.path != "space/server.py"]
    assert {one.path for one in joined} <= {"space/__main__.py"}


def test_a_heavy_package_is_imported_only_by_the_modules_that_are_about_it():
    found = [one for package in ("trackio_client", "space") for one in imports_of(package)]
    strange = [
        str(one)
        for one in found
        if (places := ONLY_IN.get(one.module.split(".")[0])) is not None and not one.path.startswith(places)
    ]
    assert strange == []


def loaded_by(code: str) -> set[str]:
    """Top-level names in sys.modules of a fresh Python after some code, less those it begins with."""
    bare, after = (
        subprocess.run(
            [sys.executable, "-c", f"{line}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"],
            cwd=ROOT, check=True, capture_output=True, text=True,
        ).stdout
        for line in ("", code)
    )  # fmt: skip
    return {name.split(".")[0] for name in set(json.loads(after)) - set(json.loads(bare))}


def test_import_trackio_client_loads_the_standard_library_only():
    assert loaded_by("import trackio_client") - sys.stdlib_module_names == {"trackio_client"}


def test_logging_offline_loads_neither_pandas_nor_a_web_framework(tmp_path):
    code = (
        f"import trackio_client as t\ne = t.init('p', mode='offline', directory={str(tmp_path)!r}, quiet=True)\n"
        "e.log({'a': 1.0})\ne.finish()"
    )
    heavy = {"pandas", "gradio", "fastapi", "uvicorn", "httpx", "torch", "transformers", "huggingface_hub", "plotly"}
    assert loaded_by(code) & heavy == set()


def test_the_public_names_are_sorted_and_all_there():
    assert trackio_client.__all__ == sorted(trackio_client.__all__)
    assert all(hasattr(trackio_client, name) for name in trackio_client.__all__ if name not in ("config", "summary"))
