"""Folder written by `save_to_disk` of Hugging Face datasets -> its records; the files are mapped, not loaded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pytest_ftgate.data.readers.columns import row_of_columns
from pytest_ftgate.data.readers.record import Entry, Record
from pytest_ftgate.errors import Fault, MissingExtra
from pytest_ftgate.files.text import shown

_OF_GOLDENS = "golden.toml"
"""In a folder that is a golden set, which this room knows nothing else of."""


def read_folder(path: Path) -> Iterator[Entry]:
    """The records, numbered from 1. A folder of several splits is a fault that names them."""
    name = shown(path)
    if splits := _splits(path):
        yield Fault(name, 0, f"has the splits {', '.join(splits)}", f"choose one: {name}/{splits[0]}")
    elif (path / _OF_GOLDENS).is_file():
        why = "is a golden set; training rows are expected here"
        yield Fault(name, 0, why, "pass the rows to train on; golden sets are named by --goldens, or goldens = [...]")
    elif not (path / "state.json").is_file():
        yield Fault(name, 0, "is not a Hugging Face dataset folder (no state.json)", "pass its files instead")
    else:
        yield from _records(path, name)


def _splits(path: Path) -> list[str]:
    try:
        return list(json.loads((path / "dataset_dict.json").read_text(encoding="utf-8"))["splits"])
    except (FileNotFoundError, ValueError, KeyError, TypeError, RecursionError):
        return []


def _records(path: Path, name: str) -> Iterator[Entry]:
    try:
        from datasets import load_from_disk
    except ImportError:
        raise MissingExtra("reading a Hugging Face dataset", "train") from None
    try:
        dataset = load_from_disk(str(path)).with_format(None)
    except (ValueError, KeyError, TypeError) as error:
        yield Fault(name, 0, f"cannot be read as a dataset: {error}")
        return
    for number, data in enumerate(dataset, start=1):
        yield Record(name, number, row_of_columns(data))
