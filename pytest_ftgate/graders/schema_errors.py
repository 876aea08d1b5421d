"""Errors of jsonschema-rs -> the one to tell, and how it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.value import GraderError

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError


def most_relevant(errors: Sequence[ValidationError]) -> ValidationError:
    """The least deep one; of a choice that fits in no branch the deepest of all branches, if that is one alone."""
    best = min(errors, key=lambda error: (len(error.instance_path), hasattr(error.kind, "context")))
    while branches := getattr(best.kind, "context", ()):
        below = sorted((error for branch in branches for error in branch), key=_depth, reverse=True)
        if not below or (len(below) > 1 and _depth(below[0]) == _depth(below[1])):
            break
        best = below[0]
    return best


def _depth(error: ValidationError) -> int:
    return len(error.instance_path)


def described(schema: Mapping[str, Any] | bool, error: ValidationError) -> str:
    """What was found, where, and what the schema asks for. Raises GraderError if a pattern could not be searched."""
    if isinstance(error.kind, error.kind.BacktrackLimitExceeded | error.kind.RegexEngineFailure):
        raise GraderError(f"the schema's pattern cannot be searched for {shown(error.instance)}: {error.message}")
    found = f"found {shown(error.instance)} at {json_path(error.instance_path)}"
    asked = _at(schema, error.schema_path)
    return f"{found}, expected {shown(asked)}" if asked else f"{found}: {error.message}"


def _at(schema: Any, steps: Sequence[str | int]) -> Mapping[str, Any]:
    """The keyword at a path of the schema with its value; nothing if the path is that of another document."""
    value = schema
    try:
        for step in steps:
            value = value[step]
    except (KeyError, IndexError, TypeError):
        return {}
    return {str(steps[-1]): value} if steps else {}


def json_path(steps: Sequence[str | int]) -> str:
    """["a", 0] as $.a[0]."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
