"""Prompts of promptfoo -> [prompt] of golden.toml, and the input of each case."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.golden.rows import id_problem
from pytest_ftgate.golden.spec import RESERVED_PROMPTS
from pytest_ftgate.pipeline.importing.imported import Losses
from pytest_ftgate.pipeline.importing.promptfoo.prompts import ChatPrompt
from pytest_ftgate.pipeline.importing.promptfoo.templates import Names, filled

_ONE_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_TURNS = "is a conversation whose earlier turns have variables"


@dataclass(frozen=True, slots=True)
class Inputs:
    """How variables become the input of a case.

    table: [prompt], with its variants; empty for none. names: the variables that the prompts use.
    written_out: the prompt whose turns each case holds, as they cannot be a [prompt]; None if there is a [prompt].
    alone: the one variable that is the whole user turn; "" if there is more to it.
    """

    table: dict[str, Any]
    names: Names
    written_out: ChatPrompt | None = None
    alone: str = ""

    def missing(self, variables: Mapping[str, Any]) -> list[str]:
        """The variables of the prompts that have neither a value nor a default; promptfoo asks them empty."""
        return sorted(self.names.all - self.names.optional - variables.keys())

    def of(self, variables: Mapping[str, Any]) -> Any:
        """The input of a case. Raises NotSameError."""
        values = {name: variables[name] for name in sorted(self.names.all) if name in variables}
        values |= dict.fromkeys(self.missing(variables), "")
        if self.written_out is not None:
            turns = [{"role": role, "content": filled(text, values)} for role, text in self.written_out.turns]
            return turns[0]["content"] if len(turns) == 1 else turns
        return str(values[self.alone]) if self.alone else values


def inputs_of(prompts: Sequence[ChatPrompt], losses: Losses) -> Inputs:
    """How the cases are asked: by the first prompt, and by the others as variants of it where they can be."""
    first, *others = prompts
    if not first.fixed_before or not first.names.all:
        for other in others:
            _lose(other, "its first prompt is written out in each case, so that there is no [prompt] to vary", losses)
        return Inputs({}, first.names, written_out=first)
    base = first.table()
    variants = dict(_variants(base, others, losses))
    alone = _ONE_VARIABLE.fullmatch(first.last)
    if alone and not variants:
        return Inputs({key: value for key, value in base.items() if key != "template"}, first.names, alone=alone[1])
    kept = [first, *(other for other in others if other.place in {each.place for each, _ in variants.values()})]
    names = Names(
        frozenset().union(*(each.names.all for each in kept)),
        frozenset.intersection(*(each.names.optional for each in kept)),
    )
    tables = {name: table for name, (_, table) in variants.items()}
    return Inputs(base | ({"variants": tables} if tables else {}), names)


def _variants(
    base: Mapping[str, Any], others: Sequence[ChatPrompt], losses: Losses
) -> Iterator[tuple[str, tuple[ChatPrompt, dict[str, Any]]]]:
    taken: set[str] = set()
    for number, other in enumerate(others, start=2):
        if not other.fixed_before:
            _lose(other, _TURNS, losses)
        elif not other.names.all:
            _lose(other, "has no variable, so that all cases would ask the same", losses)
        elif "system" in base and "system" not in (table := other.table()):
            _lose(other, "has no system message, and the first one has: a variant cannot take it away", losses)
        else:
            table = other.table()
            name = _name(other.label, number, taken)
            taken.add(name)
            yield name, (other, table | ({"examples": []} if "examples" in base and "examples" not in table else {}))


def _name(label: str, number: int, taken: set[str]) -> str:
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", label).strip("-.")[:40]
    unusable = not name or name in taken or name in RESERVED_PROMPTS or id_problem(name)
    return f"prompt-{number}" if unusable else name


def _lose(prompt: ChatPrompt, why: str, losses: Losses) -> None:
    losses.add(prompt.place.path, prompt.place.line, "prompt", why, cases=0)
