"""Every error that trackio raises, as one tree.

TrackioError
├── UsageError             a call that cannot be right: the text says what was seen, wanted, and to be done
│   └── MissingExtra       a feature whose package is not installed; the text holds the command
├── NotFound
│   ├── ProjectNotFound
│   ├── ExperimentNotFound
│   └── MetricNotFound
├── WireError              bytes that are not what they claim to be
│   ├── CorruptFrame
│   ├── DamagedBlob        a file whose content is not what its name says
│   └── MalformedBatch
├── DeliveryError          a batch that was not taken
│   ├── Unavailable        nobody there, or not now: keep the batch and try again
│   │   └── NotReady       the store first has to learn something from the repo on the Hub
│   ├── Gap                the store wants an earlier seq first
│   ├── Behind             taking it would give up seqs for good: the caller looks at the repo first
│   ├── Overlap            the store holds other content under these seqs
│   ├── Gone               the experiment was deleted
│   ├── Unauthorized       the token is missing, wrong, or may not write
│   ├── FilesWanted        the store first wants files that an event of the batch cites
│   └── Rejected           never will work as it is
├── HubError               the Hugging Face Hub, or what lies in a repo there
│   ├── HubRefused         the token is missing, expired or may not do this, or there is no such repo
│   ├── HubBusy            too many requests or commits: later
│   ├── HubAway            nobody answers, or not in the Hub's words; what was asked may have happened
│   ├── HubMoved           the repo's head is another than was stated: nothing happened, plan anew
│   └── NotOurs            a file in a repo that cannot be read: named, left alone
├── SpoolFull              no room for another event on this machine: it is refused and counted
└── StoreError
    ├── StoreFull          no room on the disk
    ├── StoreReadOnly
    ├── StoreTooNew        written by a newer version
    ├── NotAStore          a file that is not ours; it is left alone
    └── StoreClosed
"""

from __future__ import annotations


class TrackioError(Exception):
    """Base of all errors of this package."""


class UsageError(TrackioError, ValueError):
    """A call that cannot be right."""


class MissingExtra(TrackioError, ImportError):
    """A feature needs a package that is not installed."""

    def __init__(self, feature: str, package: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs the package '{package}', which is not installed. "
            f"To install it: pip install 'trackio-client[{extra}]'"
        )


class NotFound(TrackioError, LookupError):
    """What was asked for was never logged here, or was deleted."""


class ProjectNotFound(NotFound):
    """No event of this project was ever appended."""


class ExperimentNotFound(NotFound):
    """No event of this experiment was ever appended."""


class MetricNotFound(NotFound):
    """The experiment never logged this metric."""


class WireError(TrackioError):
    """Bytes that are not what they claim to be."""


class CorruptFrame(WireError):
    """A frame whose checksum, length or content is wrong."""


class DamagedBlob(WireError):
    """A file whose content is not what its name, its SHA-256, says."""


class MalformedBatch(WireError):
    """A batch whose head or body does not follow docs/protocol.md."""


class DeliveryError(TrackioError):
    """A batch was not taken."""


class Unavailable(DeliveryError):
    """Nobody answered, or not with our receipt. Keep the batch and try again."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NotReady(Unavailable):
    """The store first has to read something from the repo that is its home."""


class Gap(DeliveryError):
    """The store wants `want` first; what was sent begins later."""

    def __init__(self, message: str, *, want: int) -> None:
        super().__init__(message)
        self.want = want


class Behind(DeliveryError):
    """The batch would leave a hole for ever, and the caller asked for none: what is missing may be in the repo."""


class Overlap(DeliveryError):
    """The store holds other content under these seqs (a copied spool): issue the events again as a new writer."""


class Gone(DeliveryError):
    """The experiment was deleted; its writers stop."""


class FilesWanted(DeliveryError):
    """The store lacks files that events of the batch cite: send them, then the batch again."""

    def __init__(self, message: str, *, want: tuple[str, ...]) -> None:
        super().__init__(message)
        self.want = want
        """Their SHA-256."""


class Unauthorized(DeliveryError):
    """The token is missing, wrong, or may not write."""


class Rejected(DeliveryError):
    """The batch never will be taken as it is."""


class HubError(TrackioError):
    """The Hugging Face Hub cannot do what was asked. The text says what to do and holds no token."""


class HubRefused(HubError):
    """The token is missing, expired or may not do this, or there is no such repo: trying again does not help."""

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status, 0 if there was none."""


class HubBusy(HubError):
    """Too many requests or commits; nothing happened. Try again after `retry_after_s`."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class HubAway(HubError):
    """Nobody answered in time, or not in the Hub's words. A commit that ended so may have happened: look."""


class HubMoved(HubError):
    """The repo's head is another than was stated (409, 412): nothing happened, plan anew on the new head."""


class NotOurs(HubError):
    """A file in the repo that is damaged, or of somebody else. It is named, skipped and never overwritten."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class SpoolFull(TrackioError):
    """No room for another event on this machine: the disk or the byte budget is full. It is refused and counted."""


class StoreError(TrackioError):
    """The store cannot do what was asked."""


class StoreFull(StoreError):
    """No room on the store's disk. Nothing was written."""


class StoreReadOnly(StoreError):
    """The store's file cannot be written."""


class StoreTooNew(StoreError):
    """The store's file was written by a newer version."""


class NotAStore(StoreError):
    """The file is not one of ours. It is left alone."""


class StoreClosed(StoreError):
    """The store was closed."""
