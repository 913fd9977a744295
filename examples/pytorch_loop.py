"""A plain PyTorch loop: what `init`, `log` and `finish` give you without any Trainer.

    python -m examples.pytorch_loop  # then: trackio-client ui

A small network learns which of two moons a point belongs to; nothing is downloaded.
"""

from __future__ import annotations

import argparse

import torch
from sklearn.datasets import make_moons
from torch import nn

import trackio_client as trackio


def main(epochs: int = 20) -> str:
    """Train; returns the id of the experiment."""
    torch.manual_seed(7)
    config = {"lr": 0.2, "hidden": 16, "batch_size": 32, "epochs": epochs}
    points, moons = make_moons(400, noise=0.2, random_state=7)
    inputs, gold = torch.tensor(points, dtype=torch.float32), torch.tensor(moons)
    learn, check = slice(0, 300), slice(300, 400)
    model = nn.Sequential(nn.Linear(2, config["hidden"]), nn.Tanh(), nn.Linear(config["hidden"], 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=config["lr"], momentum=0.9)

    with trackio.init("moons", tags=["example"], config=config) as experiment:
        experiment.define_metric("eval/accuracy", goal="max")
        step = 0
        for epoch in range(epochs):
            for rows in torch.randperm(300).split(config["batch_size"]):
                loss = nn.functional.cross_entropy(model(inputs[learn][rows]), gold[learn][rows])
                optimizer.zero_grad()
                loss.backward()
                norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                experiment.log({"train/loss": loss.detach(), "train/grad_norm": norm}, step=step)
                step += 1
            with torch.no_grad():
                said = model(inputs[check])
                accuracy = (said.argmax(-1) == gold[check]).float().mean()
                loss = nn.functional.cross_entropy(said, gold[check])
            experiment.log({"eval/loss": loss, "eval/accuracy": accuracy, "epoch": epoch + 1}, step=step)
        reached = experiment.summary["eval/accuracy"]
        print(f"accuracy: {reached.last:.2f}, best {reached.max:.2f}")
    return experiment.experiment_id


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=20)
    main(parser.parse_args().epochs)
