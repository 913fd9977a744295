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
│   └── MalformedBatch
├── DeliveryError          a batch that was not taken
│   ├── Unavailable        nobody there, or not now: keep the batch and try again
│   ├── Gap                the store wants an earlier seq first
│   ├── Overlap            the store holds other content under these seqs
│   ├── Gone               the experiment was deleted
│   ├── Unauthorized       the token is missing, wrong, or may not write
│   └── Rejected           never will work as it is
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


class MalformedBatch(WireError):
    """A batch whose head or body does not follow docs/protocol.md."""


class DeliveryError(TrackioError):
    """A batch was not taken."""


class Unavailable(DeliveryError):
    """Nobody answered, or not with our receipt. Keep the batch and try again."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Gap(DeliveryError):
    """The store wants `want` first; what was sent begins later."""

    def __init__(self, message: str, *, want: int) -> None:
        super().__init__(message)
        self.want = want


class Overlap(DeliveryError):
    """The store holds other content under these seqs (a copied spool): issue the events again as a new writer."""


class Gone(DeliveryError):
    """The experiment was deleted; its writers stop."""


class Unauthorized(DeliveryError):
    """The token is missing, wrong, or may not write."""


class Rejected(DeliveryError):
    """The batch never will be taken as it is."""


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
