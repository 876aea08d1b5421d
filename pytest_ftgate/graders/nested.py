"""Graders, and specs of graders, that hold others -> all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pytest_ftgate.graders.value import Grader, GraderError, Kind

Spec = Mapping[str, Any]

DEEPEST = 8
"""How deep graders may be nested."""

_PREFIX = "not_"
_OWN_KIND = "not_contains"


def all_graders(graders: Iterable[Grader]) -> Iterator[Grader]:
    """These graders, and those in them."""
    for grader in graders:
        yield grader
        if isinstance(grader, Kind):
            yield from all_graders(grader.inner)


def kinds_in(spec: Spec) -> set[object]:
    """The kinds of a spec, and of those in it."""
    found: set[object] = set()

    def note(one: Spec) -> Spec:
        found.add(one.get("kind"))
        return one

    changed(spec, note)
    return found


def changed(spec: Spec, change: Callable[[Spec], Spec], depth: int = 0) -> Spec:
    """The spec with `change` made of it, and of all specs in it. Raises GraderError if they are nested too deeply.

    `not_regex`, `not_exact` and so on are written out: {"kind": "not", "grader": {"kind": "regex", ...}}.
    """
    if depth > DEEPEST:
        raise GraderError(f"graders are nested more than {DEEPEST} deep")

    def inner(value: Any) -> Any:
        return changed(value, change, depth + 1) if isinstance(value, Mapping) else value

    found = dict(change(_written_out(spec)))
    if "grader" in found:
        found["grader"] = inner(found["grader"])
    if isinstance(found.get("graders"), list | tuple):
        found["graders"] = [inner(value) for value in found["graders"]]
    return found


def _written_out(spec: Spec) -> Spec:
    kind = spec.get("kind")
    if not isinstance(kind, str) or kind == _OWN_KIND or not kind.startswith(_PREFIX):
        return spec
    return {"kind": "not", "grader": {**spec, "kind": kind.removeprefix(_PREFIX)}}
