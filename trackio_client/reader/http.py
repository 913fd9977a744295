"""A Space as a source of answers, over its HTTP API (docs/protocol.md)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx
import numpy as np

from trackio_client.blobs import PIECE_BYTES
from trackio_client.delivery.address import is_hub_host, is_this_machine
from trackio_client.delivery.tokens import flaw_of
from trackio_client.errors import (
    ExperimentNotFound,
    Gone,
    NotFound,
    TrackioError,
    Unauthorized,
    Unavailable,
    UsageError,
)
from trackio_client.reader.source import all_pages, number
from trackio_client.store.contract import Series
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.batches import FRAMES_TYPE, Batch, Receipt, pack, receipt_from_json

TIMEOUT_S: Final = 60.0
STARTING_S: Final = 20.0
"""How long to wait for a Space that says it is starting; one that is asleep takes longer and is told as such."""


class HttpSource:
    """Asks a Space. One connection is kept; may be used from several threads."""

    def __init__(
        self,
        address: str,
        *,
        token: str | None = None,
        hub_token: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.address = address
        headers = {"Accept": "application/json", "User-Agent": "trackio-client"}
        if is_this_machine(urlsplit(address).hostname or ""):
            headers["Accept-Encoding"] = "identity"  # packing a million points costs more than copying them
        if flaw := flaw_of(token, "TRACKIO_TOKEN"):
            raise Unauthorized(flaw)
        if token:
            headers["X-Trackio-Token"] = token
        if hub_token and address.startswith("https://") and is_hub_host(address):
            headers["X-HF-Authorization"] = f"Bearer {hub_token}"  # the platform's gate strips it; nobody else sees it
        self._client = httpx.Client(base_url=address, headers=headers, timeout=TIMEOUT_S)
        self._sleep = sleep

    def projects(self) -> list[dict[str, Any]]:
        return list(self._ask("GET", "/v1/projects")["projects"])

    def experiments(self, project: str, *, filter: str = "", archived: bool | None = False) -> list[dict[str, Any]]:
        asked = {"project": project, "archived": {False: "0", None: "1", True: "only"}[archived]}
        asked |= {"filter": filter} if filter else {}
        try:
            return list(self._ask("GET", "/v1/experiments", params=asked)["experiments"])
        except NotFound:  # the only thing that this asks for is the project
            return []

    def experiment(self, experiment_id: str) -> dict[str, Any]:
        return dict(self._ask("GET", _path(experiment_id)))

    def summary(self, experiment_id: str) -> dict[str, Any]:
        return dict(self._ask("GET", _path(experiment_id) + "/summary"))

    def compare(self, experiments: Sequence[str]) -> dict[str, Any]:
        return dict(self._ask("GET", "/v1/compare", params={"experiment": list(experiments)}))

    def snapshot(self, experiments: Sequence[str], *, name: str | None = None, state: str = "") -> bytes:
        params: dict[str, Any] = {"experiment": list(experiments), "state": state}
        return bytes(
            self._ask("GET", "/v1/snapshot.html", as_bytes=True, params=params | ({"name": name} if name else {}))
        )

    def importance(
        self, project: str, metric: str, *, by: str | None = None, experiments: Sequence[str] = ()
    ) -> dict[str, Any]:
        asked = {"project": project, "metric": metric, "experiment": list(experiments)} | ({"by": by} if by else {})
        return dict(self._ask("POST", "/v1/importance", json=asked))

    def compare_groups(
        self, first: Sequence[str], second: Sequence[str], *, metrics: Sequence[str] = (), by: str = "common"
    ) -> dict[str, Any]:
        asked = {"first": list(first), "second": list(second), "metric": list(metrics), "by": by}
        return dict(self._ask("POST", "/v1/groups", json=asked))

    def series(self, query: SeriesQuery) -> dict[tuple[str, str], Series]:
        asked: dict[str, Any] = {"experiment": list(query.experiments), "metric": list(query.metrics), "x": query.x}
        optional = {"max_points": query.max_points, "from_x": query.from_x, "to_x": query.to_x}
        asked |= {name: value for name, value in optional.items() if value is not None}
        if query.repeats:
            asked["repeats"] = 1
        if query.ranks != "mean":
            asked["ranks"] = query.ranks
        # A long list of experiments does not fit an address; the body of a POST takes any.
        content = self._ask("POST", "/v1/series", json=asked)
        return {(str(one["experiment_id"]), str(one["metric"])): _series(one) for one in content["series"]}

    def events(self, experiment_id: str, kinds: Sequence[str], *, newest: int | None = None) -> list[dict[str, Any]]:
        params: dict[str, Any] = {"kind": list(kinds)}
        path = _path(experiment_id) + "/events"
        if newest is not None:
            return list(self._ask("GET", path, params=params | {"limit": newest, "newest": 1})["events"])
        return all_pages(lambda after: dict(self._ask("GET", path, params=params | {"after": after})))

    def artifact(self, wanted: str, project: str | None = None) -> dict[str, Any]:
        params = {} if project is None else {"project": project}
        return dict(self._ask("GET", "/v1/artifacts/" + quote(wanted, safe=""), params=params))

    def artifacts(self, project: str, *, name: str | None = None, type: str | None = None) -> dict[str, Any]:
        params = {key: value for key, value in (("project", project), ("name", name), ("type", type)) if value}
        return dict(self._ask("GET", "/v1/artifacts", params=params))

    def experiment_artifacts(self, experiment_id: str) -> dict[str, Any]:
        return dict(self._ask("GET", _path(experiment_id) + "/artifacts"))

    def views(self, project: str) -> list[dict[str, Any]]:
        return list(self._ask("GET", _views_path(project))["views"])

    def save_view(self, project: str, name: str, address: str) -> dict[str, Any]:
        return dict(self._ask("POST", _views_path(project), json={"name": name, "address": address}))

    def change_view(self, project: str, view_id: str, **changes: Any) -> dict[str, Any]:
        path = f"{_views_path(project)}/{quote(view_id, safe='')}"
        return dict(self._ask("PATCH", path, json=changes))

    def file(self, sha256: str) -> Iterator[bytes]:
        path = "/v1/blobs/" + quote(sha256, safe="")
        deadline = time.monotonic() + STARTING_S
        while True:
            try:
                with self._client.stream("GET", path, headers={"Accept-Encoding": "identity"}) as answer:
                    if answer.status_code == 200 and answer.headers.get("X-Trackio") is not None:
                        yield from answer.iter_raw(PIECE_BYTES)
                        return
                    answer.read()
            except (httpx.HTTPError, OSError) as error:
                raise Unavailable(f"{self.address} cannot be reached: {str(error) or type(error).__name__}") from error
            content = _json(answer)
            if answer.headers.get("X-Trackio") is None:
                raise Unavailable(_strange(self.address, answer))
            if _slug(content) != "starting" or time.monotonic() > deadline:  # it may be on its way from a dataset repo
                raise _problem(answer.status_code, content if isinstance(content, dict) else {}, path)
            self._sleep(min(2.0, _seconds(answer)))

    def receipts(self, experiment_id: str) -> dict[str, Any]:
        return dict(self._ask("GET", _path(experiment_id) + "/receipts"))

    def receipt(self, writer_id: str) -> Receipt:
        return receipt_from_json(self._ask("GET", "/v1/writers/" + quote(writer_id, safe="")))

    def append(self, batch: Batch) -> None:
        path = f"/v1/writers/{quote(batch.writer_id, safe='')}/events"
        self._ask("POST", path, content=pack(batch), headers={"Content-Type": FRAMES_TYPE})

    def delete(self, experiment_id: str, *, now: bool = False) -> None:
        self._ask("DELETE", _path(experiment_id), params={"now": "1"} if now else {})

    def restore(self, experiment_id: str) -> None:
        self._ask("POST", "/v1/bin/restore", json={"experiments": [experiment_id]})

    def bin(self, project: str | None = None) -> list[dict[str, Any]]:
        return list(self._ask("GET", "/v1/bin", params={"project": project} if project else {})["experiments"])

    def close(self) -> None:
        self._client.close()

    def _ask(self, method: str, path: str, *, as_bytes: bool = False, **sent: Any) -> Any:
        """The JSON of an answer of ours, or its bytes.

        Raises:
            Unavailable: nobody there, or not a Space of ours. Unauthorized, NotFound, UsageError as the problem says.
        """
        deadline = time.monotonic() + STARTING_S
        while True:
            try:
                answer = self._client.request(method, path, **sent)
            except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                raise Unavailable(
                    f"{self.address} cannot be reached: {str(error) or type(error).__name__}. "
                    "Is the Space running, and is the address right?"
                ) from error
            content = None if as_bytes and answer.status_code == 200 else _json(answer)
            if answer.headers.get("X-Trackio") is None and not _is_problem(content):
                raise Unavailable(_strange(self.address, answer))
            if answer.status_code in (200, 204):
                return answer.content if as_bytes else content
            if _slug(content) == "starting" and time.monotonic() < deadline:
                self._sleep(min(2.0, _seconds(answer)))
                continue
            raise _problem(answer.status_code, content if isinstance(content, dict) else {}, path)


def _path(experiment_id: str) -> str:
    if not experiment_id.strip(". "):  # "" and "." would ask for another address
        raise ExperimentNotFound(f"{experiment_id!r} is no id of an experiment")
    return "/v1/experiments/" + quote(experiment_id, safe="")


def _views_path(project: str) -> str:
    return f"/v1/projects/{quote(project, safe='')}/views"


def _json(answer: httpx.Response) -> Any:
    try:
        return json.loads(answer.content) if answer.content else None
    except (ValueError, RecursionError):
        return None


def _series(content: dict[str, Any]) -> Series:
    spread = {name: None if name not in content else _floats(content[name]) for name in ("std", "min", "max")}
    ranks = np.asarray(content["ranks"], dtype=np.int64) if "ranks" in content else None
    steps = np.asarray(content["steps"], dtype=np.int64)
    return Series(steps, _floats(content["values"]), _floats(content["times_s"]), ranks=ranks, **spread)


def _floats(values: list[Any]) -> Any:
    try:
        return np.asarray(values, dtype=np.float64)  # also of None (NaN) and of "NaN", "Infinity": numpy reads texts
    except (TypeError, ValueError):
        return np.asarray([np.nan if value is None else number(value) for value in values], dtype=np.float64)


def _slug(content: Any) -> str:
    return str(content.get("type", "")).rpartition("/problems/")[2] if isinstance(content, dict) else ""


def _is_problem(content: Any) -> bool:
    return isinstance(content, dict) and "/problems/" in str(content.get("type", ""))


def _seconds(answer: httpx.Response) -> float:
    text = answer.headers.get("Retry-After", "1")
    return float(text) if text.strip().isdecimal() else 1.0


def _strange(address: str, answer: httpx.Response) -> str:
    if answer.is_redirect:
        return f"{address} points elsewhere ({answer.headers.get('Location', 'nowhere')}): give that address instead"
    if is_hub_host(address):
        words = {404: "is private, was deleted, or is being built", 503: "is asleep or starting"}
        return (
            f"the Space at {address} {words.get(answer.status_code, 'did not answer itself')} "
            f"(status {answer.status_code}). If it is private, set HF_TOKEN"
        )
    return f"{address} answered with status {answer.status_code}, but it is not a Trackio Space"


def _problem(status: int, content: dict[str, Any], path: str) -> TrackioError:
    slug = _slug(content)
    text = ". ".join(str(content[key]).rstrip(".") for key in ("detail", "hint") if content.get(key))
    text = text or f"the Space answered with status {status}"
    if slug in ("unauthorized", "forbidden"):
        return Unauthorized(text)
    if slug == "gone":
        return Gone(text)
    if status == 404:
        return ExperimentNotFound(text) if "/experiments/" in path else NotFound(text)
    if 400 <= status < 500:
        return UsageError(text)
    return Unavailable(f"{text} (status {status})")
