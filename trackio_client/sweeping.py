"""sweep and agent: a search over settings, one run after the other, in this process.

W&B's `sweep` asks a server which settings come next, for any number of machines. Here the settings of a sweep are
drawn on this machine: every combination ("grid"), or by chance ("random", which stands in for "bayes" too, and that is
said). Each run's `init` gets them as its configuration; all runs are one group.
"""

from __future__ import annotations

import itertools
import math
import random
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from trackio_client.configuration import as_mapping
from trackio_client.errors import UsageError
from trackio_client.lifecycle import process
from trackio_client.notices import Notices
from trackio_client.wire.events import new_experiment_id

MAX_FAILURES: Final = 3
"""First runs that may fail before an agent gives up: then it is not the settings."""
_sweeps: dict[str, Sweep] = {}
_said = Notices()


class Sweep:
    """What `sweep` was told."""

    def __init__(self, config: Mapping[str, Any], project: str | None = None) -> None:
        self.sweep_id = new_experiment_id().replace("exp_", "sweep_")
        self.name = str(config.get("name") or self.sweep_id)
        self.project = project or config.get("project")
        self.method = str(config.get("method") or "random")
        parameters = config.get("parameters")
        if not isinstance(parameters, Mapping) or not parameters:
            raise UsageError(
                "a sweep needs parameters: {'lr': {'values': [1e-3, 1e-4]}, 'width': {'min': 8, 'max': 64}}"
            )
        self.parameters = dict(parameters)
        if self.method not in ("grid", "random"):
            _said.warn(f"method:{self.method}", f"sweep(): method {self.method!r:.80} is drawn at random here")
        if config.get("early_terminate"):
            _said.warn("early", "sweep(): early_terminate is not done: every run runs to its end")
        if config.get("program") or config.get("command"):
            _said.warn("program", "sweep(): programs are not started here: give agent() a function")
        self.cap = config.get("run_cap")
        chance = random.Random(config.get("seed"))
        self._settings = _grid(self.parameters) if self.method == "grid" else _chances(self.parameters, chance)

    def next(self) -> dict[str, Any] | None:
        """The settings of the next run; None when every combination had its turn."""
        return next(self._settings, None)


def sweep(sweep: Any, entity: str | None = None, project: str | None = None, prior_runs: Any = None) -> str:
    """Describe a search, and get its id for `agent`.

    Args:
        sweep: {"method": "grid" or "random", "parameters": {name: {"values": […]} or {"min", "max"}
            or {"distribution", …} or {"value": …} or {"parameters": {…}}}, "name", "run_cap", "seed"}; or a function
            that gives that.
        entity: taken for scripts that give it.
        project: of the runs.
        prior_runs: taken for scripts that give it.

    Raises:
        UsageError: no parameters, or a parameter that is nothing of these.
    """
    made = Sweep(as_mapping(sweep() if callable(sweep) else sweep), project)
    for name, said in made.parameters.items():
        _checked(name, said)
    _sweeps[made.sweep_id] = made
    return made.sweep_id


def agent(
    sweep_id: str,
    function: Callable[[], Any] | None = None,
    entity: str | None = None,
    project: str | None = None,
    count: int | None = None,
) -> None:
    """Call a function once for each of the settings of a sweep; its `init` gets them as configuration.

    Args:
        sweep_id: what `sweep` gave, in this process.
        function: trains once. What it raises fails its run, and the next begins.
        entity: taken for scripts that give it.
        project: of the runs.
        count: at most so many runs; of a random search without it (and without `run_cap`) 10 are made.
    """
    found = _sweeps.get(str(sweep_id).rpartition("/")[2])
    if found is None or function is None:
        what = "needs a function: programs are not started here" if found else f"knows no sweep {sweep_id!r:.80} here"
        _said.warn("agent", f"agent() {what}. A sweep is searched by the process that described it")
        return
    most = count if count is not None else found.cap
    if most is None and found.method != "grid":
        most = 10
        _said.say("agent(): count was not given: 10 runs are made")
    failures = 0
    for done in itertools.count():
        if (most is not None and done >= most) or (settings := found.next()) is None:
            return
        process.assigned = {"config": settings, "group": found.name, "project": project or found.project}
        before = process.current
        try:
            function()
        except Exception as error:  # the training of a user: its run failed, and the next settings get their turn
            failures += 1
            traceback.print_exc(file=sys.stderr)
            _finish(before, error)
            if failures == done + 1 == MAX_FAILURES:
                _said.warn("failed", f"agent(): the first {MAX_FAILURES} runs failed; no more are begun")
                return
        finally:
            process.assigned = None
            _finish(before, None)


def _finish(before: Any, error: BaseException | None) -> None:
    """End the run that the function began, if it has not."""
    current = process.current
    if current is not None and current is not before and not current.is_finished:
        if error is None:
            current.finish()
        else:
            current.finish("failed", exit_code=1, error=error)


# --- settings -----------------------------------------------------------------------------------------------------


def _checked(name: str, said: Any) -> None:
    known = ("value", "values", "min", "distribution", "parameters")
    if not isinstance(said, Mapping) or not any(key in said for key in known):
        raise UsageError(
            f"parameter {name!r} of a sweep must be a dict with value, values, min and max, or distribution"
        )
    if isinstance(inner := said.get("parameters"), Mapping):
        for key, value in inner.items():
            _checked(f"{name}.{key}", value)
    elif "value" not in said and "values" not in said:
        _drawn(name, said, random.Random(0))


def _grid(parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every combination, the last parameter changing fastest."""
    lists = [_every(name, said) for name, said in parameters.items()]
    for values in itertools.product(*lists):
        yield dict(zip(parameters, values, strict=True))


def _every(name: str, said: Mapping[str, Any]) -> list[Any]:
    if isinstance(inner := said.get("parameters"), Mapping):
        return list(_grid(inner))
    if "values" in said:
        return list(said["values"])
    if "value" in said:
        return [said["value"]]
    low, high = said.get("min"), said.get("max")
    if isinstance(low, int) and isinstance(high, int) and high - low < 100_000:
        return list(range(low, high + 1))
    raise UsageError(f"parameter {name!r} has no end of values: a grid needs `values`, or whole numbers min and max")


def _chances(parameters: Mapping[str, Any], chance: random.Random) -> Iterator[dict[str, Any]]:
    while True:
        yield {name: _drawn(name, said, chance) for name, said in parameters.items()}


def _drawn(name: str, said: Mapping[str, Any], chance: random.Random) -> Any:
    """A value by chance, as W&B's distributions mean it."""
    if isinstance(inner := said.get("parameters"), Mapping):
        return {key: _drawn(key, value, chance) for key, value in inner.items()}
    if "value" in said:
        return said["value"]
    if "values" in said:
        return chance.choices(list(said["values"]), weights=said.get("probabilities"))[0]
    try:
        low, high = said.get("min"), said.get("max")
        whole = isinstance(low, int) and isinstance(high, int)
        kind = str(said.get("distribution") or ("int_uniform" if whole else "uniform"))
        step = said.get("q")
        mean, spread = float(said.get("mu", 0.0)), float(said.get("sigma", 1.0))
        draw: dict[str, Callable[[], float]] = {
            "int_uniform": lambda: chance.randint(int(low), int(high)),  # type: ignore[arg-type]
            "uniform": lambda: chance.uniform(float(low), float(high)),  # type: ignore[arg-type]
            "log_uniform": lambda: math.exp(chance.uniform(float(low), float(high))),  # type: ignore[arg-type]
            "log_uniform_values": lambda: math.exp(chance.uniform(math.log(low), math.log(high))),  # type: ignore[arg-type]
            "inv_log_uniform_values": lambda: 1 / math.exp(chance.uniform(-math.log(high), -math.log(low))),  # type: ignore[arg-type]
            "normal": lambda: chance.gauss(mean, spread),
            "log_normal": lambda: math.exp(chance.gauss(mean, spread)),
        }
        value = draw[kind.removeprefix("q_")]()
        return round(value / (step or 1)) * (step or 1) if kind.startswith("q_") or step else value
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"parameter {name!r} of a sweep cannot be drawn from {dict(said)!r:.200} ({error!r})"
        ) from None
