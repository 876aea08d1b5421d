"""What a job on the cluster has left -> files here, each digest compared, and the manifest sealed with our key."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import ServeError, TrainError
from pytest_ftgate.serve.adapter import adapter_digest
from pytest_ftgate.serve.model import folder_digest
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.manifest import FILE as MANIFEST
from pytest_ftgate.train.manifest import Manifest, read_manifest
from pytest_ftgate.train.ray.jobs import Jobs
from pytest_ftgate.train.ray.worker import BESIDE, sha256_of

NAMES = re.compile(r"adapter/[\w.-]*\w[\w.-]*")
PART = "part.ray"


def of_a_trainer(name: str) -> bool:
    """Whether a trainer leaves a file of this name in its folder."""
    return name in BESIDE or NAMES.fullmatch(name) is not None


def fetch(  # noqa: PLR0913, PLR0917 - what, from where, and what of it may come
    jobs: Jobs,
    node: str,
    result: Mapping[str, Any],
    part: Path,
    allowed: Callable[[str], bool],
    shared: Path | None = None,
) -> Path:
    """The files of a result in the folder `part`, made anew; of a shared folder only if it is `shared`.

    Raises TrainError: gone, cut short, or not allowed.
    """
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    folder = str(result["folder"])
    for name, (size, sha256) in result["files"].items():
        if not allowed(name) or (folder.startswith("/") and folder != str(shared)):
            raise TrainError(f"the job on the Ray cluster names a file {name!r}, which none may write here")
        target = part / name
        if folder.startswith("/"):
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(Path(folder) / name, target)
        else:
            jobs.download(node, f"{folder}/{name}", target)
        if target.stat().st_size != size or sha256_of(target) != sha256:
            raise TrainError(
                f"{name} came back from the Ray cluster as {target.stat().st_size:,} bytes that differ from the "
                f"{size:,} that the trainer wrote\n    run again to fetch it again"
            )
    return part


def install(job: TrainJob, part: Path, out_dir: Path, key: bytes) -> Manifest:
    """What was fetched, put where a trainer of this machine leaves it. Raises TrainError if it is another job's."""
    manifest = read_manifest(part / MANIFEST)
    if manifest.job_digest != job.digest:
        raise TrainError(
            f"the Ray cluster trained another job ({manifest.job_digest[:12]}, expected {job.digest[:12]})"
        )
    digest_of = folder_digest if manifest.method == "full" else adapter_digest
    try:
        digest = digest_of(part / "adapter")
    except ServeError as error:
        raise TrainError(f"the Ray cluster returned no adapter: {error}") from None
    if digest != manifest.digest:
        raise TrainError(
            f"the adapter from the Ray cluster has the digest {digest[:12]}, its manifest says {manifest.digest[:12]}"
        )
    for path in sorted(part.iterdir()):
        if path.name != MANIFEST:
            _replace(path, out_dir / path.name)
    sealed = replace(manifest, path=out_dir / MANIFEST)
    job.write(out_dir / "job.json")
    sealed.write(key)
    shutil.rmtree(part)
    return sealed


def _replace(path: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    path.replace(target)


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise TrainError(
            f"{source} cannot be read here: {error.strerror}\n"
            "    [ray] storage must be one folder, under one path, on this machine and on the cluster"
        ) from None
