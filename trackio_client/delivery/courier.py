"""The courier brings one log to one destination, a batch at a time, and believes nothing but receipts.

It walks the log twice, each at its own pace. *Counting* follows the log's end closely, also while nobody answers: seqs,
digest, summary. *Sending* follows the receipts: after every answer it goes on where the store says that it holds
everything before. That one rule covers a lost answer, a wiped Space and a second sender on the same log.

It owns no thread and never waits: `sender.Sender` (a live log) and `replay` (an orphan) drive it.
Ordinals count frames of the log, seqs count frames of a writer: seq = ordinal - meta.base.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from trackio_client.blobs import cited_in
from trackio_client.delivery.files import Files
from trackio_client.delivery.lost import LostFile, lost_files
from trackio_client.delivery.meta import META, Meta
from trackio_client.delivery.reading import PIECE_BYTES, LogReader, Piece
from trackio_client.delivery.spool import RESERVE, Spool, segment_path
from trackio_client.delivery.tally import Tally
from trackio_client.delivery.transport import Transport
from trackio_client.errors import FilesWanted, Gap, Overlap, Rejected, Unavailable
from trackio_client.wire.batches import Batch, Ranges, Receipt, prefix_end, ranges
from trackio_client.wire.events import new_writer_id

if TYPE_CHECKING:
    from trackio_client.store.columns import Digest, EventAt, Run

OnParts = Callable[["list[Run | EventAt]"], None]


class Courier:
    """Counts and sends one log. Used by one thread."""

    def __init__(
        self,
        directory: Path,
        meta: Meta,
        transport: Transport,
        spool: Spool | None = None,
        on_parts: OnParts = lambda parts: None,
        piece_bytes: int = PIECE_BYTES,
    ) -> None:
        from trackio_client.store.columns import Digest

        self.directory, self.meta, self.transport = directory, meta, transport
        self.tally = Tally(meta.writer_id, Digest(*meta.digest), meta.first_ordinal)
        self.receipt: Receipt | None = None
        """The last answer."""
        self.is_bringing = False
        """Files stand before the next batch: a large one may take longer than the time between signs of life."""
        self.sent = max(meta.base, meta.first_ordinal)
        """Ordinal of the frame that goes next: all before it are settled, as far as the last receipt told."""
        self._proved = self.sent  # up to here receipts answered frames that this process itself sent
        self._durable = meta.first_ordinal
        self._counting = LogReader(directory, meta, spool)
        self._reading = LogReader(directory, meta, spool)
        self._reading.starts = self._counting.starts
        self.files = Files(directory) if spool is None else spool.files
        """What the events of this log cite."""
        self.lost: dict[str, LostFile] = {}
        """By hash, the files that do not go with the events that cite them, and why."""
        self._on_parts = on_parts
        self._piece_bytes = piece_bytes
        self._fresh: deque[Piece] = deque()  # counted and not sent: saves reading them again
        self._boundaries: dict[int, Digest] = {meta.first_segment: self.tally.digest}  # segment → digest before it
        self._numbered = meta.first_ordinal  # up to here values are in the summary
        self._most: int | None = None  # frames in a batch while a rejected one is looked for
        self._is_live = spool is not None
        self._stale = 0  # answers in a row that moved nothing
        if meta.base > meta.first_ordinal:
            self._recount()

    # --- counting -------------------------------------------------------------------------------------------------

    def count(self) -> bool:
        """Count the next piece of the log; False at its end."""
        from trackio_client.store.columns import EventAt, decode

        piece = self._counting.next_piece(self._piece_bytes)
        if piece is None:
            return False
        self._boundaries.setdefault(piece.segment, self.tally.digest)
        parts = decode(piece.body, piece.first - self.meta.base)
        for part in parts:
            if isinstance(part, EventAt) and "blobs" in part.content:
                self.files.counted(part.seq + self.meta.base, cited_in(part.content))
        self.tally.add(piece.stop, parts, with_numbers=piece.first >= self._numbered)
        self._numbered = max(self._numbered, piece.stop)
        follows = self._fresh[-1].stop if self._fresh else self.sent
        if piece.first == follows and len(self._fresh) < 2:
            self._fresh.append(piece)
        self._on_parts(parts)
        return True

    @property
    def place(self) -> tuple[int, int]:
        """(segment, byte) that counting has reached."""
        return self._counting.place.segment, self._counting.place.offset

    @property
    def unsent(self) -> int:
        """Counted frames that are not settled."""
        return max(0, self.tally.end - self.sent)

    @property
    def undurable(self) -> int:
        """Counted frames that may not be let go of."""
        return max(0, self.tally.end - max(self._durable, self.meta.base))

    @property
    def logged(self) -> int:
        """Frames of this writer so far."""
        return self.tally.end - self.meta.base

    # --- sending --------------------------------------------------------------------------------------------------

    def send(self) -> bool:
        """Send the next batch, or some of the files that it cites; False if all that was counted is settled.

        Raises:
            DeliveryError: nothing was taken; try again later, unless it is Gone. StoreFull likewise.
        """
        if self.sent >= self.tally.end:
            return False
        piece = self._piece()
        if piece is None:
            return False
        cited = self.files.cited_in(piece.first, piece.stop)
        self.is_bringing = bool(cited) and not self.files.bring(self.transport, self.meta.experiment_id, cited)
        if self.files.missing.keys() - self.lost.keys():
            self._name_lost(piece)
        if self.is_bringing:
            return True
        try:
            receipt = self.transport.send(self._batch(piece, self.files.without(cited)))
        except FilesWanted as wanted:
            self.files.wanted(wanted.want, cited)
            self.is_bringing = True
        except Gap as gap:
            self._seek(self.meta.base + gap.want)
            self._no_progress(f"the store wants event {gap.want} first, again and again")
        except Overlap:
            if piece.count > 1:  # find the first frame that differs: issued again with it, the others stood there twice
                self._most = piece.count // 2
            else:
                self._reissue(piece.first)
        except Rejected as rejection:
            self._search(piece, rejection)
        else:
            self._most = None if self._most is None or self._most > 4096 else self._most * 2
            self._proved = max(self._proved, piece.stop)
            self._heard(receipt)
        return True

    def beat(self) -> None:
        """Give a sign of life and hear the receipt. Raises as `send`."""
        empty = Piece(self.sent, 0, 0, 0, 0, b"")
        self._heard(self.transport.send(self._batch(empty)), is_answer_to_nothing=True)

    def _name_lost(self, piece: Piece) -> None:
        """Some files that this piece cites were found missing: note what they are."""
        from trackio_client.store.columns import EventAt, decode

        for part in decode(piece.body, piece.first - self.meta.base):
            if isinstance(part, EventAt) and "blobs" in part.content:
                for lost in lost_files(part.content, self.files.missing):
                    self.lost.setdefault(lost.sha256, lost)

    def _piece(self) -> Piece | None:
        while self._fresh and self._fresh[0].first < self.sent:
            self._fresh.popleft()
        if self._fresh and self._fresh[0].first == self.sent and self._most is None:
            return self._fresh[0]
        if self._reading.place.ordinal != self.sent:
            self._reading.seek(self.sent)
        if self._most is not None:
            return self._reading.next_frames(self._most)
        return self._reading.next_piece(self._piece_bytes)

    def _batch(self, piece: Piece, without: tuple[str, ...] = ()) -> Batch:
        meta = self.meta
        return Batch(
            writer_id=meta.writer_id,
            experiment_id=meta.experiment_id,
            project=meta.project,
            generation=meta.generation,
            first_seq=piece.first - meta.base,
            count=piece.count,
            first_held=max(0, meta.first_ordinal - meta.base),
            body=piece.body,
            without=without,
        )

    def _heard(self, receipt: Receipt, *, is_answer_to_nothing: bool = False) -> None:
        """Go on where the store says it holds everything before; let go of what is durable."""
        settled = self.meta.base + settled_end(receipt, receipt.accepted)
        if self._is_live:  # what is held beyond what was sent here, a copy of this process wrote: send, and be compared
            settled = min(settled, max(self._proved, self.sent))
        before, self.sent = self.sent, max(settled, self.meta.first_ordinal)
        self.receipt = receipt
        self.meta.store_id, self.meta.accepted = receipt.store_id, settled - self.meta.base
        self._durable = min(settled, self.meta.base + settled_end(receipt, receipt.durable))
        self._free()
        self.files.release(min(self._durable, self.sent))
        if self.sent > before or is_answer_to_nothing:
            self._stale = 0
        else:
            self._no_progress("the store answers, but does not take what is sent")

    def _no_progress(self, what: str) -> None:
        """One rewind is normal; a few in a row without progress must not become a storm of requests."""
        self._stale += 1
        if self._stale > 2:
            raise Unavailable(what)

    def _seek(self, ordinal: int) -> None:
        self.sent = max(ordinal, self.meta.base, self.meta.first_ordinal)

    def _free(self) -> None:
        """Delete segments that lie wholly before the durable mark.

        meta.json first: a crash between leaves a file too many, never a count that is wrong.
        """
        starts = self._counting.starts
        going = []
        while len(starts) > 1 and starts[1].ordinal <= min(self._durable, self.sent):
            going.append(starts.pop(0))
        if not going:
            return
        kept, meta = starts[0], self.meta
        digest = self._boundaries.get(kept.segment)
        if digest is None:  # reached, but nothing in it was counted yet
            digest = self.tally.digest
        meta.first_segment, meta.first_ordinal = kept.segment, kept.ordinal
        meta.digest = (digest.low, digest.high, digest.events, digest.points)
        meta.write(self.directory)
        for start in going:
            self._boundaries.pop(start.segment, None)
        for number in range(going[0].segment, kept.segment):
            with contextlib.suppress(FileNotFoundError):
                segment_path(self.directory, number).unlink()

    # --- what should not happen -----------------------------------------------------------------------------------

    def _reissue(self, ordinal: int) -> None:
        """Issue the events from here on again, as a new writer (rule 6)."""
        self._set_aside(ordinal)
        self.meta.earlier.append(self.meta.writer_id)
        self.meta.writer_id, self.meta.base = new_writer_id(), ordinal
        self.meta.digest = (0, 0, 0, 0)
        self.meta.write(self.directory)
        self.sent, self._proved, self._durable = ordinal, ordinal, ordinal
        self.receipt, self._stale = None, 0
        self._recount()

    def _set_aside(self, ordinal: int) -> None:
        """What is before, under the old id, stays until it is durable, in a spool of its own.

        Without it a Space that lost its disk after this would ask the new writer, which begins here.
        """
        if self._durable >= ordinal:
            return
        aside = self.directory.with_name(f"{self.meta.writer_id}-earlier")
        aside.mkdir(exist_ok=True)
        self.files.copy_to(aside)
        for start in self._counting.starts:
            if start.ordinal < ordinal:
                _link(segment_path(self.directory, start.segment), segment_path(aside, start.segment))
        replace(self.meta, end=ordinal, said="").write(aside)  # last: a folder without meta.json is nobody's orphan

    def _recount(self) -> None:
        """Digest and counts anew from `base` on."""
        from trackio_client.store.columns import Digest

        self._counting.seek(self.meta.base)
        self._fresh.clear()
        self._boundaries = {}
        self.tally.writer_id, self.tally.digest, self.tally.end = self.meta.writer_id, Digest(), self.meta.base
        while self.tally.end < self._numbered and self.count():
            pass

    def _search(self, piece: Piece, rejection: Rejected) -> None:
        """A batch was refused for good: halve it until the frame is found that is the reason.

        That one uses up its seq as a named refusal, so that what comes after it does not wait for ever (rule 7).
        """
        if piece.count > 1:
            self._most = piece.count // 2
            return
        key = str(piece.first)
        if key in self.meta.refused:  # also the event that says so: then it is the batch, not the frame
            raise Unavailable(f"the store refuses every event: {rejection}") from rejection
        self.meta.refused[key] = str(rejection)
        self.meta.write(self.directory)
        self._fresh.clear()
        self._reading.seek(piece.first)
        other = self._reading.next_frames(1)
        if other is not None:
            self._swap(piece, other)

    def _swap(self, old: Piece, new: Piece) -> None:
        """Correct the digests for a frame that another one stands for."""
        from trackio_client.store.columns import decode, digest_of

        writer, seq = self.meta.writer_id, old.first - self.meta.base
        change = digest_of(writer, decode(new.body, seq)) - digest_of(writer, decode(old.body, seq))
        self.tally.digest = self.tally.digest + change
        for start in self._counting.starts:
            if start.ordinal > old.first and start.segment in self._boundaries:
                self._boundaries[start.segment] = self._boundaries[start.segment] + change

    # --- the end --------------------------------------------------------------------------------------------------

    def save(self, said: str = "") -> None:
        """Note for `status` how far it came, and why not further."""
        self.meta.said = said
        with contextlib.suppress(OSError):
            self.meta.write(self.directory)

    def remove(self) -> None:
        """Delete a spool all of which is durable. meta.json goes last but the lock: a crash leaves an empty orphan.

        Nothing is deleted while the log holds what was not even counted, whatever the caller believes.
        """
        if self.count():
            self.save()
            return
        for path in [*self.directory.glob("*.seg"), self.directory / RESERVE]:
            path.unlink(missing_ok=True)
        self.files.remove()
        for path in [*self.directory.glob(f"{META}*"), self.directory / "lock"]:  # in this order: see replay.taken
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.directory.rmdir()


def _link(segment: Path, other: Path) -> None:
    """The same bytes under another name; a copy where the file system has no links."""
    if other.exists():
        return
    try:
        os.link(segment, other)
    except OSError:
        shutil.copyfile(segment, other)


def settled_end(receipt: Receipt, held: Ranges) -> int:
    """The first seq that the store still waits for: behind what is held, and behind holes that it has given up."""
    return prefix_end(ranges([*held, *((hole.first_seq, hole.end_seq) for hole in receipt.holes)]))
