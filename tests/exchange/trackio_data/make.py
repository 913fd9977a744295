"""Makes the Trackio projects beside this file with Trackio itself, version 0.43.0 or one of before 0.24.

TRACKIO_DIR=/tmp/made python make.py             # in an environment with trackio and pyarrow
then the files of /tmp/made are copied here, into a folder named after the version
"""

import math
import sys

import trackio

IS_OLD = tuple(map(int, trackio.__version__.split(".")[:2])) < (0, 24)

run = trackio.init(
    "fine tuning", name="warm/up 🚀", config={"lr": 1e-4, "seed": 7, "api_key": "not-a-key-but-named-so"}
)
for step in range(5):
    trackio.log({"train/loss": 1 / (step + 1), "note": "warm" if step == 0 else "hot", "nested": {"a": step}})
trackio.log({"train/loss": math.nan, "grad_norm": math.inf}, step=5)
if not IS_OLD:
    trackio.log_system({"gpu/0/utilization": 93.0, "gpu/0/allocated_memory": 17.25, "cpu/utilization": 3.5})
    trackio.alert("Loss is NaN", text="at step 5", level=trackio.AlertLevel.ERROR)
    trackio.log(
        {"weights": trackio.Histogram([1.0, 2.0, 2.5], num_bins=2), "table": trackio.Table(data=[[1]], columns=["a"])},
        step=6,
    )
trackio.finish()

more = {} if IS_OLD else {"group": "sweep"}
trackio.init("fine tuning", name="second", config={"lr": 2e-4}, **more)
for step in (10, 20, 20):
    trackio.log({"train/loss": step / 7, "accuracy": step}, step=step)
trackio.finish()

if "--parquet" in sys.argv:
    from trackio.sqlite_storage import SQLiteStorage

    SQLiteStorage._dataset_import_attempted = True
    SQLiteStorage.export_to_parquet()
