"""Process -> the memory and the cores that its container may use: limits of control groups, version 1 and 2.

A container sees the memory and the cores of the whole host; what it takes beyond its own limits ends it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

UNLIMITED = 2**60
"""Bytes; version 1 writes a number near 2**63 where there is no limit."""


def usable_memory(root: Path = Path("/")) -> float:
    """Bytes of this machine, or of this process's container if that has less. root: of /proc and /sys."""
    import psutil

    return min([float(psutil.virtual_memory().total), *_memory_limits(root)])


def usable_cores(root: Path = Path("/")) -> int:
    """Cores that this process may use, 1 or more: those that it is bound to, less what a quota takes away."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([bound, *map(math.ceil, _quotas(root))]))


def _memory_limits(root: Path) -> Iterator[float]:
    files = {"": "memory.max", "memory": "memory.limit_in_bytes"}
    for controller, name in files.items():
        for folder in _groups(root, controller):
            limit = _text(folder / name)
            if limit.isdecimal() and 0 < int(limit) < UNLIMITED:
                yield float(limit)


def _quotas(root: Path) -> Iterator[float]:
    """Cores, as 1.5."""
    for folder in _groups(root, ""):
        yield from _ratio(*_text(folder / "cpu.max").split())
    for folder in _groups(root, "cpu"):
        yield from _ratio(_text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us"))


def _ratio(quota: str = "", period: str = "", *_: str) -> Iterator[float]:
    """Nothing for "max" and -1, which say that there is no quota."""
    if quota.isdecimal() and period.isdecimal() and int(quota) and int(period):
        yield int(quota) / int(period)


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Folders of this process's group and of those around it. controller: of version 1; "" for version 2.

    In a container the group may be named as the host sees it; its limits are then in the first folder.
    """
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        names, colon, group = rest.partition(":")
        if colon and controller in names.split(","):
            top = root / "sys/fs/cgroup" / controller
            inner = top / group.strip("/")
            yield from (folder for folder in (inner, *inner.parents) if folder.is_relative_to(top))


def _text(file: Path) -> str:
    try:
        return file.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""
