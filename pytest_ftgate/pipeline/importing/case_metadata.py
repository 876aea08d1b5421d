"""Metadata of another tool's cases -> slices, of what groups the cases, and notes, of the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_LONGEST = 60
"""Characters of a value that makes a slice."""
_MOST_VALUES = 10
"""Different values of a slice, unless each has several cases."""
_NOTES = "notes"
"""Key of the metadata that is never a slice; `ftgate export-cases` writes it."""
_FEW_CASES = 3
"""So few cases may all have different values of a slice."""


def slice_names(metadata: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Key of the metadata -> name of the slice, for keys whose values group the cases."""
    values: dict[str, list[str]] = {}
    for each in metadata:
        for key, value in each.items():
            if key != _NOTES and _is_short(value):
                values.setdefault(key, []).append(_text(value))
    names: dict[str, str] = {}
    for key, some in values.items():
        name = re.sub(r"\W", "_", key, flags=re.ASCII)
        name = name if name[:1].isalpha() or name[:1] == "_" else f"_{name}"
        if name not in names.values() and _groups(len(set(some)), len(some)):
            names[key] = name
    return names


def _groups(different: int, cases: int) -> bool:
    few = different <= _MOST_VALUES and (different < cases or cases <= _FEW_CASES)
    return few or 2 * different <= cases


def parted(metadata: Mapping[str, Any], names: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Any]]:
    """(slices, the rest) of one case. names: see `slice_names`."""
    slices = {names[key]: _text(value) for key, value in metadata.items() if key in names and _is_short(value)}
    return slices, {key: value for key, value in metadata.items() if key not in names or not _is_short(value)}


def as_notes(rest: Mapping[str, Any]) -> str:
    """What is no slice: notes that a case had already, and the others as JSON; "" of nothing."""
    others = {key: value for key, value in rest.items() if key != _NOTES or not isinstance(value, str)}
    written = json.dumps(others, ensure_ascii=False, default=str) if others else ""
    return "\n".join(filter(None, (rest[_NOTES] if len(others) < len(rest) else "", written)))


def free_id(text: str, ids: set[str]) -> str:
    """An id that a case can have, and no other has; it is added to the ids."""
    base = re.sub(r"[^\w.+=@,/()-]+", "-", text).strip("-") or "case"
    made, number = base, 1
    while made in ids:
        number += 1
        made = f"{base}-{number}"
    ids.add(made)
    return made


def _is_short(value: Any) -> bool:
    return isinstance(value, str | int | float) and 0 < len(_text(value)) <= _LONGEST


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
