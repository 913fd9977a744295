"""When an evaluation is observed: from its beginning to its end, on every process, if a group wants to know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from trackio_client.integrations.transformers.gathering import Post
from trackio_client.integrations.transformers.observing import Observed, Observer
from trackio_client.integrations.transformers.reading import length_of, original_of

OBSERVING: Final = frozenset({"labels", "predictions", "confidence", "train_sample"})
"""The groups that hear `observed`. Without any of them `prediction_step` is called as if nobody stood there."""


class Observation:
    """The evaluations of one training, one after the other.

    Args:
        switches: the names of the groups that are on; asked at each evaluation, for a later one may be of another
            process than the one that made the callback.
    """

    def __init__(self, switches: Callable[[], Sequence[str]]) -> None:
        self.observer: Observer | None = None
        self._switches = switches
        self._heard: Observer | None = None
        self._post: Post | None = None

    @contextmanager
    def of(self, trainer: Any, prefix: str, dataset: Any) -> Iterator[None]:
        """Observe the evaluation within."""
        self._heard = None
        if OBSERVING.isdisjoint(self._switches()) or getattr(trainer, "model", None) is None:
            yield
            return
        if self._post is None:
            args = trainer.args
            self._post = Post(int(getattr(args, "process_index", 0)), int(getattr(args, "world_size", 1)))
        self.observer = Observer(
            model=trainer.model,
            dataset=original_of(trainer, prefix, dataset),
            prefix=prefix,
            main_input=getattr(trainer.model, "main_input_name", "input_ids"),
        )
        try:
            yield
            self._heard = self.observer  # not of an evaluation that was left by an exception
        finally:
            self.observer = None

    def end(self) -> Observed | None:
        """What was predicted, of all processes, on the one that reports; None elsewhere, and of no classification.

        Raises:
            Exception: what ended the observation on this process.
        """
        heard, self._heard = self._heard, None
        if heard is None or self._post is None:
            return None
        own, trouble = None, None
        try:
            own = heard.observed()
        except Exception as error:  # of a model's outputs. Raised once our part is posted: nobody waits in vain
            trouble = error
        if own is None and trouble is None and not heard.is_classification:
            return None
        together = self._post.together(own, heard.rows, length_of(heard.dataset))
        if trouble is not None:
            raise trouble
        return together
