"""Whether this process is a data worker: one that reads batches for a training, and must not begin an experiment."""

from __future__ import annotations

import multiprocessing.process
import sys


def data_worker() -> str:
    """Why an `init` here is not meant: a data loader's worker, or a child that only imports the main script again.

    A child that `spawn` starts runs the script's top level before its own work; what stands there unguarded is not
    meant for it. Empty in every other process, the ranks that `spawn` starts among them.
    """
    info = getattr(sys.modules.get("torch.utils.data._utils.worker"), "get_worker_info", None)
    if info is not None and info() is not None:
        return "a worker of a data loader"
    if getattr(multiprocessing.process.current_process(), "_inheriting", False):
        return "a child process that imports the script again"
    return ""
