"""(tokenizer, prompt, tools) -> what the chat template puts between prompt and answer, and how to be rid of it.

A model must learn the answer alone. An empty block of thoughts, say, belongs to the prompt: there a server writes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_ftgate.golden.case import Message
from pytest_ftgate.serve.chat_format import has_variable
from pytest_ftgate.serve.client.reasoning import begins_answer
from pytest_ftgate.train.rendering import Tools, rendered

SWITCHES: tuple[tuple[str, Any], ...] = (
    ("enable_thinking", False),
    ("thinking", False),
    ("thinking_mode", "disabled"),
    ("think", False),
    ("reasoning_effort", "none"),
)
"""Variables by which templates are asked for an answer without thoughts."""

_DROPS = (
    "does not write the answer at all",
    "set [base] chat_template to a copy of the template that writes the turns of the assistant",
)

ANSWER: Message = {"role": "assistant", "content": "answer-000-ends"}


def fault(tokenizer: Any, before: Sequence[Message], tools: Tools = ()) -> tuple[str, str]:
    """(what is wrong, what to do); two times "" if an answer begins right after the prompt.

    before: the turns of the prompt. The mark of the answer's channel is no fault: no server writes it, and every
    reader of answers takes it off.
    """
    if _is_right(tokenizer, before, tools):
        return "", ""
    asked = rendered(tokenizer, before, tools, asks=True)
    whole = rendered(tokenizer, [*before, ANSWER], tools)
    if whole.startswith(asked):
        head, found, _ = whole[len(asked) :].partition(ANSWER["content"])
        if not found:
            return _DROPS
        what = f"writes {head!r} between prompt and answer, which the model would learn to say"
        other = f"which writes {head!r} where it asks for an answer (add_generation_prompt)"
    else:
        if ANSWER["content"] not in whole:
            return _DROPS
        pairs = enumerate(zip(asked, whole, strict=False))
        same = next((place for place, pair in pairs if pair[0] != pair[1]), len(whole))
        what = f"begins the answer with {asked[same:]!r} where it asks for one, and not where it is written"
        other = f"without {asked[same:]!r} where it asks for an answer (add_generation_prompt)"
    return what, _switch(tokenizer, before, tools) or f"set [base] chat_template to a copy of the template, {other}"


def _is_right(tokenizer: Any, before: Sequence[Message], tools: Tools, **variables: Any) -> bool:
    asked = rendered(tokenizer, before, tools, asks=True, **variables)
    whole = rendered(tokenizer, [*before, ANSWER], tools, **variables)
    head, found, _ = whole[len(asked) :].partition(ANSWER["content"])
    return whole.startswith(asked) and bool(found) and (not head.strip() or begins_answer(head))


def _switch(tokenizer: Any, before: Sequence[Message], tools: Tools) -> str:
    """The variable of this template that helps, tried out; "" if none does."""
    text = str(tokenizer.chat_template)
    for name, value in SWITCHES:
        if has_variable(text, name) and _is_right(tokenizer, before, tools, **{name: value}):
            return f"set [base] chat_template_kwargs = {{ {name} = {_toml(value)} }}, for training and serving alike"
    return ""


def _toml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'
