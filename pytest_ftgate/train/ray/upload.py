"""(TrainJob, folder) -> the job with all files that it names, as a cluster finds it; and back, in texts."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import TrainError
from pytest_ftgate.files.text import shown
from pytest_ftgate.train.job import NOT_IN_DIGEST, TrainJob

FILE = "job.json"
UPLOADED = "uploaded-"
TOLD = ("report_to", "name", "lineage")
"""What is not in the digest and names no file that is read."""
PATHS = tuple(name for name in NOT_IN_DIGEST if name not in TOLD)
MOST = 100 * 2**20
"""Bytes that the job server takes at once, compressed."""
TEXT_SHRINKS = 20
"""No text is compressed further than that: what is larger need not be tried."""


class Upload:
    """A job on its way into a folder.

    storage: what lies below it is seen from the cluster as it is, and not copied.
    """

    def __init__(self, job: TrainJob, storage: Path | None = None) -> None:
        self._storage = storage
        self.files: dict[str, Path] = {}
        """Name below the folder -> file or folder here."""
        self.job = _with_paths(job, self._uploaded)

    def _uploaded(self, path: Path) -> str:
        if self._storage and path.resolve().is_relative_to(self._storage.resolve()):
            return str(path)
        name = f"{UPLOADED}{len(self.files)}/{path.name}"
        self.files[name] = path
        return name

    def write(self, folder: Path) -> None:
        """Raises TrainError if it is more than the job server takes and there is no storage."""
        if not self._storage:
            self._check_size()
        for name, source in self.files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                shutil.copyfile(source, target)
        self.job.write(folder / FILE)

    def _check_size(self) -> None:
        sizes = {path: sum(map(least, _files(path))) for path in self.files.values()}
        whole = sum(sizes.values()) / 2**20
        if whole > MOST / 2**20:
            raise too_large(f"{whole:,.0f} MiB, most of it {shown(max(sizes, key=sizes.__getitem__))}")

    def as_here(self, text: str) -> str:
        """A text of the trainer, its paths those of this machine."""
        for name, path in self.files.items():
            text = shown(path).join(re.split(rf"[^\s'\"]*{re.escape(name)}", text))
        return text


def found(job: TrainJob, folder: Path) -> TrainJob:
    """On the cluster: the uploaded job, its files below the folder."""

    def there(name: str) -> str:
        return str(folder / name) if name.startswith(UPLOADED) else name

    return _changed(job, lambda value: there(value) if isinstance(value, str) else value)


def too_large(what: str) -> TrainError:
    """The error of an upload that the job server does not take, with the way out."""
    return TrainError(
        f"the upload is too large for Ray's job server: {what}; it takes {MOST / 2**20:.0f} MiB\n"
        "    set [ray] storage to a folder that this machine and the cluster see under the same path, "
        "or base.model to a hub id"
    )


def _with_paths(job: TrainJob, path_of: Callable[[Path], str]) -> TrainJob:
    def change(value: Any) -> Any:
        is_path = isinstance(value, str) and value.startswith("/") and Path(value).exists()
        return path_of(Path(value)) if is_path else value

    return _changed(job, change)


def _changed(job: TrainJob, change: Callable[[Any], Any]) -> TrainJob:
    """A job whose values that may be paths went through a function."""
    data = job.to_json()
    paths = {name: _walked(data[name], change) for name in PATHS}
    tuning = data["tuning"] | {"accelerate_config": change(job.tuning.accelerate_config)}
    return TrainJob.from_json({**data, **paths, "tuning": tuning})


def _walked(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, Mapping):
        return {key: _walked(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_walked(item, change) for item in value]
    return change(value)


def _files(path: Path) -> Iterator[Path]:
    yield from (file for file in path.rglob("*") if file.is_file()) if path.is_dir() else (path,)


def least(file: Path) -> int:
    """Bytes that it takes at least in the upload."""
    size = file.stat().st_size
    return size if file.suffix in {".safetensors", ".bin", ".gguf", ".parquet", ".gz", ".zst"} else size // TEXT_SHRINKS
