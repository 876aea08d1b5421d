"""(state folder) -> its secret key, made when first asked for; (key, bytes) -> a seal that only its holder can make."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from pytest_ftgate.errors import JournalError
from pytest_ftgate.files.disk import sync, sync_folder, write_whole
from pytest_ftgate.files.git_ignore import make_ignored
from pytest_ftgate.files.ordinary import is_file

FILE = "seal.key"
LENGTH = 32
"""Hex digits of a seal."""
_KEY_BYTES = 32


def state_key(folder: Path) -> bytes:
    """The 32 bytes of `folder`/seal.key, which only its owner may read; processes that make it at once get one key.

    Raises JournalError if it cannot be read or made, or holds something else.
    """
    path = folder / FILE
    try:
        if not is_file(path):
            _make(path)
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        raise JournalError(f"{path}: cannot be read or made: {error.strerror or error}") from error
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise JournalError(
            f"{path}: not a key, expected 64 hex digits; restore it from a backup, or remove it:\n"
            "    what was sealed with it then counts as changed"
        )
    return key


def seal(key: bytes, data: bytes) -> str:
    """The first 32 hex digits of HMAC-SHA256."""
    return hmac.digest(key, data, "sha256").hex()[:LENGTH]


def _make(path: Path) -> None:
    """Whole or not at all: written beside, then linked, which fails if another process was first."""
    make_ignored(path.parent)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            write_whole(file, secrets.token_hex(_KEY_BYTES).encode() + b"\n")
            sync(file)
        finally:
            os.close(file)
        _publish(draft, path)
        sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _publish(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        if not path.exists():
            draft.replace(path)
