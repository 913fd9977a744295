"""Charts made of tables: `plot.line`, `plot.roc_curve` …: a table with the description of how the page draws it.

`chart` of the item is {"kind", "title", "x", "y", …}: the names of columns; what is reckoned (ROC, precision and
recall, confusion) is reckoned here, with numpy, from the values that were given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from trackio_client.media.keeping import NotKept, as_array
from trackio_client.media.tables import Table

MAX_CURVE_POINTS: Final = 1_000
"""Of a ROC or precision-recall curve: more are thinned along the curve, first and last stay."""


def line(table: Table, x: str, y: str, stroke: str | None = None, title: str = "", **others: Any) -> Table:
    """A line through the rows of a table; `stroke` names the column that tells lines apart."""
    return _chart(table, "line", title, x=x, y=y, color=stroke)


def scatter(table: Table, x: str, y: str, title: str = "", **others: Any) -> Table:
    """A point a row."""
    return _chart(table, "scatter", title, x=x, y=y)


def bar(table: Table, label: str, value: str, title: str = "", **others: Any) -> Table:
    """A bar a row."""
    return _chart(table, "bar", title, x=label, y=value)


def histogram(table: Table, value: str, title: str = "", **others: Any) -> Table:
    """How a column's values are spread."""
    return _chart(table, "histogram", title, x=value)


def line_series(
    xs: Any, ys: Any, keys: Sequence[str] | None = None, title: str = "", xname: str = "x", **others: Any
) -> Table:
    """Several lines: `ys` is a list of them, `xs` one list for all or one for each."""
    lists = [_values(one) for one in ys]
    first = list(xs)
    shared = not first or not hasattr(first[0], "__len__")
    axes = [_values(xs)] * len(lists) if shared else [_values(one) for one in first]
    names = [str(key) for key in keys] if keys is not None else [f"line {at}" for at in range(len(lists))]
    rows = [
        [x, name, y]
        for axis, name, values in zip(axes, names, lists, strict=False)
        for x, y in zip(axis, values, strict=False)
    ]
    return _chart(Table(columns=[xname, "line", "y"], data=rows), "line", title, x=xname, y="y", color="line")


def roc_curve(
    y_true: Any = None,
    y_probas: Any = None,
    labels: Sequence[str] | None = None,
    classes_to_plot: Sequence[Any] | None = None,
    title: str = "ROC",
    **others: Any,
) -> Table:
    """True positive rate against false positive rate, a line a class.

    Args:
        y_true: (n,) classes, whole numbers from 0.
        y_probas: (n, classes) scores.
        labels: names of the classes.
        classes_to_plot: some of them; None is all that occur.
        title: over the chart.
        **others: taken for scripts that give more.
    """
    columns = ["class", "fpr", "tpr"]
    return _curves(_roc, columns, y_true, y_probas, labels, classes_to_plot, title, x="fpr", y="tpr", kind="roc")


def pr_curve(
    y_true: Any = None,
    y_probas: Any = None,
    labels: Sequence[str] | None = None,
    classes_to_plot: Sequence[Any] | None = None,
    interp_size: int = 21,
    title: str = "Precision-Recall Curve",
    **others: Any,
) -> Table:
    """Precision against recall, a line a class; arguments as `roc_curve`."""
    columns = ["class", "recall", "precision"]
    return _curves(_pr, columns, y_true, y_probas, labels, classes_to_plot, title, x="recall", y="precision", kind="pr")


def confusion_matrix(
    probs: Any = None,
    y_true: Any = None,
    preds: Any = None,
    class_names: Sequence[str] | None = None,
    title: str = "Confusion Matrix",
    **others: Any,
) -> Table:
    """How often each class was taken for each.

    Args:
        probs: (n, classes) scores, instead of `preds`.
        y_true: (n,) classes, whole numbers from 0.
        preds: (n,) predicted classes.
        class_names: names of the classes.
        title: over the chart.
        **others: taken for scripts that give more.
    """
    columns = ["Actual", "Predicted", "nPredictions"]

    def rows() -> list[list[Any]]:
        truth = as_array(y_true).astype(int).ravel()
        found = as_array(preds).astype(int).ravel() if preds is not None else as_array(probs).argmax(axis=1)
        if len(truth) != len(found):
            raise NotKept(f"there are {len(truth)} true classes and {len(found)} predictions")
        if len(truth) and min(truth.min(), found.min()) < 0:
            raise NotKept("classes must be whole numbers from 0")
        top = int(max(truth.max(initial=-1), found.max(initial=-1))) + 1
        size = max(top, len(class_names or ()))
        if size > 1_000:
            raise NotKept(f"{size:,} classes are too many for a matrix, at most 1,000 are taken")
        import numpy as np

        counts = np.zeros((size, size), np.int64)
        np.add.at(counts, (truth, found), 1)
        names = _names(class_names, size)
        return [[names[i], names[j], int(counts[i, j])] for i in range(size) for j in range(size)]

    return _reckoned(rows, columns, "confusion_matrix", title, x="Predicted", y="Actual", value="nPredictions")


def embedding(
    vectors: Any = None,
    labels: Sequence[Any] | None = None,
    names: Sequence[Any] | None = None,
    title: str = "Embedding",
) -> Table:
    """Vectors in the plane in which they differ most: their first principal components, a point a vector.

    The columns tell the share of the variance that lies along each component; the third stands in the table alone. A
    component's sign is the one with which its largest loading is positive, so that two steps are alike. Takes about
    n·d² operations (n vectors of d numbers; n²·d where n is smaller): choose some thousands of them.

    Source: Jolliffe and Cadima 2016, "Principal component analysis: a review and recent developments", §2.

    Args:
        vectors: (n, d) numbers; rows that are not finite are left out, and told.
        labels: (n,) what tells points apart by colour.
        names: (n,) what a point is called under the pointer; None numbers them.
        title: over the chart.
    """
    columns = ["component 1", "component 2", "component 3", "label", "name"]
    table = Table(columns=columns)
    try:
        scores, shares, kept = _principal(as_array(vectors))
        said = [
            ("" if labels is None else str(_at(labels, at)), str(at if names is None else _at(names, at)))
            for at in kept
        ]
        table.data = [[*row, *words] for row, words in zip(scores.tolist(), said, strict=True)]
        table.columns = [
            f"{name} ({100 * share:.3g} %)" for name, share in zip(columns, shares, strict=False)
        ] + columns[3:]
        if lost := len(as_array(vectors)) - len(kept):
            verb = "is" if lost == 1 else "are"
            table._problems.append(f"{lost:,} of {lost + len(kept):,} vectors {verb} not finite and left out")
    except Exception as error:  # what a training hands over: told at log(), never raised
        table._problems.append(f"the embedding cannot be reckoned ({error})")
    first, second = table.columns[:2]
    return _chart(table, "scatter", title, x=first, y=second, color=None if labels is None else "label", name="name")


def operators(profiler: Any = None, title: str = "Operators") -> Table:
    """What took the time of a `torch.profiler.profile` that has ended: its operators, the most expensive first.

    Times are milliseconds over all calls. "self" is without what an operator called; on a device only where the
    profiler watched one. Its whole trace is a file: `export_chrome_trace` and `log_artifact` keep it.
    """
    columns = ["operator", "calls", "self CPU ms", "CPU ms", "self device ms"]

    def rows() -> list[list[Any]]:
        found = [
            [
                str(each.key),
                int(each.count),
                each.self_cpu_time_total / 1e3,
                each.cpu_time_total / 1e3,
                getattr(each, "self_device_time_total", getattr(each, "self_cuda_time_total", 0)) / 1e3,
            ]
            for each in profiler.key_averages()
        ]
        if not found:
            raise NotKept("the profiler saw no operator")
        return sorted(found, key=lambda row: (-row[4], -row[2]))

    table = _reckoned(rows, columns, "bar", title, x="operator", y="self CPU ms")
    if table.chart is not None and any(row[4] > 0 for row in table.data):
        table.chart["y"] = "self device ms"
    return table


def plot_table(
    vega_spec_name: str,
    data_table: Table,
    fields: Mapping[str, Any],
    string_fields: Mapping[str, Any] | None = None,
    **others: Any,
) -> Table:
    """A table with a description of W&B's. What its name tells (`wandb/line/v0`) is drawn, else the table is shown."""
    kind = next(
        (kind for kind in ("line", "scatter", "bar", "histogram") if f"/{kind}/" in f"{vega_spec_name}/"), "table"
    )
    texts = dict(string_fields or {})
    named = {str(key): str(value) for key, value in dict(fields).items()}
    chart = _chart(
        data_table,
        kind,
        str(texts.get("title", "")),
        x=named.get("x") or named.get("label") or named.get("value"),
        y=named.get("y") or (named.get("value") if kind == "bar" else None),
        color=named.get("stroke"),
    )
    assert chart.chart is not None
    chart.chart |= {
        "spec": str(vega_spec_name)[:200],
        "fields": named,
        "texts": {str(k): str(v) for k, v in texts.items()},
    }
    return chart


# --- made of what -------------------------------------------------------------------------------------------------


def _chart(table: Table, kind: str, title: Any, **columns: Any) -> Table:
    """The rows of a table as a chart of its own; the table itself stays one."""
    if not isinstance(table, Table):
        table = Table(data=table)
    made = Table(columns=list(table.columns))
    made.data, made._problems = table.data, list(table._problems)
    made.chart = {
        "kind": kind,
        "title": str(title)[:500],
        **{key: str(c) for key, c in columns.items() if c is not None},
    }
    missing = [name for name in made.chart.keys() - {"kind", "title"} if made.chart[name] not in map(str, made.columns)]
    if missing:
        made._problems.append(f"the chart speaks of columns that the table lacks: {', '.join(sorted(missing))}")
    return made


def _reckoned(rows: Any, columns: list[str], kind: str, title: Any, **named: str) -> Table:
    """A chart of what `rows` reckons; what it cannot be reckoned from is told when it is logged."""
    table = Table(columns=columns)
    try:
        table.data = rows()
    except Exception as error:  # what a training hands over: told at log(), never raised
        table._problems.append(f"the {kind} cannot be reckoned ({error})")
    return _chart(table, kind, title, **named)


def _curves(
    curve: Any,
    columns: list[str],
    y_true: Any,
    y_probas: Any,
    labels: Any,
    wanted: Any,
    title: str,
    *,
    kind: str,
    x: str,
    y: str,
) -> Table:
    def rows() -> list[list[Any]]:
        truth, scores = as_array(y_true).ravel(), as_array(y_probas)
        if scores.ndim == 1:  # of the class 1 alone
            import numpy as np

            scores = np.stack([1 - scores, scores], axis=1)
        if scores.ndim != 2 or len(scores) != len(truth):
            raise NotKept(f"there are {len(truth)} classes and scores of shape {scores.shape}")
        names = _names(labels, scores.shape[1])
        found: list[list[Any]] = []
        for at in range(scores.shape[1]):
            chosen = wanted is None or at in list(wanted) or names[at] in list(wanted)
            points = curve(truth == at, scores[:, at]) if chosen else None
            if points is not None:  # a class that does not occur has no curve
                found += [[names[at], float(a), float(b)] for a, b in points]
        return found

    return _reckoned(rows, columns, kind, title, x=x, y=y, color="class")


def _principal(vectors: Any) -> tuple[Any, list[float], list[int]]:
    """(kept, 3) scores, the share of the variance of each, and which rows were kept; absent components are 0."""
    import numpy as np

    given = np.asarray(vectors, dtype=np.float64)
    if given.ndim != 2 or given.shape[1] < 2:
        raise NotKept(f"vectors must be an array of shape (n, d) with d from 2 on, got {given.shape}")
    kept = np.flatnonzero(np.isfinite(given).all(axis=1))
    if len(kept) < 3:
        raise NotKept(f"three finite vectors are needed, got {len(kept)}")
    centred = given[kept] - given[kept].mean(axis=0)
    centred /= np.abs(centred).max() or 1.0  # squares of large numbers stay finite
    n, d = centred.shape
    if d <= n:
        power, directions = np.linalg.eigh(centred.T @ centred)
        loadings = directions[:, ::-1][:, :3]
    else:
        power, between = np.linalg.eigh(centred @ centred.T)
        loadings = centred.T @ between[:, ::-1][:, :3]
        length = np.linalg.norm(loadings, axis=0)
        loadings = loadings / np.where(length > 0, length, 1.0)
    power = np.clip(power[::-1], 0.0, None)
    largest = np.abs(loadings).argmax(axis=0)
    loadings = loadings * np.where(loadings[largest, np.arange(loadings.shape[1])] < 0, -1.0, 1.0)
    scores = np.zeros((n, 3))
    scores[:, : loadings.shape[1]] = (given[kept] - given[kept].mean(axis=0)) @ loadings
    total = power.sum() or 1.0
    shares = [float(one / total) for one in power[:3]]
    return scores, shares + [0.0] * (3 - len(shares)), kept.tolist()


def _at(given: Sequence[Any], at: int) -> Any:
    if at >= len(given):
        raise NotKept(f"there are {len(given)} labels or names, fewer than vectors")
    return given[at]


def _cumulated(is_it: Any, scores: Any) -> Any:
    """Counts of true and of false positives at each distinct score, from the highest down."""
    import numpy as np

    order = np.argsort(-scores, kind="stable")
    hits, sorted_scores = is_it[order].astype(np.int64), scores[order]
    ends = np.append(np.flatnonzero(np.diff(sorted_scores)), len(scores) - 1)
    true = np.cumsum(hits)[ends]
    return true, ends + 1 - true


def _roc(is_it: Any, scores: Any) -> list[tuple[float, float]] | None:
    if not is_it.any() or is_it.all():
        return None
    true, false = _cumulated(is_it, scores)
    points = [(0.0, 0.0), *zip(false / false[-1], true / true[-1], strict=True)]
    return _thinned(points)


def _pr(is_it: Any, scores: Any) -> list[tuple[float, float]] | None:
    if not is_it.any():
        return None
    true, false = _cumulated(is_it, scores)
    points = [(0.0, 1.0), *zip(true / true[-1], true / (true + false), strict=True)]
    return _thinned(points)


def _thinned(points: list[Any]) -> list[Any]:
    if len(points) <= MAX_CURVE_POINTS:
        return points
    last = len(points) - 1
    return [points[round(at * last / (MAX_CURVE_POINTS - 1))] for at in range(MAX_CURVE_POINTS)]


def _names(given: Sequence[Any] | None, size: int) -> list[str]:
    names = [str(name) for name in given or ()]
    return [names[at] if at < len(names) else f"Class {at}" for at in range(size)]


def _values(given: Any) -> list[Any]:
    return list(given.tolist() if hasattr(given, "tolist") else given)
