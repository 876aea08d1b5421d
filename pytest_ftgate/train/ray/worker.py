"""The job on the cluster: an uploaded job.json -> a trained folder that the other side can read.

`python -m pytest_ftgate.train.ray.worker JOB_FILE [OUT_DIR CPUS GPUS]`; without OUT_DIR a folder among the node's logs,
which the dashboard hands out. There it also outlives the job: tried on that node again, it goes on where it was.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import FtgateError, TrainError
from pytest_ftgate.serve.model import folder_digest
from pytest_ftgate.train.job import TrainJob, library_versions
from pytest_ftgate.train.launch import finished, train
from pytest_ftgate.train.ray.lines import ERROR, RESULT, tell
from pytest_ftgate.train.ray.nodes import train_on_nodes
from pytest_ftgate.train.ray.upload import found

BESIDE = ("manifest.json", "tokens.json", "events.jsonl", "train.log")


def main(job_file: Path, out_dir: Path | None = None, cpus: float = 1, gpus: float = 0) -> int:
    """Exit code: 0 trained, 1 not; the event `ERROR` says why. cpus, gpus: of each node, where there are several."""
    try:
        job = found(TrainJob.read(job_file), job_file.parent.absolute())
        check_versions(job)
        check_base(job)
        folder = out_dir or log_folder() / "ftgate" / job.digest[:16]
        folder.mkdir(parents=True, exist_ok=True)
        if job.tuning.nodes > 1 and finished(job, folder) is None:
            train_on_nodes(job, folder, {"CPU": cpus, "GPU": gpus}, tell)
        else:
            train(job, folder, tell)
    except FtgateError as error:
        tell({"event": ERROR, "text": str(error)})
        return 1
    named = str(folder) if out_dir else f"ftgate/{folder.name}"
    tell({"event": RESULT, "folder": named, "files": listed(folder)})
    return 0


def check_versions(job: TrainJob) -> None:
    """TrainError unless the libraries are those of the job's digest; a build ("+cpu", "+cu128") may differ."""
    here = library_versions()
    wrong = {
        name: wanted
        for name, wanted in job.versions.items()
        if wanted != "missing" and _release(here.get(name, "missing")) != _release(wanted)
    }
    if wrong:
        found_here = ", ".join(f"{name} {here.get(name, 'missing')}" for name in wrong)
        pinned = ", ".join(f'"{name}=={_release(wanted)}"' for name, wanted in wrong.items())
        raise TrainError(
            f"the cluster has {found_here}; this machine, whose versions count in the digest, "
            f"{', '.join(f'{name} {wanted}' for name, wanted in wrong.items())}\n"
            f"    install them there, as by [ray] runtime_env = {{ pip = [{pinned}] }}, or here what the cluster has"
        )


def check_base(job: TrainJob) -> None:
    """TrainError unless a base model in a folder is there, and the one of the job."""
    folder = Path(job.base)
    if not folder.is_absolute():
        return
    if not folder.is_dir():
        raise TrainError(f"the cluster has no model at {job.base}\n    put it under [ray] storage, or name a hub id")
    if folder_digest(folder) != job.base_digest:
        raise TrainError(f"the base model at {job.base} differs on the cluster from the one here")


def listed(folder: Path) -> dict[str, list[Any]]:
    """Name -> bytes and sha256 of what the other side needs."""
    files = [path for name in BESIDE if (path := folder / name).is_file()]
    files += sorted(path for path in (folder / "adapter").rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): [path.stat().st_size, sha256_of(path)] for path in files}


def sha256_of(path: Path) -> str:
    """Of a file of any size."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def log_folder() -> Path:
    """Where this node's Ray writes its logs."""
    import ray

    ray.init(address="auto", log_to_driver=False, logging_level="ERROR")
    try:
        context = ray.get_runtime_context()
        session: str = f"{context.get_temp_dir()}/{context.get_session_name()}"
        return Path(session) / "logs"
    finally:
        ray.shutdown()


def _release(version: str) -> str:
    return version.partition("+")[0]


if __name__ == "__main__":
    _file, *_shared = sys.argv[1:]
    _out = Path(_shared[0]) if _shared else None
    sys.exit(main(Path(_file), _out, *map(float, _shared[1:])))
