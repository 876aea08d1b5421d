"""Parquet file or dataset folder of Hugging Face -> the names of classes that its rows hold as numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import MissingExtra

Names = Mapping[str, Sequence[str]]
"""By column: the name of class 0, of class 1 ..."""


def class_names(path: Path) -> Names:
    """Of the columns of type ClassLabel; of any other file nothing, and nothing where its description is not sound."""
    try:
        if path.is_dir():
            return _of_features(json.loads((path / "dataset_info.json").read_text("utf-8"))["features"])
        return _of_parquet(path) if path.suffix.lower() == ".parquet" else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _of_parquet(path: Path) -> Names:
    """As `datasets` describes them in the schema that it writes."""
    try:
        from pyarrow.parquet import read_schema
    except ImportError:
        raise MissingExtra("reading Parquet files", "data") from None
    described = (read_schema(path).metadata or {})[b"huggingface"]
    return _of_features(json.loads(described)["info"]["features"])


def _of_features(features: Mapping[str, Any]) -> Names:
    labels = {name: each for name, each in features.items() if each.get("_type") == "ClassLabel"}
    return {name: [str(named) for named in each["names"]] for name, each in labels.items()}


def with_names(data: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """A row with names in place of numbers; the number of no class (-1) is null."""
    return {key: _named(value, names[key]) if key in names else value for key, value in data.items()}


def _named(value: Any, names: Sequence[str]) -> Any:
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    return names[value] if 0 <= value < len(names) else None
