"""This machine -> how the tables name it: cores, CPU, and the instructions that decide what a figure is worth."""

from __future__ import annotations

import os
import platform

from pytest_ftgate.serve.device import cpu as described
from pytest_ftgate.serve.device import cpuinfo

TOLD = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "sve", "bf16")


def cpu() -> str:
    """As in "2 cores of AMD EPYC (avx2, avx512f, avx512_bf16)"."""
    found = described(cpuinfo(), os.environ)
    flags = ", ".join(flag for flag in TOLD if flag in found.flags)
    return f"{os.cpu_count()} cores of {found.name}" + (f" ({flags})" if flags else "")


def machine() -> str:
    """The same with memory, system and Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"Linux {platform.release().split('-')[0]}" if platform.system() == "Linux" else platform.platform()
    return f"{cpu()}, {memory:.0f} GB, {system}, Python {platform.python_version()}"
