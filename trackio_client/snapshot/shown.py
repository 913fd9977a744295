"""What people see who have only a link or a file: some experiments, and of these what is expected behind a chart.

Shown: names, project, group, tags, notes, state and its evidence, config, summary, curves, marks, and media and
artifacts where whoever made the link said so. Kept back: console output, texts, traces, other files, where it ran, who
logged it; and that anything else exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from trackio_client.errors import ExperimentNotFound, NotFound, UsageError
from trackio_client.queries import experiments as asked
from trackio_client.queries.gallery import list_media, read_contents
from trackio_client.queries.index import list_index, read_event
from trackio_client.queries.metrics import list_metrics
from trackio_client.queries.rows import rows_of
from trackio_client.queries.states import LOST_CONTACT_S
from trackio_client.queries.training import training_summary
from trackio_client.store.contract import ExperimentRecord, Store
from trackio_client.wire.events import ARTIFACT, ARTIFACT_USED, MEDIA, RECORD

_ROW: Final = (
    "experiment_id", "project", "name", "group", "tags", "state", "evidence", "since_s", "created_s", "last_event_s",
    "last_heard_s", "duration_s", "last_step", "metric_count", "point_count", "generation", "columns",
)  # fmt: skip
_DETAIL: Final = (*_ROW, "config", "summary", "user_summary", "definitions", "notes")
_EVENTS: Final[dict[str, tuple[str, ...]]] = {
    "mark": ("kind", "time_us", "step", "mark", "title"),
    "error": ("kind", "time_us", "step", "error", "message"),
    "end": ("kind", "time_us", "step", "state"),
}
"""Kinds of events that a link shows, and their fields."""
_SUMMARY: Final = (
    "experiment_id", "state", "run_config", "epoch_metrics", "run_summary", "checkpoints", "model", "not_recorded",
    "evaluations_after_training",
)  # fmt: skip
_FAILURE: Final = ("kind", "error", "message", "step", "epoch")
_PLACES: Final = frozenset(
    {"path", "s3_path", "absolute_path", "checkpoint", "best_checkpoint_path", "best_checkpoint_s3_path"}
    | {"not_captured", "trace", "evidence"}
)
"""What of a summary says where things lie, or how code runs."""
_RECORDS: Final = frozenset({"confusion"})
"""Records that a link shows: labels and counts. Predictions hold what the data say, and stay."""
_MOST_TEXT: Final = 500


class Shown:
    """The store through a link or into a file: these experiments, as far as they exist, and nothing else."""

    def __init__(
        self, store: Store, experiments: Sequence[str], *, now_s: float, lost_contact_s: float = LOST_CONTACT_S,
        media: bool = True, artifacts: bool = False,
    ) -> None:  # fmt: skip
        self.store = store
        self.media_shown = media
        self.artifacts_shown = artifacts
        self.now_s = now_s
        self.lost_contact_s = lost_contact_s
        self.records = [found for each in experiments if (found := _existing(store, each)) is not None]

    def has(self, experiment_id: str) -> bool:
        """Whether the link shows this experiment, and it still exists."""
        return any(record.experiment_id == experiment_id for record in self.records)

    def rows(self, columns: Sequence[str] = ()) -> list[dict[str, Any]]:
        """One row an experiment, in the order of the link. `columns` are keys of the config: "config:lr".

        Raises:
            UsageError: another column is asked for.
        """
        if other := next((each for each in columns if not each.startswith("config:")), None):
            raise UsageError(f"a link has columns of the config, such as config:lr; got {other!r:.160}")
        rows = rows_of(self.store, self.records, self.now_s, columns=columns, lost_contact_s=self.lost_contact_s)
        return [_only(row, _ROW) for row in rows]

    def details(self) -> list[dict[str, Any]]:
        """Everything a link shows of each, in the order of the link."""
        return [self.detail(record.experiment_id) for record in self.records]

    def detail(self, experiment_id: str) -> dict[str, Any]:
        """Everything a link shows of one. Raises ExperimentNotFound."""
        self._check(experiment_id)
        return _only(
            asked.experiment_detail(self.store, experiment_id, self.now_s, lost_contact_s=self.lost_contact_s), _DETAIL
        )

    def summary(self, experiment_id: str) -> dict[str, Any]:
        """What a training told beside its curves, without traces and places on disks. Raises ExperimentNotFound."""
        self._check(experiment_id)
        found = training_summary(self.store, experiment_id, self.now_s, lost_contact_s=self.lost_contact_s)
        shown: dict[str, Any] = _without({name: found[name] for name in _SUMMARY}, _PLACES)
        shown["failures"] = [_only(one, _FAILURE) for one in found["failures"]]
        return shown

    def events(self, experiment_id: str, kinds: list[str], **page: Any) -> dict[str, Any]:
        """Marks, errors and ends, without their traces. Raises ExperimentNotFound."""
        self._check(experiment_id)
        wanted = [kind for kind in kinds or _EVENTS if kind in _EVENTS]
        if not wanted:
            return {"events": [], "more": False}
        found = asked.list_events(self.store, experiment_id, kinds=wanted, **page)
        return {
            "events": [
                {"position": event["position"], "content": _only(event["content"], _EVENTS[event["content"]["kind"]])}
                for event in found["events"]
            ],
            "more": found["more"],
        }

    def index(self, experiment_id: str, *, after: int = 0) -> dict[str, Any]:
        """Media by step, and the confusion of labels: what stands beside the curves. Raises ExperimentNotFound."""
        self._check(experiment_id)
        found = list_index(self.store, experiment_id, kinds=[MEDIA, RECORD], after=after)
        shown = [entry for entry in found["entries"] if self._is_shown(entry["kind"], entry["name"])]
        return {**found, "entries": shown}

    def held(self, experiment_id: str, *, writer_id: str, seq: int) -> dict[str, Any]:
        """One of these, with its content. Raises NotFound, the same whether it is not there or not shown."""
        self._check(experiment_id)
        found = read_event(self.store, experiment_id, writer_id=writer_id, seq=seq)
        content = found["content"]
        if not self._is_shown(content.get("kind"), content.get("record")):
            raise NotFound("this link shows no such entry")
        return found

    def holds(self) -> dict[str, bool]:
        """Whether any of these has media or artifacts to show: a page has no tab for none."""

        def any_has(*kinds: str) -> bool:
            return any(self.store.events(each.experiment_id, kinds=kinds, limit=1) for each in self.records)

        return {
            "media": self.media_shown and any_has(MEDIA),
            "artifacts": self.artifacts_shown and any_has(ARTIFACT, ARTIFACT_USED),
        }

    def media(self, experiments: Sequence[str]) -> dict[str, Any]:
        """As `list_media`. Raises ExperimentNotFound for the first that is not shown; NotFound: no media are."""
        self._check_media()
        self.check_all(tuple(experiments))
        return list_media(self.store, experiments)

    def contents(self, wanted: Sequence[tuple[str, str, int]]) -> dict[str, Any]:
        """As `read_contents`, None too for what is not shown. Raises as `media`."""
        self._check_media()
        self.check_all(tuple({experiment_id: None for experiment_id, _, _ in wanted}))
        found = read_contents(self.store, wanted)["contents"]
        return {"contents": [each if each and each.get("kind") == MEDIA else None for each in found]}

    def type_of_file(self, sha256: str) -> str:
        """The type of a file that media of these experiments show, or one of their artifacts that lies here holds.

        Nothing of others, and no file is fetched from a repo for an artifact. Raises NotFound.
        """
        for citation in self.store.citing(sha256):
            is_medium = self.media_shown and citation.kind == MEDIA
            if (is_medium or self._is_held(citation.kind, sha256)) and self.has(citation.experiment_id):
                return citation.blob.mime
        raise NotFound("this link shows no such file")

    def _is_held(self, kind: str, sha256: str) -> bool:
        return self.artifacts_shown and kind == ARTIFACT and self.store.files.path(sha256) is not None

    def _check_media(self) -> None:
        if not self.media_shown:
            raise NotFound("this link shows no media")

    def _is_shown(self, kind: Any, name: Any) -> bool:
        return bool((kind == MEDIA and self.media_shown) or (kind == RECORD and name in _RECORDS))

    def metrics(self) -> list[dict[str, Any]]:
        """The metrics of all that is shown, in the page's order."""
        by_project: dict[str, list[str]] = {}
        for record in self.records:
            by_project.setdefault(record.project, []).append(record.experiment_id)
        merged: dict[str, dict[str, Any]] = {}
        for project, ids in by_project.items():
            for metric in list_metrics(self.store, project, ids)["metrics"]:
                known = merged.setdefault(metric["metric"], {**metric, "experiments": 0, "points": 0})
                known["experiments"] += metric["experiments"]
                known["points"] += metric["points"]
        return list(merged.values())

    def check_all(self, experiments: tuple[str, ...]) -> None:
        """Raises ExperimentNotFound for the first that the link does not show."""
        for each in experiments:
            self._check(each)

    def _check(self, experiment_id: str) -> None:
        if not self.has(experiment_id):  # the same words whether it exists elsewhere or nowhere
            raise ExperimentNotFound(f"this link shows no experiment {experiment_id!r:.160}")


def _existing(store: Store, experiment_id: str) -> ExperimentRecord | None:
    try:
        record = store.experiment(experiment_id)
        return record if record.binned is None else None
    except ExperimentNotFound:
        return None


def _without(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(item, names) for name, item in value.items() if name not in names}
    return [_without(item, names) for item in value] if isinstance(value, list) else value


def _only(content: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    kept = {name: content[name] for name in names if name in content}
    for name in ("message", "evidence", "title"):
        if isinstance(kept.get(name), str):
            kept[name] = kept[name][:_MOST_TEXT]
    return kept
