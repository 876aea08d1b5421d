"""(examples, system text) -> the table [prompt], and the examples as they are asked with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from pytest_ftgate.pipeline.starting.example import Example
from pytest_ftgate.pipeline.starting.reading import variable


class Prompted(NamedTuple):
    """system, template: "" for none. examples: with inputs as the template wants them."""

    examples: list[Example]
    system: str
    template: str


def prompted(examples: Sequence[Example], wanted: str, proposed: str, columns: Sequence[str]) -> Prompted:
    """wanted: the system text that the user gives, "" for none. columns: that are asked, as the data call them.

    A system turn that all conversations begin with becomes the prompt's, unless another one is wanted, and takes the
    place of what is proposed; what is a single question then is a text.
    """
    own = {_system(example.input) for example in examples}
    common = next(iter(own)) if len(own) == 1 else ""
    system = wanted or common or proposed
    if common:
        examples = [replace(each, input=_without_system(each.input)) for each in examples]
    if any(isinstance(each.input, list) for each in examples):
        examples = [replace(each, input=_with_system(each.input, system)) for each in examples]
    keys = list(dict.fromkeys(key for each in examples if isinstance(each.input, Mapping) for key in each.input))
    if not keys:
        return Prompted(list(examples), system, "")
    filled = [replace(each, input=_filled(each.input, keys)) for each in examples]
    return Prompted(filled, system, _template(keys, columns))


def _system(asked: Any) -> str:
    return asked[0]["content"] if isinstance(asked, list) and asked and asked[0]["role"] == "system" else ""


def _without_system(asked: list[Mapping[str, Any]]) -> Any:
    rest = asked[1:]
    return rest[0]["content"] if len(rest) == 1 else rest


def _with_system(asked: Any, system: str) -> Any:
    """A conversation is sent as it is, so it needs the system turn itself."""
    if not isinstance(asked, list) or not system or _system(asked):
        return asked
    return [{"role": "system", "content": system}, *asked]


def _filled(asked: Any, keys: Sequence[str]) -> Any:
    return {key: asked.get(key, "") for key in keys} if isinstance(asked, Mapping) else asked


def _template(keys: Sequence[str], columns: Sequence[str]) -> str:
    """One variable alone as it is; of several each on a line of its own, after the name of its column."""
    if len(keys) == 1:
        return f"{{{{ {keys[0]} }}}}"
    names = {variable(column): column for column in columns}
    return "\n".join(f"{_literal(names.get(key, key))}: {{{{ {key} }}}}" for key in keys)


def _literal(name: str) -> str:
    return name.replace("{", "(").replace("}", ")")
