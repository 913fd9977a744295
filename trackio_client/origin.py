"""Who an experiment is: what `init` settled, and what every writer of it needs."""

from __future__ import annotations

import os
import platform
import random
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trackio_client.capture.ranks import ALONE, Ranks, ranks_of
from trackio_client.masking import Masker
from trackio_client.release import VERSION

_FIRST = (  # noqa: SIM905 (a list of them would be two hundred lines)
    "amber ample brave bright calm clear clever cosy crisp eager early fair fancy fleet fresh gentle glad golden grand "
    "happy hardy honest humble jolly keen kind late light lively lucky mellow merry mighty mild neat nimble noble "
    "patient plucky polite proud quick quiet ready rosy round sharp shiny silent silver simple sleek smart smooth snug "
    "solid spry steady still stout sunny swift tidy tough vivid warm wise witty young"
).split()
_SECOND = (  # noqa: SIM905
    "badger beaver birch bison bluff brook cedar cliff cloud comet coral crane creek dale dawn delta dune eagle egret "
    "elk ember falcon fern field finch fjord flame fox gale glade grove gull harbor hare hawk hazel heath heron hill "
    "ibis iris isle ivy jay kestrel kite lake lark leaf lynx maple marsh meadow mink moon moss oak orca otter owl peak "
    "pine plover pond quail rain raven reef ridge river robin rook sage seal shore sky snow sparrow spruce star stone "
    "swan thrush tide trail vale wave wren"
).split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The identity of an experiment in this process."""

    experiment_id: str
    project: str
    name: str
    group: str | None = None
    job_type: str | None = None
    tags: tuple[str, ...] = ()
    notes: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    generation: int = 0
    parent: tuple[str, int] | None = None
    first_step: int = 0
    masker: Masker = field(default_factory=Masker)
    with_personal: bool = True
    """Whether the host's name may be told."""
    ranks: Ranks = ALONE
    """The place of the process that called `init` among those that write this experiment."""
    speaks: bool = True
    """False: another rank began the experiment and tells its name and configuration; this one adds to it."""

    def rank_of_metrics(self, *, is_fork: bool) -> int:
        """0 where a process's metrics are the experiment's own, else the rank that tells them beside rank 0's.

        A fork writes for its parent's rank; a process that is no rank may have forked ranks (a notebook does).
        """
        if is_fork and self.ranks.world_size < 2:
            return ranks_of().rank
        return 0 if self.speaks else self.ranks.rank

    def mask(self, text: str) -> str:
        return self.masker.text(text)

    def mask_config(self, value: Any) -> Any:
        return self.masker.config(value)

    def start_event(self, config: Any) -> dict[str, Any]:
        """The fields of the `start` event; `config` is JSON already."""
        fields = {
            "project": self.project,
            "name": self.name if self.speaks else None,
            "group": self.group if self.speaks else None,
            "job_type": self.job_type if self.speaks else None,
            "tags": list(self.tags) if self.speaks else [],
            "notes": self.notes if self.speaks else None,
            "config": config if self.speaks else {},
            "generation": self.generation,
            "parent": {"experiment_id": self.parent[0], "step": self.parent[1]} if self.parent else None,
            "client": {"name": "trackio-client", "version": VERSION, "language": f"Python {platform.python_version()}"},
            "process": self._process(),
            "steps_from": self.first_step,
        }
        masked: dict[str, Any] = self.mask_config(fields)
        return masked

    def _process(self) -> dict[str, Any]:
        facts = process_facts(self.ranks)
        facts["command"] = self.masker.words(facts["command"])
        if not self.with_personal:
            facts["host"] = None
            facts["command"] = facts["command"][:1]  # paths of people's home folders may follow
        return facts


def process_facts(ranks: Ranks) -> dict[str, Any]:
    """pid, host and place among ranks, as launchers tell it."""
    return {
        "pid": os.getpid(),
        **ranks.facts(),
        "command": [os.path.basename(sys.argv[0]), *sys.argv[1:]][:100] if sys.argv else [],  # noqa: PTH119
    }


def friendly_name() -> str:
    """A name for an experiment that got none, from a generator that no seed of the user's touches."""
    chance = random.SystemRandom()
    return f"{chance.choice(_FIRST)}-{chance.choice(_SECOND)}-{chance.randrange(1, 1000)}"
