"""The names that `gradio_client` calls (S1.81), by who may call them. The functions stand in space/ui/endpoints.py.

Two ways lead to a function: its own address (`/gradio_api/call/<name>` …), which the gate judges by this list, and
Gradio's queue, whose address says nothing of what is called. So each function asks for the role again.
"""

from __future__ import annotations

from typing import Final

READS: Final = frozenset({
    "get_experiment_details", "list_experiments_interface", "create_metrics_plot", "create_experiment_comparison",
})  # fmt: skip
WRITES: Final = frozenset({
    "create_experiment_interface", "log_metrics_interface", "log_parameters_interface",
    "update_experiment_status_interface", "simulate_training_data", "create_demo_experiment",
})  # fmt: skip
OWNERS: Final = frozenset({"update_trackio_config", "test_dataset_connection", "create_dataset_repository"})
NAMES: Final = READS | WRITES | OWNERS


def pattern(names: frozenset[str]) -> str:
    """A regular expression of the addresses that each of these names has in Gradio."""
    return rf"/gradio_api/(?:api|run|call|call/v2)/(?:{'|'.join(sorted(names))})/?"
