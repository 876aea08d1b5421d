"""Path of a data file or folder -> what DVC keeps of it: the md5 in its .dvc file or in dvc.lock.

Nothing of DVC is imported, and no network asked: its files are YAML. In one that says `hash: md5`, md5 is of the bytes
(DVC 3); older ones take CR LF of text for LF. Of a folder it is of the JSON list of its files, and ends with ".dir".
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import DataError, Fault, FileFaults
from pytest_ftgate.files.atomic import replacing_bytes
from pytest_ftgate.files.text import shown
from pytest_ftgate.files.yaml import read_yaml

LOCK = "dvc.lock"
_DIR = ".dir"


@dataclass(frozen=True, slots=True)
class Tracked:
    """out: the file or folder that DVC keeps: the path asked for, or a folder above it. by: the .dvc file or dvc.lock.

    md5: as written, hexadecimal, with ".dir" for a folder. old: written by a DVC before 3.
    """

    out: Path
    by: Path
    md5: str
    old: bool

    @property
    def pull(self) -> str:
        """The command that brings it."""
        return f"dvc pull {shown(self.out if self.by.name == LOCK else self.by)}"

    def fault(self) -> Fault | None:
        """How what stands there differs from what is kept; None if it does not."""
        found = _md5_of(self.out)
        if found == self.md5 or (self.old and not self.out.is_dir() and _md5(_unix(self.out)) == self.md5):
            return None
        what = f"differs from {shown(self.by)}: found md5 {found[:8]}..., expected {self.md5[:8]}..."
        keep = f"dvc commit {shown(self.by)}" if self.by.name == LOCK else f"dvc add {shown(self.out)}"
        return Fault(shown(self.out), 0, what, f"to keep it: {keep}; to restore the tracked version: dvc checkout")


def check_tracked(paths: Iterable[Path]) -> None:
    """Raises DataError that names every file or folder which differs from what DVC keeps of it."""
    found = {by.out: by for path in paths if (by := tracked(path))}
    if faults := [fault for each in found.values() if (fault := each.fault())]:
        raise DataError(faults)


def own_copy(path: Path) -> None:
    """Before a file is written into: a copy in the place of a link into DVC's cache. Other files are left alone."""
    linked = path.is_symlink() or (path.exists() and path.stat().st_nlink > 1)
    if not linked or tracked(path) is None:
        return
    with path.open("rb") as kept, replacing_bytes(path) as copy:
        shutil.copyfileobj(kept, copy)


def tracked(path: Path) -> Tracked | None:
    """What DVC keeps of the path, or of a folder above it; None if nothing. The path need not be there."""
    here = path.absolute()
    above = list(_inside(here))
    for out in (here, *above):
        if (found := _beside(out)) is not None:
            return found
    return next((found for folder in above if (found := _locked(folder / LOCK, here)) is not None), None)


def _inside(path: Path) -> Iterator[Path]:
    """Folders above, up to the root of DVC; only the nearest where there is none."""
    parents = list(path.parents)
    root = next((place for place, folder in enumerate(parents) if (folder / ".dvc").is_dir()), 0)
    yield from parents[: root + 1]


def _beside(out: Path) -> Tracked | None:
    file = out.with_name(f"{out.name}.dvc")
    return _first(_outs(file, _yaml(file).get("outs")), out) if file.is_file() else None


def _locked(lock: Path, path: Path) -> Tracked | None:
    stages = _yaml(lock).get("stages") if lock.is_file() else None
    if not isinstance(stages, Mapping):
        return None
    outs = (each for stage in stages.values() if isinstance(stage, Mapping) for each in _outs(lock, stage.get("outs")))
    return _first(outs, path)


def _outs(by: Path, outs: Any) -> Iterator[Tracked]:
    for out in outs if isinstance(outs, list) else ():
        if isinstance(out, Mapping) and isinstance(out.get("md5"), str) and isinstance(out.get("path"), str):
            yield Tracked(by.parent / out["path"], by, out["md5"], out.get("hash") != "md5")


def _first(outs: Iterable[Tracked], path: Path) -> Tracked | None:
    return next((out for out in outs if path == out.out or path.is_relative_to(out.out)), None)


def _yaml(file: Path) -> Mapping[str, Any]:
    try:
        data, _ = read_yaml(file)
    except FileFaults as error:
        raise DataError(error.faults) from None
    return data if isinstance(data, Mapping) else {}


def _md5_of(out: Path) -> str:
    """As DVC names the contents of a file or folder."""
    if not out.is_dir():
        return _md5(_bytes(out))
    files = sorted(file for file in out.rglob("*") if file.is_file())
    listed = [{"md5": _md5(_bytes(file)), "relpath": file.relative_to(out).as_posix()} for file in files]
    listed.sort(key=lambda each: each["relpath"])
    return _md5([json.dumps(listed, sort_keys=True).encode()]) + _DIR


def _md5(parts: Iterable[bytes]) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _bytes(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            yield chunk


def _unix(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        yield from (line.replace(b"\r\n", b"\n") for line in stream)
