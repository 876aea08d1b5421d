"""A query of nvidia-smi -> its rows: what is known of the GPUs of this machine without CUDA or torch."""

from __future__ import annotations

import shutil
import subprocess


def nvidia_smi(query: str) -> list[list[str]]:
    """The fields of each line, as of `--query-gpu=index,name`; none without the program or a driver that answers."""
    said = _said(query, "--format=csv,noheader,nounits")
    return [[part.strip() for part in line.split(",")] for line in said.splitlines() if line.strip()]


def nvidia_smi_list() -> str:
    """The text of `nvidia-smi -L`: cards, and below each its MIG instances."""
    return _said("-L")


def _said(*arguments: str) -> str:
    command = shutil.which("nvidia-smi")
    if command is None:
        return ""
    try:
        done = subprocess.run([command, *arguments], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
