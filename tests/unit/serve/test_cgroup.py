"""Limits of containers, in a tree of files as the kernel shows it."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from pytest_ftgate.serve.cgroup import usable_cores, usable_memory
from tests.projects import write

MIB = 2**20
UNLIMITED_V1 = str(2**63 - 4096)
BOUND = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
V1 = "5:memory:/docker/a\n4:cpu,cpuacct:/docker/a\n0::/\n"


def tree(root: Path, cgroup: str, files: dict[str, object]) -> Path:
    """What /proc and /sys hold of the process's group."""
    write(root / "proc/self/cgroup", cgroup)
    for name, text in files.items():
        write(root / "sys/fs/cgroup" / name, f"{text}\n")
    return root


@pytest.mark.parametrize(
    ("cgroup", "files", "mib"),
    [
        ("0::/pod/a\n", {"pod/a/memory.max": 64 * MIB, "pod/memory.max": "max"}, 64),
        ("0::/pod/a\n", {"pod/a/memory.max": "max", "pod/memory.max": 32 * MIB}, 32),
        ("0::/../host/name\n", {"memory.max": 48 * MIB}, 48),
        (V1, {"memory/docker/a/memory.limit_in_bytes": 16 * MIB, "memory/memory.limit_in_bytes": UNLIMITED_V1}, 16),
        (V1, {"memory/memory.limit_in_bytes": 24 * MIB}, 24),
        (V1, {"memory/docker/a/memory.limit_in_bytes": UNLIMITED_V1}, None),
        ("0::/\n", {"memory.max": "max"}, None),
        ("", {}, None),
        ("not a line", {"memory.max": 8 * MIB}, None),
    ],
)
def test_memory_is_that_of_the_container_if_it_is_less(tmp_path, cgroup, files, mib):
    assert usable_memory(tree(tmp_path, cgroup, files)) == (mib * MIB if mib else psutil.virtual_memory().total)


@pytest.mark.parametrize(
    ("cgroup", "files", "cores"),
    [
        ("0::/pod\n", {"pod/cpu.max": "50000 100000"}, 1),
        ("0::/pod\n", {"pod/cpu.max": "max 100000", "cpu.max": "100000 100000"}, 1),
        ("0::/pod\n", {"pod/cpu.max": "150000 100000"}, min(BOUND, 2)),
        (V1, {"cpu/docker/a/cpu.cfs_quota_us": "100000", "cpu/docker/a/cpu.cfs_period_us": "100000"}, 1),
        (V1, {"cpu/docker/a/cpu.cfs_quota_us": "-1", "cpu/docker/a/cpu.cfs_period_us": "100000"}, BOUND),
        ("0::/\n", {}, BOUND),
    ],
)
def test_cores_are_those_of_the_quota(tmp_path, cgroup, files, cores):
    assert usable_cores(tree(tmp_path, cgroup, files)) == cores


def test_cores_are_counted_on_systems_that_bind_no_process(monkeypatch, tmp_path):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert usable_cores(tmp_path) == 8
