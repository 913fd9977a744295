"""Goes on with the run of a name: from the step after its last, and once more over a step that is there."""

import sys

import trackio

run = trackio.init(project=sys.argv[1], name=sys.argv[2], resume="must", config={"lr": 0.2})
print("id", run.id)
trackio.log({"loss": 7.0})
trackio.log({"loss": 8.0}, step=1)
trackio.finish()
