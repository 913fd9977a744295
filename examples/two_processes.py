"""Train with two processes: one experiment, the loss as mean with spread, the hardware of every process.

    python -m examples.two_processes  # then: trackio-client ui

It starts itself with torchrun. In your own script nothing has to be set: `init` finds its rank and the others.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

import torch
import torch.distributed as distributed
from torch import nn
from torch.nn.parallel import DistributedDataParallel

import trackio_client as trackio


def train(steps: int) -> None:
    """What each process does."""
    distributed.init_process_group("gloo")
    rank = distributed.get_rank()
    torch.manual_seed(7)
    model = DistributedDataParallel(nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    truth = torch.randn(16, 1)
    draws = torch.Generator().manual_seed(rank)  # each process has its own part of the data
    with trackio.init("two-processes", tags=["example"], config={"lr": 0.05}) as experiment:
        for step in range(steps):
            inputs = torch.randn(8, 16, generator=draws)
            loss = nn.functional.mse_loss(model(inputs), inputs @ truth)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            experiment.log({"train/loss": loss.item()}, step=step)
    distributed.destroy_process_group()


def main(processes: int = 2, steps: int = 100) -> None:
    """Start this module once a process."""
    launch = ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    subprocess.run([sys.executable, "-m", *launch, "-m", __spec__.name, f"--steps={steps}"], check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=100)
    given = parser.parse_args()
    if "LOCAL_RANK" in os.environ:
        train(given.steps)
    else:
        main(steps=given.steps)
