"""Ports for servers of the tests."""

from __future__ import annotations

import random
import socket

_CHOICE = random.SystemRandom()  # tests seed `random`, and two workers must not come to the same
_FROM, _TO = 15_000, 28_000


def free_port() -> int:
    """A port that nobody listens on, and that no connection is given while a server starts or is away.

    Port 0 would be found among those that the system hands to connections, from 32,768 on: with a browser beside, one
    of its hundreds takes it now and then before the server does, or between a kill and the next start.
    """
    while True:
        port = _CHOICE.randrange(_FROM, _TO)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
