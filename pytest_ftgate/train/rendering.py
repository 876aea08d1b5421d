"""(tokenizer, messages) -> text and token ids in the model's own chat template, of prompts and of answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Message
from pytest_ftgate.serve.hf.generate import prompt_tokens
from pytest_ftgate.serve.hf.template_turns import template_tools, template_turns
from pytest_ftgate.serve.hf.tokenizer import end_tokens

Tools = Sequence[Mapping[str, Any]]
"""Functions that the model may call, in OpenAI's form."""

_REASONED = (
    "the answer has reasoning, and the prompt already closes or leaves out the thoughts: allow them in "
    "[base] chat_template_kwargs, or remove the reasoning from the row"
)
_CHANGED = "set [base] chat_template to a copy of the template whose prompt stays as it is once there is an answer"

Span = tuple[int, int]
"""(first token, the one after the last) of a part of a prompt."""


def rendered(
    tokenizer: Any, messages: Sequence[Message], tools: Tools = (), *, asks: bool = False, **variables: Any
) -> str:
    """The text of the messages; asks: with the beginning of the answer. variables: of the template.

    Raises TrainError if the template refuses the messages.
    """
    from jinja2 import TemplateError

    turns = template_turns(messages)
    try:
        return str(
            tokenizer.apply_chat_template(
                turns, add_generation_prompt=asks, tokenize=False, tools=template_tools(tools), **variables
            )
        )
    except (TemplateError, TypeError) as error:  # TypeError: it adds up what is no text
        roles = ", ".join(turn["role"] for turn in turns)
        advice = "".join(f"\n    {one}" for one in _advice(turns, tools))
        raise TrainError(f"the chat template rejects turns of {roles}: {error}{advice}") from None


def _advice(turns: Sequence[Message], tools: Tools) -> Iterator[str]:
    """What to do about a refusal, for each part of the conversation that may be its cause."""
    if any(turn["role"] == "system" for turn in turns):
        yield (
            "if it takes no system turn: write [prompt] system at the beginning of [prompt] template, or set "
            "[base] chat_template to a template that takes one"
        )
    if not all(tool["function"].get("description") for tool in tools):
        yield "give every tool a description"
    if any("tool_calls" in turn for turn in turns):
        yield (
            "if it takes no arguments of calls as objects, which is how servers give them: set [base] chat_template to "
            "one that does, such as those for tools that vLLM brings (examples/tool_chat_template_*.jinja)"
        )


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
            f"the chat template renders the prompt differently once answered: {whole!r} does not start with {asked!r}\n"
            f"    {_REASONED if turn.get('reasoning_content') else _CHANGED}"
        )
    return whole[len(asked) :]


def answer_tokens(
    tokenizer: Any, messages: Sequence[Message], answer: str | Message, tools: Tools = ()
) -> tuple[int, ...]:
    """Ids of `answer_text` up to the first token that ends a turn: what the model has to write after the prompt.

    Some templates write that token only as the beginning of the next turn (GLM's <|user|>, <|observation|>).
    Raises TrainError as `answer_text`, or if no token ends the turn.
    """
    text = answer_text(tokenizer, messages, answer, tools)
    if ended := _ended(tokenizer, text):
        return ended
    if ended := _ended(tokenizer, text + _what_follows(tokenizer, messages, answer, tools)):
        return ended
    raise _endless(tokenizer, text)


def _ended(tokenizer: Any, text: str) -> tuple[int, ...]:
    """The ids up to the first end token; none without one."""
    ids, ends = tokenizer(text, add_special_tokens=False)["input_ids"], end_tokens(tokenizer)
    place = next((place for place, one in enumerate(ids) if one in ends), -1)
    return tuple(ids[: place + 1])


def _what_follows(tokenizer: Any, messages: Sequence[Message], answer: str | Message, tools: Tools) -> str:
    """What comes after the answer once the conversation goes on; "" if the template then writes it otherwise.

    The answer without its reasoning, which templates leave out of the history.
    """
    turn: Message = {"role": "assistant", "content": answer} if isinstance(answer, str) else answer
    turn = {key: value for key, value in turn.items() if key != "reasoning_content"}
    follows = {"role": "tool" if turn.get("tool_calls") else "user", "content": "1"}
    before = rendered(tokenizer, messages, tools, asks=True) + answer_text(tokenizer, messages, turn, tools)
    whole = rendered(tokenizer, [*messages, turn, follows], tools)
    return whole[len(before) :] if whole.startswith(before) else ""


def _endless(tokenizer: Any, text: str) -> TrainError:
    ends = ", ".join(repr(tokenizer.decode([one])) for one in sorted(end_tokens(tokenizer)))
    return TrainError(
        f"the chat template does not end the answer with an end token ({ends}): {text!r}\n"
        "    set [base] chat_template to a template that does, or list the token that ends its turns as eos_token_id "
        "in the base model's generation_config.json"
    )


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
