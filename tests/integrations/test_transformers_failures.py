"""How trainings fail and what is known of it afterwards: out of memory, NaN, data, ctrl-C, kill."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tests.integrations.small_training import Net, at_home, callback, only, rows, trainer_of  # noqa: E402
from trackio_client.errors import ProjectNotFound  # noqa: E402
from trackio_client.integrations.transformers.failures import suggestions  # noqa: E402
from trackio_client.integrations.transformers.kinds import gpu_trouble, kind_of  # noqa: E402
from trackio_client.lifecycle import process  # noqa: E402
from trackio_client.reader import Api  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


class Breaks(Net):
    """Raises at its fourth training step."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def forward(self, x, labels=None):
        if self.training and len(self.losses) == 3:
            raise self.error
        return super().forward(x, labels)


def failed_by(folder, error, **chosen):
    with pytest.raises(type(error)):
        trainer_of(folder, callback(), model=Breaks(error), logging_steps=1, **chosen).train()
    return only()


@pytest.mark.requirement("S4.19", "S4.20", "S4.7")
def test_out_of_memory_is_told_with_batch_suggestion_and_what_was_known_before(tmp_path):
    words = "CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 79.15 GiB"
    with at_home(tmp_path) as folder:
        kept = failed_by(folder, torch.OutOfMemoryError(words), eval_strategy="steps", eval_steps=2)
    assert kept.state == "failed"
    (failure,) = kept.failures
    assert (failure["kind"], failure["error"], failure["step"]) == ("out_of_memory", "OutOfMemoryError", 3)
    assert failure["epoch"] == pytest.approx(0.3)
    assert "raise self.error" in failure["trace"]
    assert words in failure["message"]
    assert (failure["last_metrics_step"], failure["last_metrics"]["epoch"]) == (3, 0.3)
    assert failure["last_metrics"]["loss"] > 0
    memory = failure["out_of_memory"]
    assert (memory["batch_size"], memory["tried_bytes"]) == (4, round(2.5 * 2**30))
    assert memory["batch_shapes"] == {"x": [4, 6], "labels": [4]}
    assert "per_device_train_batch_size=2 with gradient_accumulation_steps=2" in memory["suggestions"][0]
    if not torch.cuda.is_available():  # figures that nobody can know are absent, and it is said why
        assert {"allocated_bytes", "reserved_bytes", "total_bytes"} & memory.keys() == set()
        assert "no CUDA device" in memory["not_recorded"]
    summary = kept.run_summary  # S4.7 also of a failed one
    assert (summary["is_final"], summary["failure"]["kind"]) == (True, "out_of_memory")
    assert [entry["global_step"] for entry in summary["epoch_metrics"]] == [2]
    assert summary["early_stopping_triggered"] is False
    assert (summary["num_checkpoints"], summary["steps_done"]) == (0, 3)


@pytest.mark.requirement("S4.20")
def test_the_memory_of_the_machine_itself_is_told_as_such_with_what_was_asked_for(tmp_path):
    words = "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 1125899906842624 bytes."
    with at_home(tmp_path) as folder:
        memory = failed_by(folder, RuntimeError(words)).failures[0]["out_of_memory"]
    assert (memory["of"], memory["tried_bytes"]) == ("host", 2**50)


@pytest.mark.requirement("S1.38", "S4.19")
@pytest.mark.parametrize(
    ("error", "state", "kind"),
    [
        (KeyboardInterrupt(), "interrupted", "interrupted"),
        (FloatingPointError("the loss is nan"), "failed", "nan"),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), "failed", "cuda"),
        (RuntimeError("CUDA error: uncorrectable ECC error encountered"), "failed", "gpu"),
        (KeyError("a column"), "failed", "unknown"),
    ],
)
def test_each_kind_of_end_is_told_apart(tmp_path, error, state, kind):
    with at_home(tmp_path) as folder:
        kept = failed_by(folder, error, eval_strategy="no")
    assert (kept.state, kept.failures[0]["kind"], kept.failures[0]["step"]) == (state, kind, 3)
    assert len(kept.failures) == 1  # its error event and its record are one failure


@pytest.mark.requirement("S4.19")
def test_an_error_while_a_batch_is_read_is_one_of_the_data(tmp_path):
    class Holed(torch.utils.data.Dataset):
        def __len__(self):
            return 40

        def __getitem__(self, at):
            if at == 17:
                raise ValueError("row 17 has no label")
            return rows()[at]

    with at_home(tmp_path) as folder:
        with pytest.raises(ValueError, match="row 17"):
            trainer_of(folder, callback(), train_dataset=Holed(), eval_strategy="no").train()
        kept = only()
    assert (kept.failures[0]["kind"], kept.failures[0]["message"]) == ("data", "row 17 has no label")


@pytest.mark.requirement("S4.21")
def test_troubles_of_the_device_itself_are_read_from_what_the_driver_says():
    xid = RuntimeError("NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, GPU has fallen off the bus.")
    assert kind_of(xid) == "gpu"
    assert gpu_trouble(xid)["what"] == "lost"
    assert gpu_trouble(xid)["xid"] == 79
    assert gpu_trouble(RuntimeError("Xid 48 on device 3"))["means"].startswith("a double-bit ECC error")
    assert kind_of(RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. ")) == "killed"
    assert kind_of(RuntimeError("no cuda-capable device is detected")) == "gpu"
    assert kind_of(MemoryError()) == "out_of_memory"
    assert kind_of(RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate")) == "out_of_memory"
    assert kind_of(ValueError("nanmean is no metric")) == "unknown"
    assert gpu_trouble(ValueError("xid")) == {}


@pytest.mark.requirement("S4.20")
def test_suggestions_name_settings_that_are_not_in_force_yet():
    class Args:
        per_device_train_batch_size = 1
        gradient_accumulation_steps = 8
        gradient_checkpointing = True
        bf16 = True

    memory = {"reserved_bytes": 40 * 2**30, "allocated_bytes": 20 * 2**30, "total_bytes": 80 * 2**30, "free_bytes": 0}
    found = " ".join(suggestions(Args, memory, 1, 4096))
    assert "batch_size" not in found
    assert "gradient_checkpointing" not in found
    assert "bf16" not in found
    assert "shorter maximal length than 4096" in found
    assert "expandable_segments" in found
    assert "they hold 40.0 GiB" in found


PROGRAM = """
import os, sys
sys.path.insert(0, {root!r})
from tests.integrations.small_training import Net, callback, trainer_of
import transformers
from pathlib import Path

class Slow(transformers.TrainerCallback):
    def on_step_begin(self, args, state, control, **kwargs):
        print(state.global_step, flush=True)
        if state.global_step >= 5:
            sys.stdin.read()  # for ever: nobody writes, and nobody closes it

trainer_of(Path({folder!r}), callback(), callbacks=[Slow()], max_steps=50, logging_steps=1, eval_strategy="steps",
           eval_steps=2).train()
"""


@contextlib.contextmanager
def program_at_step_five(folder):
    """A training in a process of its own, which waits after its fifth step."""
    environ = {name: text for name, text in os.environ.items() if not name.startswith(("TRACKIO_", "HF_"))}
    environ |= {"TRACKIO_DIR": str(folder / "data"), "TRACKIO_CAPTURE_CONSOLE": "0", "HF_HUB_OFFLINE": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(root=str(ROOT), folder=str(folder))],
        env=environ, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as program:  # fmt: skip
        try:
            assert any(line.strip() == "5" for line in program.stdout), "it ended before its fifth step"
            yield program
        finally:
            program.kill()


@pytest.mark.requirement("S1.38", "S4.7", "S4.21")
def test_a_training_that_is_killed_is_lost_and_its_summary_is_there(tmp_path, monkeypatch):
    with at_home(tmp_path):
        with program_at_step_five(tmp_path) as program:
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline:
                with Api() as api, contextlib.suppress(ProjectNotFound):
                    found = [api.experiment(each.experiment_id) for each in api.experiments("small")]
                    if [[e["global_step"] for e in each.epoch_metrics] for each in found] == [[2, 4]] and (
                        found[0].last_step == 5
                    ):
                        break
                time.sleep(0.05)
            program.send_signal(signal.SIGKILL)
            assert program.wait() == -signal.SIGKILL
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 120)  # as it is asked for two minutes later
        kept = only()
    assert kept.state == "lost_contact"
    (failure,) = kept.failures
    assert (failure["kind"], failure["certain"]) == ("killed", False)
    assert failure["step"] == 5
    summary = kept.run_summary
    assert (summary["is_final"], [entry["global_step"] for entry in summary["epoch_metrics"]]) == (False, [2, 4])
    assert summary["best_step"] in (2, 4)
    assert summary["max_steps"] == 50


@pytest.mark.requirement("S1.38", "S4.21")
def test_a_training_that_is_asked_to_end_says_which_signal(tmp_path):
    with at_home(tmp_path):
        with program_at_step_five(tmp_path) as program:
            program.send_signal(signal.SIGTERM)
            assert program.wait(timeout=60) == -signal.SIGTERM
        kept = only()
    assert kept.state == "interrupted"
    assert (kept.failures[0]["kind"], kept.failures[0]["signal"]) == ("interrupted", "SIGTERM")


def test_a_callback_that_was_added_later_hears_a_failing_step_too(tmp_path):
    with at_home(tmp_path) as folder:
        trainer = trainer_of(folder, None, model=Breaks(RuntimeError("at the fourth step")), eval_strategy="no")
        trainer.add_callback(callback())
        with pytest.raises(RuntimeError):
            trainer.train()
        kept = only()
    assert (kept.state, kept.failures[0]["message"], kept.failures[0]["step"]) == ("failed", "at the fourth step", 3)


def test_a_batch_size_that_is_found_by_trying_is_no_failure(tmp_path):
    """`auto_find_batch_size` meets out of memory, halves the batch and begins anew."""

    class Large(Net):
        def forward(self, x, labels=None):
            if self.training and len(x) > 2:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return super().forward(x, labels)

    with at_home(tmp_path) as folder:
        trainer = trainer_of(
            folder,
            callback(),
            model=Large(),
            kind=transformers.Trainer,
            auto_find_batch_size=True,
            max_steps=3,
            eval_strategy="no",
        )
        trainer.train()
        with Api() as api:
            ended = {one.state for one in api.experiments("small")}
        assert ended == {"finished"}
        if process.current is not None:
            assert process.current.is_finished


@pytest.mark.requirement("S4.19")
def test_a_training_that_fails_before_its_first_step_is_told_too(tmp_path):
    class Empty(torch.utils.data.Dataset):
        def __len__(self):
            raise OSError("the disk with the rows is not mounted")

    with at_home(tmp_path) as folder:
        trainer = trainer_of(folder, callback(), eval_strategy="no")
        trainer.train_dataset = Empty()
        with pytest.raises(OSError, match="not mounted"):
            trainer.train()
        kept = only()
    assert kept.state == "failed"
    assert (kept.failures[0]["message"], kept.failures[0]["step"]) == ("the disk with the rows is not mounted", 0)
    assert kept.run_config["trainer"] == "Watched"
