"""Threads that log while another one finishes: what the log took is in the store."""

from __future__ import annotations

import threading
from typing import Any

from trackio_client.wire.frames import METRICS


def test_a_call_that_the_log_took_in_the_moment_of_finish_is_in_the_store(bench: Any) -> None:
    for _ in range(8):
        experiment = bench.init()
        experiment.log({"a": 0.0}, step=0)
        spool = experiment._writer.spool
        append, taken, stop = spool.append_to, [], threading.Event()

        def counted(segment: Any, frame: bytes, append: Any = append, taken: list[int] = taken) -> bool:
            done: bool = append(segment, frame)
            if done and frame[7] == METRICS:
                taken.append(1)
            return done

        spool.append_to = counted

        def work(experiment: Any = experiment, stop: threading.Event = stop) -> None:
            while not stop.is_set():
                experiment.log({"a": 1.0}, step=1)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        experiment.finish()
        stop.set()
        for thread in threads:
            thread.join()
        there = sum(batch_points(part) for part in bench.store.decoded())
        bench.store.wipe()
        assert there == 1 + len(taken)


def batch_points(part: Any) -> int:
    return len(part.steps) if hasattr(part, "steps") else 0
