"""Libraries that know W&B, with ours under its name: transformers, Accelerate, Lightning."""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
from pathlib import Path
from typing import Any

import trackio_client

wandb = trackio_client.install_as("wandb")

import numpy  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from accelerate import Accelerator  # noqa: E402
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments  # noqa: E402


def train(folder: Path) -> dict[str, Any]:
    model = BertForSequenceClassification(
        BertConfig(vocab_size=12, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
    )
    rows = [{"input_ids": torch.tensor([1, 2, i % 9]), "labels": torch.tensor(i % 2)} for i in range(16)]
    arguments = TrainingArguments(
        str(folder / "out"), report_to=["wandb"], run_name="callback", max_steps=4, logging_steps=2,
        disable_tqdm=True, save_strategy="no", use_cpu=True, seed=1,
    )  # fmt: skip
    trainer = Trainer(model=model, args=arguments, train_dataset=rows)
    trainer.train()
    run = wandb.run
    assert run is trackio_client.run
    trainer.log({"after": 1.0})
    wandb.finish()
    assert wandb.run is None
    return {"id": run.id, "losses": [e["loss"] for e in trainer.state.log_history if "loss" in e]}


def accelerate() -> str:
    accelerator = Accelerator(log_with="wandb", cpu=True)
    accelerator.init_trackers("loop", config={"lr": 0.1}, init_kwargs={"wandb": {"name": "tracker", "entity": "me"}})
    tracker = accelerator.get_tracker("wandb")
    accelerator.log({"loss": 0.25}, step=3)
    tracker.log_images({"seen": [numpy.zeros((4, 4, 3))]}, step=3)
    tracker.log_table("table", columns=["a"], data=[[1]], step=3)
    run_id = tracker.tracker.id
    accelerator.end_training()
    return str(run_id)


def lightning(folder: Path) -> str:
    from pytorch_lightning.loggers import WandbLogger

    logger = WandbLogger(project="lightning", name="logger", save_dir=str(folder))
    logger.log_hyperparams({"lr": 0.1})
    logger.log_metrics({"loss": 0.25}, step=3)
    logger.experiment.config["key"] = "value"
    logger.log_image("seen", [numpy.zeros((4, 4, 3))], caption=["one"])
    logger.log_text("words", columns=["a"], data=[["x"]])
    logger.watch(torch.nn.Linear(2, 2))
    run_id = str(logger.version)
    logger.finalize("success")
    wandb.finish()
    return run_id


def inside() -> None:
    """Names that libraries import from inside the package."""
    from wandb.errors import CommError, UsageError
    from wandb.sdk.lib import RunDisabled
    from wandb.sdk.lib.config_util import ConfigError
    from wandb.wandb_run import Run

    assert issubclass(CommError, Exception)
    assert issubclass(ConfigError, wandb.Error)
    assert issubclass(UsageError, wandb.Error)
    assert issubclass(RunDisabled, Run)
    import wandb.env as env
    import wandb.plot as plot
    import wandb.util as util

    env.set_project("from-env")
    assert os.environ["WANDB_PROJECT"] == "from-env"
    assert len(util.generate_id()) == 8
    assert plot.line is wandb.plot.line
    run = wandb.init("team")  # W&B's first argument is the entity
    assert (run.entity, run.project) == ("team", "from-env")
    wandb.finish()
    assert importlib.metadata.version("wandb") == wandb.__version__


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    os.environ |= {"WANDB_PROJECT": "wp", "WANDB_WATCH": "all", "WANDB_TAGS": "a,b"}
    transformers.utils.logging.set_verbosity_error()
    found = {"transformers": train(folder), "accelerate": accelerate(), "lightning": lightning(folder)}
    inside()
    print("FOUND " + json.dumps(found))
