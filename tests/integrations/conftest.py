"""A home for what the integrations record."""

from __future__ import annotations

import pytest


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The folder where everything is kept; hardware is not read."""
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    monkeypatch.setenv("TRACKIO_HARDWARE_S", "0")
    return tmp_path
