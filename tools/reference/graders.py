"""The classes of the graders -> the page of all kinds, their options and an example of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields

from pytest_ftgate.graders.grade import KINDS
from pytest_ftgate.graders.value import Kind
from tools.reference.markdown import code, docstring, entries_of, example_of, meaning_of, page, prose_of, table

INTRO = (
    "A grader turns a response into a grade from 0 to 1; a case passes if the grade of every grader "
    "reaches its `threshold`. Graders are listed as `[[grader]]` in golden.toml for all cases, or as "
    "`graders` of one case. A timeout, a response that was cut off and an empty one are worth 0, whatever"
    " the graders. [Choose a grader](../how-to/choose-a-grader.md) says which one fits. The last line of an "
    "example names what a case expects, a response that passes and one that does not."
)
_TYPES = {
    "bool": "boolean",
    "str": "string",
    "float": "number",
    "int": "whole number",
    "int | None": "whole number",
    "bool | None": "boolean",
    "tuple[str, ...]": "list of strings",
    "tuple[float, ...]": "list of numbers",
    "Grader": "grader",
    "tuple[Grader, ...]": "list of graders",
    "Mapping[str, Any]": "table",
    "Mapping[str, Any] | bool": "table",
}


def graders_page() -> str:
    """All kinds in a table, then a section for each."""
    return page(
        "Graders",
        INTRO,
        table(["kind", "options besides `threshold`"], map(_overview, KINDS.values())),
        *(section for kind in KINDS.values() for section in _sections(kind)),
    )


def example(kind: type[Kind]) -> str:
    """The example of a kind, as golden.toml."""
    return example_of(docstring(kind))


def options(kind: type[Kind]) -> Mapping[str, str]:
    """Option -> meaning, of a kind and its bases; `kind` itself left out."""
    meanings: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        meanings |= entries_of(docstring(base)) if issubclass(base, Kind) and "__doc__" in vars(base) else {}
    return meanings


def _overview(kind: type[Kind]) -> tuple[str, str]:
    named = [name for name, *_ in _rows(kind) if name != code("threshold")]
    return f"[{kind.kind}](#{kind.kind})", ", ".join(named)


def _sections(kind: type[Kind]) -> Iterator[str]:
    doc = docstring(kind)
    yield f"## {kind.kind}"
    yield prose_of(doc)
    yield table(["option", "type", "default", "meaning"], _rows(kind))
    yield f'```toml title="goldens/{kind.kind}/golden.toml"\n{example_of(doc)}\n```'


def _rows(kind: type[Kind]) -> Iterator[tuple[str, ...]]:
    known = {field.name: field for field in fields(kind) if field.init}
    meanings = options(kind)
    for name in [*known, *(extra for extra in meanings if extra not in known)]:
        yield code(name), *_kind_and_default(known.get(name)), meaning_of(name, meanings, f"the grader {kind.kind}")


def _kind_and_default(field: Field | None) -> tuple[str, str]:
    if field is None:
        return "string", ""
    kind = _TYPES[str(field.type)]
    if field.default is MISSING:
        return kind, "required" if field.default_factory is MISSING else ""
    return kind, code(json.dumps(field.default))
