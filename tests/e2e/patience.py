"""Seconds that something takes on two quiet cores -> seconds after which it hangs on this machine, however busy."""

from __future__ import annotations

import time
from functools import cache

QUIET_S = 0.06
"""What `_work` takes on two quiet cores of an EPYC with AVX-512."""

BUSIER = 8
"""How many times slower the machine may become after it was measured: neighbours come and go."""


def patience(usual_s: float) -> float:
    """usual_s: on two quiet AVX-512 cores. At least eight times as long, more where the machine was measured slower."""
    return usual_s * BUSIER * slowness()


@cache
def slowness() -> float:
    """How many times longer this machine takes than a quiet fast one, 1 or more; measured once, in half a second."""
    begin = time.perf_counter()
    for _ in range(3):
        _work()
    return max(1.0, (time.perf_counter() - begin) / 3 / QUIET_S)


def _work() -> None:
    """Half Python, as starting a server is; half matrix products, as answering is."""
    import numpy as np

    total = 0
    for i in range(1_000_000):
        total += i & 7
    matrix = np.ones((768, 768), np.float32)
    for _ in range(8):
        matrix = matrix @ matrix / 768
