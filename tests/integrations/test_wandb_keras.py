"""The callbacks that scripts import from `wandb.integration.keras`, with a model that is really trained."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")

from tests.client.wandb_place import a_place  # noqa: E402
from trackio_client import install  # noqa: E402

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.requirement("S1.43")]


@pytest.fixture
def wandb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Ours under the name wandb, and everything as before afterwards."""
    with a_place(tmp_path, monkeypatch):
        yield install.install_as("wandb")
    install._FINDER.names.discard("wandb")
    for name in [each for each in sys.modules if each == "wandb" or each.startswith("wandb.")]:
        del sys.modules[name]


def fitted(*callbacks: Any) -> None:
    """Three epochs of three batches, validated."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    x = np.random.default_rng(0).normal(size=(16, 2)).astype("float32")
    model.fit(x, x.sum(1), batch_size=4, epochs=3, verbose=0, validation_split=0.25, callbacks=list(callbacks))


def test_metrics_stand_under_the_names_and_axes_of_w_and_b(wandb: Any) -> None:
    from wandb.integration.keras import WandbMetricsLogger

    with wandb.init(project="k", id="k"):
        fitted(WandbMetricsLogger(log_freq="batch"))
    run = wandb.Api().run("k/k")
    assert [row["epoch/epoch"] for row in run.scan_history(keys=["epoch/epoch", "epoch/val_loss"])] == [0, 1, 2]
    batches = list(run.scan_history(keys=["batch/batch_step", "batch/loss"]))
    assert [row["batch/batch_step"] for row in batches] == list(range(9))
    assert run.summary["epoch/learning_rate"] == pytest.approx(0.1)
    assert run.definitions["batch/loss"]["step_metric"] == "batch/batch_step"
    assert run.definitions["epoch/val_loss"]["step_metric"] == "epoch/epoch"


def test_every_checkpoint_is_a_version_of_one_model(wandb: Any) -> None:
    from wandb.integration.keras import WandbModelCheckpoint

    Path("models").mkdir()
    with wandb.init(project="k", id="k"):
        fitted(WandbModelCheckpoint("models/last.keras"))
    versions = wandb.Api().artifact_versions("model", "k/run_k_model")
    assert [one.aliases[-1] for one in versions] == ["epoch_2", "epoch_1", "epoch_0"]
    assert keras.models.load_model(versions[0].file()).count_params() == 3


def test_the_callback_of_old_logs_keras_own_names(wandb: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from wandb.keras import WandbCallback

    with wandb.init(project="k", id="k"):
        fitted(WandbCallback(save_model=True))
    assert {"loss", "val_loss", "epoch"} <= set(wandb.Api().run("k/k").metrics)
    assert "save_model: numbers alone are logged" in capsys.readouterr().err


def test_a_callback_without_a_run_says_what_to_call(wandb: Any) -> None:
    from wandb.integration.keras import WandbMetricsLogger

    with pytest.raises(wandb.Error, match=r"Call wandb\.init\(\) before"):
        WandbMetricsLogger()
