"""(Kind, spec of a grader) -> the grader; every wrong option is named at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from difflib import get_close_matches
from typing import Any

from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.value import GraderError, Kind

_Fits = Callable[[object], bool]


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_float(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(part, str) for part in value)


def _is_numbers(value: object) -> bool:
    return isinstance(value, list | tuple) and all(map(_is_float, value))


def _is_grader(value: object) -> bool:
    return isinstance(value, Kind)


def _is_graders(value: object) -> bool:
    return isinstance(value, list | tuple) and all(map(_is_grader, value))


_TYPES: Mapping[str, tuple[str, _Fits]] = {
    "bool": ("true or false", _is_bool),
    "bool | None": ("true or false", _is_bool),
    "str": ("a string", lambda value: isinstance(value, str)),
    "float": ("a number", _is_float),
    "int": ("a whole number", _is_int),
    "int | None": ("a whole number", _is_int),
    "tuple[str, ...]": ("a list of strings", _is_texts),
    "tuple[float, ...]": ("a list of numbers", _is_numbers),
    "Grader": ("a grader, a table with its `kind`", _is_grader),
    "tuple[Grader, ...]": ("a list of graders, tables with their `kind`", _is_graders),
    "Mapping[str, Any]": ("a table", lambda value: isinstance(value, Mapping)),
    "Mapping[str, Any] | bool": ("a table", lambda value: isinstance(value, Mapping | bool)),
}
"""Type of a field -> what a spec must give, and whether a value is that."""


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
        else:
            wanted, fits = _TYPES[str(known[name].type)]
            if not fits(value):
                yield f"grader {kind.kind!r}: {name} must be {wanted}; found {shown(value, 60)}"
    for name, field in known.items():
        if name not in spec and field.default is MISSING and field.default_factory is MISSING:
            yield f"grader {kind.kind!r} needs the option {name!r}, {_TYPES[str(field.type)][0]}"


def nearest(name: str, known: Mapping[str, Any]) -> str:
    """'did you mean 'ignore_case'?', or every known name."""
    close = get_close_matches(name, known, 1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"


def checked_choice(name: str, value: str, choices: Collection[str]) -> None:
    """Raises GraderError if the value of an option is none of its choices."""
    if value not in choices:
        raise GraderError(f"{name} is {value!r}; must be one of {', '.join(choices)}")


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
