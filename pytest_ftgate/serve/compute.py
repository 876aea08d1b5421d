"""Environment variables of a process that computes with torch on the CPU: trainer and server alike."""

from __future__ import annotations

ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": str(2**34),
    "MALLOC_TRIM_THRESHOLD_": str(2**34),
    "MALLOC_ARENA_MAX": "1",
}
"""glibc keeps large blocks instead of mapping and unmapping them at every use: 1.15 to 1.6 times the speed. One arena,
since those of threads hold 64 MiB at most: what is larger is mapped anew, page by page, whatever the threshold."""

WAITING = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Threads that wait for each other sleep. By default they spin, and once anything else wants a core, each of the
thousands of waits in a step lasts until the scheduler's next turn: 12 to 57 s for a step of 2 s, on 2 busy cores."""

QUIET = {"PYTHONUNBUFFERED": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TOKENIZERS_PARALLELISM": "false"}

COMPUTING = ALLOCATOR | WAITING | QUIET
