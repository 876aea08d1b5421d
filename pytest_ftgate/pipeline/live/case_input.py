"""(golden set, what production was asked) -> the input that a case of the set would have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pytest_ftgate.golden.case import Prompt, PromptError, template_literals, template_variables, user_text

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite


_TEXTS = ("text", "input_text", "output_text")
"""Types of a part that is text, the last two in OpenAI's Responses API."""


def case_input(suite: Suite, asked: Any) -> Any:
    """Of messages that are the set's prompt around one text, that text; of others, the conversation.

    A text or variables are an input already. So a case is asked with the messages that production was asked with.
    """
    if isinstance(asked, str | Mapping) or not asked or not all(isinstance(turn, Mapping) for turn in asked):
        return asked
    asked = [_with_text(turn) for turn in asked]
    turns = _without_prompt(suite.prompt, asked)
    if len(turns) == 1 and turns[0].get("role") == "user" and isinstance(turns[0].get("content"), str):
        found = _unfilled(suite, turns[0]["content"])
        return asked if found is None else found
    return turns


def _with_text(turn: Mapping[str, Any]) -> dict[str, Any]:
    """The turn with its parts of text as one text; one with a picture stays as it is."""
    parts = turn.get("content")
    if isinstance(parts, list) and all(isinstance(part, Mapping) and part.get("type") in _TEXTS for part in parts):
        return {**turn, "content": "\n".join(str(part.get("text", "")) for part in parts)}
    return dict(turn)


def _without_prompt(prompt: Prompt, asked: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The turns without the system turn and the examples of the set's prompt, where `render` puts them."""
    turns = [dict(turn) for turn in asked]
    if prompt.system is not None and turns[0] == {"role": "system", "content": prompt.system}:
        turns = turns[1:]
    examples = _examples(prompt)
    last = max((place for place, turn in enumerate(turns) if turn.get("role") == "user"), default=0)
    first = last - len(examples)
    return turns[:first] + turns[last:] if examples and turns[max(first, 0) : last] == examples else turns


def _examples(prompt: Prompt) -> list[dict[str, str]]:
    pairs = (zip(("user", "assistant"), pair, strict=True) for pair in prompt.examples)
    return [{"role": role, "content": text} for pair in pairs for role, text in pair]


def _unfilled(suite: Suite, content: str) -> Any:
    """The text, or the one variable, of which the set's template makes this user turn; None if none does."""
    template = suite.prompt.template
    if template is None:
        return content
    parts = _around(template)
    if parts is None:
        return None
    head, tail, name = parts
    text = content[len(head) : len(content) - len(tail)]
    found: Any = {name: text} if name != "text" or _has_variables(suite) else text
    try:
        return found if user_text(suite.prompt, found) == content else None
    except PromptError:
        return None


@lru_cache(maxsize=16)
def _around(template: str) -> tuple[str, str, str] | None:
    """What a template writes before and after its one variable, and the variable's name; None of any other template."""
    try:
        literals, names = template_literals(template), template_variables(template)
    except PromptError:
        return None
    return (*literals, *names) if len(literals) == 2 and len(names) == 1 else None  # type: ignore[return-value]


def _has_variables(suite: Suite) -> bool:
    """Whether the cases of the set, of which the first is one, are variables of the template."""
    return isinstance(next((case.input for case in suite.cases), None), Mapping)
