"""What of a machine a container may use: the limits of Linux's control groups, and how much of them is in use.

A container on a machine of 64 cores and 512 GiB that may use 4 cores and 16 GiB is full at those. Version 2 has one
tree, version 1 one for each resource; inside a container the own group is the root of what can be seen, outside of
one the limit may be an ancestor's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path("/sys/fs/cgroup")
SELF: Final = Path("/proc/self/cgroup")
_UNLIMITED: Final = 2**60  # version 1 writes a number of pages near 2**63


class Limits:
    """Limits of this process's groups. Where there are none, or none can be read, everything is None."""

    def __init__(self, root: Path = ROOT, told: Path = SELF) -> None:
        self._memory = self._cpu = None
        groups = _groups(told)
        if (root / "cgroup.controllers").exists():
            places = _upwards(root, groups.get("", "/"))
            self._memory = min(
                (place for place in places if _whole(place / "memory.max") is not None),
                key=lambda place: _whole(place / "memory.max") or 0,
                default=None,
            )
            quotas = [(share, place) for place in places if (share := _share(place)) is not None]
            self.cpus, self._cpu = min(quotas, default=(None, None), key=lambda pair: pair[0])
            self._names = ("memory.max", "memory.current", "inactive_file")
        else:
            self._memory = next(
                (
                    place
                    for place in _upwards(root / "memory", groups.get("memory", "/"))
                    if (_whole(place / "memory.limit_in_bytes") or _UNLIMITED) < _UNLIMITED
                ),
                None,
            )
            pairs = [
                (quota / period, place)
                for place in _upwards(root / "cpu", groups.get("cpu", groups.get("cpu,cpuacct", "/")))
                if (quota := _whole(place / "cpu.cfs_quota_us")) and (period := _whole(place / "cpu.cfs_period_us"))
            ]
            self.cpus, self._cpu = min(pairs, default=(None, None), key=lambda pair: pair[0])
            self._names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")

    cpus: float | None
    """How many cores' time may be used; None without a limit."""

    def memory(self) -> tuple[int, int] | None:
        """(used, limit) in bytes; files that may be dropped at any time do not count as used."""
        if self._memory is None:
            return None
        limit, used = _whole(self._memory / self._names[0]), _whole(self._memory / self._names[1])
        if limit is None or used is None:
            return None
        return max(0, used - (_field(self._memory / "memory.stat", self._names[2]) or 0)), limit

    def cpu_s(self) -> float | None:
        """CPU seconds that the limited group has used so far."""
        if self._cpu is None:
            return None
        used = _field(self._cpu / "cpu.stat", "usage_usec")
        if used is not None:
            return used / 1e6
        spent = _whole(self._cpu / "cpuacct.usage")
        return None if spent is None else spent / 1e9


def _groups(told: Path) -> dict[str, str]:
    """Controller → path of this process's group; version 2 has the one controller ""."""
    found = {}
    try:
        for line in told.read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            found.update(dict.fromkeys((controllers, *controllers.split(",")), path))
    except (OSError, ValueError):
        pass
    return found


def _upwards(root: Path, path: str) -> list[Path]:
    """The group and those above it; of a path that is not seen from here (a container's) the root."""
    group = root / path.strip("/")
    if ".." in path or not group.is_dir():
        return [root]
    return [place for place in (group, *group.parents) if place == root or root in place.parents]


def _share(place: Path) -> float | None:
    """The cores of "200000 100000": 2. None of "max 100000"."""
    try:
        quota, _, period = (place / "cpu.max").read_text(encoding="ascii").strip().partition(" ")
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _whole(path: Path) -> int | None:
    try:
        return max(0, int(path.read_text(encoding="ascii")))
    except (OSError, ValueError):  # "max", or not there
        return None


def _field(path: Path, name: str) -> int | None:
    try:
        for line in path.read_text(encoding="ascii").splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return int(value)
    except (OSError, ValueError):
        pass
    return None
