"""What an experiment does with a call of `define_metric`, and with later calls of `log` because of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from trackio_client.defining import Definition, Definitions, StepSync, definition_of
from trackio_client.wire import events

if TYPE_CHECKING:
    from trackio_client.summarizing import Summary
    from trackio_client.writer import Writer


class DefineCalls:
    """The part of an Experiment that is about how metrics are meant."""

    summary: Summary
    _writer: Writer
    _goals: dict[str, str | None]
    _definitions: Definitions
    _step_sync: StepSync | None

    if TYPE_CHECKING:

        def event(self, kind: str, **fields: Any) -> None: ...
        def _log_on(self, metrics: Any, step: Any) -> None: ...
        def _log_slowly(self, metrics: Any, step: Any) -> None: ...

    def define_metric(
        self,
        name: str,
        step_metric: Any = None,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: str | None = None,
        goal: str | None = None,
        overwrite: bool | None = None,
    ) -> Definition:
        """Say how a metric is meant: against which other metric it is drawn, and whether low or high is best.

        Args:
            name: of a metric, or a pattern as `train/*`, which holds for every metric that fits, also later ones.
            step_metric: the metric it is drawn against.
            step_sync: False leaves calls as they are; else one without the step metric gets its last value.
            hidden: the page leaves its chart out until it is asked for.
            summary: which of its values is its number in the summary: "min", "max", "mean", "first", "last" (or
                "copy"), "best"; with "none" it has none. Several with commas. "min" and "max" tell the goal, too.
            goal: "min" or "max" ("minimize", "maximize").
            overwrite: forget what an earlier call said of it; else this one adds to it.

        Raises:
            UsageError: an empty name, or a goal that is neither "min" nor "max".
        """
        definition = definition_of(name, step_metric, hidden, summary, goal, step_sync)
        known = self._definitions.add(definition, overwrite=bool(overwrite), names=self._known_names)
        if definition.step_metric is not None:
            self._follow_steps(definition)
        for metric, said in known:
            self._define(metric, said)
        return definition

    def _define(self, metric: str, said: Definition) -> None:
        self._goals[metric] = said.goal
        if said.shown is not None:
            self.summary.show(metric, said.shown)
        self.event(events.DEFINE, metric=metric, **said.fields())

    def _follow_steps(self, said: Definition) -> None:
        """From here on calls are looked at for the step metrics that they leave out."""
        if self._step_sync is None:
            self._step_sync = StepSync(self._definitions)
            if "log" not in self.__dict__:  # neither muted nor disabled
                self.log = self._log_with_steps
        self._step_sync.follow(said)

    def _log_with_steps(
        self, metrics: Any = None, step: Any = None, commit: Any = None, sync: Any = None, *, data: Any = None
    ) -> None:
        """`log`, whose fast road looks at no value."""
        (self._log_on if commit is False else self._log_slowly)(data if metrics is None else metrics, step)

    def _with_steps(self, numbers: dict[str, float], step: int) -> dict[str, float]:
        """The numbers of a call, and the step metrics that it leaves out (defining.StepSync)."""
        if self._step_sync is None:
            return numbers
        self._define_new(numbers)
        return self._step_sync.completed(numbers, step)

    def _define_new(self, names: Iterable[str]) -> None:
        """Metrics that are logged for the first time get what a pattern says of them."""
        for metric, said in self._definitions.fitting(names):
            self._define(metric, said)

    def _known_names(self) -> Iterable[str]:
        return self._writer.numbers(self._goals)
