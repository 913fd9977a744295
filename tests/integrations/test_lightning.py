"""PyTorch Lightning's Trainer, recorded."""

from __future__ import annotations

import pickle

import pytest
import torch

lightning = pytest.importorskip("pytorch_lightning")

from trackio_client.integrations.lightning import TrackioLogger  # noqa: E402
from trackio_client.reader import Api  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


class Line(lightning.LightningModule):
    def __init__(self, rate=0.1, fails_at=None):
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(4, 1)
        self.losses = []

    def training_step(self, batch, index):
        if self.global_step == self.hparams.fails_at:
            raise RuntimeError("no more data")
        loss = self.layer(batch).pow(2).mean()
        self.losses.append(loss.item())
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch, index):
        self.log("val/loss", self.layer(batch).pow(2).mean())

    def test_step(self, batch, index):
        self.log("test/loss", self.layer(batch).pow(2).mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), self.hparams.rate)


def trainer(folder, logger, **more):
    given = {"max_epochs": 2, "log_every_n_steps": 1, "enable_progress_bar": False, "enable_model_summary": False}
    return lightning.Trainer(logger=logger, default_root_dir=folder, accelerator="cpu", **{**given, **more})


def data():
    return torch.utils.data.DataLoader(torch.randn(16, 4, generator=torch.Generator().manual_seed(0)), batch_size=4)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRACKIO_HARDWARE_S", "0")
    return tmp_path


def only(folder):
    [one] = Api(folder / "data").experiments("lines")
    return one


def records(folder, name):
    told = Api(folder / "data").source.events(only(folder).experiment_id, kinds=["record"])
    return [event["content"]["data"] for event in told if event["content"]["record"] == name]


def test_fit_and_test_are_one_experiment_with_every_value(here):
    logger, model = TrackioLogger("lines", tags=["cpu"]), Line()
    saving = lightning.callbacks.ModelCheckpoint(here / "kept", monitor="val/loss", save_top_k=1, mode="min")
    made = trainer(here, logger, callbacks=[saving])
    made.fit(model, data(), data())
    assert only(here).state == "finished"
    made.test(model, data(), verbose=False)
    one = only(here)
    assert (one.state, one.generation, one.tags) == ("finished", 1, ["cpu"])
    assert one.series("train/loss").values.tolist() == pytest.approx(model.losses)
    assert len(one.series("val/loss").values) == 2
    assert len(one.series("test/loss").values) == 1
    assert one.config["rate"] == 0.1
    kept = records(here, "checkpoint")
    assert [told["is_best"] for told in kept] == [True, True]  # each epoch is better
    assert kept[-1]["metrics"] == {"val/loss": pytest.approx(one.series("val/loss").values[-1])}
    assert kept[-1]["path"] == saving.best_model_path
    assert [gone["path"] for gone in records(here, "checkpoint_deleted")] == [kept[0]["path"]]


@pytest.mark.requirement("S1.38")
def test_a_training_that_raises_is_failed_with_its_error(here):
    with pytest.raises(RuntimeError, match="no more data"):
        trainer(here, TrackioLogger("lines"), enable_checkpointing=False).fit(Line(fails_at=3), data())
    one = only(here)
    assert one.state == "failed"
    assert "no more data" in one.evidence
    assert len(one.series("train/loss").values) == 3


def test_a_copy_in_a_spawned_process_goes_on_with_the_experiment(here):
    logger = TrackioLogger("lines")
    logger.log_metrics({"train/loss": 1.0}, step=0)
    copied = pickle.loads(pickle.dumps(logger))
    assert copied.experiment.experiment_id == logger.version
    copied.finalize("success")
    logger.finalize("success")


def test_an_experiment_of_the_users_stays_open(here):
    import trackio_client

    with trackio_client.init("lines") as mine:
        trainer(here, TrackioLogger(experiment=mine), max_epochs=1, enable_checkpointing=False).fit(Line(), data())
        assert not mine.is_finished
    assert len(only(here).series("train/loss").values) == 4
