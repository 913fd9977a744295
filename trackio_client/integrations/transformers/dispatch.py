"""Calls the groups: each on its own, so that one that fails is told once, counted, and harms no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from trackio_client.integrations.transformers.faults import Faults
from trackio_client.integrations.transformers.groups import HOOKS, Group, Run


class Dispatch:
    """The groups of one training, by what they hear."""

    def __init__(self, groups: Sequence[Group], faults: Faults) -> None:
        self.groups = list(groups)
        self.faults = faults
        self._hearing: dict[str, list[tuple[str, Callable[..., Any]]]] = {
            hook: [
                (f"{group.name}.{hook}", getattr(group, hook))
                for group in groups
                if getattr(type(group), hook) is not getattr(Group, hook)
            ]
            for hook in HOOKS
        }

    def call(self, hook: str, run: Run, *given: Any) -> list[Any]:
        """What each group that hears the hook answers. Never raises an Exception."""
        answers = []
        for where, method in self._hearing[hook]:
            try:
                answers.append(method(run, *given))
            except Exception as error:  # the outermost edge of a group: training must go on
                self.faults.add(where, error, run)
        return answers
