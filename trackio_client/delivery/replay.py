"""Logs that their process left behind: what is still to be sent, and sending it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from trackio_client.delivery.account import Account, account_of
from trackio_client.delivery.courier import Courier
from trackio_client.delivery.locks import FileLock
from trackio_client.delivery.meta import META, Meta, read_meta
from trackio_client.delivery.reading import LogReader
from trackio_client.delivery.receipts import ExperimentReceipt, receipt_of
from trackio_client.delivery.spool import segment_numbers, segment_path
from trackio_client.delivery.transport import Transport
from trackio_client.errors import DeliveryError, Gone, StoreError

PAUSE_S, TRIES = 0.5, 4
"""Between tries of one log, and how many in a row without an answer: the rest waits for the next process or sync."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One spool that is on disk, for `trackio-client status`."""

    directory: Path
    writer_id: str
    experiment_id: str
    project: str
    name: str
    destination: str
    events: int
    """Frames on disk that the store had not accepted when last heard of."""
    bytes: int
    is_live: bool
    """A process has it: its own, which sends by itself, or one that sends what a dead one left."""
    why: str
    last_step: int | None
    generation: int


def pending(folder: Path) -> list[Pending]:
    """The spools under `TRACKIO_DIR/v1/spool`, oldest first; those that hold nothing are left out. Changes nothing."""
    found = []
    for directory, meta in spools_in(folder):
        is_live = _is_owned(directory)
        count, last_step = _measure(directory, meta)
        held = 0
        for number in segment_numbers(directory):
            with contextlib.suppress(FileNotFoundError):  # delivered and let go of just now
                held += segment_path(directory, number).stat().st_size
        unsent = max(0, count - max(meta.base, meta.first_ordinal, meta.base + meta.accepted))
        if not held and not is_live:
            continue
        found.append(
            Pending(
                directory=directory,
                writer_id=meta.writer_id,
                experiment_id=meta.experiment_id,
                project=meta.project,
                name=meta.name,
                destination=meta.destination,
                events=unsent,
                bytes=held,
                is_live=is_live,
                why=_why(directory, meta, is_live, unsent),
                last_step=last_step,
                generation=meta.generation,
            )
        )
    return found


def living(folder: Path, destination: str) -> int:
    """How many processes of this machine are logging to a destination, and send by themselves."""
    return sum(meta.destination == destination and _is_owned(directory) for directory, meta in spools_in(folder))


def waits(folder: Path, destination: str) -> bool:
    """Whether a log that nobody owns waits for a destination."""
    return any(meta.destination == destination and not _is_owned(directory) for directory, meta in spools_in(folder))


def _is_owned(directory: Path) -> bool:
    """Whether a process has this spool: its writer, or a sender of what it left.

    The lock is held for an instant only, and whoever delivers takes it with some patience: looking must not make a
    log seem owned to a `sync` that runs beside.
    """
    try:
        lock = FileLock.take(directory / "lock", create=False)
        if lock is None:
            return True
    except OSError:  # delivered and removed just now, or another user's
        return False
    lock.release()
    return False


def taken(directory: Path) -> FileLock | None:
    """The lock of a spool that nobody has; None while somebody has it, or when it is gone."""
    for left in (3, 2, 1, 0):
        try:
            lock = FileLock.take(directory / "lock", create=False)
        except FileNotFoundError:
            # Who removes a delivered spool removes the lock last: without meta.json it is gone, and a new lock would
            # be left behind. With meta.json somebody has removed the lock by hand.
            if (directory / META).exists():
                (directory / "lock").touch()
                continue
            return None
        except OSError:
            return None
        if lock is not None or not left:
            return lock
        time.sleep(0.005)  # longer than a look takes
    return None


def _is_left(directory: Path, meta: Meta) -> bool:
    """Whether a log is there still whose writer has ended, as far as this machine can tell."""
    if os.name == "nt" or not (directory / META).exists():  # signal 0 would end a process there
        return False
    try:
        os.kill(meta.pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _why(directory: Path, meta: Meta, is_live: bool, unsent: int) -> str:
    if is_live and _is_left(directory, meta):
        return "its process ended, and another one is sending it just now"
    if is_live:
        return "its process is running and sends by itself"
    if meta.said:
        return meta.said
    return "its process ended before everything was sent" if unsent else "the store has it, but not yet durably"


def sync(
    folder: Path,
    transport_for: Callable[[str], Transport | None],
    *,
    experiment_id: str | None = None,
    timeout_s: float = 600.0,
    patience_s: float = 0.0,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[ExperimentReceipt]:
    """Send every log that nobody owns, to the destination it is meant for; the receipt of each experiment.

    Args:
        folder: `TRACKIO_DIR/v1/spool`.
        transport_for: destination → transport, or None when this process has no way there.
        experiment_id: only the logs of this experiment.
        timeout_s: after it, what fails is not tried again; what goes well goes on.
        patience_s: how long to wait, over all of them, for logs of dead processes that another one is sending just
            now (a pusher, another `sync`): who asks for everything to be sent wants to know that it is.
        should_stop: asked between batches.
        sleep: waits some seconds.
        clock: seconds, monotonic.
    """
    accounts: dict[tuple[str, str], list[Account]] = {}
    transports: dict[str, Transport | None] = {}
    until = clock() + timeout_s
    patient_until = min(until, clock() + patience_s)
    try:
        for directory, meta in spools_in(folder):
            if should_stop() or (experiment_id is not None and meta.experiment_id != experiment_id):
                continue
            lock = taken(directory)
            while lock is None and _is_left(directory, meta) and clock() < patient_until and not should_stop():
                sleep(0.05)
                lock = taken(directory)
            if lock is None:
                continue
            try:
                fresh = read_meta(directory)  # its last owner may have written it before letting go
                if fresh is None:
                    continue
                if fresh.destination not in transports:
                    transports[fresh.destination] = transport_for(fresh.destination)
                transport = transports[fresh.destination]
                if transport is not None:
                    account = _deliver(directory, fresh, transport, until, sleep, clock, should_stop)
                    accounts.setdefault((fresh.experiment_id, fresh.destination), []).append(account)
            except OSError as error:
                with contextlib.suppress(OSError):
                    fresh = read_meta(directory)
                    if fresh is not None:
                        fresh.said = f"its files cannot be read or written: {error}"
                        fresh.write(directory)
            finally:
                lock.release()
        return _receipts(accounts, transports, should_stop)
    finally:
        for used in transports.values():
            if used is not None:
                used.close()


def _receipts(
    accounts: dict[tuple[str, str], list[Account]],
    transports: dict[str, Transport | None],
    should_stop: Callable[[], bool],
) -> list[ExperimentReceipt]:
    """One for each experiment. A destination that does not answer once is not asked for the others."""
    found = []
    silent: set[str] = set()
    for (_, destination), told in accounts.items():
        asks = destination not in silent and not should_stop()
        found.append(receipt_of(told, transports[destination] if asks else None))
        if asks and found[-1].held is None and found[-1].is_accepted:
            silent.add(destination)
    return found


def _deliver(
    directory: Path,
    meta: Meta,
    transport: Transport,
    until: float,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
    should_stop: Callable[[], bool],
) -> Account:
    courier = Courier(directory, meta, transport)
    while courier.count():
        pass
    trouble, failures, beats = "", 0, 0
    while not should_stop():
        try:
            if courier.receipt is None or not courier.unsent:
                if courier.receipt is not None and (not courier.undurable or beats >= 3):
                    break
                if courier.receipt is not None:
                    sleep(0.1)
                courier.beat()
                beats += 1
            else:
                courier.send()
            trouble, failures = "", 0
        except Gone as error:
            trouble = f"{error}: the experiment was deleted; its spool is kept"
            break
        except (DeliveryError, StoreError) as error:
            trouble, failures = str(error), failures + 1
            if failures >= TRIES or clock() + PAUSE_S >= until:
                break
            sleep(PAUSE_S * 2 ** (failures - 1))
    account = account_of(courier, trouble=trouble)
    if account.is_accepted and account.is_durable and courier.receipt is not None:
        courier.remove()
    else:
        courier.save(trouble)
    return account


def known_here(folder: Path, project: str, key: str) -> tuple[str, str, int, int | None] | None:
    """(experiment_id, name, generation, last step) of the newest experiment on disk with this id or name."""
    found: tuple[str, str, int, int | None] | None = None
    for directory, meta in spools_in(folder):
        if meta.project == project and key in ("", meta.experiment_id, meta.name):
            _, last = _measure(directory, meta)
            if found is not None and found[0] == meta.experiment_id:
                steps = [step for step in (found[3], last) if step is not None]
                found = (found[0], found[1], max(found[2], meta.generation), max(steps) if steps else None)
            else:
                found = (meta.experiment_id, meta.name, meta.generation, last)
    return found


def spools_in(folder: Path) -> Iterator[tuple[Path, Meta]]:
    """Every log of a folder, the oldest first."""
    if not folder.is_dir():
        return
    found = []
    for directory in folder.iterdir():
        if (directory / META).is_file() and (meta := read_meta(directory)) is not None:
            found.append((meta.created_s, directory, meta))
    for _, directory, meta in sorted(found, key=lambda item: (item[0], item[1].name)):
        yield directory, meta


def _measure(directory: Path, meta: Meta) -> tuple[int, int | None]:
    """(ordinal behind the last frame, highest step) of a log, read from its files."""
    from trackio_client.store.columns import Run, decode

    reader, last = LogReader(directory, meta), -1
    while (piece := reader.next_piece()) is not None:
        for part in decode(piece.body, piece.first):
            if isinstance(part, Run):
                last = max(last, int(part.steps.max()))
    return reader.place.ordinal, None if last < 0 else last
