"""LoggedRun: an experiment as W&B's and Trackio's `Api` gives it: what LoggedExperiment tells, in their words."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from trackio_client.errors import MissingExtra, UsageError
from trackio_client.reader.experiment import LoggedExperiment
from trackio_client.reader.run_files import RunFile, files_of
from trackio_client.reader.run_history import rows_of, sampled
from trackio_client.reader.run_summary import Closing, RunSummary
from trackio_client.wire import events
from trackio_client.wire.asks import SeriesQuery

if TYPE_CHECKING:
    from trackio_client.reader.api import Api

MOST_TEXTS: Final = 2_000
"""Newest texts among which the last of each name is looked for."""
STATES: Final = {"interrupted": "killed", "lost_contact": "crashed", "paused": "running"}
"""W&B's words for ours; the others are the same."""


class LoggedRun(LoggedExperiment):
    """One experiment, as a run. `experiment_state` is our own word for its state."""

    _config: dict[str, Any] | None = None
    _summary: RunSummary | None = None

    def __init__(self, api: Api, listed: dict[str, Any], detail: dict[str, Any] | None = None) -> None:
        super().__init__(api, listed, detail)
        self._edits: dict[str, Any] = {}

    # --- who it is ------------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        return self.experiment_id

    @property
    def storage_id(self) -> str:
        return self.experiment_id

    @property
    def name(self) -> str:
        return str(self._edits.get("name", self._listed["name"]))

    @name.setter
    def name(self, name: str) -> None:
        self._edits["name"] = events.checked_name(name, "name")

    display_name = name

    @property
    def entity(self) -> str:
        return self._api.default_entity

    @property
    def path(self) -> list[str]:
        return [part for part in (self.entity, self.project, self.id) if part]

    @property
    def state(self) -> str:
        """In W&B's words: running, finished, failed, crashed (lost contact), killed (interrupted)."""
        return STATES.get(self.experiment_state, self.experiment_state)

    @property
    def experiment_state(self) -> str:
        """In ours: running, finished, failed, interrupted, lost_contact, paused."""
        return str(self._listed["state"])

    status = state

    @property
    def tags(self) -> list[str]:
        if "tags" not in self._edits:
            self._edits["tags"] = list(self._listed.get("tags") or ())
        tags: list[str] = self._edits["tags"]
        return tags

    @tags.setter
    def tags(self, tags: Sequence[str]) -> None:
        self._edits["tags"] = [events.checked_name(tag, "a tag") for tag in tags]

    @property
    def notes(self) -> str | None:
        if "notes" in self._edits:
            return str(self._edits["notes"])
        notes = self._full().get("notes")
        return None if notes is None else str(notes)

    @notes.setter
    def notes(self, notes: str) -> None:
        self._edits["notes"] = str(notes)

    @property
    def group(self) -> str | None:
        group = self._edits.get("group", self._listed.get("group"))
        return None if group is None else str(group)

    @group.setter
    def group(self, group: str | None) -> None:
        self._edits["group"] = group

    @property
    def created_at(self) -> str:
        """ISO 8601, UTC."""
        return datetime.datetime.fromtimestamp(self.created_s, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def heartbeat_at(self) -> str:
        return datetime.datetime.fromtimestamp(self.last_event_s, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    createdAt, heartbeatAt = created_at, heartbeat_at  # noqa: N815 (W&B's names)

    @property
    def lastHistoryStep(self) -> int:  # noqa: N802 (W&B's name)
        return -1 if self.last_step is None else self.last_step

    @property
    def url(self) -> str | None:
        """Where to watch it; None for a store on this machine."""
        if "://" not in self._api.address:
            return None
        from urllib.parse import urlencode

        return f"{self._api.address}/?{urlencode({'project': self.project, 'experiment': self.id})}"

    @property
    def metadata(self) -> dict[str, Any]:
        """The environment that was captured."""
        return self.environment

    sweep = None
    user = None

    # --- what it holds --------------------------------------------------------------------------------------------

    @property
    def config(self) -> dict[str, Any]:
        """A dict: what is changed in it is kept by `update()`."""
        if self._config is None:
            self._config = dict(super().config)
        return self._config

    @property
    def rawconfig(self) -> dict[str, Any]:
        return self.config

    @property
    def json_config(self) -> str:
        """The configuration as W&B's JSON, each value under `value`."""
        import json

        return json.dumps({key: {"value": value} for key, value in self.config.items()}, default=str)

    @property
    def summary(self) -> Any:
        """Last values and texts by name, what was set by hand, and `_step`, `_runtime`, `_timestamp`."""
        if self._summary is None:
            told = LoggedExperiment.summary.__get__(self)
            by_hand = self._by_hand()
            for name in self._defined_by_first():
                if name not in by_hand:
                    told[name] = {**told[name], **dict.fromkeys(("shown", "first"), self._first(name))}
            values = {name: v if name in by_hand else Closing.of(v) for name, v in told.items()}
            values = {name: value for name, value in values.items() if value is not None}
            values |= {"_step": self.lastHistoryStep, "_runtime": self.duration_s, "_timestamp": self.last_event_s}
            self._summary = RunSummary(values, self._last_texts)
            self._summary._send = lambda changed: self._append(events.SUMMARY, values=changed, edited=True)
        return self._summary

    def _last_texts(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for event in self._api.source.events(self.id, [events.TEXT], newest=MOST_TEXTS):
            found |= events.revive(event["content"].get("values") or {})
        return found

    def _defined_by_first(self) -> list[str]:
        """The metrics whose number is their first value: no store keeps that beside the points."""
        said = ((name, str(each.get("summary"))) for name, each in self.definitions.items())
        return [name for name, words in said if words.partition(",")[0] == "first" and name in self._computed()]

    def _first(self, name: str) -> float:
        step = self._computed()[name]["first_step"]
        query = SeriesQuery(experiments=(self.id,), metrics=(name,), from_x=step, to_x=step)
        (series,) = self._api.source.series(query).values()
        return float(series.values[0])

    @property
    def summary_metrics(self) -> dict[str, Any]:
        return dict(self.summary)

    def history(
        self,
        samples: int | Sequence[str] | None = 500,
        keys: Sequence[str] | None = None,
        x_axis: str = "_step",
        pandas: bool = True,
        stream: str = "default",
    ) -> Any:
        """A row a step with `_step`, `_timestamp`, `_runtime` and the metrics.

        Args:
            samples: at most so many rows, evenly chosen, first and last among them; None is all.
            keys: these metrics, and only rows that have all of them; None is all but hardware's.
            x_axis: "_step", "_timestamp", "_runtime" or a metric that rows are ordered by and must have.
            pandas: a DataFrame; False is a list of dicts.
            stream: "system" for hardware's.

        Raises:
            MissingExtra: pandas is not installed. MetricNotFound: with the names that exist.
        """
        if samples is not None and not isinstance(samples, int):  # LoggedExperiment's argument
            samples, keys = None, samples
        rows = sampled(rows_of(self, keys, stream=stream), samples, x_axis)
        if not pandas:
            return rows
        try:
            import pandas as frames
        except ImportError:
            raise MissingExtra("history()", "pandas", "pandas") from None
        names = dict.fromkeys(name for row in rows for name in row)
        return frames.DataFrame(rows, columns=["_step", *(name for name in names if name != "_step")])

    def scan_history(
        self,
        keys: Sequence[str] | None = None,
        page_size: int = 1000,
        min_step: int | None = None,
        max_step: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Every row, a step after the other: {"_step", "_timestamp", "_runtime", metric: value}.

        Args:
            keys: these metrics, and only rows that have all of them.
            page_size: taken for scripts that give it.
            min_step: the first step.
            max_step: the first step that is not wanted any more.
        """
        return iter(rows_of(self, keys, from_step=min_step, to_step=None if max_step is None else max_step - 1))

    def files(self, names: Sequence[str] | None = None, per_page: int = 50, **others: Any) -> list[RunFile]:
        """The files that it saved, and those of its media."""
        found = files_of(self)
        wanted = [names] if isinstance(names, str) else names
        return found if not wanted else [one for one in found if one.name in wanted]

    def file(self, name: str) -> RunFile:
        """One file by its name. Raises NotFound, with names that exist."""
        return files_of(self, name)[0]

    def logged_artifacts(self, per_page: int = 100) -> list[Any]:
        """The artifacts that it logged."""
        return self._artifacts("logged")

    def used_artifacts(self, per_page: int = 100) -> list[Any]:
        """The artifacts that it used."""
        return self._artifacts("used")

    def _artifacts(self, which: str) -> list[Any]:
        from trackio_client.artifacts.artifact import Artifact

        told = self._api.source.experiment_artifacts(self.id)
        return [Artifact.of(one, lambda: self._api.source) for one in told[which]]

    @property
    def may_have_alerts(self) -> bool:
        """Whether its row tells of alerts; a server that does not say how many there are must be asked."""
        return bool(self._listed.get("alert_count", 1))

    def alerts(self, level: str | None = None, since: float | None = None) -> list[dict[str, Any]]:
        """What was told by `alert`: {"title", "text", "level", "step", "time_s"}, the oldest first."""
        found = []
        for event in self._api.source.events(self.id, [events.MARK]):
            told = events.revive(event["content"])
            data = told.get("data") or {}
            if told.get("mark") == "alert":
                one = {"title": told.get("title"), "text": data.get("text"), "level": data.get("level")}
                found.append({**one, "step": told.get("step"), "time_s": told["time_us"] / 1e6})
        wanted = None if level is None else str(level).lower()
        return [o for o in found if wanted in (None, o["level"]) and (since is None or o["time_s"] > since)]

    # --- changing it ----------------------------------------------------------------------------------------------

    def update(self) -> None:
        """Keep what was set: name, tags, notes, group, configuration and summary."""
        edits = {key: value for key, value in self._edits.items() if value != (self._full().get(key) or None)}
        if edits:
            self._append(events.EDIT, **edits)
        if self._config is not None:
            before = LoggedExperiment.config.__get__(self)
            changed = {key: value for key, value in self._config.items() if key not in before or before[key] != value}
            removed = [key for key in before if key not in self._config]
            if changed or removed:
                self._append(events.CONFIG, values=changed, removed=removed, edited=True)
        if self._summary is not None:
            self._summary.update()
        self.refresh()
        self._edits, self._config, self._summary = {}, None, None

    save = update

    def rename(self, name: str) -> None:
        """Give it another name, at once."""
        self.name = name
        self.update()

    def delete(self, delete_artifacts: bool = False) -> None:
        """Put it into the bin, for seven days."""
        self._api.delete(self.id)

    def load(self, force: bool = False) -> dict[str, Any]:
        """Ask again."""
        return self.refresh().as_json()

    def wait_until_finished(self, timeout_s: float | None = None, every_s: float = 1.0) -> None:
        """Ask until it is not running any more."""
        import time

        until = None if timeout_s is None else time.monotonic() + timeout_s
        while self.refresh().state == "running" and (until is None or time.monotonic() < until):
            time.sleep(every_s)

    def _append(self, kind: str, **fields: Any) -> None:
        self._api.append_event(self, {"kind": kind, **fields})

    # --- for filters ----------------------------------------------------------------------------------------------

    def look(self, field: str) -> Any:
        """The value of a field, by the names that W&B's filters use; None where there is none."""
        plain = {
            "display_name": "name", "displayName": "name", "jobType": "job_type", "createdAt": "created_at",
            "username": "user", "heartbeatAt": "heartbeat_at",
        }.get(field, field)  # fmt: skip
        if field.startswith("config."):
            key = field.removeprefix("config.").removesuffix(".value")
            top, _, rest = key.partition(".")  # W&B keeps each setting under `value`: "config.optimizer.value.lr"
            return _below(self.config, f"{top}.{rest.removeprefix('value.')}" if rest else key)
        for prefix in ("summary_metrics.", "summary."):
            if field.startswith(prefix):
                return _below(self.summary, field.removeprefix(prefix))
        if plain in _FIELDS:
            return getattr(self, plain)
        raise UsageError(f"a run has no field {field!r:.80} to ask for. There are {', '.join(_FIELDS)}, config.<key>, "
                         "summary_metrics.<metric>")  # fmt: skip


def _below(values: Mapping[str, Any], key: str) -> Any:
    """What stands under a name, or under a path of names with dots; None where there is nothing."""
    if key in values:
        return values[key]
    found: Any = values
    for part in key.split("."):
        found = found.get(part) if isinstance(found, (Mapping, Closing)) else None
    return found


_FIELDS: Final = (
    "state", "name", "id", "project", "group", "job_type", "tags", "notes", "created_at", "heartbeat_at", "duration_s",
    "user", "experiment_state",
)  # fmt: skip
