"""The arguments that W&B and Trackio give to `init`, each mapped onto ours, or kept as a note and said once.

    W&B       entity dir id config_exclude_keys config_include_keys allow_val_change mode="dryrun" force reinit
              resume_from fork_from="id?_step=n" save_code tensorboard sync_tensorboard monitor_gym settings anonymous
    Trackio   space_id server_url dataset_id bucket_id private embed auto_log_gpu gpu_log_interval auto_log_cpu
              cpu_log_interval webhook_url webhook_min_level settings

`takes_foreign_names` stands around `init`: what it does not know itself is translated before, or done after.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from trackio_client.configuration import as_mapping
from trackio_client.errors import UsageError
from trackio_client.homes import expanded

POSITIONS: Final = ("project", "name", "group", "space_id", "server_url", "dataset_id", "bucket_id", "config")
"""The order in which Trackio takes arguments; ours are the first two."""
SAID: Final = {
    "bucket_id": "experiments are kept in a dataset repo (dataset_repo=), not in a bucket",
    "webhook_url": "webhooks are not called from a training; alerts stand on the experiment",
    "sync_tensorboard": "what is written for TensorBoard is not copied; log it with log()",
    "tensorboard": "what is written for TensorBoard is not copied; log it with log()",
    "monitor_gym": "films of gym are not recorded; log them with Video",
}
"""Why something that was asked for is not done."""
NOTED: Final = ("entity", "private", "anonymous", "webhook_min_level", "monitor_gym", "save_code")
"""Kept as notes without a word: nothing is lost by it."""
SILENT: Final = ("force", "allow_val_change", "embed")
"""Nothing to do: no log-in is needed, every value may be changed, nothing is embedded unless asked for."""
WORLDS: Final = {"dryrun": "offline", "run": "online", "shared": "online", "cloud": "online"}


class Settings:
    """W&B's Settings: takes any field; one that was not given reads as None.

    What has a meaning here is taken from it: mode, project, entity, run_id, run_name, run_group, run_job_type,
    run_notes, run_tags, resume, silent, quiet, console, x_disable_stats, root_dir.
    """

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return None

    def update(self, other: Any = (), /, **fields: Any) -> None:
        """Set many fields."""
        self.__dict__.update({**as_mapping(vars(other) if isinstance(other, Settings) else other), **fields})

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{key}={value!r}' for key, value in vars(self).items())})"


@dataclass(slots=True)
class Translated:
    """What foreign arguments mean."""

    named: dict[str, Any] = field(default_factory=dict)
    """For our `init`."""
    noted: dict[str, Any] = field(default_factory=dict)
    """Kept with the experiment, as a note."""
    said: list[str] = field(default_factory=list)
    step: int | None = None
    """The next step, when the run is taken back to an earlier one."""
    keeps_main_file: bool = False
    finish_previous: bool | None = None
    """Whether an open experiment is finished first (True), or is the answer (False); None: neither."""


_Init = TypeVar("_Init", bound=Callable[..., Any])


def takes_foreign_names(init: _Init) -> _Init:
    """Let `init` take the arguments of W&B and Trackio, too."""

    @functools.wraps(init)
    def wide(*positional: Any, **named: Any) -> Any:
        if len(positional) > len(POSITIONS):
            raise UsageError(f"init() takes at most {len(POSITIONS)} arguments without their names; give names")
        for name, value in zip(POSITIONS, positional, strict=False):
            if name in named:
                raise UsageError(f"init() got {name!r} twice")
            named[name] = value
        return _opened(init, named)

    return wide  # type: ignore[return-value]  # the same, and more


def _opened(init: Callable[..., Any], named: dict[str, Any]) -> Any:
    from trackio_client.lifecycle import process

    found = translated(named)
    current = process.current
    if current is not None and not current.is_finished and found.finish_previous is not None:
        if not found.finish_previous:
            return current
        current.finish()
    if early := process.take_early_config():
        config = found.named.get("config")
        found.named["config"] = {**early, **({} if config is None else as_mapping(config))}
    if (assigned := process.assigned) is not None:
        config = found.named.get("config")
        found.named["config"] = {**({} if config is None else as_mapping(config)), **assigned["config"]}
        for name in ("group", "project"):
            if found.named.get(name) is None:
                found.named[name] = assigned[name]
    experiment = init(**found.named)
    if not found.noted and not found.said and found.step is None and not found.keeps_main_file:
        return experiment
    experiment._noted = found.noted
    if found.said:
        experiment.notices.warn("foreign", "init(): " + "; ".join(found.said) + ". What was given is kept as a note")
    if found.noted:
        experiment.record("init_arguments", found.noted)
    if found.step is not None:
        experiment.go_back_to(found.step)
    if found.keeps_main_file:
        experiment.log_main_file()
    return experiment


def translated(given: Mapping[str, Any]) -> Translated:
    """What arguments mean, ours among them. Raises UsageError for those that contradict each other."""
    found = Translated(named={name: value for name, value in given.items() if name not in FOREIGN})
    rest = {name: value for name, value in given.items() if name in FOREIGN and value is not None}
    _settings(rest.pop("settings", None), found, rest)
    for name, own in (("id", "experiment_id"), ("server_url", "trackio_url"), ("dataset_id", "dataset_repo")):
        if name in rest:
            _same(found.named, own, rest.pop(name), name)
    _space(rest.pop("space_id", None), found)
    _place(rest.pop("dir", None), found)
    _config(found, rest.pop("config_exclude_keys", None), rest.pop("config_include_keys", None))
    _going_on(rest.pop("resume_from", None), found.named.get("fork_from"), found)
    mode = found.named.get("mode")
    if mode in WORLDS:
        found.named["mode"] = WORLDS[mode]
    if (reinit := rest.pop("reinit", None)) is not None:
        words = {"return_previous": False, "create_new": None, "default": None}
        found.finish_previous = (
            words.get(reinit) if isinstance(reinit, str) and reinit in words else bool(reinit) or None
        )
    _hardware(rest, found)
    found.keeps_main_file = bool(rest.get("save_code"))
    for name, value in rest.items():
        if name in SILENT:
            continue
        if value is not False or name == "private":
            found.noted[name] = value
            if name not in NOTED:
                found.said.append(SAID.get(name, f"{name} is nothing that is done here"))
            elif name in SAID:
                found.said.append(SAID[name])
    return found


def _same(named: dict[str, Any], own: str, value: Any, name: str) -> None:
    if named.get(own) not in (None, value):
        raise UsageError(f"init() got {name}={value!r:.80} and {own}={named[own]!r:.80}, which mean the same")
    named[own] = str(value)


def _settings(settings: Any, found: Translated, rest: dict[str, Any]) -> None:
    if settings is None:
        return
    fields = as_mapping(dict(vars(settings)) if hasattr(settings, "__dict__") else settings)
    for theirs, own in _FROM_SETTINGS.items():
        if (value := fields.pop(theirs, None)) is not None:
            target = rest if own in FOREIGN else found.named
            target.setdefault(own, value)
            if target[own] is None:
                target[own] = value
    if (fields.pop("console", None)) == "off":
        found.named.setdefault("capture_console", False)
    if fields.pop("x_disable_stats", None) or fields.pop("_disable_stats", None):
        found.named.setdefault("hardware_s", 0.0)
    if left := {key: value for key, value in fields.items() if value is not None}:
        found.noted["settings"] = left


_FROM_SETTINGS: Final = {
    "mode": "mode",
    "project": "project",
    "entity": "entity",
    "run_id": "id",
    "run_name": "name",
    "run_group": "group",
    "run_job_type": "job_type",
    "run_notes": "notes",
    "run_tags": "tags",
    "resume": "resume",
    "silent": "quiet",
    "quiet": "quiet",
    "root_dir": "dir",
    "reinit": "reinit",
    "save_code": "save_code",
}


def _space(space_id: Any, found: Translated) -> None:
    if space_id is None or not str(space_id).strip():
        return
    space = str(space_id).strip()
    if "/" not in space:
        owner = os.environ.get("HF_USERNAME", "").strip()
        if not owner:
            found.noted["space_id"] = space
            found.said.append(
                f"space_id {space!r:.80} names no owner (owner/space, or set HF_USERNAME): it is not used"
            )
            return
        space = f"{owner}/{space}"
    _same(found.named, "trackio_url", space, "space_id")


def _place(folder: Any, found: Translated) -> None:
    """W&B puts its files into a folder of its own inside `dir`; so do we, unless we were told where."""
    if folder is None or not str(folder).strip():
        return
    if found.named.get("directory") is None and not os.environ.get("TRACKIO_DIR", "").strip():
        found.named["directory"] = expanded(str(folder)) / "trackio-runs"
        where = found.named["directory"]
        found.said.append(f"dir={str(folder)!r}: TRACKIO_DIR={where} lets `trackio-client ui` and Api() find it")
    found.noted["dir"] = str(folder)


def _config(found: Translated, exclude: Any, include: Any) -> None:
    config = found.named.get("config")
    if isinstance(config, (str, Path)):
        config = found.named["config"] = _config_file(Path(config))
    if (exclude is None and include is None) or config is None:
        return
    kept = as_mapping(config)
    if include is not None:
        kept = {key: value for key, value in kept.items() if key in {str(name) for name in include}}
    if exclude is not None:
        kept = {key: value for key, value in kept.items() if key not in {str(name) for name in exclude}}
    found.named["config"] = kept


def _config_file(path: Path) -> dict[str, Any]:
    """The settings in a JSON or YAML file. Raises UsageError."""
    try:
        text = expanded(str(path)).read_text(encoding="utf-8")
        if path.suffix.lower() == ".json":
            import json

            return as_mapping(json.loads(text))
        import yaml

        return as_mapping(yaml.safe_load(text))
    except ImportError:
        raise UsageError(f"config={str(path)!r}: a YAML file needs PyYAML (pip install pyyaml)") from None
    except (OSError, ValueError) as error:
        raise UsageError(
            f"config={str(path)!r:.200} cannot be read ({error}). Give a dict, or a .json or .yaml file"
        ) from None


_STEP: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.\-]{0,127})\?_step=(\d+)")


def _going_on(resume_from: Any, fork_from: Any, found: Translated) -> None:
    """`id?_step=n`, W&B's way to name a step of a run; ours is `id@n`."""
    if fork_from is not None:
        named = _STEP.fullmatch(str(fork_from))
        found.named["fork_from"] = f"{named[1]}@{named[2]}" if named else fork_from
    if resume_from is not None:
        named = _STEP.fullmatch(str(resume_from).replace("@", "?_step=", 1))
        if named is None:
            raise UsageError(f"resume_from must be 'EXPERIMENT_ID?_step=STEP', got {resume_from!r:.160}")
        _same(found.named, "experiment_id", named[1], "resume_from")
        found.named["resume"], found.step = "must", int(named[2]) + 1


def _hardware(rest: dict[str, Any], found: Translated) -> None:
    """Readings are of GPU and CPU together: off when both are, as often as the more frequent of the two."""
    wanted = [rest.pop(name, None) for name in ("auto_log_gpu", "auto_log_cpu")]
    every = [rest.pop(name, None) for name in ("gpu_log_interval", "cpu_log_interval")]
    if wanted[0] is False and not wanted[1]:
        found.named.setdefault("hardware_s", 0.0)
    elif seconds := [float(one) for one in every if isinstance(one, (int, float)) and one > 0]:
        found.named.setdefault("hardware_s", min(seconds))


FOREIGN: Final = frozenset(
    {
        *("entity", "dir", "id", "config_exclude_keys", "config_include_keys", "allow_val_change", "force", "reinit"),
        *("resume_from", "save_code", "tensorboard", "sync_tensorboard", "monitor_gym", "settings", "anonymous"),
        *("space_id", "server_url", "dataset_id", "bucket_id", "private", "embed", "auto_log_gpu", "gpu_log_interval"),
        *("auto_log_cpu", "cpu_log_interval", "webhook_url", "webhook_min_level"),
    }
)
