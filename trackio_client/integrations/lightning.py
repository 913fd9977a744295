"""A logger for PyTorch Lightning.

    trainer = Trainer(logger=TrackioLogger(project="mnist"))

Works with `lightning.pytorch` and with `pytorch_lightning`: with the one that is imported already, else with the one
that is installed. Only rank zero writes metrics.
"""

from __future__ import annotations

import importlib
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from trackio_client.errors import MissingExtra
from trackio_client.experiment import Experiment
from trackio_client.integrations.opened import Opened, never_stops_training, raised
from trackio_client.wire.names import quantity_of

_PACKAGES = ("lightning.pytorch", "pytorch_lightning")


def _lightning() -> str:
    """The package of the two whose Trainer will take the logger."""
    for package in sorted(_PACKAGES, key=lambda package: package not in sys.modules):
        try:
            importlib.import_module(package)
        except ImportError:
            continue
        return package
    raise MissingExtra("TrackioLogger", "lightning", "lightning")


if TYPE_CHECKING:
    Logger = object
    _Method = TypeVar("_Method", bound=Callable[..., Any])

    def rank_zero_only(method: _Method) -> _Method: ...
    def rank_zero_experiment(method: _Method) -> _Method: ...

else:
    _package = _lightning()
    Logger = importlib.import_module(f"{_package}.loggers.logger").Logger
    rank_zero_experiment = importlib.import_module(f"{_package}.loggers.logger").rank_zero_experiment
    rank_zero_only = importlib.import_module(f"{_package}.utilities").rank_zero_only


class TrackioLogger(Logger):
    """Records what Lightning logs, its checkpoints, and how the training ended.

    Args:
        project: holds the experiment.
        name: of the experiment, for people.
        version: the id of an experiment of yours to go on with.
        save_dir: where Lightning puts checkpoints; None leaves that to the Trainer.
        prefix: put before the names of metrics, with a `/`.
        experiment: one of your own, which you finish.
        **init_arguments: for `trackio_client.init`: group, tags, trackio_url …
    """

    LOGGER_JOIN_CHAR = "/"

    def __init__(
        self,
        project: str | None = None,
        name: str | None = None,
        version: str | None = None,
        save_dir: str | Path | None = None,
        prefix: str = "",
        experiment: Experiment | None = None,
        **init_arguments: Any,
    ) -> None:
        super().__init__()
        given = {"project": project, "name": name, "experiment_id": version}
        given = {key: value for key, value in given.items() if value is not None}
        if version is not None:
            given["resume"] = "allow"
        self._opened = Opened(experiment, {**init_arguments, **given})
        self._given = given
        self._save_dir = save_dir
        self._prefix = prefix
        self._checkpoints: dict[str, int] = {}  # path → step

    # --- who it is ------------------------------------------------------------------------------------------------

    @property
    @rank_zero_experiment
    def experiment(self) -> Experiment:
        """The experiment itself, to log images, texts or artifacts with."""
        return self._opened.get()

    @property
    def name(self) -> str | None:
        """The project: Lightning makes a folder of this name and `version` for checkpoints."""
        current = self._opened.experiment
        return current.project if current is not None else self._given.get("project")

    @property
    def version(self) -> str | None:
        """The experiment's id, once it has begun."""
        current = self._opened.experiment
        return current.experiment_id if current is not None else self._given.get("experiment_id")

    @property
    def save_dir(self) -> str | None:
        """Where checkpoints go, if it was said."""
        return None if self._save_dir is None else str(self._save_dir)

    # --- what is logged -------------------------------------------------------------------------------------------

    @rank_zero_only
    @never_stops_training
    def log_hyperparams(self, params: Mapping[str, Any] | Namespace, metrics: Any = None) -> None:
        """Settings; and `metrics`, as TensorBoard's logger takes them."""
        values = vars(params) if isinstance(params, Namespace) else dict(params)
        experiment = self._opened.get(values)
        if isinstance(metrics, Mapping):
            experiment.log(self._named(metrics))

    @rank_zero_only
    @never_stops_training
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Numbers of one step; Lightning puts the epoch among them."""
        self._opened.get().log(self._named(metrics), step=step)

    @rank_zero_only
    @never_stops_training
    def log_graph(self, model: Any, input_array: Any = None) -> None:
        """What the model is: class, parameters, those that are trained."""
        parameters = list(model.parameters())
        self._opened.get().record(
            "model",
            {
                "class": type(model).__name__,
                "parameters": sum(p.numel() for p in parameters),
                "trainable_parameters": sum(p.numel() for p in parameters if p.requires_grad),
            },
        )

    @rank_zero_only
    @never_stops_training
    def log_text(self, key: str, text: str, step: int | None = None) -> None:
        """A text of one step."""
        self._opened.get().log({key: text}, step=step)

    @rank_zero_only
    @never_stops_training
    def log_image(self, key: str, images: Sequence[Any], step: int | None = None, **each: Sequence[Any]) -> None:
        """Images; `caption=[…]` and other lists hold one value an image."""
        from trackio_client.media import Image

        made = [
            Image(image, **{name: values[place] for name, values in each.items()}) for place, image in enumerate(images)
        ]
        self._opened.get().log({key: made}, step=step)

    @rank_zero_only
    @never_stops_training
    def log_table(self, key: str, columns: Any = None, data: Any = None, dataframe: Any = None, **more: Any) -> None:
        """A table, as columns and rows or as a data frame."""
        from trackio_client.media import Table

        table = Table(dataframe=dataframe) if dataframe is not None else Table(columns=columns, data=data)
        self._opened.get().log({key: table}, step=more.get("step"))

    # --- checkpoints and the end ----------------------------------------------------------------------------------

    @rank_zero_only
    @never_stops_training
    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:
        """Record what is new and what is gone: path, size, score, best or not."""
        experiment = self._opened.get()
        scores = {
            str(path): score for path, score in (getattr(checkpoint_callback, "best_k_models", None) or {}).items()
        }
        best = str(getattr(checkpoint_callback, "best_model_path", "") or "")
        last = str(getattr(checkpoint_callback, "last_model_path", "") or "")
        metric = getattr(checkpoint_callback, "monitor", None)
        step = int(getattr(checkpoint_callback, "_last_global_step_saved", 0) or 0)
        for path in dict.fromkeys([*scores, best, last]):
            if not path or path in self._checkpoints or not Path(path).exists():
                continue
            self._checkpoints[path] = step
            score = scores.get(path)
            data = {
                "path": path,
                "absolute_path": str(Path(path).absolute()),
                "step": step,
                "bytes": _size(Path(path)),
                "metrics": {} if score is None or metric is None else {metric: float(score)},
                "deciding_metric": metric,
                "goal": getattr(checkpoint_callback, "mode", None) or (metric and quantity_of(metric).goal),
                "is_best": path == best,
            }
            experiment.record("checkpoint", data, step=step)
        self._look(experiment)

    def _look(self, experiment: Experiment) -> None:
        """Record which checkpoints are gone: Lightning deletes after it has told of the save."""
        for path, step in list(self._checkpoints.items()):
            if not Path(path).exists():
                del self._checkpoints[path]
                experiment.record("checkpoint_deleted", {"path": path, "step": step})

    @rank_zero_only
    @never_stops_training
    def finalize(self, status: str) -> None:
        """The fit, test or validation is over. Lightning says "failed" and not why: the exception is on its way."""
        experiment = self._opened.experiment
        if experiment is None:
            return
        if not experiment.is_finished:
            self._look(experiment)
        if status in ("success", "finished"):
            self._opened.end()
        else:
            self._opened.end(*raised())

    def _named(self, metrics: Mapping[str, Any]) -> dict[str, Any]:
        return {f"{self._prefix}/{name}" if self._prefix else name: value for name, value in metrics.items()}

    def __getstate__(self) -> dict[str, Any]:
        """For processes that Lightning spawns: they go on with this experiment."""
        begun = self._opened.experiment
        state = self.__dict__.copy()
        arguments = dict(self._opened._init_arguments)
        if begun is not None:
            arguments |= {"project": begun.project, "experiment_id": begun.experiment_id, "resume": "allow"}
        state["_opened"] = Opened(None, arguments)
        return state


def _size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size
