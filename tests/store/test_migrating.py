"""A store that an earlier version wrote goes on as it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.store.trainer import Trainer, audited, merged, taken
from trackio_client.store.open import open_store
from trackio_client.store.schema import VERSION

BACK = """
DROP TABLE cold; DROP TABLE damage; DROP INDEX event_alert; DROP INDEX chunk_by_writer; DROP INDEX event_by_experiment;
ALTER TABLE experiment DROP COLUMN recount; ALTER TABLE experiment DROP COLUMN restored;
ALTER TABLE writer DROP COLUMN owed; ALTER TABLE event DROP COLUMN place;
CREATE INDEX event_by_experiment ON event (experiment, kind, position);
"""


@pytest.mark.parametrize("back", [BACK, ""], ids=["as released", "between two versions"])
def test_a_store_of_version_1_keeps_what_it_holds_and_takes_more(tmp_path: Path, back: str) -> None:
    path = tmp_path / "store.sqlite"
    store = open_store(path)
    trainer = Trainer().start(config={"lr": 0.1}).steps(3000)
    taken(trainer.send(store))
    merged(store)
    store.close()
    with closing(sqlite3.connect(path)) as sql:
        sql.executescript(back + "PRAGMA user_version=1;")
    store = open_store(path)
    assert store.points("exp_1", "loss").steps.tolist() == list(range(3000))
    taken(trainer.steps(10, first=3000).event(kind="end", state="finished").send(store))
    (record,) = store.experiments()
    assert (record.config, record.point_count) == ({"lr": 0.1}, 3010)
    audited(store)
    assert store.cold() == []
    store.close()
    with closing(sqlite3.connect(path)) as sql:
        assert sql.execute("PRAGMA user_version").fetchone()[0] == VERSION
