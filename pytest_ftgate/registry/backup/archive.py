"""Folder of a backup <-> one file, .tar.gz; whole or not at all."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.files.atomic import replacing_bytes
from pytest_ftgate.files.escape import one_line

ENDINGS = (".tar.gz", ".tgz")
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
        yield path
        return
    draft = path.with_name(f".{path.name}.draft")
    yield draft
    with replacing_bytes(path) as stream, tarfile.open(fileobj=stream, mode="w:gz", compresslevel=LEVEL) as archive:
        for each in sorted(draft.iterdir()):
            archive.add(each, each.name)
    rmtree(draft)


@contextmanager
def being_read(path: Path) -> Iterator[Path]:
    """The folder of a backup; an archive is unpacked for the block. Raises RegistryError."""
    if path.is_dir():
        yield path
        return
    if not path.is_file():
        raise RegistryError(f"{path}: no such file or folder")
    with tempfile.TemporaryDirectory(prefix="ftgate-restore-") as draft:
        try:
            with tarfile.open(path, "r:gz") as archive:
                archive.extractall(draft, filter="data")
        except (tarfile.TarError, OSError, EOFError) as error:
            raise RegistryError(
                f"{path}: not a whole .tar.gz of `ftgate backup`: {one_line(str(error)) or type(error).__name__}"
            ) from None
        yield Path(draft)
