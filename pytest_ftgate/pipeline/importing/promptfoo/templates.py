"""Nunjucks templates of promptfoo -> whether ours, in Jinja2, say the same; texts with the variables put in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.golden.case import Prompt, PromptError, user_text

SAME_FILTERS = frozenset(
    {
        *("abs", "capitalize", "default", "first", "float", "int", "join", "last", "length", "lower"),
        *("replace", "reverse", "safe", "string", "title", "trim", "upper"),
    }
)
"""Filters that mean the same in Nunjucks and Jinja2."""
_MARK = re.compile(r"\{[{%#]")
_SIMPLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_ROUNDS = 5
"""How often promptfoo looks for variables in variables."""
_OWN = {"env": "reads the environment", "_conversation": "quotes earlier tests"}
"""Variables that promptfoo sets."""


class NotSameError(ValueError):
    """A template that ours cannot stand for; its text says why."""


@dataclass(frozen=True, slots=True)
class Names:
    """Variables of a template. all: every one. optional: those with a default. parts: those of which a part is used."""

    all: frozenset[str]
    optional: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()


def is_template(text: str) -> bool:
    """Whether a text holds anything of a template."""
    return bool(_MARK.search(text))


def names_of(template: str) -> Names:
    """The variables of a template. Raises NotSameError for what Jinja2 has not, or has otherwise."""
    from jinja2 import Environment, TemplateError, nodes

    try:
        tree = Environment().parse(template)  # noqa: S701  read, never rendered
    except TemplateError as error:
        raise NotSameError(f"Jinja2 cannot read it: {error}") from None
    optional, parts = set[str](), set[str]()
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _allowed()):
            raise NotSameError(f"`{type(node).__name__.lower()}` in a template is not carried over, only variables")
        if isinstance(node, nodes.Filter) and node.name not in SAME_FILTERS:
            raise NotSameError(f"the filter `{node.name}` is not one that means the same in Jinja2")
        inner = getattr(node, "node", None)
        if isinstance(inner, nodes.Name):
            optional |= {inner.name} if isinstance(node, nodes.Filter) and node.name == "default" else set()
            parts |= {inner.name} if isinstance(node, nodes.Getattr | nodes.Getitem) else set()
    names = frozenset(node.name for node in tree.find_all(nodes.Name))
    for name in sorted(names & _OWN.keys()):
        raise NotSameError(f"`{name}` {_OWN[name]}")
    return Names(names, frozenset(optional), frozenset(parts))


def _allowed() -> tuple[type, ...]:
    from jinja2 import nodes

    return (
        nodes.Output,
        nodes.TemplateData,
        nodes.Name,
        nodes.Const,
        nodes.Filter,
        nodes.Getattr,
        nodes.Getitem,
        nodes.Template,
    )


def filled(template: str, variables: Mapping[str, Any]) -> str:
    """The text with the variables in it. Raises NotSameError, also for a variable that is not set."""
    if not is_template(template):
        return template
    names = names_of(template)
    if missing := sorted(names.all - names.optional - variables.keys()):
        raise NotSameError(f"the variable `{missing[0]}` is not set")
    try:
        return user_text(Prompt(template=template), dict(variables))
    except PromptError as error:
        raise NotSameError(str(error)) from None


def plain_values(variables: Mapping[str, Any], in_parts: frozenset[str]) -> dict[str, Any]:
    """Variables as promptfoo puts them into a text: of true, null and objects what JavaScript makes of them.

    in_parts: of which templates use a part, so that they stay objects.
    """
    made = {name: value if name in in_parts else plain_value(value) for name, value in variables.items()}
    for _ in range(_ROUNDS):
        again = {name: _resolved(value, made) if isinstance(value, str) else value for name, value in made.items()}
        if again == made:
            break
        made = again
    return made


def _resolved(text: str, variables: Mapping[str, Any]) -> str:
    """The text with its first variable put in: promptfoo, too, puts in one at a time."""
    return _SIMPLE.sub(lambda found: str(variables.get(found[1], found[0])), text, count=1)


def plain_value(value: Any) -> Any:
    """A text or a number; of anything else the text that JavaScript makes of it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value.removesuffix("\n") if isinstance(value, str) else value


def plain_text(value: Any) -> str:
    """The same as a text."""
    return str(plain_value(value))
