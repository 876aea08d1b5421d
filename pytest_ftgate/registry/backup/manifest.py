"""What a backup holds <-> its file `backup.json`; the files themselves stand beside it, by their sha256 (`blobs`).

It is written last and at once, so a backup without it was interrupted, and one with it is whole. Its own sha256 tells
an edited one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.files.escape import one_line

FILE = "backup.json"
FORMAT = 1


class Blob(NamedTuple):
    """A file. size: bytes."""

    sha256: str
    size: int


Files = Mapping[str, Blob]
"""Path within a folder, with slashes -> its content."""


class Point(NamedTuple):
    """One value of a metric. value: as text, which can also be "nan" or "inf". at_ms: since 1970."""

    name: str
    value: str
    at_ms: int
    step: int


@dataclass(frozen=True, slots=True)
class SavedRun:
    """An MLflow run. id: the one that versions and audit log know it by. Times are milliseconds since 1970."""

    id: str
    experiment: str
    name: str
    status: str
    begin_ms: int
    end_ms: int
    params: Mapping[str, str]
    tags: Mapping[str, str]
    points: Sequence[Point]
    artifacts: Files


@dataclass(frozen=True, slots=True)
class SavedVersion:
    """A registered version. run: the id of the newest run that judged it. files: of the adapter or model."""

    number: int
    digest: str
    run: str
    created_ms: int
    tags: Mapping[str, str]
    files: Files


@dataclass(frozen=True, slots=True)
class SavedTask:
    """aliases: name -> number of a version; `champion` is one of them. runs: oldest first."""

    name: str
    tags: Mapping[str, str]
    aliases: Mapping[str, int]
    versions: Sequence[SavedVersion]
    runs: Sequence[SavedRun]


@dataclass(frozen=True, slots=True)
class Manifest:
    """made_at: UTC. by: user@host. registry: its address, without secrets. audit: the audit log, if there was one.

    bases: digest of a base model -> its files.
    """

    made_at: str
    by: str
    registry: str
    audit: Blob | None
    tasks: Sequence[SavedTask]
    bases: Mapping[str, Files] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """sha256 of all that it says."""
        return digest_of(_plain(self))

    def blobs(self) -> Iterator[Blob]:
        """Every file that belongs to the backup; some more than once."""
        if self.audit:
            yield self.audit
        for task in self.tasks:
            for holder in task.versions:
                yield from holder.files.values()
            for run in task.runs:
                yield from run.artifacts.values()
        for files in self.bases.values():
            yield from files.values()


def write(folder: Path, manifest: Manifest) -> Path:
    """The file, whole and on the disk."""
    data = _plain(manifest) | {"format": FORMAT, "sha256": manifest.id}
    return write_text(folder / FILE, json.dumps(data, ensure_ascii=False, indent=1))


def read(folder: Path) -> Manifest:
    """What the backup in a folder holds. Raises RegistryError: none, interrupted, edited, or newer."""
    path = folder / FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data.pop("format") != FORMAT:
            raise RegistryError(f"{path}: a backup of another release; restore it with the one that made it")
        told, manifest = data.pop("sha256"), _manifest(data)
    except FileNotFoundError:
        raise RegistryError(
            f"{folder}: no complete backup, {FILE} is missing: `ftgate backup` was interrupted, or this is another "
            "folder\n    run `ftgate backup` again, it goes on where it stopped"
        ) from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise RegistryError(f"{path}: not a backup: {type(error).__name__}: {one_line(str(error))}") from None
    if told != manifest.id:
        raise RegistryError(f"{path}: was edited, its sha256 does not fit; nothing was restored")
    return manifest


def _plain(manifest: Manifest) -> dict[str, Any]:
    """As JSON; named tuples become lists."""
    found: dict[str, Any] = json.loads(json.dumps(asdict(manifest)))
    return found


def _manifest(data: Mapping[str, Any]) -> Manifest:
    audit = data["audit"]
    tasks = tuple(_task(each) for each in data["tasks"])
    bases = {str(digest): _files(files) for digest, files in data["bases"].items()}
    return Manifest(**{**data, "audit": Blob(*audit) if audit else None, "tasks": tasks, "bases": bases})


def _task(data: Mapping[str, Any]) -> SavedTask:
    versions = tuple(SavedVersion(**{**each, "files": _files(each["files"])}) for each in data["versions"])
    runs = tuple(_run(each) for each in data["runs"])
    return SavedTask(**{**data, "versions": versions, "runs": runs})


def _run(data: Mapping[str, Any]) -> SavedRun:
    points = tuple(Point(*each) for each in data["points"])
    return SavedRun(**{**data, "points": points, "artifacts": _files(data["artifacts"])})


def _files(data: Mapping[str, Any]) -> Files:
    """Raises ValueError for a path that leads out of its folder."""
    for name in data:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise ValueError(f"{name!r} is no path of a file in a backup")
    return {str(name): Blob(*each) for name, each in data.items()}
