"""Whatever JSON stands in a trainer_state.json: it is read, or refused with a UsageError, and never anything else."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.exchange.held import Held
from trackio_client.errors import UsageError
from trackio_client.exchange.hf_trainer import read_log
from trackio_client.exchange.past import deliver

numbers = some.integers() | some.floats() | some.booleans() | some.none()
anything = some.recursive(
    numbers | some.text(max_size=20),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner),
)
names = some.sampled_from(["loss", "eval_loss", "eval_a_runtime", "step", "train_runtime", "epoch"]) | some.text()
entry = some.dictionaries(names, anything, max_size=6) | anything
state = some.fixed_dictionaries(
    {"log_history": some.lists(entry, max_size=6) | anything},
    optional=dict.fromkeys(
        ("global_step", "max_steps", "best_metric", "best_model_checkpoint", "best_global_step", "trial_name"), anything
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(state | anything)
def test_any_json_is_read_or_refused(tmp_path, content):
    path = tmp_path / "trainer_state.json"
    path.write_text(json.dumps(content))
    try:
        run = read_log(path)
    except UsageError:
        return
    held = Held()
    deliver(run, "p", held)
    assert deliver(run, "p", held).added_events == 0
