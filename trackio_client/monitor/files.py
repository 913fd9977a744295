"""The files that a monitor leaves on this machine, whatever else it is connected to.

    config_<name>_<YYYYMMDD_HHMMSS>.json             what the training was told
    eval_results_step_<step>_<YYYYMMDD_HHMMSS>.json  one evaluation, in full
    training_summary_<name>_<YYYYMMDD_HHMMSS>.json   what it came to
    training_log_<name>_<YYYYMMDD_HHMMSS>.json       what was logged: the Trainer's history, else the newest entries

The first three are those that `trackio-client import` knows (exchange/monitor_files.py). Each holds one JSON object
with the experiment's id and name; secrets are masked; NaN and ±inf, for which JSON has no word, are the texts "NaN" …
"""

from __future__ import annotations

import json
import math
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

MOST_NAME_CHARACTERS: Final = 80
_UNSAFE = re.compile(r"[^A-Za-z0-9.\-]+")


class Files:
    """A folder of one experiment's files."""

    def __init__(self, folder: Path, name: str, started_s: float) -> None:
        self.folder = folder
        self._name = _UNSAFE.sub("-", name).strip("-.")[:MOST_NAME_CHARACTERS] or "experiment"
        self._stamp = time.strftime("%Y%m%d_%H%M%S", time.gmtime(started_s))

    def config(self, values: Mapping[str, Any]) -> Path:
        return self._write(f"config_{self._name}_{self._stamp}.json", values)

    def evaluation(self, values: Mapping[str, Any], step: int) -> Path:
        return self._write(f"eval_results_step_{step}_{self._stamp}.json", values)

    def summary(self, values: Mapping[str, Any]) -> Path:
        return self._write(f"training_summary_{self._name}_{self._stamp}.json", values)

    def log(self, values: Mapping[str, Any]) -> Path:
        return self._write(f"training_log_{self._name}_{self._stamp}.json", values)

    def _write(self, name: str, values: Mapping[str, Any]) -> Path:
        """Whole or not at all: a reader never finds half a file. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / name
        part = path.with_name(f".{name}.{os.getpid()}")
        part.write_text(json.dumps(_strict(values), indent=2, ensure_ascii=False, allow_nan=False), encoding="utf-8")
        part.replace(path)
        return path


def _strict(value: Any) -> Any:
    """JSON that a strict parser reads (B63)."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        if len(value) == 1 and isinstance(number := value.get("$float"), str):
            return number
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(item) for item in value]
    return value
