"""(llama.cpp's server, conversations) -> whether it reads what the model was trained and gated with, token by token.

The template in a GGUF is rendered by llama.cpp's own template engine, and cut into tokens by its own tokenizer; either
may differ from the ones that training used, and the model then answers another question, without an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from pytest_ftgate.errors import ServeError
from pytest_ftgate.files.escape import one_line
from pytest_ftgate.serve.client import control_http as http
from pytest_ftgate.serve.engine import Asked, Endpoint
from pytest_ftgate.serve.hf.template_turns import template_tools, template_turns
from pytest_ftgate.serve.hf.tokenizer import load_tokenizer
from pytest_ftgate.serve.model import Model

AROUND = 30
"""Signs before and after the first difference that a message shows."""

SHOWN = 8
"""Tokens that a message shows."""


def check_prompts(line: Endpoint, model: Model, asks: Sequence[Asked]) -> str:
    """What was compared, in words. The tokenizer's files beside the GGUF say what is right.

    Raises ServeError that names the first conversation which is rendered or cut otherwise, and where.
    """
    try:
        tokenizer = load_tokenizer(model.base, None, model.chat, local_files_only=True)
    except (OSError, ValueError) as error:
        why = one_line(str(error))[:200]
        raise ServeError(
            f"{model.base}: no tokenizer beside the GGUF, so that prompts cannot be compared: {why}\n"
            "    copy the tokenizer's files of the model that it was made of into the folder"
        ) from None
    for asked in asks:
        _check_one(line, tokenizer, asked)
    return f"llama.cpp reads {len(asks)} prompts of the golden sets in our very tokens"


def _check_one(line: Endpoint, tokenizer: Any, asked: Asked) -> None:
    """By tokens, which are what the model reads: llama.cpp leaves a first token out of the text that it adds itself."""
    messages, ours = _rendered(tokenizer, asked)
    body = {"messages": messages} | ({"tools": list(asked.tools)} if asked.tools else {})
    theirs = str(_asked(line, "/apply-template", body, "prompt", asked.case))
    read = _asked(
        line, "/tokenize", {"content": theirs, "add_special": True, "parse_special": True}, "tokens", asked.case
    )
    wanted = list(tokenizer(ours, add_special_tokens=False)["input_ids"])
    if read == wanted:
        return
    if ours != theirs:
        at, one, other = first_difference(ours, theirs)
        raise ServeError(
            f"{asked.case}: llama.cpp renders the conversation otherwise than it was trained and gated, from sign {at} "
            f"on\n    ours:      {one!r}\n    llama.cpp: {other!r}\n"
            "    set [base] chat_template to one that both render alike, and train again; or ship another form"
        )
    at = next(i for i, (one, other) in enumerate(zip_longest(wanted, read)) if one != other)
    one, other = (f"{ids[at : at + SHOWN]}, {tokenizer.decode(ids[at : at + SHOWN])!r}" for ids in (wanted, read))
    raise ServeError(
        f"{asked.case}: llama.cpp cuts the prompt into other tokens than it was trained and gated with, from token "
        f"{at} on\n    ours:      {one}\n    llama.cpp: {other}\n"
        "    the GGUF names another tokenizer, or adds another first token: export it again"
    )


def _rendered(tokenizer: Any, asked: Asked) -> tuple[list[Mapping[str, Any]], str]:
    """The messages, and the text that they become.

    Of a conversation whose later questions the template refuses without the answers between them: the first.
    """
    from jinja2 import TemplateError

    messages, tools = list(asked.messages), template_tools(asked.tools)
    while True:
        try:
            turns = template_turns(messages)
            text = tokenizer.apply_chat_template(turns, tools=tools, add_generation_prompt=True, tokenize=False)
        except TemplateError as error:
            if len(messages) == 1:
                raise ServeError(f"{asked.case}: the chat template refuses it: {one_line(str(error))}") from None
            messages.pop()
        else:
            return messages, str(text)


def first_difference(one: str, other: str) -> tuple[int, str, str]:
    """Index of the first sign that differs, and what stands around it in both. The texts are not equal."""
    at = next(i for i, (a, b) in enumerate(zip_longest(one, other)) if a != b)
    begin, end = max(at - AROUND, 0), at + AROUND
    return at, one[begin:end], other[begin:end]


def _asked(line: Endpoint, path: str, body: dict[str, Any], key: str, case: str) -> Any:
    status, said = http.post(line.base_url.removesuffix("/v1") + path, body, line.api_key, 30.0)
    if status != 200 or not isinstance(said, dict) or key not in said:
        raise ServeError(f"{case}: llama.cpp's {path} cannot be read (HTTP {status}): {one_line(str(said))[:500]}")
    return said[key]
