"""A tracker for Accelerate's loops.

    tracker = TrackioTracker(project="mnist")
    accelerator = Accelerator(log_with=tracker)
    accelerator.init_trackers("mnist", config={"lr": 3e-4})
    accelerator.log({"train/loss": 0.5}, step=10)
    accelerator.end_training()

Accelerate calls a tracker on the main process alone, so the metrics are the main process's. The others join its
experiment where they come to `init_trackers`, as writers of their own: their hardware, and why they failed. With
`trackio_client.install_as("trackio")`, Accelerate's own `log_with="trackio"` writes here, too, of the main process.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from trackio_client.errors import MissingExtra
from trackio_client.experiment import Experiment
from trackio_client.integrations.opened import Opened, never_stops_training

if TYPE_CHECKING:
    Accelerator: Any
    GeneralTracker = object
    _Method = TypeVar("_Method", bound=Callable[..., Any])

    def on_main_process(method: _Method) -> _Method: ...

else:
    try:
        from accelerate import Accelerator
        from accelerate.tracking import GeneralTracker, on_main_process
    except ImportError as absent:
        raise MissingExtra("TrackioTracker", "accelerate", "accelerate") from absent

_MARK = "_trackio_client"


class TrackioTracker(GeneralTracker):
    """What `Accelerator(log_with=…)` takes.

    Args:
        project: holds the experiment; the name that `init_trackers` is given reaches no tracker that was made before.
        experiment: one of your own, which you finish.
        **init_arguments: for `trackio_client.init`: name, group, tags, trackio_url …
    """

    name = "trackio_client"
    requires_logging_directory = False
    main_process_only = True

    def __init__(
        self, project: str | None = None, *, experiment: Experiment | None = None, **init_arguments: Any
    ) -> None:
        super().__init__()
        given = {**init_arguments, **({} if project is None else {"project": project})}
        self._opened = Opened(experiment, given)
        _let_other_ranks_join()

    @property
    def tracker(self) -> Experiment | None:
        """The experiment; None before `init_trackers`."""
        return self._opened.experiment

    @never_stops_training
    def join(self) -> None:
        """On another process than the main one: be a writer of its experiment."""
        self._opened.get()

    @never_stops_training
    def leave(self) -> None:
        """The end of what `join` began."""
        self._opened.end()

    @on_main_process
    @never_stops_training
    def start(self) -> None:
        """Begin the experiment."""
        self._opened.get()

    @on_main_process
    @never_stops_training
    def store_init_configuration(self, values: Mapping[str, Any]) -> None:
        """Settings of the training."""
        self._opened.get(dict(values))

    @on_main_process
    @never_stops_training
    def log(self, values: Mapping[str, Any], step: int | None = None, **kwargs: Any) -> None:
        """Numbers, texts and media of one step."""
        self._opened.get().log(values, step=step)

    @on_main_process
    @never_stops_training
    def log_images(self, values: Mapping[str, Sequence[Any]], step: int | None = None, **kwargs: Any) -> None:
        """Lists of images by name: arrays, PIL images or paths; `caption=` and the like go to each."""
        from trackio_client.media import Image

        images = {name: [Image(image, **kwargs) for image in several] for name, several in values.items()}
        self._opened.get().log(images, step=step)

    @on_main_process
    @never_stops_training
    def log_table(
        self,
        table_name: str,
        columns: Sequence[str] | None = None,
        data: Sequence[Sequence[Any]] | None = None,
        dataframe: Any = None,
        step: int | None = None,
        **kwargs: Any,
    ) -> None:
        """A table, as columns and rows or as a data frame."""
        from trackio_client.media import Table

        table = Table(dataframe=dataframe) if dataframe is not None else Table(columns=columns, data=data)
        self._opened.get().log({table_name: table}, step=step)

    @on_main_process
    @never_stops_training
    def finish(self) -> None:
        """End an experiment that was begun here."""
        self._opened.end()


def _let_other_ranks_join() -> None:
    """Hear where the other processes begin and end their training; Accelerate tells their trackers of neither.

    Once a process. Loops without a tracker of ours go on as if nobody heard.
    """
    _around(Accelerator, "init_trackers", after=TrackioTracker.join)
    _around(Accelerator, "end_training", before=TrackioTracker.leave)


def _around(
    owner: Any,
    name: str,
    *,
    before: Callable[[TrackioTracker], None] | None = None,
    after: Callable[[TrackioTracker], None] | None = None,
) -> None:
    method = getattr(owner, name)
    if getattr(method, _MARK, False):
        return

    def tell(accelerator: Any, call: Callable[[TrackioTracker], None] | None) -> None:
        if call is not None and not accelerator.is_main_process:
            for tracker in accelerator.log_with:
                if isinstance(tracker, TrackioTracker):
                    call(tracker)

    @functools.wraps(method)
    def heard(accelerator: Any, *given: Any, **named: Any) -> Any:
        tell(accelerator, before)
        answer = method(accelerator, *given, **named)
        tell(accelerator, after)
        return answer

    setattr(heard, _MARK, True)
    setattr(owner, name, heard)
