"""Settings that nobody can read, with the Trainer: what code says is refused at once, the environment ends nothing."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tests.integrations.small_training import at_home, callback, only, points, trainer_of  # noqa: E402
from trackio_client.errors import UsageError  # noqa: E402
from trackio_client.integrations.opened import Opened  # noqa: E402

NONSENSE = {
    "TRACKIO_URL": "htp:/x",
    "TRACKIO_HARDWARE_S": "soon",
    "TRACKIO_PRICE_PER_HOUR": "$2",
    "TRACKIO_FORWARD_SHARE": "1 %",
    "TRACKIO_RANKS": "most",
    "TRACKIO_RECORD": "everything,-gradient",
    "TRACKIO_MODE": "sometimes",
    "MONITORING_MODE": "cloud",
}


def test_a_training_is_recorded_though_no_variable_can_be_read(tmp_path, monkeypatch, capsys, caplog):
    with at_home(tmp_path) as folder:
        for name, text in NONSENSE.items():
            monkeypatch.setenv(name, text)
        hears = callback()
        trainer_of(folder, hears, max_steps=4, eval_strategy="steps", eval_steps=2).train()
        monkeypatch.delenv("TRACKIO_URL")
        kept, norms = only(), points("grad_norm")
    assert (kept.state, sorted(norms), hears.dropped) == ("finished", [1, 2, 3, 4], 0)
    assert [entry["global_step"] for entry in kept.epoch_metrics] == [2, 4]
    said = capsys.readouterr().err.lower() + caplog.text.lower()
    assert all(name.lower() in said and text.lower().split(",")[0] in said for name, text in NONSENSE.items())


@pytest.mark.parametrize(
    "given",
    [{"trackio_url": "htp:/x"}, {"dataset_repo": "a/b/c"}, {"mode": "sometimes"}, {"project": "two\nlines"}],
)
def test_nonsense_in_the_code_is_refused_where_the_callback_is_made(given):
    with pytest.raises(UsageError):
        callback(**given)
    with pytest.raises(UsageError):
        Opened(None, given)
