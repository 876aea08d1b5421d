"""(precision, threads, size of a layer) -> floating-point operations per second that this machine makes in a layer.

`python -m pytest_ftgate.serve.hf.speed DTYPE THREADS HIDDEN INTERMEDIATE` prints the number; a process of
its own, since pytest's need not import torch. It takes a second, and torch's import.
"""

from __future__ import annotations

import subprocess
import sys
import time

from pytest_ftgate.serve.compute import COMPUTING

ROWS = 512
"""Tokens in one product, as in a batch of prompts or of training rows."""

SECONDS = 1.0


def measure(dtype: str, threads: int, hidden: int, intermediate: int) -> float:
    """Operations per second of a transformer's MLP on 512 tokens: three matrix products, and what stands between them.

    Where bfloat16 is native, products are so quick that norms and activations take as long.
    """
    import torch
    from torch.nn.functional import linear, silu

    torch.set_num_threads(threads)
    kind = {"dtype": getattr(torch, dtype)}
    tokens = torch.ones(ROWS, hidden, **kind)
    gate, up = torch.ones(2, intermediate, hidden, **kind) / hidden
    down = torch.ones(hidden, intermediate, **kind) / intermediate

    def block() -> None:
        wide = tokens.float()
        normed = (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + 1e-5)).to(tokens.dtype)
        tokens.add(linear(silu(linear(normed, gate)) * linear(normed, up), down))

    with torch.inference_mode():
        block()
        begin, count = time.monotonic(), 0
        while (passed := time.monotonic() - begin) < SECONDS:
            block()
            count += 1
    return 6.0 * ROWS * hidden * intermediate * count / passed


def measured(dtype: str, threads: int, hidden: int, intermediate: int) -> float | None:
    """The same from a process with the environment of trainer and server; None if it cannot be had."""
    import os

    numbers = (dtype, str(threads), str(hidden), str(intermediate))
    command = [sys.executable, "-m", "pytest_ftgate.serve.hf.speed", *numbers]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=True, env={**os.environ, **COMPUTING}
        )
        return float(done.stdout.split()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


if __name__ == "__main__":
    print(measure(sys.argv[1], *map(int, sys.argv[2:5])))  # noqa: T201
