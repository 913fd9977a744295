"""Our server without pages, to be killed: `python api_only.py <folder> <port> <token>`."""

import sys
from pathlib import Path

import uvicorn

from space.server import make_app
from space.settings import SpaceSettings
from trackio_client.store.open import open_store

folder, port, token = sys.argv[1:]
settings = SpaceSettings(directory=Path(folder), token=token, port=int(port))
app = make_app(settings, open_store(settings.store_path, persistent=True), pages=False)
uvicorn.run(app, port=settings.port, log_level="warning")
