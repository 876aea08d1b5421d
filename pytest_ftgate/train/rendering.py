"""(tokenizer, messages) -> text and token ids in the model's own chat template, of prompts and of answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Message
from pytest_ftgate.serve.hf.generate import prompt_tokens

Span = tuple[int, int]
"""(first token, the one after the last) of a part of a prompt."""


def rendered(tokenizer: Any, messages: Sequence[Message], *, asks: bool = False) -> str:
    """The text of the messages; asks: with the beginning of the answer. Raises TrainError if the template refuses."""
    from jinja2 import TemplateError

    turns = [dict(message) for message in messages]
    try:
        return str(tokenizer.apply_chat_template(turns, add_generation_prompt=asks, tokenize=False))
    except TemplateError as error:
        roles = ", ".join(turn["role"] for turn in turns)
        raise TrainError(f"the chat template rejects turns of {roles}: {error}") from None


def asked_tokens(tokenizer: Any, messages: Sequence[Message]) -> tuple[int, ...]:
    """Ids of the prompt, as a server makes them of the messages. Raises TrainError if the template refuses them."""
    rendered(tokenizer, messages, asks=True)
    return prompt_tokens(tokenizer, messages)


def answer_tokens(tokenizer: Any, messages: Sequence[Message], answer: str) -> tuple[int, ...]:
    """Ids of the answer and the end of the turn: what the model has to write after the prompt.

    Raises TrainError if the chat template does not put the answer right after the prompt, or never ends the turn.
    """
    asked = rendered(tokenizer, messages, asks=True)
    whole = rendered(tokenizer, [*messages, {"role": "assistant", "content": answer}])
    if not whole.startswith(asked):
        raise TrainError(
            f"the chat template renders the prompt differently once answered: {whole!r} does not start with {asked!r}"
        )
    ids = tokenizer(whole[len(asked) :], add_special_tokens=False)["input_ids"]
    if tokenizer.eos_token_id not in ids:
        end, found = tokenizer.eos_token, whole[len(asked) :]
        raise TrainError(f"the chat template does not end the answer with the end token {end!r}: {found!r}")
    return tuple(ids[: ids.index(tokenizer.eos_token_id) + 1])


def earlier_answers(
    tokenizer: Any, messages: Sequence[Message], prompt: Sequence[int], turns: Sequence[int]
) -> list[Span]:
    """Where the answers in the places `turns` of the messages stand in the prompt's tokens, end of the turn included.

    One that the template writes otherwise once it is history is left out: the model would never write it so.
    """
    spans = []
    for place in turns:
        before = asked_tokens(tokenizer, messages[:place])
        answer = answer_tokens(tokenizer, messages[:place], messages[place]["content"])
        end = len(before) + len(answer)
        if tuple(prompt[:end]) == before + answer:
            spans.append((len(before), end))
    return spans
