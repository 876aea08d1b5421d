"""Environment variables -> the CI job that this is: its address, and the folder of the repository."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def job_of(environ: Mapping[str, str]) -> dict[str, str]:
    """{"job": address of its page, where log and artifacts are}; {} outside GitHub, GitLab and Jenkins."""
    if run := environ.get("GITHUB_RUN_ID", ""):
        server, repository = environ.get("GITHUB_SERVER_URL", ""), environ.get("GITHUB_REPOSITORY", "")
        return {"job": f"{server}/{repository}/actions/runs/{run}"}
    address = environ.get("CI_JOB_URL") or environ.get("BUILD_URL") or ""
    return {"job": address} if address else {}


def repository_folder(environ: Mapping[str, str]) -> Path:
    """What the host's paths are relative to; outside a job the working directory."""
    return Path(environ.get("GITHUB_WORKSPACE") or environ.get("CI_PROJECT_DIR") or ".").absolute()
