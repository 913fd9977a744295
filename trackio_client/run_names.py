"""The names under which scripts written for W&B and Trackio know an experiment: a run.

Each is one property or method over what `Experiment` has; nothing here keeps a truth of its own.
"""

from __future__ import annotations

import datetime
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from trackio_client import clientfile
from trackio_client.alerts import AlertLevel, Alerts
from trackio_client.errors import UsageError
from trackio_client.notebook.card import Card, card_html, card_markdown
from trackio_client.notebook.frame import frame_html, show
from trackio_client.notices import Notices
from trackio_client.settings import is_dataset
from trackio_client.wire import events
from trackio_client.wire.events import checked_name

if TYPE_CHECKING:
    from trackio_client.experiment import Experiment
    from trackio_client.origin import Origin
    from trackio_client.summarizing import Summary
    from trackio_client.writer import Writer


class RunNames:
    """What a run of W&B and Trackio can be asked and told."""

    origin: Origin
    notices: Notices
    summary: Summary
    is_finished: bool
    is_disabled: bool
    _writer: Writer
    _next_step: int
    _alerts: Alerts | None = None
    _noted: dict[str, Any] | None = None
    """What `init` was told that nothing here does (`entity`, `save_code` …)."""
    _began_s: float | None = None
    _watches: list[Any] | None = None

    # --- who it is ------------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        return self.origin.experiment_id

    @property
    def name(self) -> str:
        return self.origin.name

    @name.setter
    def name(self, name: str) -> None:
        self._change(name=checked_name(name, "name"))

    @property
    def project(self) -> str:
        return self.origin.project

    @property
    def entity(self) -> str:
        """Who it belongs to: as `init` was told, else the owner of the Space, else ""."""
        return str(self.noted.get("entity") or (self._space_id or "").partition("/")[0])

    @property
    def path(self) -> str:
        """`entity/project/id`, or `project/id`: `Api().run(path)` finds it."""
        return "/".join(part for part in (self.entity, self.project, self.id) if part)

    @property
    def group(self) -> str | None:
        return self.origin.group

    @property
    def job_type(self) -> str | None:
        return self.origin.job_type

    @property
    def tags(self) -> tuple[str, ...]:
        return self.origin.tags

    @tags.setter
    def tags(self, tags: Iterable[str] | str | None) -> None:
        given = (tags,) if isinstance(tags, str) else tuple(tags or ())
        self._change(tags=tuple(dict.fromkeys(checked_name(tag, "a tag") for tag in given)))

    @property
    def notes(self) -> str | None:
        return self.origin.notes

    @notes.setter
    def notes(self, notes: str | None) -> None:
        self._change(notes=None if notes is None else str(notes)[:65_536])

    def _change(self, **fields: Any) -> None:
        self.origin = replace(self.origin, **fields)
        self.event(events.EDIT, **{key: list(v) if isinstance(v, tuple) else v for key, v in fields.items()})

    @property
    def start_time(self) -> float:
        """When this process began it, seconds since 1970 UTC."""
        if self._began_s is None:
            self._began_s = time.time()
        return self._began_s

    @property
    def resumed(self) -> bool:
        return self.origin.generation > 0

    @property
    def offline(self) -> bool:
        return self._writer.settings.mode == "offline"

    @property
    def disabled(self) -> bool:
        return self.is_disabled

    @property
    def settings(self) -> Any:
        """W&B's settings, filled from ours; reading one that is unknown gives None."""
        from trackio_client.foreign import Settings

        ours = self._writer.settings
        return Settings(
            project=self.project, entity=self.entity, run_id=self.id, run_name=self.name, run_group=self.group,
            run_job_type=self.job_type, run_notes=self.notes, run_tags=self.tags, mode=ours.mode, root_dir=self.dir,
            silent=ours.quiet, base_url=ours.url, **{k: v for k, v in self.noted.items() if k != "entity"},
        )  # fmt: skip

    @property
    def noted(self) -> dict[str, Any]:
        """What `init` was told and only keeps, by name."""
        return {} if self._noted is None else self._noted

    @property
    def sweep_id(self) -> None:
        """None: there are no sweeps."""

    sweep_url = sweep_id

    @property
    def project_url(self) -> str | None:
        """Where to watch the project; None without a Space."""
        url = self.url
        return None if url is None else url.partition("&experiment=")[0]

    def get_url(self) -> str | None:
        """Where to watch it."""
        return self.url

    def get_project_url(self) -> str | None:
        """Where to watch the project."""
        return self.project_url

    def project_name(self) -> str:
        """The project's name, as W&B asked for it once."""
        return self.project

    def status(self) -> dict[str, Any]:
        """Whether all that was logged has arrived: `events_unsent`, 0 when it has."""
        sender = self._writer.sender
        courier = None if sender is None else sender.courier
        unsent = 0 if courier is None else courier.unsent
        return {"sync_items_total": 1, "sync_items_pending": int(bool(unsent)), "events_unsent": unsent}

    # --- what libraries of Trackio's ask --------------------------------------------------------------------------

    @property
    def _space_id(self) -> str | None:
        """`owner/space` when it is logged to a Space on the Hub, else None."""
        return space_id_of(self._writer.settings.url)

    def _label(self, *given: Any, **named: Any) -> None:
        """W&B counts by it which libraries are used. Nothing is counted here."""

    # --- what it tells --------------------------------------------------------------------------------------------

    def alert(
        self,
        title: str,
        text: str = "",
        level: AlertLevel | str | None = None,
        wait_duration: float | datetime.timedelta | None = None,
        webhook_url: str | None = None,
    ) -> None:
        """Note that a person should look at this. Never raises, as `log`.

        Args:
            title: in few words.
            text: in more.
            level: AlertLevel.INFO, WARN or ERROR, or their words; default INFO. An unknown word is a warning.
            wait_duration: seconds (or timedelta) within which another alert of this title is not told.
            webhook_url: kept as a note: alerts stand on the experiment, nothing is sent from a training.
        """
        if self._alerts is None:
            self._alerts = Alerts()
        try:
            degree = AlertLevel.INFO if level is None else AlertLevel(level)
        except ValueError:
            self.notices.warn("alert", f"alert(): level must be info, warn or error, got {level!r:.80}: warn is taken")
            degree = AlertLevel.WARN
        if webhook_url is not None:
            self.notices.warn("webhook", "alert(): webhooks are not called from here; the alert is on the experiment")
        title = str(title)[:256]
        if self._alerts.is_due(title, wait_duration):
            data = {"text": str(text)[:65_536], "level": degree.value}
            self.event(events.MARK, mark="alert", title=title, step=self.last_step, data=data)
            line = f"{degree.value}: {title}" + (f": {text}" if text else "")
            if degree is AlertLevel.INFO:
                self.notices.say(line[:2000])
            else:
                self.notices.warn(f"alert:{title}", line[:2000])

    def log_system(self, metrics: Mapping[str, Any]) -> None:
        """Readings of the machine, at the step that was reached; names without a group get `system/`."""
        named = {name if "/" in str(name) else f"system/{name}": value for name, value in dict(metrics).items()}
        self.log(named, step=self.last_step or 0)  # type: ignore[attr-defined]  # Experiment's

    @property
    def last_step(self) -> int | None:
        """The highest step so far; None before the first."""
        return self._next_step - 1 if self._next_step else None

    def watch(
        self,
        models: Any,
        criterion: Any = None,
        log: str | None = "gradients",
        log_freq: int = 1000,
        idx: int | None = None,
        log_graph: bool = False,
    ) -> None:
        """Log histograms of a model's gradients and parameters. See watching.watch."""
        from trackio_client.watching import watch

        watch(self, models, log=log, log_freq=log_freq, idx=idx, log_graph=log_graph)

    @property
    def watches(self) -> list[Any]:
        """The models that are watched."""
        if self._watches is None:
            self._watches = []
        return self._watches

    def unwatch(self, models: Any = None) -> None:
        """Stop what `watch` began, for some models or all."""
        from trackio_client.watching import unwatch

        unwatch(self, models)

    def go_back_to(self, step: int) -> None:
        """Let the next `log` without a step be of this one: of a step that is logged again the later value stands."""
        self._next_step = step

    def mark_preempting(self) -> None:
        """Note that the machine is about to be taken away."""
        self.event(events.MARK, mark="note", title="preempting", step=self.last_step, data={})

    def join(self, exit_code: int | None = None) -> None:
        """The same as finish, as W&B called it once."""
        self.finish(exit_code=exit_code)  # type: ignore[attr-defined]  # Experiment's

    # --- in a notebook --------------------------------------------------------------------------------------------

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        """A frame with its page; of one that is kept on this machine its card."""
        if self.url is None:
            return card_html(self._card())
        return frame_html(self.url, self.name, height=height, hidden=hidden)

    def display(self, height: int = 420, hidden: bool = False) -> bool:
        """Show its page in a notebook; False where there is none."""
        return show(self.to_html(height, hidden))

    def _repr_html_(self) -> str:
        """A card of what this process knows, without a network; where there is a page, its frame to open."""
        card = card_html(self._card())
        return card if self.url is None else card + frame_html(self.url, f"{self.name}: live charts", hidden=True)

    def _repr_markdown_(self) -> str:
        return card_markdown(self._card())

    def _card(self) -> Card:
        from trackio_client.cards import live_card  # here: it reads back what was logged, which a training never does

        return live_card(cast("Experiment", self))

    if TYPE_CHECKING:

        @property
        def url(self) -> str | None: ...
        @property
        def dir(self) -> str: ...

        def event(self, kind: str, **fields: Any) -> None: ...


def space_id_of(url: str | None) -> str | None:
    """`owner/space` of what a user gave as a Space; of a bare address only what `deploy` noted here. Never guessed."""
    if url is None or is_dataset(url):
        return None
    if named := _SPACE.fullmatch(url.strip()):
        return named[1]
    try:
        known = clientfile.find(url)
    except UsageError:  # a damaged file is `trackio-client config`'s business
        return None
    return None if known is None else known.space


_SPACE = re.compile(r"(?:https?://(?:www\.)?huggingface\.co/spaces/)?([A-Za-z0-9][\w.\-]*/[A-Za-z0-9][\w.\-]*)/?")
