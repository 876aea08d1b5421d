"""A query of nvidia-smi -> its rows: what is known of the GPUs of this machine without CUDA or torch."""

from __future__ import annotations

import shutil
import subprocess


def nvidia_smi(query: str) -> list[list[str]]:
    """The fields of each line, as of `--query-gpu=index,name`; none without the program or a driver that answers."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return []
    try:
        said = subprocess.run(
            [command, query, "--format=csv,noheader,nounits"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [[part.strip() for part in line.split(",")] for line in said.stdout.splitlines() if line.strip()]
