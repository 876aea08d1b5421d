"""(folder) -> the git revision it is at, and whether tracked files differ from it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SECONDS = 5.0
"""Time limit of each question; a repository that is slower has no revision in records."""


def git_revision(folder: Path) -> tuple[str, bool]:
    """("" , False) outside a repository, without git, or if it takes too long."""
    revision = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no") if revision else ""
    return revision, bool(changes)


def _git(folder: Path, *question: str) -> str:
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    command = ["git", "-c", "core.fsmonitor=false", *question]
    try:
        done = subprocess.run(
            command, cwd=folder, env=quiet, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
