"""Tables and the charts made of them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.media.test_media import Shelf
from trackio_client.media import Image, Table, charts, plot_table


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "blobs")


def rows_of(shelf: Shelf, item: dict[str, Any]) -> Any:
    return item["data"] if "data" in item else json.loads(shelf.content(item))["data"]


def test_rows_and_columns_are_added_and_read_as_in_wandb(shelf: Shelf) -> None:
    table = Table(columns=["a", "b"])
    table.add_data(1, "x")
    table.add_row(2.5, None)
    table.add_column("c", np.array([True, False]))
    table.add_computed_columns(lambda at, row: {"double": row["a"] * 2})
    assert table.get_column("a") == [1, 2.5]
    assert table.get_column("a", convert_to="numpy").tolist() == [1.0, 2.5]
    assert list(table.iterrows())[1] == (1, [2.5, None, False, 5.0])
    assert (len(table), table.get_index(), bool(Table())) == (2, [0, 1], True)
    with pytest.raises(KeyError, match="there is no column 'z'"):
        table.get_column("z")
    item = shelf.item(table)
    assert item["columns"] == [
        {"name": "a", "type": "number"}, {"name": "b", "type": "text"}, {"name": "c", "type": "boolean"},
        {"name": "double", "type": "number"},
    ]  # fmt: skip
    assert item["data"] == [[1, "x", True, 2], [2.5, None, False, 5.0]]


def test_a_table_is_made_of_rows_dicts_arrays_and_frames(shelf: Shelf) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"n": np.arange(2), "t": ["x", "y"], "when": pandas.to_datetime(["2026-01-01", None])})
    made = [Table(data=[[1, 2]]), Table(data=[{"a": 1}, {"b": 2}]), Table(data=np.eye(2)), Table(dataframe=frame)]
    found = [shelf.item(table) for table in made]
    assert [[c["name"] for c in item["columns"]] for item in found] == [
        ["0", "1"],
        ["a", "b"],
        ["0", "1"],
        ["n", "t", "when"],
    ]
    assert found[1]["data"] == [[1, None], [None, 2]]
    assert found[3]["data"][0][:2] == [0, "x"]
    assert found[3]["data"][0][2].startswith("2026-01-01")
    assert Table(columns=["a"], rows=[[1]]).get_dataframe()["a"].tolist() == [1]


def test_media_stand_in_cells_also_several_in_one(shelf: Shelf) -> None:
    picture = Image(np.zeros((2, 3)), caption="c")
    item = shelf.item(Table(columns=["one", "many"], data=[[picture, [picture, picture]]]))
    one, many = item["data"][0]
    assert (one["$media"], one["width"], one["caption"], len(many)) == ("image", 3, "c", 2)
    assert shelf.picture(one).shape == (2, 3)
    assert item["columns"][0]["type"] == "media"


def test_a_million_rows_are_cut_to_the_bound_and_said_once(shelf: Shelf) -> None:
    table = Table(columns=["n"], data=np.arange(1_000_000).reshape(-1, 1))
    item = shelf.item(table)
    assert (item["rows"], item["rows_given"]) == (100_000, 1_000_000)
    assert len(shelf.told) == 1
    assert "first 100,000" in shelf.told[0]
    rows = rows_of(shelf, item)
    assert (len(rows), rows[0], rows[-1]) == (100_000, [0], [99_999])
    assert shelf.item(table, shelf.with_bounds(table_rows=10))["rows"] == 10


def test_cells_of_every_kind_are_json(shelf: Shelf) -> None:
    torch = pytest.importorskip("torch")
    odd = [
        math.nan,
        math.inf,
        np.float32(0.5),
        np.int64(3),
        torch.tensor(2.0),
        {"a": [1]},
        Path("x/y"),
        "\ud800",
        b"\xff",
        None,
    ]
    item = shelf.item(Table(columns=[str(at) for at in range(len(odd))], data=[odd]))
    assert item["data"][0][0] != item["data"][0][1]
    assert item["data"][0][2:6] == [0.5, 3, 2.0, {"a": [1]}]
    json.dumps(item["data"], allow_nan=True)
    huge = shelf.item(Table(columns=["t"], data=[["y" * 100_000]]))
    assert len(rows_of(shelf, huge)[0][0]) == 65_537


def test_rows_of_another_length_are_filled_up_or_cut_and_said(shelf: Shelf) -> None:
    table = Table(columns=["a", "b"], data=[[1], [1, 2, 3]])
    table.add_column("c", [5])
    assert shelf.item(table)["data"] == [[1, None, 5], [1, 2, None]]
    assert len(shelf.told) == 1
    assert "not_kept" in shelf.item(Table(data=5))


def test_an_incremental_table_keeps_only_what_was_added(shelf: Shelf) -> None:
    table = Table(columns=["a"], log_mode="INCREMENTAL")
    table.add_data(1)
    first = shelf.item(table)
    table.add_data(2)
    second = shelf.item(table)
    assert (first["data"], first["from_row"], second["data"], second["from_row"]) == ([[1]], 0, [[2]], 1)


def test_secrets_in_a_large_table_are_masked_and_it_stays_json(shelf: Shelf) -> None:
    item = shelf.item(
        Table(
            columns=["a"],
            data=[
                [
                    "hunter2secret",
                ]
                for _ in range(2_000)
            ],
        )
    )
    assert rows_of(shelf, item)[5] == ["***"]


# --- charts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_roc_and_precision_recall_are_those_of_scikit_learn(shelf: Shelf, seed: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    chance = np.random.default_rng(seed)
    truth, scores = chance.integers(0, 3, 200), chance.random((200, 3)).round(2)  # rounded: ties are what is hard
    roc = shelf.item(charts.roc_curve(truth, scores, labels=["a", "b", "c"]))
    recall = shelf.item(charts.pr_curve(truth, scores, labels=["a", "b", "c"]))
    for at, name in enumerate("abc"):
        mine = np.array([row[1:] for row in rows_of(shelf, roc) if row[0] == name])
        assert metrics.auc(mine[:, 0], mine[:, 1]) == pytest.approx(metrics.roc_auc_score(truth == at, scores[:, at]))
        mine = np.array([row[1:] for row in rows_of(shelf, recall) if row[0] == name])
        area = float(np.sum(np.diff(mine[:, 0]) * mine[1:, 1]))
        assert area == pytest.approx(metrics.average_precision_score(truth == at, scores[:, at]))
    assert roc["chart"] == {"kind": "roc", "title": "ROC", "x": "fpr", "y": "tpr", "color": "class"}


def test_a_confusion_matrix_counts_pairs(shelf: Shelf) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    chance = np.random.default_rng(0)
    truth, said = chance.integers(0, 4, 100), chance.integers(0, 4, 100)
    item = shelf.item(charts.confusion_matrix(y_true=truth, preds=said, class_names=list("abcd")))
    counts = np.array([row[2] for row in rows_of(shelf, item)]).reshape(4, 4)
    assert np.array_equal(counts, metrics.confusion_matrix(truth, said))
    by_score = shelf.item(charts.confusion_matrix(probs=np.eye(4)[said], y_true=truth))
    assert [row[2] for row in rows_of(shelf, by_score)] == [row[2] for row in rows_of(shelf, item)]
    assert rows_of(shelf, by_score)[1][:2] == ["Class 0", "Class 1"]


@pytest.mark.parametrize(("n", "d"), [(200, 5), (12, 40), (3, 2)])
def test_an_embedding_lies_along_the_principal_components_of_scikit_learn(shelf: Shelf, n: int, d: int) -> None:
    decomposition = pytest.importorskip("sklearn.decomposition")
    vectors = np.random.default_rng(n).normal(size=(n, d)) * np.linspace(4, 1, d) + 7
    fitted = decomposition.PCA(n_components=2).fit(vectors)
    item = shelf.item(charts.embedding(vectors, labels=[f"class {at % 3}" for at in range(n)], title="words"))
    rows = rows_of(shelf, item)
    mine, theirs = np.array([row[:2] for row in rows], dtype=float), fitted.transform(vectors)
    signs = np.sign((mine * theirs).sum(axis=0))
    assert mine == pytest.approx(theirs * signs, abs=1e-8)
    shares = [f"component {at + 1} ({100 * share:.3g} %)" for at, share in enumerate(fitted.explained_variance_ratio_)]
    assert [column["name"] for column in item["columns"][:2]] == shares
    assert [row[3:] for row in rows[:2]] == [["class 0", "0"], ["class 1", "1"]]
    chart = {"kind": "scatter", "title": "words", "x": shares[0], "y": shares[1], "color": "label", "name": "name"}
    assert item["chart"] == chart


def test_an_embedding_leaves_out_what_is_not_finite_and_keeps_the_sign_of_a_step(shelf: Shelf) -> None:
    vectors = np.random.default_rng(1).normal(size=(50, 4)) * [9, 3, 1, 1]
    one = rows_of(shelf, shelf.item(charts.embedding(vectors)))
    again = rows_of(shelf, shelf.item(charts.embedding(vectors * 1e150)))
    assert [float(row[0]) * 1e150 for row in one] == pytest.approx([float(row[0]) for row in again])
    vectors[3, 1] = np.nan
    item = shelf.item(charts.embedding(vectors, names=[f"w{at}" for at in range(50)]))
    assert any("1 of 50 vectors is not finite" in words for words in shelf.told)
    assert [row[4] for row in rows_of(shelf, item)[2:4]] == ["w2", "w4"]


def test_operators_of_a_profiler_stand_with_the_most_expensive_first(shelf: Shelf) -> None:
    torch = pytest.importorskip("torch")
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        for _ in range(3):
            torch.mm(torch.ones(200, 200), torch.ones(200, 200))
    item = shelf.item(charts.operators(profiler))
    rows = rows_of(shelf, item)
    assert next(row[1] for row in rows if row[0] == "aten::mm") == 3
    spent = [float(row[2]) for row in rows]
    assert spent == sorted(spent, reverse=True)
    assert item["chart"] == {"kind": "bar", "title": "Operators", "x": "operator", "y": "self CPU ms"}


@pytest.mark.parametrize(
    "made",
    [
        lambda: charts.operators(None),
        lambda: charts.embedding([1.0, 2.0]),
        lambda: charts.embedding(np.full((9, 3), np.nan)),
        lambda: charts.embedding(np.ones((9, 3)), labels=["one"]),
        lambda: charts.roc_curve([0, 1], np.zeros((3, 2))),
        lambda: charts.confusion_matrix(y_true=[0], preds=[0, 1]),
        lambda: charts.confusion_matrix(y_true=[-1], preds=[0]),
        lambda: charts.confusion_matrix(y_true=[10**6], preds=[0]),
        lambda: charts.pr_curve(None, None),
    ],
)
def test_a_chart_that_cannot_be_reckoned_is_said_and_not_raised(shelf: Shelf, made: Any) -> None:
    assert "cannot be reckoned" in shelf.item(made())["not_kept"]


def test_charts_name_their_columns(shelf: Shelf) -> None:
    table = Table(columns=["x", "y"], data=[[1, 2]])
    item = shelf.item(charts.line(table, "x", "y", title="t"))
    assert (item["chart"], item["data"]) == ({"kind": "line", "title": "t", "x": "x", "y": "y"}, [[1, 2]])
    series = shelf.item(charts.line_series([1, 2], [[3, 4], [5, 6]], keys=["a", "b"], xname="step"))
    assert rows_of(shelf, series) == [[1, "a", 3], [2, "a", 4], [1, "b", 5], [2, "b", 6]]
    strange = shelf.item(plot_table("me/special", table, {"x": "x"}, {"title": "mine"}))
    assert (strange["chart"]["kind"], strange["chart"]["fields"]) == ("table", {"x": "x"})
    shelf.item(charts.scatter(table, "x", "z"))
    assert "lacks" in shelf.told[-1]
    assert "chart" not in shelf.item(table)
