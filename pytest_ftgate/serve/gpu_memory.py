"""nvidia-smi -> used GPU memory, waited for until what a stopped server held is free again.

A driver gives memory back some time after its process ended; a fine-tune that starts at once runs out of memory. There
is no call to wait for it: everybody asks nvidia-smi until the number is small. On a shared machine only the GPUs count
that CUDA_VISIBLE_DEVICES leaves, and not what living processes of others hold on them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psutil

from pytest_ftgate.serve.gpus import visible_gpus
from pytest_ftgate.serve.nvidia_smi import nvidia_smi

SLACK_MIB = 512
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Holder:
    """A process on a GPU. uuid: of the GPU. mib: memory it holds, 0 = unknown."""

    uuid: str
    pid: int
    name: str
    mib: int


def used_mib() -> dict[str, int]:
    """Memory in use on each visible GPU by nobody else who is alive, in MiB, by its index; empty without an NVIDIA GPU.

    MIG instances are left out: nvidia-smi tells what the whole card uses.
    """
    rows = nvidia_smi("--query-gpu=index,uuid,memory.used")
    total = {row[0]: (row[1], int(row[2])) for row in rows if len(row) == 3 and row[2].isdecimal()}
    seen = {gpu.index for gpu in visible_gpus(os.environ) if not gpu.mig}
    others = _held_by_others() if total else {}
    return {index: mib - others.get(uuid, 0) for index, (uuid, mib) in total.items() if index in seen}


def wait_until_free(before: Mapping[str, int], limit_s: float = 60.0, progress: Progress = lambda _: None) -> str:
    """Return when no visible GPU holds over 512 MiB more than `before`, or after `limit_s`.

    What is still held, and by whom, in words; "" if nothing is. That is no error: it may be another container's, and
    training may still fit.
    """
    begin = time.monotonic()
    while held := _above(before):
        if time.monotonic() - begin > limit_s:
            return _complaint(held, limit_s)
        progress(f"waiting for GPU memory: {', '.join(f'GPU {gpu} {mib} MiB' for gpu, mib in held.items())}")
        time.sleep(0.5)
    return ""


def holders() -> list[Holder]:
    """Each process that nvidia-smi sees on a GPU; in a container often none."""
    rows = nvidia_smi("--query-compute-apps=gpu_uuid,pid,process_name,used_memory")
    return [
        Holder(row[0], int(row[1]), row[2], int(row[3]) if row[3].isdecimal() else 0)
        for row in rows
        if len(row) == 4 and row[1].isdecimal()
    ]


def _held_by_others() -> dict[str, int]:
    """MiB on each GPU, by uuid, of living processes that this one has not started."""
    ours = {os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))}
    found: dict[str, int] = {}
    for holder in holders():
        if holder.pid not in ours and psutil.pid_exists(holder.pid):
            found[holder.uuid] = found.get(holder.uuid, 0) + holder.mib
    return found


def _above(before: Mapping[str, int]) -> dict[str, int]:
    return {gpu: mib for gpu, mib in used_mib().items() if mib > before.get(gpu, 0) + SLACK_MIB}


def _complaint(held: Mapping[str, int], limit_s: float) -> str:
    who = [f"    pid {one.pid} ({one.name}) holds {one.mib} MiB" for one in holders()]
    return "\n".join(
        [
            f"GPU memory not released within {limit_s:g} s after the server stopped: "
            + ", ".join(f"GPU {gpu} {mib} MiB in use" for gpu, mib in held.items()),
            *(who or ["    no process listed by nvidia-smi; may be in another container"]),
            "    going on; if training runs out of memory, stop that process and run again",
        ]
    )
