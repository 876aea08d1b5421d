"""Machine -> Device: the GPU or CPU that models compute on, as far as the choice of a precision needs it.

Without torch: a process that only plans a run, or drives a vLLM installed elsewhere, need not import it.
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pytest_ftgate.serve.cgroup import usable_cores
from pytest_ftgate.serve.gpus import VISIBLE, Gpu, visible_gpus

BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""Of /proc/cpuinfo: x86 with AVX-512 BF16 or AMX, Arm with FEAT_BF16."""

FP16_FLAGS = frozenset({"avx512_fp16", "amx_fp16", "asimdhp"})

ISA_WITH_BF16 = ("AVX512_CORE_BF16", "AVX512_CORE_FP16", "AVX512_CORE_AMX", "AVX10", "ALL", "DEFAULT")
"""Beginnings of the values of ONEDNN_MAX_CPU_ISA that leave oneDNN its bfloat16 instructions."""


@dataclass(frozen=True, slots=True)
class Device:
    """What computes. kind: "cuda" or "cpu". name: for messages. flags: of a CPU, as /proc/cpuinfo names them.

    capability: of the least able GPU in use, as (8, 0); None for a CPU. visible: for each GPU in use what
    CUDA_VISIBLE_DEVICES must hold to choose it. memory_mib: of the smallest one; 0 = unknown, as for a CPU.
    cores: that this process may use; 0 = unknown. mig: an instance of a card that is shared. driver: NVIDIA's version.
    """

    kind: str
    name: str
    flags: frozenset[str] = frozenset()
    capability: tuple[int, int] | None = None
    visible: tuple[str, ...] = ()
    memory_mib: int = 0
    cores: int = 0
    mig: bool = False
    driver: str = ""

    @property
    def count(self) -> int:
        """GPUs in use; 1 for a CPU."""
        return len(self.visible) or 1


@cache
def this_device() -> Device:
    """What torch and vLLM compute on here; looked up once, so that a run cannot change its mind."""
    device = _gpu(os.environ) or cpu(cpuinfo(), os.environ)
    return replace(device, cores=usable_cores())


def cpu(described: str, environment: Mapping[str, str]) -> Device:
    """The CPU of a /proc/cpuinfo text, less the instructions that the environment forbids oneDNN."""
    fields: dict[str, str] = {}
    for line in described.splitlines():
        key, _, value = line.partition(":")
        fields.setdefault(key.strip().lower(), value.strip())
    flags = frozenset((fields.get("flags") or fields.get("features") or "").split())
    if not _bf16_allowed(environment):
        flags -= BF16_FLAGS
    return Device("cpu", fields.get("model name") or platform.machine() or "this CPU", flags)


def _bf16_allowed(environment: Mapping[str, str]) -> bool:
    limit = environment.get("ONEDNN_MAX_CPU_ISA") or environment.get("DNNL_MAX_CPU_ISA") or "DEFAULT"
    return limit.upper().startswith(ISA_WITH_BF16)


def cpuinfo() -> str:
    """The text of /proc/cpuinfo, or what tells as much elsewhere."""
    path = Path("/proc/cpuinfo")
    if path.is_file():
        return path.read_text("utf-8", "replace")
    return _apple_cpuinfo()


def _apple_cpuinfo() -> str:
    """In the form of /proc/cpuinfo; empty on other systems."""
    if platform.system() != "Darwin":
        return ""
    brand, bf16 = _sysctl("machdep.cpu.brand_string"), _sysctl("hw.optional.arm.FEAT_BF16")
    return f"model name: {brand}\nFeatures: {'bf16 asimdhp' if bf16 == '1' else 'asimdhp'}\n"


def _sysctl(name: str) -> str:
    done = subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _gpu(environment: Mapping[str, str]) -> Device | None:
    """The GPUs that CUDA_VISIBLE_DEVICES leaves, as one device."""
    return None if _torch_for_cpu() else gpu(visible_gpus(environment))


def gpu(gpus: Sequence[Gpu]) -> Device | None:
    """The GPUs as one device, which can what the least able of them can; None for none."""
    if not gpus:
        return None
    least = min(gpus, key=lambda one: one.capability)
    return Device(
        "cuda",
        least.name,
        capability=least.capability,
        visible=tuple(one.uuid if one.mig else one.index for one in gpus),
        memory_mib=min(one.memory_mib for one in gpus),
        mig=least.mig,
        driver=least.driver,
    )


def gpu_environment(device: Device, count: int = 0) -> dict[str, str]:
    """Variables by which a process sees the first `count` GPUs of the device (0 = all), in nvidia-smi's order.

    Nothing for a CPU. Without them CUDA takes every card, the fastest first.
    """
    if device.kind != "cuda":
        return {}
    chosen = device.visible[: count or None]
    return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"} | ({VISIBLE: ",".join(chosen)} if chosen else {})


def _torch_for_cpu() -> bool:
    """True if the torch installed here is a build without CUDA, so that a GPU beside it is of no use."""
    try:
        return version("torch").endswith("+cpu")
    except PackageNotFoundError:
        return False
