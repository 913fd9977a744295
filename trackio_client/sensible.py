"""Settings of the environment as far as they make sense: a training is not ended, and not lost, by a variable.

What was given in code is left to those who use it: they refuse it, while the program still begins.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

from trackio_client.delivery.address import address_of
from trackio_client.errors import UsageError
from trackio_client.settings import Settings
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


ADDRESSES = ("TRACKIO_URL", "TRACKIO_SPACE_ID", "TRACKIO_SPACE_NAME")
KEPT = "Until it is one, experiments are kept in the store on this machine"
UNSET = "It counts as not set"
