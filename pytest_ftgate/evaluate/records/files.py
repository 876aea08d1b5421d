"""Record <-> sealed lines: one with the facts of the run, then one for each case. A file may hold several records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import IntegrityError, RecordError
from pytest_ftgate.evaluate.records.chain import PUBLIC, Chain, sealed
from pytest_ftgate.evaluate.records.record import FORMAT, CaseRecord, Facts, Record
from pytest_ftgate.files.append_log import line_of, parsed
from pytest_ftgate.files.atomic import replacing_bytes
from pytest_ftgate.files.ordinary import is_file
from pytest_ftgate.files.secrets import mask
from pytest_ftgate.files.text import shown

_EDITED = (
    "edited after it was written, or sealed with the key of another state folder; it is not used. Remove the file, or "
    "restore it; to take a record elsewhere: ftgate runs export RUN FILE"
)


def write(path: Path, key: bytes, record: Record) -> None:
    """The whole file at once, sealed with the key of the state folder. Raises RecordError."""
    _write(path, sealed(key, _lines(record)))


def export(path: Path, records: Iterable[Record]) -> None:
    """The records in one file that any machine can read, secrets masked. Raises RecordError; its folder is not made."""
    if not path.parent.is_dir():
        raise RecordError(f"{shown(path)}: the run record cannot be written: no folder {shown(path.parent)}; make it")
    _write(path, (line for record in records for line in sealed(PUBLIC, map(_masked, _lines(record)))))


def read(path: Path, key: bytes) -> list[Record]:
    """All records of a file. key: of the state folder; a file that was exported needs none.

    Raises RecordError if it cannot be read or is none, IntegrityError with the line that was edited.
    """
    lines = _read(path)
    if not lines:
        raise RecordError(f"{shown(path)}: empty, expected a run record; remove it")
    keys = [each for each in (key, PUBLIC) if Chain(each).fits(lines[0])]
    reader = _Reader(path, lines, keys[0] if keys else key)
    return list(reader.records())


def read_facts(path: Path, key: bytes) -> Facts | None:
    """The first line alone; None if it is not that of a record which fits its seal. Raises OSError."""
    with path.open("rb") as stream:
        line = stream.readline().rstrip(b"\n")
    if not Chain(key).fits(line):
        return None
    try:
        return Facts.from_json(parsed(line) or {})
    except (KeyError, TypeError):
        return None


class _Reader:
    def __init__(self, path: Path, lines: list[bytes], key: bytes) -> None:
        self._path, self._lines, self._key = path, lines, key
        self._at = 0

    def records(self) -> Iterator[Record]:
        while self._at < len(self._lines):
            chain = Chain(self._key)
            facts = self._facts(self._next(chain))
            yield Record(facts, tuple(self._case(self._next(chain)) for _ in range(facts.lines)))

    def _next(self, chain: Chain) -> dict[str, Any]:
        if self._at == len(self._lines):
            raise IntegrityError(f"{shown(self._path)}:{self._at}: ends too early: cases were removed. {_EDITED}")
        line = self._lines[self._at]
        self._at += 1
        data = parsed(line)
        if data is None:
            raise RecordError(f"{shown(self._path)}:{self._at}: not a line of a run record; remove the file")
        if "seal" not in data:
            raise RecordError(f"{shown(self._path)}:{self._at}: not a line of a run record: it has no seal")
        if not chain.fits(line):
            raise IntegrityError(f"{shown(self._path)}:{self._at}: {_EDITED}")
        return data

    def _facts(self, data: dict[str, Any]) -> Facts:
        if data.get("format") != FORMAT:
            found = (
                f"found format {data.get('format')!r}, expected {FORMAT}: written by another version of pytest-ftgate"
            )
            raise RecordError(f"{shown(self._path)}:{self._at}: {found}; measure again")
        try:
            return Facts.from_json(data)
        except (KeyError, TypeError) as error:
            raise RecordError(f"{shown(self._path)}:{self._at}: not the first line of a run record: {error}") from None

    def _case(self, data: dict[str, Any]) -> CaseRecord:
        try:
            return CaseRecord.from_json(data)
        except (KeyError, TypeError, AttributeError) as error:
            raise RecordError(f"{shown(self._path)}:{self._at}: not a case of a run record: {error}") from None


def _lines(record: Record) -> Iterator[bytes]:
    yield line_of(record.facts.to_json())
    yield from (line_of(case.to_json()) for case in record.cases)


def _masked(line: bytes) -> bytes:
    return mask(line.decode()).encode()


def _write(path: Path, lines: Iterable[bytes]) -> None:
    try:
        with replacing_bytes(path) as stream:
            stream.writelines(line + b"\n" for line in lines)
    except OSError as error:
        raise RecordError(f"{shown(path)}: the run record cannot be written: {error.strerror or error}") from None


def _read(path: Path) -> list[bytes]:
    try:
        if not is_file(path):
            raise RecordError(f"{shown(path)}: no such file, expected a run record")
        return path.read_bytes().rstrip(b"\n").split(b"\n") if path.stat().st_size else []
    except OSError as error:
        raise RecordError(f"{shown(path)}: cannot be read: {error.strerror or error}") from None
