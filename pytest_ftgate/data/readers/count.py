"""Path of a data file or folder -> how many rows it holds; Parquet and dataset folders are asked, not read."""

from __future__ import annotations

from pathlib import Path

from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.records import read_records
from pytest_ftgate.errors import MissingExtra


def row_count(path: Path) -> int:
    """Rows, whatever their keys mean; what is none does not count. Raises MissingExtra."""
    known = _folder(path) if path.is_dir() else _parquet(path) if path.suffix.lower() == ".parquet" else None
    return sum(isinstance(record, Record) for record in read_records(path)) if known is None else known


def _parquet(path: Path) -> int | None:
    """None for a file that is no Parquet: reading it then tells what is wrong."""
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import read_metadata
    except ImportError:
        raise MissingExtra("reading Parquet files", "data") from None
    try:
        return int(read_metadata(path).num_rows)
    except (ArrowException, OSError):
        return None


def _folder(path: Path) -> int | None:
    """None for a folder that is no dataset: reading it then tells what it is, whatever is installed."""
    if not (path / "state.json").is_file():
        return None
    try:
        from datasets import load_from_disk
    except ImportError:
        raise MissingExtra("reading a Hugging Face dataset", "train") from None
    try:
        return len(load_from_disk(str(path)))
    except (ValueError, KeyError, TypeError, OSError):
        return None
