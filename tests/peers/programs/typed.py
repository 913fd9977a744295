"""Trackio's command line, several commands in one process: each line of standard input is one, as a JSON list."""

import contextlib
import io
import json
import sys

from trackio.cli import main

for line in sys.stdin:
    sys.argv = ["trackio", *json.loads(line)]
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        main()
    print(json.dumps(shown.getvalue()), flush=True)
