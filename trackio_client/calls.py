"""The functions that scripts of W&B and Trackio call on the module, on the experiment that is open.

Before `init` each warns once and does nothing. What there is no counterpart for says so once, and what to use instead.
"""

from __future__ import annotations

import csv
import math
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trackio_client.errors import UsageError
from trackio_client.experiment import Experiment
from trackio_client.homes import expanded
from trackio_client.lifecycle import process
from trackio_client.notices import Notices
from trackio_client.sweeping import agent, sweep

__all__ = [
    "agent", "alert", "controller", "delete_project", "display", "freeze", "import_csv", "import_tf_events",
    "link_artifact", "link_model", "log_artifact", "log_code", "log_cpu", "log_gpu", "log_model", "log_system", "login",
    "mark_preempting", "require", "restore", "save", "setup", "show", "sweep", "sync", "teardown", "termerror",
    "termlog", "termwarn", "unwatch", "use_artifact", "use_model", "watch",
]  # fmt: skip

_said = Notices()
"""Of calls that belong to no experiment."""
_warned: set[str] = set()


# --- on the open experiment ---------------------------------------------------------------------------------------


def _open(what: str) -> Experiment | None:
    current = process.current
    if current is None and what not in _warned:
        _warned.add(what)
        text = f"trackio_client.{what}() before init(): nothing is recorded. Call init() first"
        warnings.warn(text, UserWarning, stacklevel=4)
    return current


def _method(name: str) -> Callable[..., Any]:
    """The experiment's method of this name as a function."""

    def call(*given: Any, **named: Any) -> Any:
        experiment = _open(name)
        return None if experiment is None else getattr(experiment, name)(*given, **named)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"The same on the current experiment; before `init` a warning, once. See Experiment.{name}."
    return call


alert = _method("alert")
display = _method("display")
link_artifact = _method("link_artifact")
link_model = _method("link_model")
log_artifact = _method("log_artifact")
log_code = _method("log_code")
log_model = _method("log_model")
log_system = _method("log_system")
mark_preempting = _method("mark_preempting")
restore = _method("restore")
save = _method("save")
unwatch = _method("unwatch")
use_artifact = _method("use_artifact")
use_model = _method("use_model")
watch = _method("watch")


def log_gpu(run: Experiment | None = None, device: int | None = None) -> dict[str, float]:
    """Read the hardware now and log it; what was read."""
    experiment = run or _open("log_gpu")
    if experiment is None:
        return {}
    from trackio_client.capture.hardware import HardwareSampler

    readings = HardwareSampler(lambda readings, step: None, lambda: 0).read()
    experiment.log_hardware(readings, experiment.last_step or 0)
    return readings


log_cpu = log_gpu


# --- of the program -----------------------------------------------------------------------------------------------


def login(*given: Any, **named: Any) -> bool:
    """Always True: what is logged on this machine needs no log-in; a Space takes TRACKIO_TOKEN."""
    return True


def setup(*given: Any, **named: Any) -> None:
    """Nothing has to be set up: taken for scripts that call it."""


def require(*given: Any, **named: Any) -> None:
    """Taken for scripts that ask W&B for a feature of old."""


def teardown(exit_code: int | None = None) -> None:
    """Finish every experiment that is open in this process."""
    for experiment in reversed(process.live.copy()):
        experiment.finish(exit_code=exit_code)


def termlog(string: str = "", newline: bool = True, repeat: bool = True) -> None:
    """Print a line."""
    _print("", string, newline, repeat)


def termwarn(string: str, newline: bool = True, repeat: bool = True) -> None:
    """Print a warning."""
    _print("warning: ", string, newline, repeat)


def termerror(string: str, newline: bool = True, repeat: bool = True) -> None:
    """Print an error."""
    _print("error: ", string, newline, repeat)


_printed: set[str] = set()


def _print(lead: str, text: str, newline: bool, repeat: bool) -> None:
    if not repeat and text in _printed:
        return
    if len(_printed) < 10_000:
        _printed.add(text)
    print(f"trackio: {lead}{text}", end="\n" if newline else "", file=sys.stderr)


# --- what has no counterpart, or another one ----------------------------------------------------------------------


def controller(*given: Any, **named: Any) -> None:
    """W&B's controller of sweeps: there is none. Said once."""
    _said.warn("controller", "controller(): there is none; sweep() and agent() search on this machine")


def freeze(*given: Any, **named: Any) -> None:
    """Trackio's copy of a Space as a static one. None: nothing is published unless you say so. Said once.

    transformers calls it at the end of a training, and `sync(sdk="static")` when a model is pushed.
    """
    _unpublished("freeze()")


def _unpublished(what: str) -> None:
    _said.warn(
        "publish",
        f"{what}: an experiment is not published by itself. `trackio-client deploy --static owner/name` makes a page "
        "of what was pushed to a dataset repo",
    )


def sync(project: str | None = None, space_id: str | None = None, sdk: str = "gradio", **others: Any) -> None:
    """Send what waits on this machine to where it was meant to go. Never publishes: see `freeze`.

    Args:
        project: of which; None is all.
        space_id: of Trackio: to which Space a local project is copied. Said what to do instead.
        sdk: "static" is Trackio's publishing.
        **others: taken for scripts that give them.
    """
    if sdk == "static":
        _unpublished("sync(sdk='static')")
        return
    if space_id is not None:
        _said.warn(
            "copy", f"sync(space_id={space_id!r:.80}): what was kept here stays here; "
            "`trackio-client push owner/name` brings it to a dataset repo, which a Space shows"
        )  # fmt: skip
    from trackio_client.delivery.replay import sync as send
    from trackio_client.route import transport_to
    from trackio_client.settings import settings_from

    settings = settings_from(forgives=True)
    for receipt in send(settings.spool_path, lambda there: transport_to(there, settings), timeout_s=30.0):
        _said.say(receipt.text())


def show(project: str | None = None, **others: Any) -> tuple[None, str | None, None, str | None]:
    """Trackio starts its page with it: says how ours is started, and gives (None, address, None, address)."""
    current = process.current
    url = None if current is None else current.url
    _said.say(f"watch it at {url}" if url else "to look at what was logged: trackio-client ui")
    return None, url, None, url


def delete_project(project: str, force: bool = False) -> bool:
    """Delete all experiments of a project of the current store, for good. Whether it was done.

    Args:
        project: its name.
        force: nobody is asked: without it nothing is deleted, and that is said.
    """
    from trackio_client.errors import ProjectNotFound
    from trackio_client.reader import Api

    with Api() as api:
        try:
            experiments = api.experiments(project)
        except ProjectNotFound as error:
            _said.warn(f"delete:{project}", f"delete_project(): {error}")
            return False
        if not force:
            _said.say(f"delete_project({project!r}) deletes {len(experiments)} experiments for good: give force=True")
            return False
        for experiment in experiments:
            api.delete(experiment.experiment_id)
    return True


def import_csv(csv_path: str | Path, project: str, name: str | None = None, **others: Any) -> Experiment:
    """An experiment made of a CSV file: a row a step (its `step` column, else its number), a column a metric.

    Raises:
        UsageError: the file cannot be read, or has no rows.
    """
    from trackio_client.opening import init

    named = {key: others[key] for key in ("space_id", "dataset_id", "private", "config", "quiet") if others.get(key)}
    try:
        with expanded(str(csv_path)).open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.DictReader(file) if any(row.values())]
    except (OSError, UnicodeError, csv.Error) as error:
        raise UsageError(f"{csv_path} cannot be read as CSV: {error}") from error
    if not rows:
        raise UsageError(f"{csv_path} has no rows: a line of names, then lines of numbers are wanted")
    experiment = init(project, name or Path(csv_path).stem, capture_console=False, **named)
    for at, row in enumerate(rows):
        values = {key: _number(text) for key, text in row.items() if key and text not in (None, "")}
        step = values.pop("step", at)
        values.pop("timestamp", None)
        experiment.log(values, step=int(step) if isinstance(step, (int, float)) and math.isfinite(step) else at)
    experiment.finish()
    return experiment


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def import_tf_events(*given: Any, **named: Any) -> None:
    """Trackio's import of TensorBoard's files: there is none yet. Said once; see `trackio-client import --help`."""
    _said.warn(
        "tf_events", "import_tf_events(): files of TensorBoard are not read; `trackio-client import` lists what is"
    )
