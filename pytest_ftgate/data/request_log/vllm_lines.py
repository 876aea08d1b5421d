"""Lines that vLLM 0.32 logs -> requests with their answers.

vLLM writes what was asked only with `--enable-log-requests` and VLLM_LOGGING_LEVEL=DEBUG, and what was answered only
with `--enable-log-outputs`. Of a request there are its body and the rendered prompt; the body is known by its id,
unless the client chose the id (`X-Request-Id`): then what the user said last is taken out of the prompt, by the marks
of its chat template.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from pytest_ftgate.data.near.chat_marks import asked_in
from pytest_ftgate.data.request_log.exchange import exchange_of
from pytest_ftgate.data.request_log.request import LoggedRequest

_TEXT = r"(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
_BODY = re.compile(r"Request (?P<id>\S+) JSON body: (?P<text>\{.*)")
_PROMPT = re.compile(rf"Request (?P<id>\S+) details: prompt: {_TEXT}, prompt_token_ids: ")
_ANSWER = re.compile(rf"Generated response (?P<id>\S+)(?: \(streaming complete\))?: output: {_TEXT}, finish_reason: ")
_RECEIVED = re.compile(r"Received request \S+: params: ")
_OWN_ID = re.compile(r"^(?:chatcmpl|cmpl)-(.*?)(?:-\d+)?$")


def is_vllm_log(text: str) -> bool:
    """Whether any line is one that vLLM writes of a request."""
    return any(pattern.search(text) for pattern in (_RECEIVED, _BODY, _PROMPT, _ANSWER))


def vllm_requests(lines: Iterable[str]) -> Iterator[LoggedRequest]:
    """Each request whose prompt was logged, with its answer if that was logged too, in the order of the requests.

    One that the server refused has no prompt.
    """
    prompts: dict[str, tuple[int, str]] = {}
    bodies: dict[str, Any] = {}
    answers: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if found := _PROMPT.search(line):
            prompts.setdefault(found["id"], (number, _text(found["text"])))
        elif found := _BODY.search(line):
            bodies[found["id"]] = _object(found["text"])
        elif found := _ANSWER.search(line):
            answers[_base(found["id"])] = _text(found["text"])
    for name, (number, prompt) in prompts.items():
        asked = bodies.get(_base(name)) or {"messages": [{"role": "user", "content": _last_said(prompt)}]}
        if request := exchange_of(number, {"request": asked, "output": answers.get(_base(name))}):
            yield request


def _base(name: str) -> str:
    """The id of a request without what the API puts around it."""
    found = _OWN_ID.match(name)
    return found[1] if found else name


def _last_said(prompt: str) -> str:
    return next(reversed([*asked_in(prompt)]), prompt)


def _text(written: str) -> str:
    try:
        return str(ast.literal_eval(written))
    except (ValueError, SyntaxError):
        return ""


def _object(written: str) -> Any:
    """None of a body that `--max-log-len` has cut."""
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        return None
