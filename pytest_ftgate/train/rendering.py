"""(tokenizer, messages) -> text and token ids in the model's own chat template, of prompts and of answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Message
from pytest_ftgate.serve.hf.generate import prompt_tokens
from pytest_ftgate.serve.hf.template_turns import template_tools, template_turns

Tools = Sequence[Mapping[str, Any]]
"""Functions that the model may call, in OpenAI's form."""

Span = tuple[int, int]
"""(first token, the one after the last) of a part of a prompt."""


def rendered(tokenizer: Any, messages: Sequence[Message], tools: Tools = (), *, asks: bool = False) -> str:
    """The text of the messages; asks: with the beginning of the answer. Raises TrainError if the template refuses."""
    from jinja2 import TemplateError

    turns = template_turns(messages)
    try:
        return str(
            tokenizer.apply_chat_template(
                turns, add_generation_prompt=asks, tokenize=False, tools=template_tools(tools)
            )
        )
    except TemplateError as error:
        roles = ", ".join(turn["role"] for turn in turns)
        raise TrainError(f"the chat template rejects turns of {roles}: {error}") from None


def asked_tokens(tokenizer: Any, messages: Sequence[Message], tools: Tools = ()) -> tuple[int, ...]:
    """Ids of the prompt, as a server makes them of the messages. Raises TrainError if the template refuses them."""
    rendered(tokenizer, messages, tools, asks=True)
    return prompt_tokens(tokenizer, messages, tools=tools)


def answer_text(tokenizer: Any, messages: Sequence[Message], answer: str | Message, tools: Tools = ()) -> str:
    """What the chat template writes after the prompt: the answer, its calls and its reasoning, the end of the turn.

    answer: a turn, or its text alone. Raises TrainError if the template does not put it right after the prompt.
    """
    turn = {"role": "assistant", "content": answer} if isinstance(answer, str) else answer
    asked = rendered(tokenizer, messages, tools, asks=True)
    whole = rendered(tokenizer, [*messages, turn], tools)
    if not whole.startswith(asked):
        raise TrainError(
            f"the chat template renders the prompt differently once answered: {whole!r} does not start with {asked!r}"
        )
    return whole[len(asked) :]


def answer_tokens(
    tokenizer: Any, messages: Sequence[Message], answer: str | Message, tools: Tools = ()
) -> tuple[int, ...]:
    """Ids of `answer_text` up to the end of the turn: what the model has to write after the prompt.

    Raises TrainError as `answer_text`, or if the chat template never ends the turn.
    """
    text = answer_text(tokenizer, messages, answer, tools)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    if tokenizer.eos_token_id not in ids:
        end = tokenizer.eos_token
        raise TrainError(f"the chat template does not end the answer with the end token {end!r}: {text!r}")
    return tuple(ids[: ids.index(tokenizer.eos_token_id) + 1])


def earlier_answers(
    tokenizer: Any, messages: Sequence[Message], prompt: Sequence[int], turns: Sequence[int], tools: Tools = ()
) -> list[Span]:
    """Where the answers in the places `turns` of the messages stand in the prompt's tokens, end of the turn included.

    One that the template writes otherwise once it is history is left out: the model would never write it so.
    """
    spans = []
    for place in turns:
        before = asked_tokens(tokenizer, messages[:place], tools)
        answer = answer_tokens(tokenizer, messages[:place], messages[place], tools)
        end = len(before) + len(answer)
        if tuple(prompt[:end]) == before + answer:
            spans.append((len(before), end))
    return spans


def text_tokens(tokenizer: Any, text: str) -> tuple[int, ...]:
    """Ids of a text without turns, begun as the tokenizer begins texts, and ended with the end token."""
    ids = list(tokenizer(text)["input_ids"])
    return tuple(ids if ids[-1:] == [tokenizer.eos_token_id] else [*ids, tokenizer.eos_token_id])
