"""An experiment that was handed to another process by pickle: a data loader's worker that `spawn` starts, mostly.

There it is what a fork of the process would have: a writer that sleeps until its first call, for the same experiment.
No token travels: it is read from the new process's environment. In the process that it came from, and for copies
(`copy.deepcopy` of what holds it), it is the very same object.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackio_client.lifecycle import process
from trackio_client.masking import Masker
from trackio_client.notices import Notices
from trackio_client.origin import Origin
from trackio_client.route import LOCAL, route_of
from trackio_client.settings import settings_from
from trackio_client.writer import Writer

if TYPE_CHECKING:
    from trackio_client.experiment import Experiment

NOBODY = -1
"""The owner of a writer that tells neither beginning nor end."""


def packed(experiment: Experiment, settings: Any) -> tuple[Any, ...]:
    """What pickle keeps of an experiment: who it is and where it goes, no secret and no setting of the loop's."""
    plain = replace(experiment.origin, masker=Masker(), config={})
    url = None if experiment.destination == LOCAL else experiment.destination
    return attached, (type(experiment), plain, url, str(settings.directory), experiment.is_disabled)


def attached(kind: type[Experiment], origin: Origin, url: str | None, directory: str, is_disabled: bool) -> Experiment:
    """The experiment in this process."""
    for live in process.live:
        if live.experiment_id == origin.experiment_id and live.origin.generation == origin.generation:
            return live
    settings = settings_from(forgives=True, url=url, directory=Path(directory), quiet=True, console=False)
    masker = Masker([settings.token, settings.hub_token])
    notices = Notices(is_quiet=True, mask=masker.text)
    origin = replace(origin, masker=masker)
    writer = Writer(origin, settings, route_of(settings, None), notices)
    writer.owner_pid = NOBODY
    experiment = kind(origin, writer, notices, first_step=origin.first_step)
    if is_disabled:
        experiment.disable()
    return experiment
