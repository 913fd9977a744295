"""Several processes, one experiment: how the ranks of a launch come to write one experiment with nothing set.

Rank 0 says which experiment it began, the others take its word (capture/meeting.py is where). A launcher that started
all of them again (torchrun's elastic restarts) goes on in the same experiment, one generation later. A rank that hears
nothing says so once and records on its own, in a group named by the launch, so that what it tells is found.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Final

from trackio_client.capture.meeting import Meeting, Word
from trackio_client.capture.ranks import RANK_OF, Ranks
from trackio_client.errors import UsageError
from trackio_client.notices import Notices
from trackio_client.origin import Origin
from trackio_client.settings import Settings
from trackio_client.wire.events import checked_name, is_id

JOIN_S: Final = 20.0
"""How long a rank looks for rank 0: it may look up for 10 s what it resumes, and machines do not start as one."""
AGAIN_S: Final = 1.0
"""… once it has looked in vain before."""
GRACE_S: Final = 3.0
"""How long a rank whose call names another experiment than rank 0's waits for rank 0 to come to that one, too."""
_LATEST: Final = "latest"
_SEPARATE: Final[Word] = {"separate": True}
_taken: set[str] = set()
"""Experiments of rank 0 that this rank has joined."""
_calls: Counter[tuple[object, ...]] = Counter()
"""How often `init` was called here with the same names: the ranks' first calls belong together, their second …"""
_in_vain: set[str] = set()
"""The launches whose rank 0 was looked for in vain."""


@dataclass(frozen=True, slots=True)
class Joining:
    """What `init` was told, before defaults: the same on all ranks, or they mean different experiments."""

    project: str
    name: str | None
    experiment_id: str | None
    is_project_asked: bool = True
    """Not when the project is the working folder's name."""

    @property
    def signature(self) -> list[str | None]:
        return [self.project, self.name, self.experiment_id]

    def fits(self, word: Word) -> bool:
        """Whether a call that names nothing else may go into the experiment that rank 0 told of."""
        is_free = self.name is None and self.experiment_id is None
        return is_free and (not self.is_project_asked or self.project == word.get("project"))


def join(
    origin: Origin,
    ranks: Ranks,
    asked: Joining,
    settings: Settings,
    notices: Notices,
    *,
    resumed: Callable[[Origin, str | None], Origin],
    timeout_s: float | None = None,
) -> Origin:
    """The origin for this rank: of rank 0 what it began, of another rank what rank 0 said.

    Args:
        origin: as this process would begin it alone.
        ranks: its place; alone or with one rank there is nobody to meet.
        asked: what `init` was told.
        settings: where the data folder is.
        notices: for what the user must know.
        resumed: rank 0's way to resume: gets the origin, and the id to go on with (or None: as the user asked).
        timeout_s: how long to look for rank 0; None is JOIN_S.
    """
    for reason in ranks.ignored:
        notices.warn(f"ranks:{reason}", f"{reason}: passed over, this process counts as rank {ranks.rank}")
    if ranks.world_size < 2:
        return resumed(origin, None)
    os.environ[RANK_OF] = str(os.getpid())
    meeting = Meeting(ranks, settings.directory / "v1" / "ranks")
    signature = tuple(asked.signature)
    key = meeting.key(*signature, _calls[signature])
    _calls[signature] += 1
    if ranks.is_main:
        return _begun(origin, ranks, meeting, key, asked, resumed)
    notices.is_quiet = True  # rank 0 says what there is to say; warnings are said by all
    limit = AGAIN_S if meeting.launch in _in_vain else JOIN_S
    began = time.monotonic()
    word = meeting.hear(_Look(meeting, key, asked), limit if timeout_s is None else timeout_s)
    if word is _SEPARATE:  # it was given a name of its own: an experiment of its own is what is wanted
        notices.is_quiet = settings.quiet
        return resumed(origin, None)
    found = None if word is None else _of_word(origin, word)
    if found is not None:
        _taken.add(f"{found.experiment_id} {found.generation}")
        return found
    _in_vain.add(meeting.launch)
    if (fixed := _fixed_id(ranks, key)) is not None and asked.experiment_id is None:
        return replace(origin, experiment_id=fixed, name=_fixed_name(origin, asked, fixed), speaks=False)
    if asked.experiment_id is not None:  # the id was given: it is the same experiment for all who were given it
        return replace(origin, generation=ranks.restarts, speaks=False)
    group = origin.group or f"launch {blake2b(meeting.launch.encode(), digest_size=4).hexdigest()}"
    notices.warn(
        "ranks",
        f"rank {ranks.rank} of {ranks.world_size} (told by {ranks.how}) heard nothing from rank 0 in "
        f"{time.monotonic() - began:.0f} s: it records an experiment of its own, in group {group!r}. Call init() on "
        "every rank or on rank 0 alone; ranks meet in torch's process group or in the folder of TRACKIO_DIR",
    )
    return replace(origin, name=f"{origin.name} rank {ranks.rank}"[:256], group=group)


class _Look:
    """What a rank looks for: rank 0's word for this call; else, when rank 0 alone was told names, for where it is."""

    def __init__(self, meeting: Meeting, key: str, asked: Joining) -> None:
        self._meeting, self._key, self._asked = meeting, key, asked
        self._is_elsewhere = False
        """Rank 0 was seen in an experiment of another name; it may be over by now."""

    def __call__(self, gone_s: float) -> Word | None:
        if (word := self._meeting.word(self._key)) is not None:
            return word
        latest = self._meeting.word(self._meeting.key(_LATEST))
        is_new = latest is not None and f"{latest.get('experiment_id')} {latest.get('generation')}" not in _taken
        if latest is not None and is_new and latest.get("asked") != self._asked.signature:
            if self._asked.fits(latest):
                return latest
            self._is_elsewhere = True
        return _SEPARATE if self._is_elsewhere and gone_s > GRACE_S else None


def _begun(
    origin: Origin,
    ranks: Ranks,
    meeting: Meeting,
    key: str,
    asked: Joining,
    resumed: Callable[[Origin, str | None], Origin],
) -> Origin:
    """Rank 0's origin, told to the others."""
    fixed = _fixed_id(ranks, key)
    before = meeting.before(key) if ranks.restarts else None
    if before is not None and (again := _of_word(origin, before)) is not None:
        found = resumed(origin, again.experiment_id)
        if found.generation <= again.generation:  # nothing of it has arrived where it is looked up
            found = replace(again, generation=again.generation + 1, speaks=True)
        origin = replace(found, name=again.name)
    elif fixed is not None and asked.experiment_id is None:
        origin = replace(origin, experiment_id=fixed, name=_fixed_name(origin, asked, fixed))
        origin = resumed(origin, fixed if ranks.restarts else None)
    else:
        origin = resumed(origin, None)
    word = {
        "experiment_id": origin.experiment_id,
        "project": origin.project,
        "name": origin.name,
        "group": origin.group,
        "job_type": origin.job_type,
        "generation": origin.generation,
        "first_step": origin.first_step,
        "asked": asked.signature,
    }
    meeting.tell(key, word)
    meeting.tell(meeting.key(_LATEST), word)
    return origin


def _of_word(origin: Origin, word: Word) -> Origin | None:
    """The origin that rank 0 told of; None if this is no such word."""
    try:
        experiment_id = word["experiment_id"]
        if not is_id(experiment_id):
            return None
        return replace(
            origin,
            experiment_id=experiment_id,
            project=checked_name(word["project"], "project"),
            name=checked_name(word["name"], "name"),
            group=_name(word.get("group")),
            job_type=_name(word.get("job_type")),
            generation=int(word["generation"]),
            first_step=int(word["first_step"]),
            parent=None,
            speaks=False,
        )
    except (KeyError, TypeError, ValueError, UsageError):
        return None


def _name(value: Any) -> str | None:
    return None if value is None else checked_name(value, "a name")


def _fixed_id(ranks: Ranks, key: str) -> str | None:
    """An id that all ranks come to by themselves, where machines may share neither folder nor torch: SLURM's steps.

    A step's number is given once, and requeueing a job keeps it: that is the next generation.
    """
    if ranks.how != "SLURM" or ranks.launch is None or ranks.local_world_size == ranks.world_size:
        return None
    job = "".join(character for character in ranks.launch.split()[-2] if character.isalnum())
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    return f"exp_slurm_{job}_" + "".join(letters[byte % 32] for byte in bytes.fromhex(key)[:8])


def _fixed_name(origin: Origin, asked: Joining, experiment_id: str) -> str:
    return origin.name if asked.name is not None else experiment_id.rpartition("_")[2]
