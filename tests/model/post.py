"""What befalls requests and answers on their way, between whatever machines: lost, doubled, waited for no more."""

from __future__ import annotations

from typing import Any, ClassVar

from tests.model.messages import Message


class Post:
    """A network that loses and repeats."""

    messages: list[Message]
    senders: list[Any]
    MOST_ON_THEIR_WAY: ClassVar[int]
    """With more, none is doubled: a history ends some day."""

    def _message(self, r: int) -> Message | None:
        return self.messages[r % len(self.messages)] if self.messages else None

    def _do_timeout(self, r: int) -> str | None:
        able = [s for s in self.senders if s.up and s.waiting is not None]
        if not able:
            return None
        able[r % len(able)].waiting = None
        return f"s{able[r % len(able)].number} waits no longer"

    def _do_drop(self, r: int) -> str | None:
        message = self._message(r)
        if message is not None:
            self.messages.remove(message)
        return f"lost: {message}" if message else None

    def _do_duplicate(self, r: int) -> str | None:
        message = self._message(r)
        if message is None or len(self.messages) > self.MOST_ON_THEIR_WAY:
            return None
        self.messages.append(Message(message.request, message.sender, message.to, message.batch, message.answer))
        return f"doubled: {message}"
