"""JSON values -> a JSON Schema that all of them keep: types, keys that are always there, few texts as an enum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_ftgate.pipeline.starting.answers import closed

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TYPES: tuple[tuple[str, type | tuple[type, ...]], ...] = (
    ("boolean", bool),
    ("integer", int),
    ("number", float),
    ("string", str),
    ("null", type(None)),
    ("array", (list, tuple)),
    ("object", Mapping),
)


def schema_of(values: Sequence[Any]) -> dict[str, Any]:
    """Of objects, with `$schema`; at least one value."""
    return {"$schema": DRAFT, **_schema(values)}


def _schema(values: Sequence[Any]) -> dict[str, Any]:
    types = list(dict.fromkeys(map(_type, values)))
    if "number" in types and "integer" in types:
        types.remove("integer")
    schema: dict[str, Any] = {"type": types[0] if len(types) == 1 else sorted(types)}
    if types == ["string"] and (few := closed(values)):
        schema["enum"] = sorted(few)
    if items := [item for value in values if isinstance(value, list | tuple) for item in value]:
        schema["items"] = _schema(items)
    if objects := [value for value in values if isinstance(value, Mapping)]:
        schema |= _of_objects(objects)
    return schema


def _of_objects(objects: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    keys = list(dict.fromkeys(key for each in objects for key in each))
    return {
        "properties": {key: _schema([each[key] for each in objects if key in each]) for key in keys},
        "required": [key for key in keys if all(key in each for each in objects)],
        "additionalProperties": False,
    }


def _type(value: Any) -> str:
    return next(name for name, kind in _TYPES if isinstance(value, kind))
