"""Waiting until a Space answers: the stages that the Hub tells, then our own health."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from trackio_client.errors import HubAway, HubBusy, HubError, HubRefused
from trackio_client.hub.spaces.api import SpaceHub
from trackio_client.hub.spaces.asking import Answer, ask

TIMEOUT_S: Final = 900.0
"""Longest wait: a first build installs Gradio and pyarrow, some minutes; the platform itself gives up after 30."""
BETWEEN_S: Final = 3.0
SETTLING_S: Final = 20.0
"""After an upload the Hub may still tell the stage of before: until then neither RUNNING nor an error counts."""
_FAILED: Final = {
    "BUILD_ERROR": ("its build failed", "build"),
    "CONFIG_ERROR": ("the Hub does not accept its card", "build"),
    "NO_APP_FILE": ("the Hub finds no app.py in it", "build"),
    "RUNTIME_ERROR": ("it stopped as soon as it had started", "container"),
}
_WORDS: Final = {
    "BUILDING": "building",
    "RUNNING_BUILDING": "building, the old one still runs",
    "APP_STARTING": "starting",
    "RUNNING_APP_STARTING": "starting, the old one still runs",
    "RUNNING": "running",
    "SLEEPING": "asleep, waking it",
}


Probe = Callable[..., Answer]
"""As `asking.ask`."""


class NotUp(HubError):
    """The Space did not answer in time, or failed. The text says where its logs are."""


def wait_until_it_answers(
    hub: SpaceHub,
    space: str,
    address: str,
    *,
    commit: str | None,
    token: str | None,
    timeout_s: float = TIMEOUT_S,
    say: Callable[[str], None] = lambda text: None,
    wait: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    probe: Probe | None = None,
) -> None:
    """Return when the Space runs what was uploaded and takes our token.

    Args:
        hub: asks after the stage.
        space: `owner/name`.
        address: where it will answer.
        commit: what was uploaded just now; None if nothing was, and the Space that is there will do.
        token: the write token, None if it is not known here (then its health is asked alone).
        timeout_s: longest wait.
        say: told each change of stage.
        wait: sleeps between two looks.
        clock: seconds, any origin.
        probe: asks the Space itself.

    Raises:
        NotUp: it failed, or `timeout_s` passed.
    """
    probe = probe or ask
    begun, stage, seen, trouble = clock(), "", commit is None, ""
    while True:
        try:
            runtime = hub.runtime(space)
        except HubRefused:
            raise
        except (HubBusy, HubAway) as error:
            runtime, trouble = {}, str(error)
        now = str(runtime.get("stage") or "")
        if now and now != stage:
            stage = now
            say(f"  {_WORDS.get(stage, stage.lower().replace('_', ' '))}")
        settled = seen or clock() - begun >= SETTLING_S
        seen = seen or (bool(now) and now not in _FAILED and now != "RUNNING") or runtime.get("sha") == commit
        if settled and now in _FAILED:
            why, log = _FAILED[now]
            raise NotUp(f"{space} does not run: {why} ({now}). {_message(runtime)}Its log: {logs_of(hub, space, log)}")
        if now in ("PAUSED", "STOPPED"):
            raise NotUp(f"{space} is {now.lower()}. Start it in its settings: {hub.endpoint}/spaces/{space}/settings")
        if (seen or settled) and now in ("RUNNING", "SLEEPING") and _is_new(runtime, commit):
            trouble = _ready(probe, address, token, hub.token)
            if not trouble:
                return
        if clock() - begun >= timeout_s:
            raise NotUp(
                f"{space} did not answer within {timeout_s:.0f} s (stage {stage or 'unknown'}). "
                f"{trouble + '. ' if trouble else ''}It may still come: its log is at "
                f"{logs_of(hub, space, 'container')}; then run the same command again"
            )
        wait(BETWEEN_S)


def logs_of(hub: SpaceHub, space: str, kind: str) -> str:
    """Where people read a Space's log: of its build or of the running container."""
    return f"{hub.endpoint}/spaces/{space}?logs={kind}"


def _is_new(runtime: dict[str, Any], commit: str | None) -> bool:
    """Whether what runs is what was uploaded, where the Hub says which commit runs."""
    sha = runtime.get("sha")
    return commit is None or sha is None or sha == commit


def _message(runtime: dict[str, Any]) -> str:
    text = " ".join(str(runtime.get("errorMessage") or "").split())[:300]
    return f"The Hub says: {text}. " if text else ""


def _ready(probe: Probe, address: str, token: str | None, hub_token: str | None) -> str:
    """What is still amiss with the Space's own answers; "" if nothing is."""
    health = probe(f"{address}/v1/health", token=token, hub_token=hub_token)
    if not health.is_ours:
        return f"at {address} somebody answers, but not as Trackio does ({health.said})"
    if health.status != 200:
        return f"it says: {health.said}"
    if token is not None:
        listed = probe(f"{address}/v1/projects", token=token, hub_token=hub_token)
        if listed.status in (401, 403):
            return "it does not take the write token that was set: it may still run with the one before"
    return ""


def wait_until_page(
    hub: SpaceHub,
    space: str,
    *,
    timeout_s: float = 120.0,
    wait: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Return when the Hub serves a static Space. Raises NotUp, HubError."""
    begun = clock()
    while True:
        runtime = hub.runtime(space)
        stage = str(runtime.get("stage") or "")
        if stage == "RUNNING":
            return
        if clock() - begun >= timeout_s or (stage in _FAILED and clock() - begun >= SETTLING_S):
            why = _FAILED.get(stage, ("it may still come", ""))[0]
            raise NotUp(
                f"the page of {space} is not served yet (stage {stage or 'unknown'}): {why}. {_message(runtime)}"
            )
        wait(BETWEEN_S)
