"""`import_csv`: a table that somebody has becomes an experiment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import trackio_client
from trackio_client.errors import UsageError
from trackio_client.reader import Api


def imported(folder: Path, text: str) -> Any:
    file = folder / "curve.csv"
    file.write_text(text, encoding="utf-8")
    experiment = trackio_client.import_csv(file, "tables", quiet=True)
    with Api() as api:
        return api.series(experiment.experiment_id, "loss")


def test_each_row_is_a_step_and_a_row_without_one_gets_its_number(bench: Any, tmp_path: Path) -> None:
    found = imported(tmp_path, "step,loss,note\n10,0.5,warm\n20,0.25,\n,0.125,cold\n")
    assert dict(zip(found.steps.tolist(), found.values.tolist(), strict=True)) == {2: 0.125, 10: 0.5, 20: 0.25}


@pytest.mark.parametrize("step", ["inf", "-inf", "nan", "1e400", "ten"])
def test_a_step_that_is_no_number_to_count_with_does_not_end_the_import(bench: Any, tmp_path: Path, step: str) -> None:
    found = imported(tmp_path, f"step,loss\n5,1.0\n{step},2.0\n7,3.0\n")
    assert dict(zip(found.steps.tolist(), found.values.tolist(), strict=True)) == {1: 2.0, 5: 1.0, 7: 3.0}


def test_a_file_without_rows_or_that_is_not_there_is_said(bench: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no rows"):
        imported(tmp_path, "step,loss\n")
    with pytest.raises(UsageError, match="cannot be read as CSV"):
        trackio_client.import_csv(tmp_path / "none.csv", "tables")
