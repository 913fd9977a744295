"""One rank without torch: begins an experiment, logs some steps, ends as it was told.

argv: what to do, then `name=value` arguments for init. The id it wrote to goes to stdout.
"""

import atexit
import os
import signal
import sys
import threading
from pathlib import Path

import trackio_client

what, *given = sys.argv[1:]
asked = dict(each.split("=", 1) for each in given)
rank = int(os.environ.get("RANK", os.environ.get("SLURM_PROCID", "0")))
if what == "main-only" and rank:
    asked = {}  # as a callback does that was told nothing
is_failing = what == "fails" and rank == int(os.environ["FAILS"])
if is_failing:  # registered before ours, so called after it: when the others see the file, its failure has been told
    atexit.register(Path("failed").touch)
if "name" in asked:
    asked["name"] = asked["name"].replace("<rank>", str(rank))
experiment = trackio_client.init(**asked, config={"seed": rank})
for step in range(4):
    trackio_client.log({"loss": float(10 * rank + step), "note": f"rank {rank}"}, step=step)
print(experiment.experiment_id, experiment.name, experiment.group, flush=True)
if is_failing:
    raise ValueError(f"no more data on rank {rank}")
if what == "fails":
    while not Path("failed").exists():
        threading.Event().wait(0.05)
    raise ConnectionError("the other side is gone")
if what == "killed" and rank == 1:
    os.kill(os.getpid(), signal.SIGKILL)
experiment.finish()
if what == "twice":
    again = trackio_client.init(**asked)
    trackio_client.log({"loss": 1.0}, step=0)
    print(again.experiment_id, again.name, again.group, flush=True)
    again.finish()
