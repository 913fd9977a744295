"""Settings of the environment as far as they make sense: a training is not ended, and not lost, by a variable.

What was given in code is left to those who use it: they refuse it, while the program still begins.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from trackio_client.delivery.address import address_of
from trackio_client.errors import UsageError
from trackio_client.foreign import WORLDS as FOREIGN_WORLDS
from trackio_client.settings import MODES, WORLDS, Settings, settings_from
from trackio_client.wire.events import checked_name


def sensible(settings: Settings, *, is_url_ours: bool) -> Settings:
    """The settings without an address, project or name of the environment that is none, which `warnings` name.

    Args:
        settings: as read with `forgives`.
        is_url_ours: whether the address is of the environment, not of the code.
    """
    faults: list[str] = []

    def fits(check: Callable[[], object], what: str, instead: str) -> bool:
        try:
            check()
        except UsageError as error:
            faults.append(f"{what}: {str(error).rstrip('.')}. {instead}")
            return False
        return True

    url, project, name = settings.url, settings.project, settings.name
    variable = next((each for each in ADDRESSES if os.environ.get(each, "").strip()), ADDRESSES[0])
    if url is not None and is_url_ours and not fits(lambda: address_of(url), variable, KEPT):
        settings = replace(settings, url=None)
    if project is not None and not fits(lambda: checked_name(project, "a project"), "TRACKIO_PROJECT", UNSET):
        settings = replace(settings, project=None)
    if name is not None and not fits(lambda: checked_name(name, "a name"), "EXPERIMENT_NAME", UNSET):
        settings = replace(settings, name=None)
    return replace(settings, warnings=(*settings.warnings, *faults)) if faults else settings


def refuse(given: Mapping[str, Any]) -> None:
    """Raise what `init` would for arguments that cannot be right, as far as that is known before it is called.

    Callbacks call it where they are made: where they begin an experiment, errors are told and swallowed, and a training
    of many hours would go unrecorded for a mistyped address.

    Raises:
        UsageError: an address, repo, mode or name that is none.
    """
    settings = settings_from(forgives=True, url=given.get("trackio_url"), dataset_repo=given.get("dataset_repo"))
    if str(given.get("trackio_url") or "").strip() and settings.url is not None:
        address_of(settings.url)
    mode = given.get("mode")
    if mode not in (None, "local", *MODES, *WORLDS, *FOREIGN_WORLDS):
        raise UsageError(f"mode must be 'online', 'offline' or 'disabled', got {mode!r:.80}")
    for name in ("project", "project_name", "name", "experiment_name"):
        if given.get(name) is not None:
            checked_name(given[name], name)


ADDRESSES = ("TRACKIO_URL", "TRACKIO_SPACE_ID", "TRACKIO_SPACE_NAME")
KEPT = "Until it is one, experiments are kept in the store on this machine"
UNSET = "It counts as not set"
