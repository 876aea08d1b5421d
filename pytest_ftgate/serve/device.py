"""Machine -> Device: the GPU or CPU that models compute on, as far as the choice of a precision needs it.

Without torch: a process that only plans a run, or drives a vLLM installed elsewhere, need not import it.
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pytest_ftgate.serve.nvidia_smi import nvidia_smi

BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""Of /proc/cpuinfo: x86 with AVX-512 BF16 or AMX, Arm with FEAT_BF16."""

FP16_FLAGS = frozenset({"avx512_fp16", "amx_fp16", "asimdhp"})

ISA_WITH_BF16 = ("AVX512_CORE_BF16", "AVX512_CORE_FP16", "AVX512_CORE_AMX", "AVX10", "ALL", "DEFAULT")
"""Beginnings of the values of ONEDNN_MAX_CPU_ISA that leave oneDNN its bfloat16 instructions."""


@dataclass(frozen=True, slots=True)
class Device:
    """What computes. kind: "cuda" or "cpu". name: for messages. flags: of a CPU, as /proc/cpuinfo names them.

    capability: of the least able GPU in use, as (8, 0); None for a CPU.
    """

    kind: str
    name: str
    flags: frozenset[str] = frozenset()
    capability: tuple[int, int] | None = None


@cache
def this_device() -> Device:
    """What torch and vLLM compute on here; looked up once, so that a run cannot change its mind."""
    return _gpu(os.environ) or cpu(cpuinfo(), os.environ)


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
    """The GPUs that CUDA_VISIBLE_DEVICES leaves, as one: its capability is that of the least able."""
    if _torch_for_cpu() or environment.get("CUDA_VISIBLE_DEVICES", "all") in {"", "-1"}:
        return None
    return gpu(nvidia_smi("--query-gpu=index,uuid,name,compute_cap"), environment)


def gpu(rows: list[list[str]], environment: Mapping[str, str]) -> Device | None:
    """The GPUs of nvidia-smi's rows (index, uuid, name, capability) as one; None if there is none."""
    found = [row for row in rows if len(row) == 4 and row[3].replace(".", "", 1).isdecimal()]
    visible = environment.get("CUDA_VISIBLE_DEVICES", "")
    chosen = [row for row in found if _named(row, visible.split(","))] if visible else found
    if not (chosen or found):
        return None
    least = min(chosen or found, key=lambda row: _capability(row[3]))
    return Device("cuda", least[2], capability=_capability(least[3]))


def _named(row: list[str], visible: list[str]) -> bool:
    """By index, or by the beginning of its uuid, as CUDA takes them."""
    return any(name.strip() == row[0] or (len(name) > 4 and row[1].startswith(name.strip())) for name in visible)


def _capability(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    return int(major), int(minor or 0)


def _torch_for_cpu() -> bool:
    """True if the torch installed here is a build without CUDA, so that a GPU beside it is of no use."""
    try:
        return version("torch").endswith("+cpu")
    except PackageNotFoundError:
        return False
