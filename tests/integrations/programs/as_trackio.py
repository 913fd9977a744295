"""Libraries that know Trackio, with ours under its name: transformers, TRL, accelerate; calls of axolotl, lighteval."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import trackio_client

trackio = trackio_client.install_as("trackio")
assert trackio_client.install_as("trackio") is trackio
assert importlib.util.find_spec("trackio") is not None
assert importlib.metadata.version("trackio") == trackio.__version__ == sys.modules["trackio"].__version__

import pandas  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from accelerate import Accelerator  # noqa: E402
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments  # noqa: E402


def train(folder: Path) -> tuple[Any, dict[str, Any]]:
    model = BertForSequenceClassification(
        BertConfig(vocab_size=12, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
    )
    rows = [{"input_ids": torch.tensor([1, 2, i % 9]), "labels": torch.tensor(i % 2)} for i in range(16)]
    arguments = TrainingArguments(
        str(folder / "out"), report_to=["trackio"], run_name="callback", project="hub", max_steps=4, logging_steps=2,
        eval_strategy="steps", eval_steps=2, disable_tqdm=True, save_strategy="no", use_cpu=True, seed=1,
    )  # fmt: skip
    trainer = Trainer(model=model, args=arguments, train_dataset=rows, eval_dataset=rows)
    trainer.train()
    trackio.init(project="pushing")
    trainer.callback_handler.on_push_begin(arguments, trainer.state, trainer.control)  # of the model, by push_to_hub
    trackio.finish()
    return trainer, {"losses": [e["loss"] for e in trainer.state.log_history if "loss" in e]}


def trl_tables() -> dict[str, Any]:
    """What TRL's GRPO trainer and its rollout logging do."""
    from trl.experimental.async_distillation import async_distillation_trainer as rollouts
    from trl.trainer.utils import get_trackio_space_url

    run = trackio.init(project="trl", name="grpo", space_id=None, resume="allow")
    frame = pandas.DataFrame(
        {"step": [1], "prompt": ["p"], "completion": ["c"], "image": [[trackio.Image(_picture())]]}
    )
    trackio.log({"completions": trackio.Table(dataframe=frame)})
    sample = SimpleNamespace(
        prompt=[{"role": "user", "content": "hi"}], completion=[{"role": "assistant", "content": "ho"}],
        metrics={"reward": 1.0}, model_version=3, teacher_id="t", input_ids=[1, 2, 3],
        completion_mask=torch.tensor([0, 1, 1]),
    )  # fmt: skip
    rollouts.log_rollout_traces([sample], step=3, report_to=["trackio"])
    trackio.log({"profiling/Time taken": 0.5}, step=4)
    assert trackio.context_vars.current_run.get() is run
    found = {"url": get_trackio_space_url(), "project": trackio.context_vars.current_project.get(), "id": run.id}
    trackio.finish()
    return found


def _picture() -> Any:
    return torch.rand(3, 4, 4)


def accelerate() -> str:
    accelerator = Accelerator(log_with="trackio", cpu=True)
    accelerator.init_trackers("loop", config={"lr": 0.1}, init_kwargs={"trackio": {"name": "tracker"}})
    accelerator.log({"loss": 0.25}, step=3)
    run_id = accelerator.get_tracker("trackio", unwrap=True).id
    accelerator.end_training()
    return str(run_id)


def lighteval() -> str:
    """EvaluationTracker(use_wandb=True) and push_to_wandb, as lighteval 0.13 has them."""
    import trackio as wandb

    kwargs = {"space_id": os.environ.get("WANDB_SPACE_ID")}
    run = wandb.init(project=os.environ["WANDB_PROJECT"], resume="allow", **kwargs)
    results = {"gsm8k:0": {"acc": 0.5, "acc_stderr": 0.1}, "all": {"acc": 0.5}}
    run.log({**{k.replace(":", "/"): v for k, v in results.items()}})
    run.finish()
    return str(run.id)


def axolotl(folder: Path) -> str:
    """SaveAxolotlConfigtoTrackioCallback, as axolotl 0.19 has it."""
    import trackio as installed
    from packaging.version import parse

    assert parse(importlib.metadata.version("trackio")) >= parse("0.11.0")
    path = folder / "axolotl.yml"
    path.write_text("base_model: tiny\n")
    run = installed.init(project="axolotl")
    installed.save(str(path))
    installed.finish()
    return str(run.id)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    transformers.utils.logging.set_verbosity_error()
    trainer, found = train(folder)
    callback = next(c for c in trainer.callback_handler.callbacks if type(c).__name__ == "TrackioCallback")
    found |= {"callback": type(callback).__module__, "tags": getattr(trainer.model, "model_tags", None)}
    found |= {"trl": trl_tables(), "accelerate": accelerate(), "lighteval": lighteval(), "axolotl": axolotl(folder)}
    print("FOUND " + json.dumps(found))
