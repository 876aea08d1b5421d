"""File that is not UTF-8 -> the line that is not: a decoder that reads ahead knows only the line that it gave out."""

from __future__ import annotations

from codecs import getincrementaldecoder
from pathlib import Path

from pytest_ftgate.files.compressed import opened

_STEP = 1 << 16


def line_not_utf8(path: Path) -> int:
    """1-based line of the first byte that is not UTF-8, of the last line if none is. Raises OSError, MissingExtra."""
    line, decoder = 1, getincrementaldecoder("utf-8")()
    with opened(path) as file:
        try:
            while chunk := file.read(_STEP):
                decoder.decode(chunk)
                line += chunk.count(b"\n")
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].count(b"\n")
    return line
