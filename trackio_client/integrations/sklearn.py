"""scikit-learn: what an estimator is, how its fit went, and what a search tried.

    with record_fit(GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}), project="iris") as search:
        search.fit(X, y)

    LogisticRegression().set_callbacks(TrackioCallback(project="iris")).fit(X, y)   # scikit-learn 1.9 and later

`record_fit` works with every estimator: it reads, after `fit`, what scikit-learn keeps (`loss_curve_`, `train_score_`,
`validation_scores_`, `cv_results_` …). `TrackioCallback` follows the steps of estimators that have callbacks.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from trackio_client.errors import MissingExtra
from trackio_client.experiment import Experiment
from trackio_client.integrations.opened import Opened, never_stops_training

try:
    import sklearn
except ImportError as absent:
    raise MissingExtra("scikit-learn's integration", "scikit-learn", "sklearn") from absent

_CURVES = {
    "loss_curve_": "train/loss",  # MLP
    "validation_scores_": "eval/score",  # MLP with early stopping
    "validation_score_": "eval/score",  # histogram gradient boosting
    "train_score_": "train/score",  # gradient boosting
    "oob_scores_": "oob/score",
}
_RESULTS = ("best_score_", "n_iter_", "oob_score_", "n_features_in_", "inertia_", "reg_score_", "n_leaves_")


@contextlib.contextmanager
def record_fit(
    estimator: Any, *, X: Any = None, y: Any = None, scoring: Any = None, experiment: Experiment | None = None,
    **init_arguments: Any,
) -> Iterator[Any]:  # fmt: skip
    """Record what happens to an estimator inside the `with`: parameters, time of the fit, curves, results, errors.

    Args:
        estimator: is yielded; its `fit` is called by you.
        X: (n, …) data to score on after the fit, as `eval/<metric>`; None scores on nothing.
        y: (n,) targets of X.
        scoring: as scikit-learn takes it: a name, several, or a function; None is the estimator's own score.
        experiment: one of your own, which you finish.
        **init_arguments: for `trackio_client.init`.

    What the block raises is told and goes on its way.
    """
    opened = Opened(experiment, init_arguments)
    opened.get(described(estimator))
    began = time.perf_counter()
    try:
        yield estimator
    except BaseException as error:  # of any kind, ctrl-C too: it is told how the fit ended, and goes on its way
        opened.end("interrupted" if isinstance(error, KeyboardInterrupt) else "failed", error)
        raise
    _Fitted(opened).tell(estimator, time.perf_counter() - began, X, y, scoring)
    opened.end()


class _Fitted:
    """What is known after a fit."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    @never_stops_training
    def tell(self, estimator: Any, fit_s: float | None, X: Any = None, y: Any = None, scoring: Any = None) -> None:
        experiment = self._opened.get()
        final = _final(estimator)
        for step, numbers in curves(final):
            experiment.log(numbers, step=step)
        if hasattr(final, "cv_results_"):
            for place, (numbers, data) in enumerate(candidates(final)):
                experiment.log(numbers, step=place)
                experiment.record("candidate", data, step=place)
            experiment.config.update(
                {"best_params": dict(final.best_params_)} if hasattr(final, "best_params_") else {}
            )
        results: dict[str, Any] = {} if fit_s is None else {"fit_time": fit_s}
        for name in _RESULTS:
            value = _number(getattr(final, name, None))
            if value is not None:
                results[name.rstrip("_")] = value
        if X is not None:
            results |= scores(estimator, X, y, scoring)
        experiment.summary.update(results)
        experiment.log({name: value for name, value in results.items() if name.startswith("eval/")})


class TrackioCallback:
    """Follows the steps of an estimator that has callbacks (scikit-learn 1.9 and later).

    Args:
        scoring: measured on the training data after each step, as `train/<metric>`; None measures nothing, which
            costs nothing.
        experiment: one of your own, which you finish.
        **init_arguments: for `trackio_client.init`.
    """

    def __init__(self, scoring: Any = None, *, experiment: Experiment | None = None, **init_arguments: Any) -> None:
        self._opened: Opened | None = Opened(experiment, init_arguments)
        self._scoring = scoring
        self._began: dict[int, float] = {}
        self._fits = 0

    @property
    def experiment(self) -> Experiment | None:
        """The experiment; None before the first fit, and in the processes that scikit-learn starts."""
        return None if self._opened is None else self._opened.experiment

    @never_stops_training
    def setup(self, estimator: Any, context: Any) -> None:
        """The fit begins."""
        if self._opened is None:
            return
        self._fits += 1
        self._began[id(estimator)] = time.perf_counter()
        if context.parent is None:
            self._opened.get(described(estimator))

    @never_stops_training
    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """A step begins."""

    @never_stops_training
    def on_fit_task_end(
        self, estimator: Any, context: Any, *, X: Any = None, y: Any = None, fitted_estimator: Any = None
    ) -> None:
        """A step ended: of iterations, the number is the step."""
        if self._opened is None or self._scoring is None or fitted_estimator is None or X is None:
            return
        found = scores(fitted_estimator, X, y, self._scoring, "train")
        at = int(context.task_id) if isinstance(context.task_id, int) else None
        self._opened.get().log(found, step=at)

    @never_stops_training
    def teardown(self, estimator: Any, context: Any) -> None:
        """The fit ended, well or not."""
        if self._opened is None or context.parent is not None:
            return
        error = sys.exc_info()[1]
        if error is not None:
            self._opened.end("interrupted" if isinstance(error, KeyboardInterrupt) else "failed", error)
            return
        _Fitted(self._opened).tell(estimator, time.perf_counter() - self._began.pop(id(estimator)))
        self._opened.end()

    def __getstate__(self) -> dict[str, Any]:
        """For processes that scikit-learn starts: they fit, and this one tells what came of it."""
        return {**self.__dict__, "_opened": None, "_began": {}}


# --- what can be read of an estimator -----------------------------------------------------------------------------


def described(estimator: Any) -> dict[str, Any]:
    """Class, version and parameters; of a pipeline the parameters of its parts, too."""
    found: dict[str, Any] = {"estimator": type(estimator).__name__, "sklearn": sklearn.__version__}
    get_params = getattr(estimator, "get_params", None)
    if callable(get_params):
        found["params"] = dict(get_params(deep=True))
    return found


def curves(estimator: Any) -> Iterator[tuple[int, dict[str, float]]]:
    """(step, numbers) of what the estimator kept of its iterations."""
    rows: dict[int, dict[str, float]] = {}
    for attribute, name in _CURVES.items():
        kept = getattr(estimator, attribute, None)
        if kept is None or not hasattr(kept, "__len__"):
            continue
        for step, value in enumerate(kept, 1):
            number = _number(value)
            if number is not None:
                rows.setdefault(step, {})[name] = number
    yield from sorted(rows.items())


def candidates(search: Any) -> Iterator[tuple[dict[str, float], dict[str, Any]]]:
    """Per candidate of a search its numbers, and everything about it: parameters, scores of each fold, rank, times."""
    results: Mapping[str, Any] = search.cv_results_
    for place in range(len(results["params"])):
        data = {name: values[place] for name, values in results.items() if not name.startswith("param_")}
        numbers = {}
        for name, value in data.items():
            number = _number(value)
            if number is not None and name.startswith(("mean_", "std_", "rank_")):
                numbers[f"search/{name}"] = number
        yield numbers, {"params": dict(results["params"][place]), **data}


def scores(estimator: Any, X: Any, y: Any, scoring: Any, split: str = "eval") -> dict[str, float]:
    """Scores of a fitted estimator, as `<split>/<metric>`."""
    from sklearn.metrics import check_scoring

    several = [scoring] if isinstance(scoring, str) else scoring
    found = check_scoring(estimator, several)(estimator, X, y)
    named = found if isinstance(found, Mapping) else {"score": found}
    return {f"{split}/{name}": float(value) for name, value in named.items()}


def _final(estimator: Any) -> Any:
    """The last part of a pipeline: what was fitted in iterations."""
    steps = getattr(estimator, "steps", None)
    return steps[-1][1] if isinstance(steps, list) and steps else estimator


def _number(value: Any) -> float | None:
    """A number, or the greatest of an array of counts; None for what is neither."""
    if value is None or isinstance(value, (str, bytes, Mapping)):
        return None
    try:
        if hasattr(value, "__len__"):
            return float(max(value)) if len(value) else None
        return float(value)
    except (TypeError, ValueError):
        return None
