"""(data of a file, name of a published schema) -> all its faults, each with its line."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import Fault
from pytest_ftgate.files.schema_valid import keeps, load
from pytest_ftgate.files.text import TOO_MANY_DIGITS, Keys
from pytest_ftgate.files.toml import read_toml, toml_line

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from referencing import Resource

__all__ = ["check", "read_toml", "suggestion", "toml_line"]

Error = Any
"""A jsonschema.ValidationError; its type stubs call every field possibly unset."""

_MOST_BITS = 14_000
"""A longer integer, which TOML and YAML can write in hexadecimal, Python does not print."""

_ARTICLES = {
    "string": "a string",
    "array": "a list",
    "object": "an object",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_WANTED = {
    "const": "must be {!r}",
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "minLength": "must not be empty",
    "minItems": "needs {} or more items",
    "uniqueItems": "must not contain duplicates",
}
_FORMS = {
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}$": 'must be a date like "2025-01-31"',
    "^[0-9a-f]{64}$": "must be 64 hex digits",
    "^/": "must be an absolute path",
}
"""Pattern of a schema -> what it asks for."""


def check(data: object, schema_name: str, path: str, line_of: Callable[[Keys], int]) -> list[Fault]:
    """All faults of a file's data under `schemas/<schema_name>.schema.json`, in the order of the file.

    path: as the user would type it. line_of: keys of a value -> its 1-based line, 0 if unknown.
    NaN, infinities, dates and other values that JSON does not have are faults too.
    """
    odd = dict(_odd_values(data, ()))
    if not odd and keeps(data, schema_name):
        return []
    faults = [Fault(path, line_of(keys), f"{_path(keys) or 'the file'} {what}") for keys, what in odd.items()]
    if not any(what.startswith("is circular") or what == TOO_MANY_DIGITS for what in odd.values()):
        for error in _validator(schema_name).iter_errors(data):
            if tuple(error.absolute_path) not in odd:
                root = _resource(f"{schema_name}.schema.json").contents
                faults += [Fault(path, line_of(keys), message) for keys, message in _readable(error, root)]
    return sorted(dict.fromkeys(faults))


def suggestion(found: str, known: Iterable[str]) -> str:
    """'did you mean 'max_tokens'?', or the known names if none is near."""
    names = sorted(map(str, known))
    near = difflib.get_close_matches(found, names, 1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"


@lru_cache(maxsize=8)
def _validator(name: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator
    from referencing import Registry

    resource = _resource(f"{name}.schema.json")
    registry: Registry[Any] = Registry(retrieve=_resource)  # type: ignore[call-arg]
    return Draft202012Validator(resource.contents, registry=registry)


def _resource(uri: str) -> Resource[Any]:
    """A published schema; nothing is ever fetched from the network."""
    from referencing import Resource

    return Resource.from_contents(load(uri))


def _odd_values(value: object, keys: Keys) -> Iterator[tuple[Keys, str]]:
    """The values that no JSON text could hold."""
    if len(keys) > 100:
        yield keys[:1], "is circular, or nested more than 100 levels deep"
    elif isinstance(value, Mapping):
        for name, below in value.items():
            if not isinstance(name, str):
                yield (*keys, str(name)), f"is not a string; write the key as {json.dumps(str(name))}"
            yield from _odd_values(below, (*keys, str(name)))
    elif isinstance(value, list):
        for place, below in enumerate(value):
            yield from _odd_values(below, (*keys, place))
    elif what := _odd_scalar(value):
        yield keys, what


def _odd_scalar(value: object) -> str:
    """What is odd about a scalar, "" if JSON can hold it."""
    if isinstance(value, str):
        return "" if value.isascii() or _encodable(value) else "contains an unpaired surrogate"
    if isinstance(value, int):
        return TOO_MANY_DIGITS if value.bit_length() > _MOST_BITS else ""
    if value is None:
        return ""
    if isinstance(value, float):
        return "" if math.isfinite(value) else f"is {value}; must be finite"
    return f"is a {type(value).__name__}; write it as a quoted string"


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _readable(error: Error, root: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    """(keys, message) of what is wrong: one for every unknown key, otherwise one."""
    keys = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and error.validator_value is False:
        yield from _unknown_keys(error, keys, root)
    elif error.validator == "required" or _lacks_one_of(error):
        yield keys, f"{_place(error, keys)} needs {_needed(error)}; found: {_keys_found(error.instance)}"
    else:
        yield keys, f"{_path(keys) or _place(error, keys)} {_wanted(error)}; found {_short(error.instance)}"


def _unknown_keys(error: Error, keys: Keys, root: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    known = error.schema["properties"]
    for key in error.instance:
        if isinstance(key, str) and key not in known:
            tables = list(_tables_with(key, root))
            fix = f"it belongs to {' or '.join(tables)}" if tables else suggestion(key, known)
            yield (*keys, key), f"{key!r} is not a valid key of {_place(error, keys)}; {fix}"


def _tables_with(key: str, root: Mapping[str, Any]) -> Iterator[str]:
    """The tables of a TOML file that have such a key."""
    for table in root.get("properties", {}).values():
        if key in table.get("properties", ()) and str(table.get("title")).startswith("["):
            yield table["title"]


def _lacks_one_of(error: Error) -> bool:
    return error.validator == "anyOf" and all(set(option) == {"required"} for option in error.validator_value)


def _needed(error: Error) -> str:
    if error.validator == "anyOf":
        return " or ".join(repr(key) for option in error.validator_value for key in option["required"])
    return " and ".join(repr(key) for key in error.validator_value if key not in error.instance)


def _keys_found(instance: Mapping[str, Any]) -> str:
    return ", ".join(map(str, instance)) or "nothing"


def _place(error: Error, keys: Keys) -> str:
    """How a person calls the object at `keys`: "[request]", "[[gate.floor]]", "a case"."""
    return str(error.schema.get("title") or _path(keys) or "the file")


def _path(keys: Keys) -> str:
    """How a person calls the value at `keys`: "request.max_tokens", "gate.floor[0].min"; "" for the whole."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).removeprefix(".")


def _wanted(error: Error) -> str:
    """What the schema allows, as the end of a sentence that begins with the value's name."""
    limit: Any = error.validator_value
    if error.validator == "type":
        return "must be " + " or ".join(_ARTICLES[name] for name in ([limit] if isinstance(limit, str) else limit))
    if error.validator == "enum":
        return f"must be one of: {', '.join(map(str, limit))}"
    if error.validator == "pattern":
        return _FORMS.get(limit) or f"is not allowed: {_described(error, f'must match {limit!r}')}"
    wanted = _WANTED.get(str(error.validator))
    return wanted.format(limit) if wanted else f"is not allowed: {error.message}"


def _described(error: Error, otherwise: str) -> str:
    schema: Mapping[str, Any] = error.schema
    return str(schema.get("description", otherwise)).rstrip(".")


def _short(value: object) -> str:
    """A found value in at most 60 characters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
