"""A real training of four ranks over gloo: a tiny network, gradients averaged, each rank its own batches.

argv: a file for the losses of each rank, which a test compares with what was recorded; the step and rank that fail.
"""

import json
import os
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

import trackio_client

folder, fails_at, fails_on = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
restart = int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"))
experiment = trackio_client.init(project="gloo", config={"lr": 0.1})
dist.init_process_group("gloo")
rank = dist.get_rank()
torch.manual_seed(rank)
torch.set_num_threads(1)
model = DistributedDataParallel(torch.nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
losses = []
for step in range(6):
    if step == fails_at and rank == fails_on and not restart:
        raise ValueError(f"no more data on rank {rank}")
    inputs = torch.randn(16, 8)
    loss = ((model(inputs).squeeze(1) - inputs.sum(1)) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    trackio_client.log({"loss": loss.item()}, step=step)
    if rank == 0:
        trackio_client.log({"learning_rate": 0.1}, step=step)
(folder / f"{restart}-{rank}.json").write_text(json.dumps([experiment.experiment_id, losses]))
dist.barrier()
dist.destroy_process_group()
experiment.finish()
