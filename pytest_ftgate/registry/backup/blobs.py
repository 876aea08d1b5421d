"""File -> a copy under its sha256, once for each content, and back to a file that was compared with it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.files.atomic import replacing_bytes
from pytest_ftgate.registry.backup.manifest import Blob, Files

FOLDER = "blobs"
A_PIECE = 1 << 20  # bytes


class Blobs:
    """The files of a backup in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / FOLDER
        self._whole: set[Blob] = set()

    def add(self, file: Path) -> Blob:
        """Copy a file, unless its content is here; whole or not at all."""
        with file.open("rb") as stream:
            blob = Blob(hashlib.file_digest(stream, "sha256").hexdigest(), file.stat().st_size)
        if not self.holds(blob):
            with file.open("rb") as source, replacing_bytes(self._path(blob)) as copy:
                shutil.copyfileobj(source, copy, A_PIECE)
        self._whole.add(blob)
        return blob

    def add_folder(self, folder: Path) -> Files:
        """All files below a folder."""
        files = sorted(each for each in folder.rglob("*") if each.is_file())
        return {each.relative_to(folder).as_posix(): self.add(each) for each in files}

    def has(self, blob: Blob) -> bool:
        """Whether a file of that name and size is here; its content is compared when it is read."""
        path = self._path(blob)
        return path.is_file() and path.stat().st_size == blob.size

    def holds(self, blob: Blob) -> bool:
        """Whether its very content is here; read once, so that a backup copies again what has rotted."""
        if blob not in self._whole and self.has(blob):
            with self._path(blob).open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() == blob.sha256:
                    self._whole.add(blob)
        return blob in self._whole

    def check(self, blobs: Iterable[Blob]) -> None:
        """RegistryError if one is not here."""
        if missing := [each for each in set(blobs) if not self.has(each)]:
            raise RegistryError(
                f"{self.folder.parent}: {len(missing)} files of the backup are missing or cut short, such as "
                f"{FOLDER}/{missing[0].sha256}; nothing was restored"
            )

    def read(self, blob: Blob) -> bytes:
        """The content. Raises RegistryError if it is not what was backed up."""
        path = self._path(blob)
        content = path.read_bytes()
        self._compare(path, hashlib.sha256(content).hexdigest(), blob)
        return content

    def lay_out(self, files: Files, into: Path) -> Path:
        """The folder `into` with these files in it. Raises RegistryError if one is not what was backed up."""
        into.mkdir(parents=True, exist_ok=True)
        for name, blob in files.items():
            dest = into / name
            dest.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._path(blob), dest)
            with dest.open("rb") as stream:
                self._compare(self._path(blob), hashlib.file_digest(stream, "sha256").hexdigest(), blob)
        return into

    def prune(self, wanted: Iterable[Blob]) -> None:
        """Remove what an earlier backup in this folder held and this one does not."""
        keep = {each.sha256 for each in wanted}
        for path in self.folder.glob("*") if self.folder.is_dir() else ():
            if path.name not in keep:
                path.unlink()

    def _path(self, blob: Blob) -> Path:
        if len(blob.sha256) != 64 or not blob.sha256.isalnum():
            raise RegistryError(f"{blob.sha256!r} is no sha256")
        return self.folder / blob.sha256

    def _compare(self, path: Path, found: str, blob: Blob) -> None:
        if found != blob.sha256:
            raise RegistryError(f"{path}: was changed since the backup, its sha256 is {found[:12]}; not used")
