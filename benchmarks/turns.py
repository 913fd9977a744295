"""Two trainings in one process that take turns at every step: what one costs more than the other, in CPU seconds.

A machine that is shared runs the same training now 20 % faster, now slower, for seconds at a time: differences of
1 % drown between trainings that run after one another. Here both meet the same moments: each does one step while the
other waits (waiting takes no CPU). A training's CPU is that of its thread; that of all other threads of the process,
and of its children, is ours, for the bare training has none.
"""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

RECORDED, BARE = 0, 1
_PATIENCE_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of a pair of trainings."""

    recorded: float
    """With us: its thread, and all threads and child processes beside it."""
    bare: float
    """The same training without us."""
    beside: float
    """Of `recorded`, what other threads and child processes took."""

    @property
    def more(self) -> float:
        return self.recorded - self.bare


class Turns:
    """Lets one of two threads run at a time."""

    def __init__(self, first: int) -> None:
        self._changed = threading.Condition()
        self._turn, self._is_shared = first, True

    def take(self, who: int) -> None:
        """Wait for one's turn."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._turn == who, _PATIENCE_S):
                raise TimeoutError("the other training does not go on")

    def swap(self, who: int) -> None:
        """Let the other one go on, and wait until it does the same."""
        with self._changed:
            if not self._is_shared:
                return
            self._turn = 1 - who
            self._changed.notify_all()
        self.take(who)

    def leave(self, who: int) -> None:
        """The rest is the other's."""
        with self._changed:
            self._is_shared, self._turn = False, 1 - who
            self._changed.notify_all()


def stay_on_one_core() -> None:
    """Both trainings on the same core: another one may be slower, by its neighbours, for minutes."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def model_and_rows(hidden: int) -> tuple[Any, list[dict[str, Any]], Any]:
    """A BERT of two layers for tokens, and enough made-up sentences for the steps."""
    import torch
    import transformers

    generator = torch.Generator().manual_seed(3)
    ids = torch.randint(5, 500, (512, 64), generator=generator)
    rows = [{"input_ids": one, "labels": one % 5} for one in ids]
    transformers.set_seed(7)
    config = transformers.BertConfig(
        vocab_size=500, hidden_size=hidden, num_hidden_layers=2, num_attention_heads=4, intermediate_size=2 * hidden,
        num_labels=5,
    )  # fmt: skip
    return transformers.BertForTokenClassification(config), rows, rows[:64]


def train(with_us: bool, steps: int, folder: Path, hidden: int, turns: Turns | None = None, who: int = 0) -> None:
    """One training with evaluations in its middle and at its end."""
    import transformers

    transformers.logging.set_verbosity_error()

    class Swap(transformers.TrainerCallback):  # type: ignore[misc, unused-ignore]
        def on_step_begin(self, *given: Any, **named: Any) -> None:
            if turns is not None:
                turns.swap(who)

    model, rows, held_out = model_and_rows(hidden)
    arguments = transformers.TrainingArguments(
        output_dir=str(folder / f"out-{who}"), max_steps=steps, logging_steps=10, eval_strategy="steps",
        eval_steps=max(10, steps // 2), save_strategy="no", report_to="none", disable_tqdm=True, use_cpu=True,
        per_device_train_batch_size=16, per_device_eval_batch_size=32, dataloader_pin_memory=False,
    )  # fmt: skip
    callbacks: list[Any] = [Swap()]
    if with_us:
        from trackio_client.integrations.transformers import TrackioCallback

        callbacks.append(TrackioCallback(project="overhead"))
    transformers.Trainer(model, arguments, train_dataset=rows, eval_dataset=held_out, callbacks=callbacks).train()


def pair(steps: int, folder: Path, hidden: int, first: int = RECORDED) -> Cost:
    """Both trainings, by turns; the one with us in a thread, as the other."""
    turns = Turns(first)
    spent, failed = {RECORDED: 0.0, BARE: 0.0}, []

    def run(who: int) -> None:
        try:
            turns.take(who)
            began = time.thread_time()
            train(who == RECORDED, steps, folder, hidden, turns, who)
            spent[who] = time.thread_time() - began
        except BaseException as error:
            failed.append(error)
        finally:
            turns.leave(who)

    began, children = time.process_time(), _of_children()
    own = time.thread_time()
    threads = [threading.Thread(target=run, args=(who,)) for who in (RECORDED, BARE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    all_threads = time.process_time() - began - (time.thread_time() - own)
    beside = all_threads - spent[RECORDED] - spent[BARE] + _of_children() - children
    return Cost(recorded=spent[RECORDED] + beside, bare=spent[BARE], beside=beside)


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def set_environment(folder: Path, more: Mapping[str, str]) -> None:
    """Our settings as they are by default, and these; the store in a folder of its own."""
    for name in [name for name in os.environ if name.startswith(("TRACKIO_", "HF_TOKEN"))]:
        del os.environ[name]
    os.environ.update({"TRACKIO_DIR": str(folder / "data"), "TRACKIO_QUIET": "1", **more})
