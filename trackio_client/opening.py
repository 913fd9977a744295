"""init: from arguments and environment to a running experiment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from trackio_client.agreement import compare_soon
from trackio_client.capture.ranks import ranks_of
from trackio_client.capture.workers import data_worker
from trackio_client.configuration import as_mapping
from trackio_client.delivery.replay import known_here, sync
from trackio_client.delivery.transport import Known, Transport
from trackio_client.errors import DeliveryError, ExperimentNotFound, StoreError, UsageError
from trackio_client.experiment import Experiment
from trackio_client.foreign import takes_foreign_names
from trackio_client.homes import expanded
from trackio_client.joining import Joining, join
from trackio_client.lifecycle import process
from trackio_client.masking import Masker
from trackio_client.notices import Notices, in_notebook
from trackio_client.origin import Origin, friendly_name
from trackio_client.pushes import Pushes
from trackio_client.route import Route, route_of
from trackio_client.sensible import sensible
from trackio_client.settings import MODES, Settings, is_dataset, settings_from, space_at
from trackio_client.values import jsonable
from trackio_client.wire import events
from trackio_client.wire.events import checked_name, checked_step, is_id, new_experiment_id
from trackio_client.writer import Writer

LOOK_UP_S = 10.0
"""Longest wait for what a resume must know from the store."""


@takes_foreign_names
def init(
    project: str | None = None,
    name: str | None = None,
    *,
    config: Any = None,
    group: str | None = None,
    tags: Iterable[str] | str | None = None,
    notes: str | None = None,
    job_type: str | None = None,
    resume: str | bool = "never",
    fork_from: str | None = None,
    mode: str | None = None,
    trackio_url: str | None = None,
    trackio_token: str | None = None,
    hf_token: str | None = None,
    dataset_repo: str | None = None,
    monitoring_mode: str | None = None,
    experiment_id: str | None = None,
    project_name: str | None = None,
    experiment_name: str | None = None,
    directory: str | Path | None = None,
    capture_console: bool | None = None,
    hardware_s: float | None = None,
    quiet: bool | None = None,
    transport: Callable[[], Transport] | None = None,
    **others: Any,
) -> Experiment:
    """Begin an experiment (or go on with one) and make it the current one. Without arguments it works too.

    Args:
        project: holds experiments; default TRACKIO_PROJECT, else the name of the working folder.
        name: for people; default two words and a number.
        group: experiments that belong together; `job_type` says what this one is among them.
        job_type: "train", "eval" …
        tags: short texts to find it by.
        notes: a longer text.
        config: mapping, dataclass or namespace of settings. Secrets in it are masked.
        resume: "never"; "allow" goes on with the experiment of this `experiment_id` or `name` if there is one;
            "must" insists; True or "auto" is "allow", and without id and name takes the newest of the project unless
            it finished. Any other text is an id or a name that must exist.
        fork_from: "ID@STEP": a new experiment that begins where another one was at a step.
        mode: "online", "offline" (keep everything here until `trackio-client sync`), "disabled" (record nothing).
        trackio_url: address, `owner/space`, or hf://datasets/owner/name; default TRACKIO_URL; none is the store on
            this machine.
        trackio_token: the Space's write token; default TRACKIO_TOKEN, else TRACKIO_WRITE_TOKEN.
        hf_token: for the dataset repo and the gate of a private Space; default HF_TOKEN, else the Hub's own log-in.
        dataset_repo: `owner/name` on the Hub; default TRACKIO_DATASET_REPO. Without a Space, a process beside this one
            pushes there; with one it is the Space that does, and is asked whether it is this repo.
        monitoring_mode: "both", "dataset" (no Space), "trackio" (the Space alone), "none" (this machine alone);
            default MONITORING_MODE.
        experiment_id: an id of your own, or of the experiment to resume.
        project_name: the same as `project`.
        experiment_name: the same as `name`.
        directory: where log and local store lie; default TRACKIO_DIR.
        capture_console: record stdout and stderr; default TRACKIO_CAPTURE_CONSOLE, else yes.
        hardware_s: seconds between readings of GPU, CPU and memory; default TRACKIO_HARDWARE_S, 10. 0 is never.
        quiet: print warnings only; default TRACKIO_QUIET.
        transport: makes the transport instead; for tests and programs that bring their own.
        **others: what W&B and Trackio take (`entity`, `id`, `dir`, `space_id` …: docs/from-wandb.md) is mapped onto
            these; anything else is kept in the configuration, and said.

    Raises:
        UsageError: arguments that cannot be right. ExperimentNotFound: resume="must", and there is none.
    """
    if resume in ("never", False, None) and experiment_id is None and fork_from is None:
        named = _either("name", name, experiment_name)
        if (shared := _of_monitor(named, _either("project", project, project_name))) is not None:
            return shared
    if mode in (*MODES, "local"):  # S1's words for monitoring_mode
        mode, monitoring_mode = None, monitoring_mode or ("none" if mode == "local" else mode)
    settings = settings_from(
        forgives=True,
        url=trackio_url,
        token=trackio_token,
        hub_token=hf_token,
        dataset_repo=dataset_repo,
        monitoring_mode=monitoring_mode,
        mode=mode,
        directory=expanded(str(directory)) if directory else None,
        console=capture_console,
        hardware_s=hardware_s,
        quiet=quiet,
    )
    is_url_ours = not str(trackio_url or "").strip() and not str(dataset_repo or "").strip()
    settings = sensible(settings, is_url_ours=is_url_ours)
    settings = replace(settings, directory=settings.directory.absolute())  # a later chdir must not move the spool
    if worker := data_worker():
        if process.current is not None:  # a fork: it writes for the experiment of its parent
            return process.current
        settings = replace(settings, mode="disabled")
    kept = space_at(settings.url, settings)[1] if settings.url and not is_dataset(settings.url) else None
    masker = Masker([settings.token, kept, settings.hub_token])
    notices = Notices(is_quiet=settings.quiet, mask=masker.text)
    for warning in settings.warnings:
        notices.warn(f"settings:{warning}", warning)
    if worker.startswith("a worker"):
        notices.warn("worker", f"init() in {worker}: nothing is recorded here. Call it where the training is")
    named_config: Mapping[str, Any] = {} if config is None else as_mapping(config)
    if others:
        notices.warn("arguments", f"init() does not know {', '.join(sorted(others))}; kept in the configuration")
        named_config = {**named_config, **others}
    route = route_of(settings, transport)
    origin = Origin(
        experiment_id=_new_id(experiment_id),
        project=checked_name(_first(_either("project", project, project_name), settings.project, _folder()), "project"),
        name=checked_name(_first(_either("name", name, experiment_name), settings.name, friendly_name()), "name"),
        group=None if group is None else checked_name(group, "group"),
        job_type=None if job_type is None else checked_name(job_type, "job_type"),
        tags=_tags(tags),
        notes=None if notes is None else str(notes)[:65_536],
        config=named_config,
        parent=_parent(fork_from),
        masker=masker,
        with_personal=settings.personal,
        ranks=ranks_of(),
    )
    if origin.parent is not None:
        origin = replace(origin, first_step=origin.parent[1] + 1)
    if settings.mode != "disabled":
        named = _either("name", name, experiment_name) or settings.name
        key = experiment_id or _either("name", name, experiment_name) or ""

        def resumed(origin: Origin, again: str | None) -> Origin:
            """As the user asked, or the experiment whose ranks were all started again."""
            asked = (resume, key) if again is None else ("allow", again)
            return _resumed(origin, *asked, settings, route, notices)

        is_project_asked = (project or project_name or settings.project) is not None
        asked = Joining(origin.project, named, experiment_id, is_project_asked)
        origin = join(origin, origin.ranks, asked, settings, notices, resumed=resumed)
    if transport is None:
        compare_soon(settings, notices)
    return _begin(origin, settings, route, notices)


def _begin(
    origin: Origin, settings: Settings, route: Route, notices: Notices, *, is_going_on: bool = False
) -> Experiment:
    if in_notebook() and process.current is not None and not process.current.is_finished:
        notices.say(f"finishing {process.current.name!r}, which was still open, before {origin.name!r} begins")
        process.current.finish()
    writer = Writer(origin, settings, route, notices)
    experiment = Experiment(origin, writer, notices, first_step=origin.first_step)
    if settings.mode == "disabled":
        experiment.disable()
        process.add(experiment)
        return experiment
    experiment.event(events.START, **origin.start_event(jsonable(dict(origin.config))))
    if settings.console and (origin.speaks or settings.ranks == "all"):  # else every rank's progress bar, many times
        writer.capture_console()
    if settings.environment and not is_going_on:
        writer.capture_environment()
    if settings.ranks == "main" and not origin.speaks:
        experiment.mute()
    process.add(experiment)
    experiment.hardware.start(settings.hardware_s)
    notices.say(_welcome(experiment, route, settings))
    return experiment


def _of_monitor(name: str | None, project: str | None) -> Experiment | None:
    """The experiment of a monitor that the script made, if `init` asks for none of another name: one a process."""
    monitor = process.monitor
    if monitor is None or not monitor.is_of_script or monitor.experiment.is_finished:
        return None
    experiment: Experiment = monitor.experiment
    is_same = name == experiment.name or (name is None and project in (None, experiment.project))
    if is_same:
        process.add(experiment)
        experiment.notices.say(f"init() goes on with {experiment.name!r}, which a monitor of this process began")
    return experiment if is_same else None


def go_on(experiment: Experiment) -> Experiment:
    """A finished experiment of this process, open again: the same id, its next generation, steps and place go on."""
    origin, writer = experiment.next_generation()
    return _begin(origin, writer.settings, writer.route, experiment.notices, is_going_on=True)


def _welcome(experiment: Experiment, route: Route, settings: Settings) -> str:
    head = f"{experiment.name!r} ({experiment.experiment_id}) in project {experiment.project!r}"
    if experiment.step:
        head += f", from step {experiment.step}"
    if not experiment._writer.is_awake:
        return f"{head}\nnothing is recorded yet: no log could be opened"
    if settings.mode == "offline":
        return f"{head}\noffline: kept in {settings.spool_path}; to send it: trackio-client sync"
    if route.staging is not None:
        return f"{head}\nkept in {route.staging.directory}, and pushed to {experiment.url} by a process of its own"
    if experiment.url:
        return f"{head}\nwatch it at {experiment.url}"
    return f"{head}\nkept in {settings.store_path}; to look at it: trackio-client ui"


# --- resume --------------------------------------------------------------------------------------------------------


def _resumed(
    origin: Origin, resume: str | bool, key: str, settings: Settings, route: Route, notices: Notices
) -> Origin:
    """The origin to go on with: of the experiment that is resumed, or the new one as it is."""
    if resume in (False, None, "never", ""):
        return origin
    must = resume == "must"
    is_auto = resume in (True, "auto")
    if not (must or is_auto or resume == "allow"):
        key, must = str(resume), True
    if not key and must:
        raise UsageError("resume='must' needs the name or the experiment_id of what to resume")
    if not key and not is_auto:
        return origin
    found = _find(origin.project, key, settings, route, notices)
    if found is None or (is_auto and not key and found.state == "finished"):
        if must:
            raise ExperimentNotFound(
                f"there is no experiment {key!r} in project {origin.project!r} to resume. "
                "Give resume='allow' to begin it, or `trackio-client list` shows what there is"
            )
        return origin
    return replace(
        origin,
        experiment_id=found.experiment_id,
        name=found.name,
        generation=found.generation + 1,
        first_step=0 if found.last_step is None else found.last_step + 1,
    )


def _find(project: str, key: str, settings: Settings, route: Route, notices: Notices) -> Known | None:
    """What store and local spools know together. Logs that an earlier process left are sent first."""
    here = known_here(settings.spool_path, project, key)
    there: Known | None = None
    transport = route.make()
    if transport is not None:
        if here is not None:
            for receipt in sync(settings.spool_path, route.transport_for, experiment_id=here[0], timeout_s=LOOK_UP_S):
                if text := receipt.lost_text():
                    notices.warn(f"missing:{receipt.experiment_id}", text)
        if route.staging is not None:  # what another machine pushed is known here after the pusher has read the repo
            Pushes(route.staging, settings, notices.warn).start()
        until, pause = time.monotonic() + LOOK_UP_S, 0.2
        while True:
            try:
                there = transport.find(project, key)
                break
            except (DeliveryError, StoreError) as error:
                if time.monotonic() + pause > until:
                    notices.warn(
                        "resume", f"{error}. What to resume is taken from this machine alone; give steps yourself"
                    )
                    break
                time.sleep(pause)
                pause *= 2
        transport.close()
    if here is None:
        return there
    if there is None:
        return Known(experiment_id=here[0], project=project, name=here[1], generation=here[2], last_step=here[3])
    if there.experiment_id != here[0]:
        return there
    steps = [step for step in (there.last_step, here[3]) if step is not None]
    return replace(there, generation=max(there.generation, here[2]), last_step=max(steps, default=None))


# --- arguments -----------------------------------------------------------------------------------------------------


def _either(what: str, first: str | None, second: str | None) -> str | None:
    if first is not None and second is not None and first != second:
        raise UsageError(f"{what} was given twice, as {first!r} and {second!r}")
    return first if first is not None else second


def _first(*given: str | None) -> str:
    """The first that is not None: an empty text is a mistake to be told, not "not given"."""
    return next(text for text in given if text is not None)


def _folder() -> str:
    return Path.cwd().name.strip() or "default"


def _new_id(given: str | None) -> str:
    if given is None:
        return new_experiment_id()
    if not isinstance(given, str) or not is_id(given):
        raise UsageError(f"experiment_id must be 1 to 128 letters, digits, '_', '-' or '.', got {given!r:.160}")
    return given


def _tags(tags: Iterable[str] | str | None) -> tuple[str, ...]:
    given = [tags] if isinstance(tags, str) else list(tags or ())
    return tuple(dict.fromkeys(checked_name(tag, "a tag") for tag in given))


def _parent(fork_from: str | None) -> tuple[str, int] | None:
    if fork_from is None:
        return None
    parent, mark, step = str(fork_from).rpartition("@")
    if not mark or not is_id(parent) or not step.isdecimal():
        raise UsageError(f"fork_from must be 'EXPERIMENT_ID@STEP', got {fork_from!r:.160}")
    return parent, checked_step(int(step))
