"""Options of a training script's command line: `--enable_tracking`, `--trackio_url` … in both spellings.

    parser = argparse.ArgumentParser()
    add_tracking_arguments(parser)
    config = apply_tracking_arguments(parser.parse_args(), config)

An option that is not given changes nothing: then the configuration's own value counts, then the environment.
A token on a command line can be read by everybody on the machine (`ps`): TRACKIO_TOKEN and HF_TOKEN are the better
place, and `--trackio_token env:NAME` or `--hf_token file:PATH` name one without showing it.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Final, TypeVar

from trackio_client.errors import UsageError
from trackio_client.truth import truth

C = TypeVar("C")
TOKENS: Final = ("trackio_token", "hf_token")
_TEXTS: Final = {
    "trackio_url": "the Space: an address or owner/space (default: TRACKIO_URL)",
    "trackio_token": "the Space's write token, env:NAME or file:PATH (default: TRACKIO_TOKEN)",
    "experiment_name": "of the experiment (default: the configuration's, EXPERIMENT_NAME)",
    "hf_token": "for the dataset repo, or env:NAME or file:PATH (default: HF_TOKEN)",
    "dataset_repo": "owner/name on the Hub (default: TRACKIO_DATASET_REPO)",
    "monitoring_mode": "both, dataset, trackio (the Space) or none (default: MONITORING_MODE)",
}
NAMES: Final = ("enable_tracking", *_TEXTS)


def add_tracking_arguments(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the options to a parser, and return it. An option that the parser has already is left as it is."""
    group = parser.add_argument_group("experiment tracking")
    _add(
        parser, group, "enable_tracking", nargs="?", const=True, type=_switch, metavar="true|false",
        help="record the training (default: the configuration's, else yes)",
    )  # fmt: skip
    _add(
        parser, group, "enable_tracking", prefix="no_", action="store_const", const=False,
        help="record nothing",
    )  # fmt: skip
    for name, text in _TEXTS.items():
        _add(parser, group, name, help=text, metavar=name.rpartition("_")[2].upper())
    return parser


def apply_tracking_arguments(arguments: argparse.Namespace, config: C) -> C:
    """The configuration with what the command line gave on top; others of its values stay.

    An object that can be written to is changed and returned; of a frozen dataclass a changed copy is.

    Raises:
        UsageError: a token's variable or file that is not there, or a configuration that takes no values.
    """
    given = {name: getattr(arguments, name, None) for name in NAMES}
    values = {
        name: revealed(value, name) if name in TOKENS else value for name, value in given.items() if value is not None
    }
    if isinstance(config, MutableMapping):
        config.update(values)
        return config
    if _is_frozen(config):
        fields = {each.name for each in dataclasses.fields(config) if each.init}  # type: ignore[arg-type]
        config = dataclasses.replace(config, **{n: v for n, v in values.items() if n in fields})  # type: ignore[type-var]
    for name, value in values.items():
        try:
            if getattr(config, name, None) != value:
                (object.__setattr__ if _is_frozen(config) else setattr)(config, name, value)
        except (AttributeError, TypeError):
            raise UsageError(
                f"--{name} cannot be put into a configuration of type {type(config).__name__}, which takes no "
                "attributes. Give it to create_monitor_from_config(config, …) instead"
            ) from None
    return config


def _is_frozen(config: Any) -> bool:
    return bool(getattr(getattr(type(config), "__dataclass_params__", None), "frozen", False))


def revealed(text: str, name: str) -> str:
    """A token: as it is given, or from where `env:NAME` or `file:PATH` says. Raises UsageError; it shows no token."""
    how, _, where = text.partition(":")
    if how == "env":
        if not os.environ.get(where, "").strip():
            raise UsageError(f"--{name} names the variable {where!r:.80}, which is not set")
        return os.environ[where].strip()
    if how == "file":
        try:
            return Path(where).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--{name} names the file {where!r:.200}, which cannot be read: {error}") from None
    return text


def _add(parser: argparse.ArgumentParser, group: Any, name: str, prefix: str = "", **how: Any) -> None:
    spellings = dict.fromkeys([f"--{prefix}{name}", f"--{prefix}{name}".replace("_", "-")])
    free = [each for each in spellings if each not in parser._option_string_actions]
    if free:
        group.add_argument(*free, dest=name, default=None, **how)


def _switch(text: str) -> bool:
    try:
        return truth(text, "it")
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
