"""The example of docs/protocol.md runs as it is printed, against a server that listens."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
import uvicorn

from space.api.problems import SLUGS
from space.server import listen, make_app, open_the_store
from space.settings import SpaceSettings

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text("utf-8")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_curl_examples_are_taken_and_their_repeats_too(tmp_path):
    file, lines = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "picture.png").write_bytes(b"pixels")
    settings = SpaceSettings(directory=tmp_path, port=0, token="secret")
    store = open_the_store(settings)
    with listen(settings) as listener:
        server = uvicorn.Server(uvicorn.Config(make_app(settings, store, pages=False), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        env = {**os.environ, "TRACKIO_URL": url, "TRACKIO_TOKEN": "secret", "NO_PROXY": "*"}
        try:
            for example, answer in [(file, '{"have":6,"bytes":6}'), (lines, '"accepted":[[0,4]]')] * 2:
                done = subprocess.run(
                    ["bash", "-c", example], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120
                )
                assert done.returncode == 0, done.stdout + done.stderr
                assert answer in done.stdout
        finally:
            server.should_exit = True
            thread.join()
    assert store.experiment("exp_from_curl").name == "from curl"
    store.close()


def test_the_page_lists_every_problem():
    assert {slug for slug in SLUGS if f"`{slug}`" not in PAGE} == set()
