"""Logs a line at a time, as it is told through its standard input: a number of calls, or the end."""

import sys

import trackio

run = trackio.init(project=sys.argv[1], name="steady", config={"lr": 0.1})
step = 0
print("ready", flush=True)
for line in sys.stdin:
    if line.strip() == "finish":
        break
    for _ in range(int(line)):
        trackio.log({"loss": float(step)}, step=step)
        step += 1
    trackio.log_system({"my/reading": float(step)})
    print("logged", step, flush=True)
trackio.finish()
print("finished", flush=True)
