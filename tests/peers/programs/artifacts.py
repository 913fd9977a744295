"""Logs two versions of an artifact, uses one, reads it back, and saves a file to the project."""

import json
import sys
from pathlib import Path

import trackio

project, folder = sys.argv[1], Path(sys.argv[2])
(folder / "model").mkdir()
(folder / "model" / "weights.bin").write_bytes(b"w" * 3000)
(folder / "model" / "config.json").write_text('{"layers": 2}')
run = trackio.init(project=project, name="makes")
trackio.log({"loss": 1.0})
artifact = trackio.Artifact("net", type="model", description="a small one", metadata={"f1": 0.5})
artifact.add_dir(folder / "model")
first = run.log_artifact(artifact, aliases=["best"])
again = trackio.Artifact("net", type="model")
again.add_dir(folder / "model")
same = run.log_artifact(again)
(folder / "model" / "weights.bin").write_bytes(b"v" * 3000)
second = run.log_artifact(folder / "model", name="net", type="model")
trackio.save(str(folder / "model" / "config.json"), project=project)
trackio.finish()

user = trackio.init(project=project, name="uses")
trackio.log({"loss": 2.0})
used = user.use_artifact("net:best")
place = Path(used.download())
trackio.finish()
print(json.dumps({
    "versions": [first.version, same.version, second.version],
    "aliases": [first.aliases, second.aliases],
    "used": [used.version, used.metadata, used.description],
    "content": [len((place / "weights.bin").read_bytes()), (place / "weights.bin").read_bytes()[:1].decode()],
}))  # fmt: skip
