"""What changes something: Trackio's write calls.

A request names runs; of each, under its lock, what is not held yet becomes batches of one writer, and these are
appended in order. When a request fails half way, what went in stays in, and its ids with it: the client sends all of it
again, and the rest goes in. A request whose client hung up is finished all the same.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool

from space.api.trackio.calls import objects, text
from space.api.trackio.received import key_of
from space.api.trackio.runs import CLIENT, Run, Runs, find
from space.api.trackio.telling import Call, Teller, batches, calls_with
from space.api.trackio.uploads import uploaded
from space.files import Bounds
from space.ingest import Ingest
from trackio_client.errors import UsageError
from trackio_client.exchange.texts import name_from
from trackio_client.masking import Masker
from trackio_client.store.binning import binned, edit_batch
from trackio_client.store.contract import Store
from trackio_client.wire.events import checked_name

Tell = Callable[[Teller, Call, Mapping[str, Any]], None]
"""tell(teller, call, entry): the frames of one entry."""
Ask = Callable[[], object]
KeepFile = Callable[[Mapping[str, Any]], Awaitable[None]]


class Writing:
    """Trackio's write calls. Their names, and the names of their arguments, are Trackio's."""

    def __init__(self, store: Store, ingest: Ingest, bounds: Bounds, masker: Masker, push: Ask) -> None:
        self.store = store
        self.runs = Runs(store)
        self.masker = masker
        self._bounds = bounds
        self._ingest = ingest
        self._push = push
        self._going: set[asyncio.Task[None]] = set()
        self.keep_file: KeepFile = _no_project_files
        """Takes a file of a project: `artifacts.Artifacts.keep_file`."""

    # --- what is logged -----------------------------------------------------------------------------------------------

    async def bulk_log(self, logs: Any) -> None:
        await self.append(objects(logs, "logs"), "log_id", self._logged)

    async def bulk_log_system(self, logs: Any) -> None:
        await self.append(objects(logs, "logs"), "log_id", _system)

    async def bulk_alert(self, alerts: Any) -> None:
        await self.append(objects(alerts, "alerts"), "alert_id", _alert)

    async def log(self, project: Any, run: Any, metrics: Any, step: Any = None, run_id: Any = None) -> None:
        entry = {"project": project, "run": run, "run_id": run_id, "metrics": metrics, "step": step}
        await self.append([entry], "log_id", self._logged)

    async def bulk_upload_media(self, uploads: Any) -> None:
        """Files that values name, or that `trackio.save` gives a project."""
        named = [entry for entry in objects(uploads, "uploads") if entry.get("run") is not None]
        await self.append(named, "upload_id", self._sent)
        for entry in uploads:
            if entry.get("run") is None:
                await self.keep_file(entry)

    def _logged(self, teller: Teller, call: Call, entry: Mapping[str, Any]) -> None:
        teller.logged(call, entry.get("metrics"), entry.get("step"), entry.get("timestamp"))

    def _sent(self, teller: Teller, call: Call, entry: Mapping[str, Any]) -> None:
        name, blob = uploaded(entry.get("uploaded_file"), self.store.files)
        teller.sent(call, name, blob)

    # --- runs ---------------------------------------------------------------------------------------------------------

    async def rename_run(self, project: Any, old_name: Any, new_name: Any, run_id: Any = None) -> bool:
        name = checked_name(text(new_name, "new_name"), "new_name")
        record = await run_in_threadpool(find, self.store, project, old_name, run_id)
        if record is None:
            raise UsageError(f"there is no run {old_name!r:.80} in project {project!r:.80}")
        await self._edit(record.experiment_id, {"name": name, "by": CLIENT})
        return True

    async def delete_run(self, project: Any, run: Any = None, run_id: Any = None) -> bool:
        """Into the bin, as whoever deletes on the page."""
        record = await run_in_threadpool(find, self.store, project, run, run_id)
        if record is None:
            return False
        await self._edit(record.experiment_id, binned(CLIENT, time.time()))
        return True

    async def _edit(self, experiment_id: str, changes: Mapping[str, Any]) -> None:
        await self._ingest.append(await run_in_threadpool(edit_batch, self.store, experiment_id, changes))

    async def force_sync(self) -> bool:
        self._push()
        return True

    async def upload_db_to_space(self, project: Any, uploaded_db: Any) -> None:
        raise UsageError(
            "a whole database is not taken over the network. `trackio-client import <file> --project <name>` brings "
            "Trackio's file here, and may be repeated"
        )

    # --- appending ----------------------------------------------------------------------------------------------------

    async def append(self, entries: Iterable[Mapping[str, Any]], id_name: str, tell: Tell) -> None:
        """Take entries of any number of runs; each entry once.

        Raises:
            UsageError: an entry names no run. DeliveryError, StoreError: the store's refusal; send all of it again.
        """
        by_run: dict[tuple[str, str, str | None], list[Mapping[str, Any]]] = {}
        for entry in entries:
            by_run.setdefault(_run_named(entry), []).append(entry)
        for (project, name, run_id), mine in by_run.items():
            run = await self.runs.of(project, name, run_id)
            await self.go_on(self._append_to(run, mine, id_name, tell))

    async def go_on(self, work: Any) -> None:
        """Await some work, and let it come to its end should the asker hang up meanwhile."""
        task = asyncio.ensure_future(work)
        self._going.add(task)
        task.add_done_callback(self._going.discard)
        await asyncio.shield(task)

    async def _append_to(self, run: Run, entries: list[Mapping[str, Any]], id_name: str, tell: Tell) -> None:
        async with run.lock:
            try:
                calls = await run_in_threadpool(self._calls, run, entries, id_name, tell)
                await self.send(run, calls)
            except BaseException:  # a cancelled request too: what of the run is held, only the store knows now
                run.close()
                raise

    async def send(self, run: Run, calls: list[Call]) -> None:
        """Append calls to a run whose lock is held."""
        for batch, keys in batches(run, calls, time.time_ns() // 1000):
            await self._ingest.append(batch)
            run.next_seq += batch.count
            run.received.add(keys)

    def _calls(self, run: Run, entries: list[Mapping[str, Any]], id_name: str, tell: Tell) -> list[Call]:
        run.open(self.store)
        keys = [key_of(told) if isinstance(told := entry.get(id_name), str) else None for entry in entries]
        held = run.received.known([key for key in keys if key is not None])
        teller = Teller(run, self.masker, most_bytes=self._bounds.settings.file_bytes)
        calls: list[Call] = []
        configs = (entry["config"] for entry in entries if isinstance(entry.get("config"), dict) and entry["config"])
        calls += self._opening(run, teller, next(configs, None))
        for key, entry in zip(keys, entries, strict=True):
            if key is not None:
                if key in held:
                    continue
                held.add(key)
            call = Call(key, [])
            tell(teller, call, entry)
            if call.frames or key is not None:
                calls.append(call)
        return calls

    def _opening(self, run: Run, teller: Teller, config: Mapping[str, Any] | None) -> list[Call]:
        """What stands before the calls of a request: the start, a resume, or a config that comes late."""
        created = config.get("_Created") if config else None
        frames: list[bytes] = []
        if not run.is_started:
            frames.append(teller.start(config))
        elif run.has_ended or (config and run.created is not None and created != run.created):
            run.generation += 1  # a client that was started anew with this run's id
            run.has_ended = False
            run.begin_writer()
            frames.append(teller.start(config))
        elif config and run.created is None:
            frames += teller.config(config)
        if isinstance(created, str):
            run.created = created
        return [calls_with(frames)] if frames else []


async def _no_project_files(entry: Mapping[str, Any]) -> None:
    raise UsageError("files of a project are not taken here")


def _system(teller: Teller, call: Call, entry: Mapping[str, Any]) -> None:
    teller.system(call, entry.get("metrics"), entry.get("timestamp"))


def _alert(teller: Teller, call: Call, entry: Mapping[str, Any]) -> None:
    teller.alert(call, entry)


def _run_named(entry: Mapping[str, Any]) -> tuple[str, str, str | None]:
    """(project, run, run id) of an entry. Raises UsageError."""
    run, run_id = entry.get("run"), entry.get("run_id")
    if run_id is not None and not isinstance(run_id, str):
        raise UsageError(f"run_id must be a text, got {run_id!r:.80}")
    name = name_from(text(run if run is not None else run_id, "run"))
    return name_from(text(entry.get("project"), "project")), name, run_id or None
