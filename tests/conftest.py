"""What all tests share: the folder of real data."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what it puts in the background with ctrl-C ignored, and our children would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests count events: those of the environment and of hardware turn it on.
os.environ.setdefault("TRACKIO_CAPTURE_ENVIRONMENT", "0")
os.environ.setdefault("TRACKIO_HARDWARE_S", "0")
# Models this small only wait for a second thread, twice as long and more where the cores are busy. Children inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def kept_records_are_true(monkeypatch):
    """Wherever a test lists experiments in this process: what a store kept of them is what it would read anew."""
    records = sys.modules.get("trackio_client.store.records")
    if records is None:
        return
    listed = records.Records.listed

    def checked(kept, sql, rest, arguments):
        found = listed(kept, sql, rest, arguments)
        assert repr(found) == repr(listed(records.Records(), sql, rest, arguments))  # a NaN is no other NaN
        return found

    monkeypatch.setattr(records.Records, "listed", checked)


_LATER = ("test_wheel.py", "store", "model", "e2e", "browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast tests first, then the wheel, the store's contract, the protocol's model, crashes, and the browser last."""

    def rank(item: pytest.Item) -> int:
        part = item.path.relative_to(ROOT / "tests").parts[0]
        return _LATER.index(part) + 1 if part in _LATER else 0

    items.sort(key=rank)


def data_folder() -> Path:
    """TRACKIO_TEST_DATA, else the folder `shared/data` beside the project's own."""
    return Path(os.environ.get("TRACKIO_TEST_DATA") or ROOT.parent / "shared" / "data")


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Real logs of other people's trainings; without them a skip, or a failure by TRACKIO_REQUIRE_TEST_DATA=1."""
    folder = data_folder()
    if folder.is_dir():
        return folder
    text = f"the test data are not at {folder}. Set TRACKIO_TEST_DATA to the folder that holds hf-trainer-metamath/"
    if os.environ.get("TRACKIO_REQUIRE_TEST_DATA"):
        pytest.fail(text)
    pytest.skip(text)
