"""The pages come without the files that Gradio would write for editors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

WATCHED = """
import json, sys
opened = []
sys.addaudithook(lambda event, told: opened.append(str(told[0])) if event == "open" else None)
import space.ui.app, gradio
print(json.dumps({
    "stubs": [path for path in opened if path.endswith(".pyi")],
    "events": [callable(gradio.Textbox().change), callable(gradio.HTML().click)],
    "left": [type(one).__module__ for one in sys.meta_path if type(one).__module__.startswith("space")],
}))
"""


def test_no_stub_is_read_or_written_and_components_have_their_events():
    done = subprocess.run([sys.executable, "-c", WATCHED], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"stubs": [], "events": [True, True], "left": []}
