"""Training scripts as users of W&B write them, with the values that W&B documents (docs/from-wandb.md)."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.client.wandb_place import a_place

pytestmark = [
    pytest.mark.requirement("S1.40", "S1.41"),
    pytest.mark.filterwarnings("ignore::UserWarning:trackio_client"),
]


@pytest.fixture
def wandb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with a_place(tmp_path, monkeypatch) as module:
        yield module


def rows(wandb: Any, run_id: str, **asked: Any) -> list[dict[str, Any]]:
    """What `scan_history` gives, without the columns that are of the clock."""
    told = wandb.Api().run(f"p/{run_id}").scan_history(**asked)
    return [{key: value for key, value in row.items() if key not in ("_timestamp", "_runtime")} for row in told]


# --- loops ----------------------------------------------------------------------------------------------------------


def test_a_pytorch_loop_with_watch_and_a_scheduler(wandb: Any) -> None:
    with wandb.init(project="p", id="loop", config={"learning_rate": 0.02, "epochs": 3}) as run:
        model = torch.nn.Linear(4, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=run.config.learning_rate)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
        run.watch(model, log="all", log_freq=2)
        for epoch in range(run.config.epochs):
            loss = (model(torch.randn(8, 4)) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            run.log({"train/loss": loss, "lr": scheduler.get_last_lr(), "epoch": epoch})
            scheduler.step()
        assert run.summary["epoch"] == 2
    found = rows(wandb, "loop", keys=["lr"])
    assert [row["lr"] for row in found] == pytest.approx([0.02, 0.002, 0.0002])
    media = {e["content"]["name"] for e in wandb.Api().source.events("loop", ["media"])}
    assert media == {f"{kind}/{name}" for kind in ("gradients", "parameters") for name in ("weight", "bias")}


def test_values_of_every_kind(wandb: Any, capsys: pytest.CaptureFixture[str]) -> None:
    run = wandb.init(project="p", id="kinds")
    run.log({
        "train": {"loss": 0.5, "acc": {"top1": 0.9}}, "text": "hello", "flag": True, "np32": np.float32(1.5),
        "zero_d": np.array(3.0), "int64": np.int64(3), "half": torch.tensor(0.5, dtype=torch.bfloat16),
        "tensor": torch.tensor([2.0], requires_grad=True), "list": [1, 2.5, None], "names": ["a", "b"],
        "array": np.arange(3), "long": torch.arange(100), "nan": float("nan"), "inf": np.inf, "none": None,
    })  # fmt: skip
    assert run.summary["train"]["loss"] == run.summary["train/loss"] == 0.5
    assert run.summary["train"]["acc"]["top1"] == 0.9
    assert run.summary["text"] == "hello"
    assert "never" not in run.summary
    wandb.finish()
    said = capsys.readouterr().err
    assert "'none' has a value of type NoneType" in said
    assert "'long' has a value of type torch.Tensor of shape (100,): a histogram of it is kept" in said
    [row] = rows(wandb, "kinds")
    texts = {"text": "hello", "list": "[1, 2.5, null]", "names": '["a", "b"]', "array": "[0, 1, 2]"}
    assert {key: row[key] for key in texts} == texts
    assert json.loads(row["list"]) == [1, 2.5, None]
    assert [row[key] for key in ("flag", "np32", "zero_d", "int64", "half", "tensor")] == [1, 1.5, 3, 3, 0.5, 2]
    assert np.isnan(row["nan"])
    assert row["inf"] == np.inf
    assert not {"none", "long"} & row.keys()
    [histogram] = wandb.Api().source.events("kinds", ["media"])
    assert (histogram["content"]["name"], sum(histogram["content"]["items"][0]["counts"])) == ("long", 100)


def test_texts_and_nested_names_are_read_back_as_they_were_asked_for(wandb: Any) -> None:
    with wandb.init(project="p", id="read") as run:
        for step in range(3):
            run.log({"val": {"f1": step / 10}, "phase": f"epoch {step}"})
    assert rows(wandb, "read", keys=["val.f1", "phase"], min_step=1) == [
        {"_step": 1, "val.f1": 0.1, "phase": "epoch 1"}, {"_step": 2, "val.f1": 0.2, "phase": "epoch 2"},
    ]  # fmt: skip
    found = wandb.Api().run("p/read")
    assert found.summary["phase"] == "epoch 2"
    assert found.summary["val"]["f1"] == 0.2
    assert list(found.history().columns) == ["_step", "_timestamp", "_runtime", "phase", "val/f1"]
    with pytest.raises(wandb.Error, match=r"no metric 'nothing'.*'val/f1', 'phase'"):
        found.scan_history(keys=["nothing"])


def test_commit_false_gathers_one_row(wandb: Any) -> None:
    run = wandb.init(project="p", id="rows")
    for value in range(3):
        wandb.log({"a": value}, commit=False)
        wandb.log({"b": value}, commit=False)
        wandb.log({"c": value})
    assert run.step == 3
    wandb.finish()
    assert rows(wandb, "rows") == [{"_step": step, "a": step, "b": step, "c": step} for step in range(3)]


def test_a_step_that_goes_back_is_kept_and_one_that_is_none_is_said(
    wandb: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    wandb.init(project="p", id="back")
    wandb.log({"a": 1}, step=5)
    wandb.log({"a": 2}, step=3)
    wandb.log({"a": 3}, step=np.int64(11))
    wandb.log({"a": 4}, step=torch.tensor(12))
    wandb.log({"a": 5}, step=13.0)
    wandb.log({"a": 6}, step=13.5)
    wandb.finish()
    assert [(row["_step"], row["a"]) for row in rows(wandb, "back")] == [(3, 2), (5, 1), (11, 3), (12, 4), (13, 5)]
    assert "step must be a whole number >= 0, got 13.5" in capsys.readouterr().err


# --- configurations -------------------------------------------------------------------------------------------------


class Listing(Sequence[Any]):
    """As OmegaConf's ListConfig: a sequence that is no list."""

    def __init__(self, values: list[Any]) -> None:
        self._values = values

    def __getitem__(self, at: Any) -> Any:
        return self._values[at]

    def __len__(self) -> int:
        return len(self._values)


class Settings(MutableMapping[str, Any]):
    """As OmegaConf's DictConfig: a mapping that is no dict."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __getitem__(self, key: str) -> Any:
        value = self._values[key]
        return Settings(value) if isinstance(value, dict) else Listing(value) if isinstance(value, list) else value

    def __setitem__(self, key: str, value: Any) -> None:
        self._values[key] = value

    def __delitem__(self, key: str) -> None:
        del self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class CFG:
    """As notebooks hold their settings."""

    lr = 0.1
    model: str = "tiny"
    _private = 1

    def method(self) -> None:
        """Not a setting."""


@dataclasses.dataclass
class Typed:
    lr: float = 0.1
    layers: list[int] = dataclasses.field(default_factory=lambda: [1, 2])


def pydantic_settings() -> Any:
    pydantic = pytest.importorskip("pydantic")
    inner = pydantic.create_model("Inner", width=(int, 3))
    return pydantic.create_model("Outer", lr=(float, 0.1), inner=(inner, inner()))()


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (lambda: argparse.Namespace(lr=0.1, epochs=3), {"lr": 0.1, "epochs": 3}),
        (Typed, {"lr": 0.1, "layers": [1, 2]}),
        (pydantic_settings, {"lr": 0.1, "inner": {"width": 3}}),
        (lambda: Settings({"lr": 0.1, "model": {"layers": [1, 2]}}), {"lr": 0.1, "model": {"layers": [1, 2]}}),
        (lambda: CFG, {"lr": 0.1, "model": "tiny"}),
        (lambda: {"path": Path("a"), "device": torch.device("cpu"), "seen": {2, 1}, "shape": (1, 2), "no": None},
         {"path": "a", "device": "cpu", "seen": [1, 2], "shape": [1, 2], "no": None}),
    ],
    ids=["argparse", "dataclass", "pydantic", "omegaconf", "class", "odd values"],
)  # fmt: skip
@pytest.mark.parametrize("way", ["init", "update"])
def test_a_configuration_of_every_kind(wandb: Any, given: Any, wanted: dict[str, Any], way: str) -> None:
    run = wandb.init(project="p", id="c", config=given() if way == "init" else None)
    if way == "update":
        wandb.config.update(given())
    wandb.config.update({"batch": 8}, allow_val_change=True)
    assert run.config.batch == run.config["batch"] == wandb.config.get("batch") == 8
    assert not hasattr(wandb.config, "missing")
    wandb.finish()
    assert wandb.Api().run("p/c").config == {**wanted, "batch": 8}


def test_what_holds_no_settings_is_refused_in_words(wandb: Any) -> None:
    wandb.init(project="p")
    with pytest.raises(wandb.UsageError, match="must be a dict, a dataclass or an object with settings, got int"):
        wandb.config.update(3)


# --- the life of a run ------------------------------------------------------------------------------------------------


def test_reinit_finishes_returns_or_begins(wandb: Any) -> None:
    first = wandb.init(project="p")
    second = wandb.init(project="p", reinit=True)
    assert (first.is_finished, second.is_finished) == (True, False)
    assert wandb.init(project="p", reinit="return_previous") is second
    third = wandb.init(project="p", reinit="create_new")
    second.log({"a": 1})
    third.log({"b": 1})
    third.finish()
    second.finish()
    assert wandb.run is None
    assert {tuple(run.metrics) for run in wandb.Api().runs("p")} == {(), ("a",), ("b",)}


def test_an_exception_inside_with_makes_the_run_failed(wandb: Any) -> None:
    with pytest.raises(ValueError, match="boom"), wandb.init(project="p", id="boom") as run:  # noqa: PT012
        run.log({"a": 1})
        raise ValueError("boom")
    assert wandb.Api().run("p/boom").state == "failed"


def test_resume_goes_on_where_it_was_or_says_that_there_is_nothing(wandb: Any) -> None:
    with wandb.init(project="p", id="r", resume="allow") as run:
        assert (run.resumed, run.step) == (False, 0)
        for value in range(3):
            run.log({"a": value})
    for way, step in (("allow", 3), ("must", 4)):
        with wandb.init(project="p", id="r", resume=way) as run:
            assert (run.resumed, run.step) == (True, step)
            run.log({"a": step})
    assert [row["a"] for row in rows(wandb, "r")] == [0, 1, 2, 3, 4]
    with pytest.raises(wandb.Error, match="no experiment 'never-was'"):
        wandb.init(project="p", id="never-was", resume="must")


def test_a_disabled_run_takes_every_call(wandb: Any) -> None:
    run = wandb.init(mode="disabled")
    run.config.lr = 1
    run.summary["best"] = 2
    run.log({"a": 1})
    run.define_metric("a", step_metric="b")
    run.log_artifact(wandb.Artifact("data", "dataset"))
    assert run.use_artifact("data:latest").files() == []
    run.alert("title", "text")
    assert (run.config.lr, run.summary["best"], run.disabled) == (1, 2, True)
    run.finish()


def test_the_summary_is_set_read_and_deleted(wandb: Any) -> None:
    with wandb.init(project="p", id="s") as run:
        run.log({"acc": 0.1})
        run.log({"acc": 0.9})
        wandb.run.summary["best_accuracy"] = 0.9
        wandb.run.summary.update({"x": 1, "array": np.arange(3)})
        del run.summary["x"]
        assert "x" not in run.summary
        assert dict(wandb.summary)["acc"] == 0.9
        assert wandb.summary.get("missing") is None
    told = wandb.Api().run("p/s").summary
    assert (told["acc"], told["best_accuracy"], told["array"]) == (0.9, 0.9, [0, 1, 2])
    assert "x" not in told
