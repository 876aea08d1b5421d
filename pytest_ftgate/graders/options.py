"""(Kind, spec of a grader) -> the grader; every wrong option is named at once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from difflib import get_close_matches
from typing import Any

from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.value import GraderError, Kind

_WANTED = {
    "bool": "true or false",
    "str": "a string",
    "float": "a number",
    "tuple[str, ...]": "a list of strings",
    "Mapping[str, Any]": "a table",
    "Mapping[str, Any] | bool": "a table",
}


def build(kind: type[Kind], spec: Mapping[str, Any]) -> Kind:
    """The grader with the options of a spec (without its `kind`).

    Raises GraderError for unknown, missing and mistyped options, all at once, or for what the kind itself refuses.
    """
    known = {field.name: field for field in fields(kind) if field.init}
    if faults := [*_faults(kind, known, spec)]:
        raise GraderError("; ".join(faults))
    try:
        options: dict[str, Any] = {name: _frozen(value) for name, value in spec.items()}
        return kind(**options)
    except GraderError as error:
        raise GraderError(f"grader {kind.kind!r}: {error}") from None


def _faults(kind: type[Kind], known: Mapping[str, Field[Any]], spec: Mapping[str, Any]) -> Iterator[str]:
    for name, value in spec.items():
        if name not in known:
            yield f"grader {kind.kind!r} has no option {name!r}; {nearest(name, known)}"
        elif not _fits(value, wanted := str(known[name].type)):
            yield f"grader {kind.kind!r}: {name} must be {_WANTED[wanted]}; found {shown(value, 60)}"
    for name, field in known.items():
        if name not in spec and field.default is MISSING and field.default_factory is MISSING:
            yield f"grader {kind.kind!r} needs the option {name!r}, {_WANTED[str(field.type)]}"


def nearest(name: str, known: Mapping[str, Any]) -> str:
    """'did you mean 'ignore_case'?', or every known name."""
    close = get_close_matches(name, known, 1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"


def _fits(value: object, wanted: str) -> bool:
    match wanted:
        case "bool":
            return isinstance(value, bool)
        case "str":
            return isinstance(value, str)
        case "float":
            return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        case "tuple[str, ...]":
            return isinstance(value, list | tuple) and all(isinstance(part, str) for part in value)
        case "Mapping[str, Any]":
            return isinstance(value, Mapping)
    return isinstance(value, Mapping | bool)


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
