"""Folder of an adapter <-> one encrypted file, by commands of the user: age, gpg, or the cloud's own.

No cryptography of our own: a command reads standard input and writes standard output. The digest of a version is that
of the plain folder, so what was decrypted is checked as everything else is.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.files.escape import one_line
from pytest_ftgate.files.secrets import mask

FILE = "adapter.tar.encrypted"
SETTING = {"encrypt": "ftgate_encrypt (or FTGATE_ENCRYPT)", "decrypt": "ftgate_decrypt (or FTGATE_DECRYPT)"}


@dataclass(frozen=True, slots=True)
class Cipher:
    """encrypt, decrypt: commands, such as "age -r age1..." and "age -d -i key.txt"; "" = not set."""

    encrypt: str = ""
    decrypt: str = ""

    def pack(self, files: Iterable[Path], into: Path) -> Path:
        """Files and folders, encrypted, as `into`/adapter.tar.encrypted. Raises RegistryError."""
        plain = into / "adapter.tar"
        with tarfile.open(plain, "w", format=tarfile.PAX_FORMAT) as tar:
            for file in sorted(files, key=lambda file: file.name):
                tar.add(file, file.name, filter=_anonymous)
        _run(self.encrypt, "encrypt", plain, into / FILE)
        plain.unlink()
        return into / FILE

    def unpack(self, file: Path, into: Path) -> Path:
        """The folder that was packed, as `into`, readable by its owner alone. Raises RegistryError."""
        if not self.decrypt:
            raise RegistryError(f"{file.name} is encrypted\n    Set the command that decrypts it: {SETTING['decrypt']}")
        plain = file.with_suffix(".plain")
        plain.touch(mode=0o600)
        try:
            _run(self.decrypt, "decrypt", file, plain)
            into.mkdir(mode=0o700)
            with tarfile.open(plain) as tar:
                tar.extractall(into, filter="data")
        except (tarfile.TarError, OSError) as error:
            raise RegistryError(f"{file.name}: what was decrypted is no adapter: {one_line(str(error))}") from None
        finally:
            plain.unlink()
        for each in into.rglob("*"):
            each.chmod(0o700 if each.is_dir() else 0o600)
        return into


PLAIN = Cipher()


def from_environment(given: Cipher) -> Cipher:
    """The same, with FTGATE_ENCRYPT and FTGATE_DECRYPT where a command is not given."""
    encrypt, decrypt = (os.environ.get(f"FTGATE_{name}", "") for name in ("ENCRYPT", "DECRYPT"))
    return Cipher(given.encrypt.strip() or encrypt.strip(), given.decrypt.strip() or decrypt.strip())


def sealed_digest(file: Path) -> str:
    """sha256 of what is kept, read anew."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the owner's name and the time: the same adapter is the same file before it is encrypted."""
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


def _run(command: str, which: str, source: Path, dest: Path) -> None:
    """dest: what the command makes of source. Raises RegistryError with what it said."""
    try:
        words = shlex.split(command)
        with source.open("rb") as read, dest.open("wb") as write:
            done = subprocess.run(words, stdin=read, stdout=write, stderr=subprocess.PIPE, check=False)
    except (OSError, ValueError) as error:
        raise RegistryError(f"cannot {which}: {one_line(str(error))}\n    look at {SETTING[which]}") from None
    if done.returncode or not dest.stat().st_size:
        lines = mask(done.stderr.decode("utf-8", "replace")).strip().splitlines() or ["no message"]
        what = f"the command ended with {done.returncode}" if done.returncode else "the command wrote nothing"
        said = f"{what}: {one_line(lines[-1])}"
        raise RegistryError(f"cannot {which}: {said}\n    look at {SETTING[which]}: {words[0]} ...")
