"""Keys of a row of no known shape -> the nearest shape, and which keys to rename."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import SequenceMatcher
from itertools import product
from typing import Any

from pytest_ftgate.data.readers.shapes.common import OURS
from pytest_ftgate.data.readers.shapes.messages import is_message
from pytest_ftgate.data.readers.shapes.table import SHAPES, Shape
from pytest_ftgate.data.readers.shapes.turn import kind
from pytest_ftgate.errors import Fault

MANY = 8
"""Keys that a message lists."""


def unknown(data: Mapping[str, Any], path: str, line: int) -> Fault:
    """What was found, and what to do."""
    keys = [key for key in data if key not in OURS]
    more = f" and {len(keys) - MANY} more" if keys[MANY:] else ""
    listed = (", ".join(map(repr, keys[:MANY])) or "none") + more
    return Fault(path, line, f"unknown row format; found keys: {listed}", _remedy(data, keys), listed)


def _remedy(data: Mapping[str, Any], keys: Collection[str]) -> str:
    if not keys:
        return "expected keys such as messages, or prompt + completion"
    shape = _conversation() if any(_is_list_of_objects(data[key]) for key in keys) else _nearest(keys)
    missing = [key for key in shape.needs if key not in keys]
    if not missing:
        return f"nearest: {' + '.join(shape.needs)}"
    spare = [key for key in keys if key not in shape.needs and not _is_nested(data[key])]
    renamed = _renamed(missing, spare)
    mapped = ", ".join(f'{new} = "{old}"' for new, old in renamed.items())
    todo = f"rename, or map in pipeline.toml: [data.columns] {mapped}" if mapped else ""
    lacking = [key for key in missing if key not in renamed]
    without = f"missing: {', '.join(lacking)}" if lacking else ""
    return "; ".join(part for part in (f"nearest: {' + '.join(shape.needs)}", without, todo) if part)


def _conversation() -> Shape:
    return next(shape for shape in SHAPES if shape.needs == ("messages",))


def _is_nested(value: Any) -> bool:
    """Whether it is an object that no renaming makes a text, as the `answers` of SQuAD."""
    return isinstance(value, Mapping) and not is_message(value)


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(kind(each) == "an object" for each in value)


def _nearest(keys: Collection[str]) -> Shape:
    """The shape of question and answer with the likest keys; the first of several."""
    pairs = [shape for shape in SHAPES if len(shape.needs) == 2]
    return max(pairs, key=lambda shape: sum(max(_likeness(need, key) for key in keys) for need in shape.needs))


def _renamed(missing: Collection[str], spare: Collection[str]) -> dict[str, str]:
    """Each missing key, and the likest of those that are left; the likest of all first."""
    ranked = sorted(product(missing, spare), key=lambda pair: -_likeness(*pair))
    made: dict[str, str] = {}
    for need, key in ranked:
        if need not in made and key not in made.values():
            made[need] = key
    return {need: made[need] for need in missing if need in made}


def _likeness(one: str, other: str) -> float:
    """0 to 1."""
    return SequenceMatcher(None, one, other.casefold()).ratio()
