"""A Keras model that is really trained, recorded."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")

from trackio_client.errors import UsageError  # noqa: E402
from trackio_client.integrations.keras import TrackioCallback  # noqa: E402
from trackio_client.reader import Api  # noqa: E402

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("here")]

X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
Y = (X.sum(1) > 0).astype("float32")


def model(learning_rate=0.1):
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
    made.compile(keras.optimizers.SGD(learning_rate), "binary_crossentropy", metrics=["accuracy"])
    return made


def only(folder):
    [one] = Api(folder).experiments("keras")
    return one


def records(folder, name):
    told = Api(folder).source.events(only(folder).experiment_id, kinds=["record"])
    return [event["content"]["data"] for event in told if event["content"]["record"] == name]


def test_every_epoch_is_there_with_what_keras_itself_says_of_it(here):
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.1 / (epoch + 1))
    callback = TrackioCallback(log_freq=2, project="keras")
    made = model()
    said = made.fit(X, Y, batch_size=16, epochs=3, validation_split=0.25, verbose=0, callbacks=[schedule, callback])
    one = only(here)
    assert one.state == "finished"
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert one.series(name).values.tolist() == pytest.approx(said.history[name]), name
    assert one.series("loss").steps.tolist() == [3, 6, 9]  # 48 rows in batches of 16
    assert one.series("learning_rate").values.tolist() == pytest.approx([0.1, 0.05, 0.1 / 3])
    assert one.series("batch/loss").steps.tolist() == [2, 4, 6, 8]
    assert one.config["optimizer"]["class"] == "SGD"
    assert one.config["fit"]["epochs"] == 3
    [described] = records(here, "model")
    assert (described["parameters"], described["trainable_parameters"], described["layers"]) == (5, 5, 1)


def test_evaluate_after_fit_goes_on_in_the_same_experiment(here):
    callback = TrackioCallback(project="keras")
    made = model()
    made.fit(X, Y, epochs=1, verbose=0, callbacks=[callback])
    said = made.evaluate(X, Y, verbose=0, callbacks=[callback], return_dict=True)
    one = only(here)
    assert (one.state, one.generation) == ("finished", 1)
    assert one.series("test/loss").values[-1] == pytest.approx(said["loss"])


def test_a_training_that_stops_by_itself_says_so(here):
    class Enough(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    model().fit(X, Y, epochs=9, verbose=0, callbacks=[Enough(), TrackioCallback(project="keras")])
    assert len(only(here).series("loss").values) == 2
    assert records(here, "early_stopping") == [{"triggered": True, "signal": "model.stop_training"}]


@pytest.mark.requirement("S1.38")
def test_a_fit_that_was_left_by_a_caught_exception_is_not_finished(tmp_path):
    program = """
        import os; os.environ["KERAS_BACKEND"] = "torch"
        import keras, numpy
        from trackio_client.integrations.keras import TrackioCallback
        class Breaks(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None): raise RuntimeError("no more data")
        made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        made.compile("sgd", "mse")
        callbacks = [TrackioCallback(project="keras"), Breaks()]
        try: made.fit(numpy.ones((8, 4)), numpy.ones(8), epochs=3, verbose=0, callbacks=callbacks)
        except RuntimeError: pass
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=120)
    one = only(tmp_path)
    assert one.state == "failed"
    assert "before its end" in one.evidence
    assert len(one.series("loss").values) == 1


def test_a_log_freq_that_is_none_is_refused():
    with pytest.raises(UsageError, match="log_freq must be"):
        TrackioCallback(log_freq=0)
