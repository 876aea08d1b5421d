"""Columns of a table -> which of them is asked and which is expected, where that is certain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.escape import one_line

INPUTS = frozenset(
    [
        "input",
        "text",
        "question",
        "prompt",
        "query",
        "message",
        "instruction",
        "sentence",
        "review",
        "comment",
        "document",
        "article",
        "content",
        "body",
        "utterance",
        "sms",
        "email",
        "mail",
        "ticket",
        "complaint",
        "request",
        "source",
        "user",
    ]
)
EXPECTED = frozenset(
    [
        "expected",
        "label",
        "answer",
        "output",
        "completion",
        "response",
        "target",
        "category",
        "class",
        "sentiment",
        "intent",
        "summary",
        "ideal",
        "expected_output",
        "reference",
        "gold",
        "tag",
        "topic",
        "solution",
        "translation",
    ]
)
"""Names, in lower case, that people give such columns."""
ROLES = frozenset({"id", "slices", "cluster", "origin", "split", "source", "synthetic", "reviewed"})
"""Columns that are neither, where another one could be."""
ROLE_NAMES = {"input": "questions", "expected": "right answers"}
"""What a column of each role holds."""
MOST_SLICES = 12
"""Different values of a column that may be a slice."""
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Mapped:
    """input: one column, or several that are variables of the prompt; none = rows have a shape that is known.

    expected: the column of the right answer. slices: columns whose values are slices.
    """

    input: tuple[str, ...] = ()
    expected: str = ""
    slices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """names: in the order of the table. values: of each column, as they are, one a row."""

    names: tuple[str, ...]
    values: Mapping[str, Sequence[Any]] = field(repr=False)

    def described(self) -> str:
        """Each column with its first filled cell: "text ('I want ...'), label ('spam')"."""
        return ", ".join(f"{name} ({self._first(name)})" for name in self.names)

    def _first(self, name: str) -> str:
        first = next((value for value in self.values[name] if value not in (None, "")), None)
        if first is None:
            return "empty"
        shown = one_line(str(first))
        return repr(shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 3]}...")


class AmbiguousError(FtgateError):
    """Which column is meant cannot be guessed. role: "input" or "expected". choices: the columns that may be."""

    def __init__(self, role: str, columns: Columns, choices: Sequence[str]) -> None:
        self.role, self.choices = role, tuple(choices)
        super().__init__(
            f"cannot tell which column holds the {ROLE_NAMES[role]}; found {columns.described()}\n"
            f"    say which: --{role} COLUMN" + (" (repeatable)" if role == "input" else "")
        )


def columns_of(rows: Sequence[Mapping[str, Any]]) -> Columns:
    """All columns that any row has, in the order in which they are met."""
    names = tuple(dict.fromkeys(name for row in rows for name in row))
    return Columns(names, {name: [row.get(name) for row in rows] for name in names})


def check_named(columns: Columns, mapped: Mapped) -> None:
    """Raises FtgateError for a column that the data do not have, or one that is named for two things."""
    named = [("--input", name) for name in mapped.input] + [("--slice", name) for name in mapped.slices]
    named += [("--expected", mapped.expected)] if mapped.expected else []
    for flag, name in named:
        if name not in columns.names:
            raise FtgateError(f"{flag} {name}: no such column; found {columns.described()}")
    for name in mapped.slices:
        if name in mapped.input or name == mapped.expected:
            raise _taken(name, "input" if name in mapped.input else "expected")
    both = (*mapped.input, mapped.expected)
    if len(set(both)) < len(both):
        raise FtgateError(f"a column is named twice in --input and --expected: {', '.join(both)}")


def guessed(columns: Columns, given: Mapped) -> Mapped:
    """The mapping completed by what the names say. Raises AmbiguousError where that is not certain."""
    inputs, expected = given.input, given.expected
    free = [name for name in columns.names if name not in {*inputs, expected}]
    rest = [name for name in free if name not in given.slices]
    if not inputs:
        found = _named(rest, INPUTS) or _named(free, INPUTS) or _left(rest, EXPECTED, is_known=bool(expected))
        inputs = (_only("input", columns, found, rest),)
    if not expected:
        free, rest = ([name for name in names if name not in inputs] for names in (free, rest))
        found = _named(rest, EXPECTED) or _named(free, EXPECTED) or _objects(rest, columns)
        expected = _only("expected", columns, found or _left(rest, frozenset(), is_known=True), rest)
    mapped = Mapped(inputs, expected, given.slices)
    check_named(columns, mapped)
    return mapped


def _taken(name: str, role: str) -> FtgateError:
    return FtgateError(
        f"--slice {name}: this column holds the {ROLE_NAMES[role]}; name another column, or another --{role}"
    )


def _named(free: Sequence[str], names: frozenset[str]) -> list[str]:
    found = [name for name in free if name.strip().lower() in names]
    return [name for name in found if name.strip().lower() not in ROLES] or found


def _left(free: Sequence[str], others: frozenset[str], *, is_known: bool) -> list[str]:
    """The columns that are left where the other one is known by its name or was given."""
    rest = [name for name in free if name.strip().lower() not in {*ROLES, *others}]
    return rest if is_known or len(rest) < len(free) else []


def _objects(free: Sequence[str], columns: Columns) -> list[str]:
    """The columns that hold JSON objects."""
    return [name for name in free if all(map(_is_object, columns.values[name]))]


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, str) and value.lstrip().startswith("{"))


def _only(role: str, columns: Columns, found: Sequence[str], free: Sequence[str]) -> str:
    if len(found) == 1:
        return found[0]
    raise AmbiguousError(role, columns, found or free)


def unused(columns: Columns, mapped: Mapped) -> tuple[str, ...]:
    """Columns that nothing is made of."""
    taken = {*mapped.input, mapped.expected, *mapped.slices, "id", "origin", "split", "slices", "cluster"}
    return tuple(name for name in columns.names if name not in taken)


def possible_slices(columns: Columns, mapped: Mapped) -> tuple[str, ...]:
    """Unused columns of few different values: what could be passed as --slice."""
    rows = max(map(len, columns.values.values()), default=0)
    counts = {
        name: len({str(value) for value in columns.values[name] if value not in (None, "")})
        for name in unused(columns, mapped)
    }
    return tuple(name for name, count in counts.items() if 2 <= count <= min(MOST_SLICES, rows // 20))
