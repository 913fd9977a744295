"""The names that Trackio's server answers to, by who may call them. What is not here is not taken from Gradio."""

from __future__ import annotations

from typing import Final

API_VERSION: Final = 1
"""Of Trackio's HTTP API: what /version has to say for a client to speak it."""

WRITES: Final = frozenset({
    "log", "bulk_log", "bulk_log_system", "bulk_alert", "bulk_upload_media", "check_artifact_blobs",
    "bulk_upload_artifact_blob", "artifact_log", "log_artifact_use", "rename_run", "force_sync", "upload_db_to_space",
})  # fmt: skip
OWNERS: Final = frozenset({"delete_run"})
"""With us, who may log may not yet delete."""
READS: Final = frozenset({
    "get_all_projects", "get_runs_for_project", "get_run_configs", "get_run_summary", "get_project_summary",
    "get_metrics_for_run", "get_metric_values", "get_logs", "get_logs_batch", "get_snapshot", "get_system_logs",
    "get_system_logs_batch", "get_system_metrics_for_run", "get_alerts", "get_traces", "get_trace_steps",
    "get_settings", "get_project_files", "get_tab_availability", "get_run_mutation_status", "list_artifacts",
    "get_artifacts", "get_artifact_manifest", "get_artifact_consumers", "get_run_artifacts",
    "get_run_artifact_counts", "query_project", "get_registries", "get_registry_details", "get_registry_buckets",
})  # fmt: skip
NAMES: Final = WRITES | OWNERS | READS


def pattern(names: frozenset[str]) -> str:
    """A regular expression of the two addresses that each of these names has."""
    return rf"/(?:api|gradio_api/call)/(?:{'|'.join(sorted(names))})"
