"""The part of `sync` that is about dataset repos: push what waits here, and tell how far it got."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from trackio_client.cli.pushers import places
from trackio_client.cli.repos import repo_at
from trackio_client.delivery.account import Account
from trackio_client.delivery.address import repo_of
from trackio_client.delivery.courier import settled_end
from trackio_client.delivery.receipts import ExperimentReceipt
from trackio_client.delivery.replay import sync
from trackio_client.delivery.staging import Staging, StagingTransport
from trackio_client.errors import MissingExtra
from trackio_client.settings import Settings, is_staged


def push_all(
    settings: Settings, experiment_id: str | None, until: float, should_stop: Callable[[], bool]
) -> dict[str, str]:
    """Push what waits for any repo; by repo why something still waits. `until` is on the monotonic clock."""
    troubles = {}
    for place in places(settings):
        if not place.behind or should_stop():
            continue
        staging = place.staging
        try:
            target = repo_at(staging.repo, settings, "sync")
        except MissingExtra as error:
            troubles[staging.repo] = str(error)
            continue
        from trackio_client.hub.catching_up import catch_up

        only = None if experiment_id is None else {experiment_id}
        trouble = catch_up(staging, target, until=until, experiments=only, should_stop=should_stop)
        if trouble is not None:
            troubles[staging.repo] = trouble
    return troubles


def read_heads(settings: Settings, receipts: Sequence[ExperimentReceipt]) -> set[str]:
    """Read the repos for whose logs the stores here had to be asked first; the destinations that can go on now."""
    found = set()
    for destination in {one.destination for one in receipts if is_staged(one.destination) and not one.is_accepted}:
        staging = Staging.of(settings.directory, repo_of(destination))
        store = staging.open()
        try:
            has_read = StagingTransport(staging, store).has_read()
        finally:
            store.close()
        if has_read:
            continue
        with contextlib.suppress(MissingExtra):
            target = repo_at(staging.repo, settings, "sync")
            from trackio_client.hub.catching_up import read_head

            if read_head(staging, target) is None:
                found.add(destination)
    return found


def now_of(receipt: ExperimentReceipt, settings: Settings, troubles: dict[str, str]) -> ExperimentReceipt:
    """A receipt with what is durable after the push."""
    if not is_staged(receipt.destination) or not receipt.is_accepted:
        return receipt
    staging = Staging.of(settings.directory, repo_of(receipt.destination))
    store = staging.open()
    try:
        held = tuple(store.receipts(receipt.experiment_id))
    finally:
        store.close()
    durable = {one.writer_id: settled_end(one, one.durable) for one in held}

    def fresh(account: Account) -> Account:
        return replace(account, durable=min(account.events, max(account.durable, durable.get(account.writer_id, 0))))

    onward = "not pushed yet" if staging.repo in troubles else "the push goes on in the background"
    return replace(receipt, own=tuple(fresh(one) for one in receipt.own), held=held, onward=onward)


def let_go(settings: Settings, receipts: Sequence[ExperimentReceipt], *, patience_s: float) -> None:
    """Delete the logs of what is in a repo now."""
    for receipt in receipts:
        if is_staged(receipt.destination) and receipt.is_durable:
            staging = Staging.of(settings.directory, repo_of(receipt.destination))

            def road(where: str, staging: Staging = staging) -> StagingTransport | None:
                return StagingTransport(staging, staging.open()) if where == staging.destination else None

            name = receipt.experiment_id
            sync(settings.spool_path, road, experiment_id=name, timeout_s=patience_s, patience_s=patience_s)
