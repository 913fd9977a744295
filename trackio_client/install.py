"""install_as("trackio") and install_as("wandb"): libraries that import these find ours.

A module of that name is put into `sys.modules`, with the submodules that libraries are known to import, and a finder
that answers for its version. What `transformers`, `accelerate`, `trl`, `axolotl`, `lighteval` and `pytorch_lightning`
ask of them (`find_spec`, `importlib.metadata.version`, `context_vars`, `wandb.sdk…`) is answered. A real package of
that name which was imported before is left alone, and that is said.
"""

from __future__ import annotations

import email.message
import importlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import os
import sys
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any, Final

import trackio_client
from trackio_client.errors import UsageError
from trackio_client.notices import Notices

VERSIONS: Final = {"trackio": "0.43.0", "wandb": "0.25.0"}
"""Of the packages whose names ours follow: libraries ask for a lowest version."""
SUBMODULES: Final = {
    "trackio": {
        "context_vars": "trackio_client.context_vars",
        "alerts": "trackio_client.alerts",
        "media": "trackio_client.media",
        "table": "trackio_client.media",
        "trace": "trackio_client.media",
        "histogram": "trackio_client.media",
        "markdown": "trackio_client.media",
        "run": "trackio_client",
        "api": "trackio_client",
    },
    "wandb": {
        "plot": "trackio_client.media.charts",
        "data_types": "trackio_client.media",
        "errors": "trackio_client.wandb_parts",
        "util": "trackio_client.wandb_parts",
        "env": "trackio_client.wandb_parts",
        "wandb_run": "trackio_client.wandb_parts",
        "apis": "trackio_client",
        "apis.public": "trackio_client",
        "sdk": "trackio_client",
        "sdk.data_types": "trackio_client.media",
        "sdk.lib": "trackio_client.wandb_parts",
        "sdk.lib.config_util": "trackio_client.wandb_parts",
        "sdk.lib.disabled": "trackio_client.wandb_parts",
        "sdk.lib.runid": "trackio_client.wandb_parts",
        "sdk.wandb_run": "trackio_client.wandb_parts",
        "sdk.wandb_settings": "trackio_client",
        "sdk.artifacts": "trackio_client",
        "sdk.artifacts.artifact": "trackio_client.artifacts.artifact",
        "sdk.wandb_config": "trackio_client.configuration",
        "sdk.wandb_summary": "trackio_client.summarizing",
        "sdk.data_types.image": "trackio_client.media",
        "sdk.data_types.video": "trackio_client.media",
        "sdk.data_types.histogram": "trackio_client.media",
        "errors.term": "trackio_client.calls",
        "integration": "trackio_client.integrations",
        "integration.keras": "trackio_client.integrations.wandb_keras",
        "keras": "trackio_client.integrations.wandb_keras",
    },
}
"""What stands behind a submodule: the module whose names it has."""
_WANDB_POSITIONS: Final = ("entity", "project", "dir", "id", "name", "notes", "tags", "config")
_ENVIRONMENT: Final = {
    "WANDB_PROJECT": "project",
    "WANDB_ENTITY": "entity",
    "WANDB_NAME": "name",
    "WANDB_RUN_ID": "id",
    "WANDB_RUN_GROUP": "group",
    "WANDB_JOB_TYPE": "job_type",
    "WANDB_NOTES": "notes",
    "WANDB_TAGS": "tags",
    "WANDB_RESUME": "resume",
    "WANDB_MODE": "mode",
    "WANDB_DIR": "dir",
}
"""W&B's variables that `init` of the module named wandb goes by, where it is not told otherwise."""
_OPEN: Final = ("config", "run", "summary")
"""Names that stand for the open experiment."""
_said = Notices()


def install_as(name: str = "trackio") -> ModuleType:
    """Let `import trackio` (or `import wandb`) give this package, in this process and for every library in it.

    Args:
        name: "trackio" or "wandb".

    Returns:
        The module that stands under that name. A real one that was imported before stays, and that is said.

    Raises:
        UsageError: another name.
    """
    if name not in VERSIONS:
        raise UsageError(f"install_as() takes 'trackio' or 'wandb', got {name!r:.80}")
    there = sys.modules.get(name)
    if there is not None:
        if not isinstance(there, _Named):
            _said.warn(
                f"there:{name}", f"install_as({name!r}): the package {name} was imported before and stays. Call it "
                f"before anything imports {name}"
            )  # fmt: skip
        return there
    _FINDER.names.add(name)
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)
    return importlib.import_module(name)


class _Named(ModuleType):
    """A module with the names of another one, and what is set on it, on top."""

    def __init__(self, name: str, behind: str) -> None:
        super().__init__(name, f"{behind}, under the name {name}")
        self.__dict__["_behind"] = behind

    def __getattr__(self, name: str) -> Any:
        if name == "_behind" or (name.startswith("__") and name.endswith("__") and name != "__all__"):
            raise AttributeError(name)
        top, _, inner = f"{self.__name__}.{name}".partition(".")
        if inner in SUBMODULES[top] and name not in _OPEN:
            return importlib.import_module(f"{top}.{inner}")
        behind = importlib.import_module(self.__dict__["_behind"])
        try:
            return getattr(behind, name)
        except AttributeError:
            try:
                return getattr(trackio_client, name)
            except AttributeError:
                raise AttributeError(f"module {self.__name__!r} (trackio_client's) has no {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _OPEN:
            super().__setattr__(name, value)
        elif not isinstance(value, ModuleType):  # `import trackio.run` would hide the run behind the module
            setattr(trackio_client, name, value)

    def __dir__(self) -> Iterable[str]:
        return dir(importlib.import_module(self.__dict__["_behind"]))


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the names that were installed, their submodules, and their versions."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        name, _, inner = fullname.partition(".")
        if name not in self.names or (inner and inner not in SUBMODULES[name]):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin=trackio_client.__file__, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        name, _, inner = spec.name.partition(".")
        module = _Named(spec.name, SUBMODULES[name][inner] if inner else "trackio_client")
        if not inner:
            module.__dict__["__version__"] = VERSIONS[name]
            if name == "wandb":
                module.__dict__["init"] = _init_of_wandb
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is run: the names are those of the module behind it."""

    def find_distributions(
        self, context: importlib.metadata.DistributionFinder.Context | None = None
    ) -> Iterator[importlib.metadata.Distribution]:
        """For `importlib.metadata.version("trackio")`: asked by name; nobody who lists packages sees them."""
        wanted = None if context is None else context.name
        if wanted in self.names:
            yield _Distribution(str(wanted))


class _Distribution(importlib.metadata.Distribution):
    """A package in name and version."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def metadata(self) -> Any:
        message = email.message.Message()
        message["Metadata-Version"] = "2.1"
        message["Name"] = self._name
        message["Version"] = VERSIONS[self._name]
        return message

    def read_text(self, filename: str) -> str | None:
        return str(self.metadata) if filename in ("METADATA", "PKG-INFO") else None

    def locate_file(self, path: Any) -> Any:
        return importlib.machinery.PathFinder.find_spec(str(path))


_FINDER: Final = _Finder()


def _init_of_wandb(*positional: Any, **named: Any) -> Any:
    """`wandb.init`: arguments in W&B's order, and its environment variables. See docs/from-wandb.md."""
    for name, value in zip(_WANDB_POSITIONS, positional, strict=False):
        named.setdefault(name, value)
    for variable, name in _ENVIRONMENT.items():
        if named.get(name) is None and (text := os.environ.get(variable, "").strip()):
            named[name] = text.split(",") if name == "tags" else text
    return trackio_client.init(**named)
