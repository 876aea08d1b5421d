"""Path -> text; a file that is not plain UTF-8 is a fault with its line."""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.ordinary import is_file

Keys = tuple[str | int, ...]
"""The way to a value: keys of tables and 0-based places in arrays."""

_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def shown(path: Path) -> str:
    """The path as the user would type it: relative to the working directory if it lies below."""
    absolute, here = Path(path).absolute(), Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(path)


def read_text(path: Path) -> str:
    """The whole text of a file.

    Raises FileFaults: no such file, a named pipe or a device, not readable, a byte order mark, or each line that is not
    UTF-8.
    """
    try:
        is_file(path)
        raw = Path(path).read_bytes()
    except OSError as error:
        raise FileFaults([Fault(shown(path), 0, f"cannot be read: {error.strerror or error}")]) from None
    if raw.startswith(_WIDE):
        raise FileFaults([Fault(shown(path), 1, "is UTF-16, expected UTF-8", "save it as UTF-8 without BOM")])
    faults = list(_encoding_faults(raw, shown(path)))
    if faults:
        raise FileFaults(faults)
    return raw.decode("utf-8")


def _encoding_faults(raw: bytes, path: str) -> Iterator[Fault]:
    if raw.startswith(codecs.BOM_UTF8):
        yield Fault(path, 1, "starts with a byte order mark (BOM)", "save it as UTF-8 without BOM")
    if _is_utf8(raw):
        return
    for number, line in enumerate(raw.split(b"\n"), start=1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            bad = f"byte 0x{line[error.start]:02x} at position {error.start + 1} of the line"
            yield Fault(path, number, f"is not valid UTF-8: {bad}", "save the file as UTF-8")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def nearest(lines: Mapping[Keys, int], keys: Keys) -> int:
    """The line of a key, or of the nearest thing around it; 0 if the file names none of them."""
    return next((lines[keys[:end]] for end in range(len(keys), -1, -1) if keys[:end] in lines), 0)


TOO_MANY_DIGITS = "has a number of too many digits; write it as a string"

_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"' + r"|'[^']*'")


def deepest_line(text: str) -> int:
    """The 1-based line in which most brackets are open, those in quotes aside; 0 if there are none."""
    depth, most, found = 0, 0, 0
    for number, line in enumerate(text.split("\n"), start=1):
        for char in re.findall(r"[\[{\]}]", _QUOTED.sub("", line)):
            depth += 1 if char in "[{" else -1
            if depth > most:
                most, found = depth, number
    return found


def line_of_digits(text: str) -> int:
    """The 1-based line of the first number that has more digits than Python reads; 0 if there is none."""
    lines = enumerate(text.split("\n"), start=1)
    longest = sys.get_int_max_str_digits()
    return next((number for number, line in lines if re.search(rf"[0-9_]{{{longest + 1}}}", line)), 0)
