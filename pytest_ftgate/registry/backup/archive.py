"""Folder of a backup <-> one file, .tar.gz; whole or not at all."""

from __future__ import annotations

import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.files.atomic import replacing_bytes
from pytest_ftgate.files.escape import one_line
from pytest_ftgate.registry.backup.blobs import FOLDER as BLOBS
from pytest_ftgate.registry.backup.manifest import FILE as MANIFEST

ENDINGS = (".tar.gz", ".tgz")
OTHERS = (".tar", ".zip", ".gz", ".7z", ".rar", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tar.zst", ".tzst")
LEVEL = 1
"""Weights hardly shrink; what else there is does at the lowest level too."""


def is_archive(path: Path) -> bool:
    """By its name."""
    return path.name.endswith(ENDINGS)


@contextmanager
def being_written(path: Path) -> Iterator[Path]:
    """The folder to back up into; of an archive one beside it, which a call after a kill finds again."""
    if not is_archive(path):
        if path.is_file():
            raise RegistryError(f"{path}: is a file; name a folder, or a file that ends with .tar.gz")
        if path.name.endswith(OTHERS):
            raise RegistryError(f"{path}: archives are written as .tar.gz only; name it so, or name a folder")
        yield path
        return
    draft = path.with_name(f".{path.name}.draft")
    _begin(draft, path)
    try:
        with _called(draft, path):
            yield draft
    except RegistryError:
        if not (draft / BLOBS).exists():
            rmtree(draft, ignore_errors=True)
        raise
    with replacing_bytes(path) as stream, tarfile.open(fileobj=stream, mode="w:gz", compresslevel=LEVEL) as archive:
        for each in sorted(draft.iterdir()):
            archive.add(each, each.name)
    rmtree(draft)


def _begin(draft: Path, path: Path) -> None:
    """What the archive that is there already holds, so that no other takes its place. Raises RegistryError."""
    if (draft / MANIFEST).exists() or not path.exists():
        return
    with _opened(path) as archive:
        found = archive.extractfile(MANIFEST)
        content = found.read() if found else b""
    draft.mkdir(parents=True, exist_ok=True)
    with replacing_bytes(draft / MANIFEST) as stream:
        stream.write(content)


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    """Raises RegistryError for what is no archive of a backup, in the block too."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            yield archive
    except (tarfile.TarError, OSError, EOFError, KeyError, zlib.error) as error:
        raise RegistryError(
            f"{path}: not a whole .tar.gz of `ftgate backup`: {one_line(str(error)) or type(error).__name__}"
        ) from None


@contextmanager
def _called(draft: Path, path: Path) -> Iterator[None]:
    """Errors of the block name the archive, not the folder that nobody has named."""
    try:
        yield
    except RegistryError as error:
        raise RegistryError(str(error).replace(str(draft), str(path))) from None


@contextmanager
def being_read(path: Path) -> Iterator[Path]:
    """The folder of a backup; an archive is unpacked for the block. Raises RegistryError."""
    if path.is_dir():
        yield path
        return
    if not path.is_file():
        raise RegistryError(f"{path}: no such file or folder")
    with tempfile.TemporaryDirectory(prefix="ftgate-restore-") as draft:
        with _opened(path) as archive:
            archive.extractall(draft, filter="data")
        if not Path(draft, MANIFEST).is_file():
            raise RegistryError(f"{path}: not a .tar.gz of `ftgate backup`: {MANIFEST} is missing in it")
        with _called(Path(draft), path):
            yield Path(draft)
