"""Path of a file that may be compressed (.gz, .bz2, .xz, .zst) -> what is in it, as a stream."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, cast

from pytest_ftgate.errors import FtgateError, MissingExtra

BUFFER = 1 << 16
STEP = 1 << 8
"""Compressed bytes that are given to zstandard at once: they may stand for 32,000 times as many."""


def opened(path: Path) -> BinaryIO:
    """The file's bytes, uncompressed as they are read.

    Raises OSError, also while it is read, for what cannot be uncompressed or is cut off; MissingExtra.
    """
    make = _OPENERS.get(path.suffix.lower())
    return cast(BinaryIO, io.BufferedReader(_Checked(make(path)), BUFFER)) if make else path.open("rb")


def compressed_beside(path: Path) -> Path | None:
    """The compressed file that stands where a file is not: rows.jsonl.gz for rows.jsonl; None if there is none."""
    if path.exists():
        return None
    return next((file for end in COMPRESSED if (file := path.with_name(path.name + end)).is_file()), None)


def is_compressed(path: Path) -> bool:
    """By the end of the name."""
    return path.suffix.lower() in _OPENERS


def plain_name(path: Path) -> str:
    """The name without the end that says how it is compressed: "rows.jsonl" of "rows.jsonl.gz"."""
    return path.stem if is_compressed(path) else path.name


def check_not_compressed(path: Path) -> None:
    """For a file to write. Raises FtgateError if its name says that it is compressed, which we do not write."""
    if is_compressed(path):
        raise FtgateError(f"{path}: output is written uncompressed; use a name like {plain_name(path)}")


class _Checked(io.RawIOBase):
    """A stream whose damage is an OSError, whatever the format's library raises."""

    def __init__(self, stream: io.IOBase) -> None:
        self._stream = stream

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """As many bytes as there are, at most as fit in; 0 at the end. Raises OSError."""
        try:
            found: bytes = self._stream.read(len(buffer))
        except (EOFError, zlib.error, lzma.LZMAError) as error:
            raise OSError(f"damaged or cut off: {error}") from None
        except OSError as error:
            raise OSError(f"damaged: {error}") if error.errno is None else error from None
        buffer[: len(found)] = found
        return len(found)

    def close(self) -> None:
        """Close the file below too."""
        self._stream.close()
        super().close()


class _Zstandard(io.RawIOBase):
    """Frames one after the other; the end of the file inside of one is an EOFError, unlike in zstandard's reader."""

    def __init__(self, path: Path) -> None:
        try:
            import zstandard
        except ImportError:
            raise MissingExtra(f"reading {path.name}", "data") from None
        self._library = zstandard
        self._file = path.open("rb")
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._begun = False
        self._ready = memoryview(b"")

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; none at the end."""
        while not self._ready and (chunk := self._file.read(STEP)):
            try:
                self._ready = memoryview(self._uncompressed(chunk))
            except self._library.ZstdError as error:
                raise OSError(str(error)) from None
        if not self._ready and self._begun:
            raise EOFError("the file ends within a frame")
        found, self._ready = self._ready[:size], self._ready[size:]
        return bytes(found)

    def _uncompressed(self, chunk: bytes) -> bytes:
        made = []
        while chunk:
            self._begun = True
            made.append(self._frame.decompress(chunk))
            chunk = b""
            if self._frame.eof:
                chunk = self._frame.unused_data
                self._frame = self._library.ZstdDecompressor().decompressobj()
                self._begun = False
        return b"".join(made)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


_OPENERS: Mapping[str, Callable[[Path], io.IOBase]] = MappingProxyType(
    {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open, ".zst": _Zstandard}
)
COMPRESSED = tuple(_OPENERS)
"""Ends of the names of compressed files, in lower case."""
