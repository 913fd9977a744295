"""A script as people write them for Trackio: nothing here knows of us."""

import math
import sys

import trackio

project, name = sys.argv[1], sys.argv[2]
config = {"lr": 0.1, "hf_token": "hf_" + "a" * 30, "nested": {"layers": 2}}
run = trackio.init(project=project, name=name, group="a group", config=config)
for i in range(5):
    trackio.log({"loss": 1 / (i + 1), "nested": {"x": i}, "word": "hi"})
trackio.log({"loss": math.nan, "up": math.inf, "down": -math.inf}, step=9)
trackio.log_system({"gpu/0/temp": 55.0, "cpu/0/utilization": 12.5, "my/thing": 3})
trackio.alert("Careful", "the loss <b>", level=trackio.AlertLevel.ERROR)
print("id", run.id)
trackio.finish()
