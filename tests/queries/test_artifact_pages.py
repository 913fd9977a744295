"""Artifacts of a project by pages, and whether it has any."""

from __future__ import annotations

from tests.store.trainer import Trainer, taken
from trackio_client.queries.artifacts import Shelf, has_artifacts, list_artifacts, read_artifact
from trackio_client.store.open import open_store


def test_versions_come_by_pages_and_a_project_tells_whether_it_has_artifacts(tmp_path):
    store = open_store(tmp_path / "store.sqlite")
    trainer = Trainer().start()
    taken(trainer.send(store))
    assert not has_artifacts(store, "digits")
    for number in range(7):
        files = [{"path": "a.bin", "file": None, "bytes": number, "reference": f"s3://bucket/{number}"}]
        said = {"name": "rows", "type": "dataset", "files": files, "digest": f"{number:064x}", "aliases": []}
        trainer.event(kind="artifact", time_us=1_000_000 + number, **said)
    taken(trainer.send(store))
    assert has_artifacts(store, "digits")
    assert not has_artifacts(store, "other")
    page = list_artifacts(store, "digits", name="rows", offset=2, limit=3)
    assert [each["bytes"] for each in page["versions"]] == [4, 3, 2]
    assert page["total"] == 7
    shelf = Shelf(store)
    assert list_artifacts(store, "digits", shelf=shelf)["artifacts"][0]["versions"] == 7
    assert shelf.of("digits") is shelf.of("digits")
    said = {"name": "rows", "digest": f"{6:064x}", "version": None, "from_experiment": None}
    taken(trainer.event(kind="artifact_used", time_us=2_000_000, **said).send(store))
    assert [each["name"] for each in read_artifact(store, "rows", "digits", shelf=shelf)["used_by"]] == ["exp_1"]
    store.close()
