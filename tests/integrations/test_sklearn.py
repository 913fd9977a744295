"""scikit-learn's own estimators, recorded."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from trackio_client.integrations.sklearn import TrackioCallback, record_fit
from trackio_client.reader import Api

pytestmark = pytest.mark.usefixtures("here")

X, y = load_iris(return_X_y=True)


def only(folder):
    [one] = Api(folder).experiments("iris")
    return one


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_the_loss_curve_of_a_network_in_a_pipeline_is_there_step_by_step(here):
    network = MLPClassifier(max_iter=15, early_stopping=True, random_state=0)
    with record_fit(make_pipeline(StandardScaler(), network), X=X, y=y, scoring="accuracy", project="iris") as made:
        made.fit(X, y)
    one = only(here)
    assert one.state == "finished"
    assert one.series("train/loss").values.tolist() == made[-1].loss_curve_
    assert one.series("eval/score").values.tolist() == list(made[-1].validation_scores_)
    assert one.series("eval/accuracy").values[-1] == made.score(X, y)
    assert one.config["params"]["mlpclassifier__max_iter"] == 15
    assert one.summary["n_iter"] == 15
    assert one.summary["fit_time"] > 0


def test_a_search_has_a_point_and_a_record_for_each_candidate(here):
    search = GridSearchCV(LogisticRegression(max_iter=500), {"C": [0.01, 1.0, 100.0]}, cv=3)
    with record_fit(search, project="iris"):
        search.fit(X, y)
    one = only(here)
    assert one.series("search/mean_test_score").values.tolist() == search.cv_results_["mean_test_score"].tolist()
    assert one.summary["best_score"] == search.best_score_
    assert one.config["best_params"] == search.best_params_
    told = [event["content"]["data"] for event in Api(here).source.events(one.experiment_id, kinds=["record"])]
    assert [data["params"] for data in told if "params" in data] == search.cv_results_["params"]


def test_a_fit_that_raises_is_failed_and_the_error_goes_on(here):
    with pytest.raises(ValueError, match="NaN"), record_fit(LogisticRegression(), project="iris") as model:
        model.fit(np.full((4, 2), np.nan), [0, 1, 0, 1])
    one = only(here)
    assert one.state == "failed"
    assert "ValueError" in one.evidence


def test_estimators_with_callbacks_are_followed(here):
    if not hasattr(LogisticRegression, "set_callbacks"):
        pytest.skip("this scikit-learn has no callbacks")
    callback = TrackioCallback(scoring="accuracy", project="iris")
    model = LogisticRegression(max_iter=300).set_callbacks(callback).fit(X, y)
    one = only(here)
    assert one.state == "finished"
    assert one.config["estimator"] == "LogisticRegression"
    values = one.series("train/accuracy").values
    assert values[-1] == model.score(X, y)
    assert len(values) == one.summary["n_iter"] == int(model.n_iter_[0])


def test_processes_that_a_search_starts_write_no_experiments_of_their_own(here):
    if not hasattr(GridSearchCV, "set_callbacks"):
        pytest.skip("this scikit-learn has no callbacks")
    search = GridSearchCV(LogisticRegression(max_iter=500), {"C": [0.1, 1.0]}, cv=2, n_jobs=2)
    search.set_callbacks(TrackioCallback(project="iris"))
    search.fit(X, y)
    one = only(here)
    assert len(one.series("search/mean_test_score").values) == 2
