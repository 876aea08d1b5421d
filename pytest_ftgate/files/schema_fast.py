"""(data, name of a published schema) -> True if the data surely keeps it: a look that spares the import of jsonschema.

The schema stays the truth. Whatever is not understood here is not sure, and is left to jsonschema, which also finds the
words for a fault; a test holds that jsonschema accepts whatever is sure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "schemas"
_NOTES = frozenset({"$schema", "$id", "$defs", "title", "description", "examples"})
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def surely_keeps(data: object, schema_name: str) -> bool:
    """True only if `schemas/<schema_name>.schema.json` accepts the data, which holds nothing that JSON has not."""
    file = f"{schema_name}.schema.json"
    return _keeps(data, load(file), file)


@lru_cache(maxsize=8)
def load(file: str) -> dict[str, Any]:
    """A published schema by its file's name; nothing is ever fetched from the network."""
    schema: dict[str, Any] = json.loads((FOLDER / file).read_text("utf-8"))
    return schema


def _keeps(data: Any, schema: Mapping[str, Any], file: str) -> bool:
    return all(
        word in _NOTES or (word in _WORDS and _WORDS[word](data, limit, schema, file)) for word, limit in schema.items()
    )


def _type(data: Any, names: Any, _schema: object, _file: str) -> bool:
    return any(type(data) in _TYPES.get(name, ()) for name in ([names] if isinstance(names, str) else names))


def _properties(data: Any, known: Any, _schema: object, file: str) -> bool:
    return type(data) is not dict or all(_keeps(data[key], known[key], file) for key in data if key in known)


def _closed(data: Any, more: Any, schema: Mapping[str, Any], _file: str) -> bool:
    return more is False and (type(data) is not dict or data.keys() <= schema.get("properties", {}).keys())


def _required(data: Any, keys: Any, _schema: object, _file: str) -> bool:
    return type(data) is not dict or data.keys() >= set(keys)


def _items(data: Any, schema: Any, _around: object, file: str) -> bool:
    return type(data) is not list or all(_keeps(item, schema, file) for item in data)


def _unique(data: Any, _wanted: object, _schema: object, _file: str) -> bool:
    return type(data) is list and all(type(item) is str for item in data) and len(set(data)) == len(data)


def _one_of(data: Any, values: Any, _schema: object, _file: str) -> bool:
    return type(data) is str and data in values


def _any(data: Any, options: Any, _schema: object, file: str) -> bool:
    return any(_keeps(data, option, file) for option in options)


def _reference(data: Any, target: Any, _schema: object, file: str) -> bool:
    name, _, place = target.partition("#")
    where = name or file
    schema = load(where)
    for key in filter(None, place.split("/")):
        schema = schema[key]
    return _keeps(data, schema, where)


def _size(fits: Callable[[int, int], bool]) -> Callable[..., bool]:
    return lambda data, limit, _schema, _file: isinstance(data, str | list) and fits(len(data), limit)


def _number(fits: Callable[[float, float], bool]) -> Callable[..., bool]:
    return lambda data, limit, _schema, _file: type(data) in (int, float) and fits(data, limit)


_WORDS: Mapping[str, Callable[[Any, Any, Mapping[str, Any], str], bool]] = {
    "type": _type,
    "properties": _properties,
    "additionalProperties": _closed,
    "required": _required,
    "items": _items,
    "uniqueItems": _unique,
    "enum": _one_of,
    "anyOf": _any,
    "$ref": _reference,
    "minLength": _size(lambda size, limit: size >= limit),
    "minItems": _size(lambda size, limit: size >= limit),
    "minimum": _number(lambda value, limit: value >= limit),
    "maximum": _number(lambda value, limit: value <= limit),
    "exclusiveMinimum": _number(lambda value, limit: value > limit),
    "exclusiveMaximum": _number(lambda value, limit: value < limit),
}
"""Keyword -> (data, its value, the schema around it, the schema's file) -> True if it surely holds.

A keyword that is not about the type of the data holds, as in JSON Schema, or is not sure.
"""
