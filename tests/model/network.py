"""Senders, and the network that loses, repeats and reorders."""

from __future__ import annotations

from tests.model import client
from tests.model.client import Sender, Spool
from tests.model.messages import Answer, Message, Receipt, Refusal, told
from tests.model.post import Post
from tests.model.trainers import Trainers


class Network(Trainers, Post):
    """Senders, and the network that loses, repeats and reorders."""

    MOST_ON_THEIR_WAY = 8

    def _do_send(self, r: int) -> str | None:
        return self._send(r, "space")

    def _do_send_local(self, r: int) -> str | None:
        return self._send(r, "local")

    def _do_heartbeat(self, r: int) -> str | None:
        return self._send(r, "space", heartbeat=True)

    def _send(self, r: int, store: str, *, heartbeat: bool = False) -> str | None:
        able = [
            s
            for s in self.senders
            if s.up and s.waiting is None and not s.spool.gone and not s.spool.removed and not s.done
        ]
        return self.send(able[r % len(able)], store, heartbeat=heartbeat) if able else None

    def send(self, sender: Sender, store: str, *, heartbeat: bool = False) -> str | None:
        """Cut a batch and put it on its way; nothing to send becomes a heartbeat."""
        if self.planted == "stop-at-accepted" and sender.proved.get(store, 0) >= sender.spool.end > 0:
            sender.done = True
            return None
        batch = sender.batch(store, self.planted, heartbeat=heartbeat)
        self.requests += 1
        sender.waiting = self.requests
        message = Message(self.requests, sender.number, store, batch)
        self.messages.append(message)
        return f"s{sender.number} sends {message}"

    def _do_sync(self, r: int) -> str | None:
        able = [s for s in self.spools if s.owner is None and s.holder is None and not s.removed]
        return self.sync(able[r % len(able)]) if able else None

    def sync(self, spool: Spool) -> str:
        """Another process takes the lock of a spool whose owner is dead, and sends what it holds."""
        sender = self._sender(spool, None)
        spool.holder = sender.number
        return f"s{sender.number} syncs the spool of {spool.writer}"

    def _do_second_sender(self, r: int) -> str | None:
        able = [s for s in self.spools if s.owner is not None and not s.removed]
        if not able or len(self.senders) > 12:
            return None
        sender = self._sender(able[r % len(able)], None, locked=False)
        return f"s{sender.number} sends the spool of {sender.spool.writer} too, by mistake"

    def _do_page(self, r: int) -> str | None:
        message = self._message(r)
        if message is None or message.answer is not None:
            return None
        message.answer = Refusal("page")
        return f"a proxy answers with a page and 200: {message}"

    def _do_deliver(self, r: int) -> str | None:
        message = self._message(r)
        if message is None:
            return None
        self.messages.remove(message)
        return self._serve(message, r) if message.answer is None else self._receive(message)

    def _serve(self, message: Message, r: int) -> str:
        store = self.stores[message.to]
        up = [server for server in store.servers if server.up]
        answer: Answer = Refusal("unavailable")
        if up:
            answer = store.answer(up[r // 7 % len(up)], message.batch)
        said = f"{message.to} takes {message.batch.writer}[{message.batch.first}:{message.batch.end}]: {told(answer)}"
        self.messages.append(Message(message.request, message.sender, message.to, message.batch, answer))
        return said

    def _receive(self, message: Message) -> str:
        sender, answer = self.senders[message.sender], message.answer
        if sender.waiting != message.request or not sender.up:
            return f"nobody waits for: {message}"
        sender.waiting = None
        before = list(sender.spool.segments)
        if isinstance(answer, Refusal) and answer.reason == "page" and self.planted == "any-200-counts":
            end = message.batch.end
            answer = Receipt(message.to, "?", end, end, 0)
        if isinstance(answer, Receipt):
            client.take_receipt(sender, message.to, message.batch, answer, self.planted)
            client.check_freed(sender.spool, before, self._safe())
        elif isinstance(answer, Refusal) and client.take_refusal(sender, message.to, message.batch, answer):
            self._issue_again(sender, message)
        return f"s{sender.number} learns of {message.batch.writer}: {told(answer)}" if answer else ""

    def _safe(self) -> set[int]:
        home = self.stores["space"]
        return (home.stable.calls() if home.persistent else set()) | self.excused | self._deleted_calls()

    def _deleted_calls(self) -> set[int]:
        return {call for call, (process, _) in self.returned.items() if process.spool.experiment in self.ever_deleted}

    @property
    def ever_deleted(self) -> set[str]:
        return self.stores["space"].ever_deleted

    def _issue_again(self, sender: Sender, message: Message) -> None:
        owner = sender.process
        fresh = client.issue_again(sender, message.batch, f"w{self.writers + 1}", self.planted)
        if fresh is None:
            return
        self.writers += 1
        self.spools.append(fresh)
        for segment in fresh.segments:
            for seq, frame in zip(segment.numbers, segment.frames, strict=True):
                self.written.setdefault((fresh.writer, seq), set()).add(frame.call)
        if owner is not None:
            self._sender(fresh, owner)
