"""The part of `Api` that sets experiments beside each other, and saves them as a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackio_client.homes import expanded
from trackio_client.reader.experiment import LoggedExperiment
from trackio_client.reader.source import Source
from trackio_client.wire.events import revive


class ComparingApi:
    """Comparisons, importance of parameters, groups, snapshots."""

    source: Source

    if TYPE_CHECKING:

        def experiment(self, experiment_id: str) -> LoggedExperiment: ...

    def compare(self, experiments: Iterable[str | LoggedExperiment]) -> dict[str, Any]:
        """Experiments beside each other; whether their scores may be compared stands first.

        {"comparable": {"verdict": "same" | "different" | "not known", "says", "pairs"}, "experiments": […],
        "metrics": {metric: {"goal", "best": {experiment_id: value}}}, "config": {key: {experiment_id: value}}}: of each
        evaluation metric the best, and the settings in which they differ.

        Raises:
            ExperimentNotFound, UsageError: fewer than two, more than 50, or one twice.
        """
        return dict(revive(self.source.compare([str(one) for one in experiments])))

    def importance(
        self, project: str, metric: str, *, by: str | None = None, experiments: Iterable[str | LoggedExperiment] = ()
    ) -> dict[str, Any]:
        """Which parameters go with a metric over the experiments of a project, and how sure that is.

        {"says", "parameters": [{"name", "kind", "measure", "value", "low", "high", "p", "p_holm", "n", "best", …}],
        "together", "left_out", …}: numbers by Spearman's rank correlation, kinds by a rank test (Kruskal–Wallis), the
        strongest first; `together` are parameters that cannot be told apart. Fewer than 4 experiments are told so.

        Args:
            project: whose experiments.
            metric: the result, by the name it was logged under.
            by: "best" by the metric's goal, or "last"; None takes the best where there is a goal.
            experiments: only these.

        Raises:
            ProjectNotFound, UsageError.
        """
        wanted = [str(one) for one in experiments]
        return dict(revive(self.source.importance(project, metric, by=by, experiments=wanted)))

    def compare_groups(
        self,
        first: Iterable[str | LoggedExperiment],
        second: Iterable[str | LoggedExperiment],
        *,
        metrics: Sequence[str] = (),
        by: str = "common",
    ) -> dict[str, Any]:
        """Two groups of experiments, such as seeds: per metric both means, the difference and its 95 % interval.

        {"method", "few", "metrics": [{"metric", "first", "second", "difference": {"value", "low", "high", "p"},
        "effect", "verdict": {"is_tie", "lower", "better"}}], …}: the first less the second, by Welch's t.

        Args:
            first: one group.
            second: the other.
            metrics: those wanted; none: all that both logged, but hardware.
            by: values at the last "common" step, the "best" by each metric's goal, or the "last".

        Raises:
            ExperimentNotFound, UsageError.
        """
        ids = [[str(one) for one in group] for group in (first, second)]
        return dict(revive(self.source.compare_groups(*ids, metrics=[*metrics], by=by)))

    def snapshot(
        self,
        experiments: str | LoggedExperiment | Iterable[str | LoggedExperiment],
        path: str | os.PathLike[str] | None = None,
        *,
        name: str | None = None,
        state: str = "",
    ) -> Path:
        """Save experiments as one HTML file: interactive charts, configs and numbers, for whom there is no server.

        Args:
            experiments: one or several, at most 50: ids, or what `experiments()` gave.
            path: the file, or a folder to put it in; None is a name made of theirs, in the current folder.
            name: the page's heading.
            state: how it opens, as in a page's address: "x=relative&smooth=ema:0.9&log=1".

        Returns:
            Where the file lies. A curve of more points than a chart shows (1,000; fewer when there are so many that
            the file would pass 5 MB) is told by the lowest, highest and mean of each piece.

        Raises:
            ExperimentNotFound, UsageError: none, or more than 50.
        """
        from trackio_client.snapshot.page import file_name

        one = isinstance(experiments, (str, LoggedExperiment))
        ids = list(dict.fromkeys(str(each) for each in ([experiments] if one else experiments)))  # type: ignore[union-attr]
        content = self.source.snapshot(ids, name=name, state=state)
        first = self.experiment(ids[0])
        usual = file_name(name or (first.name if len(ids) == 1 else f"{first.project}-{len(ids)}-experiments"), ids[0])
        target = expanded(os.fspath(path)) if path is not None else Path(usual)
        if target.is_dir():
            target /= usual
        target.write_bytes(content)
        return target
