"""What a training's configuration says about tracking, whatever kind of object it is.

A dataclass, a namespace, a dict, a class, an object whose attributes raise: each attribute is read on its own. One that
is not there, is None or blank counts as not set; one that cannot be read or makes no sense is named once and counts as
not set, too. Subclasses need not repeat anything: attributes are read as Python finds them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from trackio_client.errors import UsageError
from trackio_client.integrations.entries import annotations_of
from trackio_client.truth import truth

SWITCHES: Final = ("enable_tracking", "log_artifacts", "log_metrics", "log_config")
TEXTS: Final = (
    "trackio_url",
    "trackio_token",
    "hf_token",
    "dataset_repo",
    "monitoring_mode",
    "experiment_name",
    "trackio_project",
)
PRESET_NAMES: Final = ("preset_name", "config_name", "run_name")
"""Where a configuration without an experiment's name may keep one of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a configuration says. None is "not set": then the environment counts, then the default."""

    enable_tracking: bool = True
    log_artifacts: bool = True
    log_metrics: bool = True
    log_config: bool = True
    trackio_url: str | None = None
    trackio_token: str | None = field(default=None, repr=False)
    hf_token: str | None = field(default=None, repr=False)
    dataset_repo: str | None = None
    monitoring_mode: str | None = None
    experiment_name: str | None = None
    preset_name: str | None = None
    """The preset's own name: counts when neither code nor `experiment_name` gives one, before EXPERIMENT_NAME."""
    trackio_project: str | None = None
    faults: tuple[str, ...] = ()
    """What could not be read, in words: for whoever has a console to say it."""


def told_by(config: Any) -> Told:
    """Read a configuration object; None says nothing. Never raises: what is odd about it stands in `faults`."""
    faults: list[str] = []

    def read(name: str, convert: Callable[[Any, str], Any]) -> Any:
        try:
            value = _value(config, name)
            return None if value is None else convert(value, name)
        except UsageError as error:
            faults.append(f"the configuration's {error}. It counts as not set")
        except Exception as error:  # a stranger's property: its trouble must not stop a training
            faults.append(
                f"the configuration's {name} cannot be read ({type(error).__name__}: {error}). It counts as not set"
            )
        return None

    found: dict[str, Any] = {name: read(name, truth) for name in SWITCHES}
    found |= {name: read(name, _text) for name in TEXTS}
    if found["experiment_name"] is None:
        found["preset_name"] = next((name for each in PRESET_NAMES if (name := read(each, _text))), None)
        found["preset_name"] = found["preset_name"] or _of_preset(config)
    return Told(**{name: value for name, value in found.items() if value is not None}, faults=tuple(faults))


def _value(config: Any, name: str) -> Any:
    value = config.get(name) if isinstance(config, Mapping) else getattr(config, name, None)
    is_blank = isinstance(value, str) and not value.strip()
    is_code = callable(value) or hasattr(type(value), "__get__")  # a method `log_config` is no switch
    return None if is_blank or is_code else value


def _text(value: Any, name: str) -> str | None:
    if not isinstance(value, str):
        raise UsageError(f"{name} must be text, got {type(value).__name__}: {value!r:.80}")
    return value.strip()


def _of_preset(config: Any) -> str | None:
    """What a preset's class calls itself, though its object does not: its `experiment_name`, else its own name.

    A preset is a class that takes its tracking attributes from a class above it.
    """
    kind = config if isinstance(config, type) else type(config)
    for each in kind.__mro__:
        if isinstance(name := vars(each).get("experiment_name"), str) and name.strip():
            return name.strip()
    above = kind.__mro__[1:]
    return kind.__name__ if any("experiment_name" in (*vars(each), *annotations_of(each)) for each in above) else None
