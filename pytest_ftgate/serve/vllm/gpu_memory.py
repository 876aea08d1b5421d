"""nvidia-smi -> used GPU memory, waited for until what a stopped server held is free again.

A driver gives memory back some time after its process ended; a fine-tune that starts at once runs out of memory. There
is no call to wait for it: everybody asks nvidia-smi until the number is small.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.nvidia_smi import nvidia_smi

SLACK_MIB = 512


def used_mib() -> dict[str, int]:
    """Used memory of each GPU in MiB, by its index; empty without an NVIDIA GPU."""
    rows = nvidia_smi("--query-gpu=index,memory.used")
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdecimal()}


def wait_until_free(
    before: Mapping[str, int], limit_s: float = 60.0, progress: Callable[[str], None] = lambda _: None
) -> None:
    """Return when no GPU holds over 512 MiB more than `before`; ServeError names what holds it after `limit_s`."""
    begin = time.monotonic()
    while held := _above(before):
        if time.monotonic() - begin > limit_s:
            raise ServeError(_complaint(held, limit_s))
        progress(f"waiting for GPU memory: {', '.join(f'GPU {gpu} {mib} MiB' for gpu, mib in held.items())}")
        time.sleep(0.5)


def _above(before: Mapping[str, int]) -> dict[str, int]:
    return {gpu: mib for gpu, mib in used_mib().items() if mib > before.get(gpu, 0) + SLACK_MIB}


def _complaint(held: Mapping[str, int], limit_s: float) -> str:
    who = [f"    pid {pid} ({name}) holds {mib} MiB" for pid, name, mib in processes()]
    return "\n".join(
        [
            f"GPU memory not released within {limit_s:g} s after the server stopped: "
            + ", ".join(f"GPU {gpu} {mib} MiB in use" for gpu, mib in held.items()),
            *(who or ["    no process listed by nvidia-smi; may be in another container"]),
            "    stop that process, then run again",
        ]
    )


def processes() -> list[tuple[str, str, str]]:
    """(pid, name, MiB) of each process that nvidia-smi sees on a GPU."""
    rows = nvidia_smi("--query-compute-apps=pid,process_name,used_memory")
    return [(row[0], row[1], row[2]) for row in rows if len(row) == 3]
