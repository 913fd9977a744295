"""Everything that Trackio shows beside numbers, and the bytes of each file, so that a test can compare them."""

import base64
import json
import sys
import wave
from pathlib import Path

import numpy as np
import trackio

project, folder = sys.argv[1], sys.argv[2]
run = trackio.init(project=project, name="media")
pixels = np.zeros((4, 6, 3), np.uint8)
pixels[1, 2] = 255
with wave.open(f"{folder}/tone.wav", "wb") as tone:
    tone.setparams((1, 2, 8000, 0, "NONE", "NONE"))
    tone.writeframes(b"\0\1" * 800)
Path(folder, "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + b"no film, but bytes" * 9)
Path(folder, "cloud.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
trackio.log({"loss": 1.0, "picture": trackio.Image(pixels, caption="a <b> dot")})
trackio.log({"sound": trackio.Audio(f"{folder}/tone.wav"), "film": trackio.Video(f"{folder}/film.mp4")})
trackio.log({"page": trackio.Html("<h1>hi</h1>"), "shape": trackio.Object3D(f"{folder}/cloud.obj")})
trackio.log({"spread": trackio.Histogram([1, 2, 2, 3], num_bins=3), "report": trackio.Markdown("# Report\n*well*")})
rows = [["first", 1, trackio.Image(pixels, caption="in a cell")], ["second", 2.5, None]]
trackio.log({"table": trackio.Table(columns=["text", "number", "picture"], data=rows)})
trackio.log({"large": trackio.Table(columns=["n", "word"], data=[[i, f"word {i}"] for i in range(3000)])})
messages = [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]
trackio.log({"trace": trackio.Trace(messages, metadata={"score": 1})})
trackio.log({"rollouts": [trackio.Trace(messages), trackio.Trace(messages[:1])]}, step=20)
trackio.finish()

contents = {name: Path(folder, file).read_bytes() for name, file in (("sound", "tone.wav"), ("film", "film.mp4"))}
print(json.dumps({name: base64.b64encode(content).decode() for name, content in contents.items()}))
