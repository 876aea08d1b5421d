"""What an export wrote, in a file beside it: of which model, in which form, and the digest of each file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.files.digest import file_digest
from pytest_ftgate.serve.forms.form import Form
from pytest_ftgate.serve.model import Model

FILE = "ftgate_form.json"

CONVERTER = "converter"
"""Key: the command that wrote the file, where it was not our own writer."""


def write_record(folder: Path, model: Model, form: Form, converter: str = "") -> None:
    """Write it last: a folder that has it is whole. It holds no time, and of this machine a command that was named."""
    record = {"form": str(form), "model": model.digest, "files": dict(_files(folder))}
    if converter:
        record[CONVERTER] = converter
    write_text(folder / FILE, json.dumps(record, indent=1) + "\n")


def read_record(folder: Path) -> Mapping[str, Any]:
    """The record in a folder; empty if there is none that can be read."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def is_whole(folder: Path, model: Model, form: Form, converter: str = "") -> bool:
    """Whether a folder holds this model in this form, every file as it was written by the same program, and no other
    file.
    """
    record = read_record(folder)
    asked = {"form": str(form), "model": model.digest, CONVERTER: converter}
    if {"form": record.get("form"), "model": record.get("model"), CONVERTER: record.get(CONVERTER, "")} != asked:
        return False
    return bool(record.get("files") == dict(_files(folder)))


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    names = sorted(path for path in folder.rglob("*") if not path.is_dir())
    return ((path.relative_to(folder).as_posix(), file_digest(path)) for path in names if path.name != FILE)
