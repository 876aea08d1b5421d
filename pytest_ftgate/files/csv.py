"""CSV file -> the cells of each row with the line where it begins; what cannot be read is a fault."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault
from pytest_ftgate.files.compressed import opened, plain_name
from pytest_ftgate.files.text import shown
from pytest_ftgate.files.utf8_line import line_not_utf8

MOST = 1 << 24
"""Characters of one cell; a quote that is never closed does not take the memory."""
_AS_UTF8 = "save the file as UTF-8; one of an old Windows program: iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW"
_SEPARATORS = {".tsv": "\t"}
_OTHERS = {",": ";\t|", "\t": ",;|"}

Cells = tuple[int, list[str]]
"""(1-based line where a row begins, its cells)."""


def read_csv(path: Path) -> Iterator[Cells | Fault]:
    """The header, whose names are unique and without white space around them, then rows with as many cells.

    In .tsv tabs separate, in all else commas. Blank lines are skipped. Raises OSError, MissingExtra.
    """
    name = shown(path)
    csv.field_size_limit(MOST)
    with opened(path) as file, TextIOWrapper(file, encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=_separator(path), strict=True)
        try:
            yield from _rows(reader, name)
        except csv.Error as error:
            fix = 'close the quote: quote cells with quotes, commas or line breaks ("..."), and double inner quotes'
            yield Fault(name, reader.line_num, f"is not valid CSV: {error}; rest not read", fix)
        except UnicodeDecodeError as error:
            what = f"is not valid UTF-8 from here on: {error.reason}; rest not read"
            yield Fault(name, line_not_utf8(path), what, _AS_UTF8)


def other_separator(path: Path, header: Sequence[str]) -> str:
    """What separates the columns instead of what should, of a header that was read as one column; "" if nothing."""
    others = _OTHERS[_separator(path)] if len(header) == 1 else ""
    return next((mark for mark in others if mark in header[0]), "")


def _separator(path: Path) -> str:
    return _SEPARATORS.get(Path(plain_name(path)).suffix.lower(), ",")


def _rows(reader: Any, path: str) -> Iterator[Cells | Fault]:
    header: Sequence[str] = ()
    begins = 1
    for cells in reader:
        if cells and not header:
            header = [cell.strip() for cell in cells]
            if len(set(header)) < len(header):
                yield Fault(path, begins, f"duplicate column name: {', '.join(header)}", "use unique column names")
                return
            yield begins, list(header)
        elif cells and len(cells) != len(header):
            yield Fault(path, begins, f"{len(cells)} cells, but {len(header)} columns in the header")
        elif cells:
            yield begins, cells
        begins = reader.line_num + 1
