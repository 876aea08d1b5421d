"""A chat completion as servers write it -> fields of a Response; what is none, or no whole one, is a RequestError."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_ftgate.files.secrets import mask
from pytest_ftgate.serve.client.message import SAYS_SOMETHING, answer_of, calls_of, reasoning_of
from pytest_ftgate.serve.client.reply_body import parse_json, storable
from pytest_ftgate.serve.retry import RequestError

STOPPED = frozenset(
    {"stop", "eos", "eos_token", "stop_sequence", "end_turn", "complete", "tool_calls", "tool_use", "function_call"}
)
"""Values of finish_reason by which a server says that the model ended its answer; also none at all."""

CUT_OFF = frozenset({"length", "max_tokens", "model_length", "model_context_window_exceeded"})
"""That the answer reached `max_tokens`, or the end of the model's context: still the model's own, and unfinished."""

FILTERED = frozenset(
    {"content_filter", "refusal", "safety", "recitation", "blocklist", "prohibited_content", "sensitive", "error_toxic"}
)
"""That something other than the model held the answer back. A "refusal" of Anthropic's is one of its classifiers'."""

BROKEN = frozenset({"error", "abort", "aborted", "cancelled", "insufficient_system_resource"})
"""That the server broke the answer off; asked again, it may be whole."""

MALFORMED = (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError)
"""What reading something raises that is not built as expected."""

MOST_TOKENS = 10**12


def read_completion(raw: bytes) -> dict[str, Any]:
    """Body of a chat completion -> fields of a Response. Raises RequestError if it is none."""
    try:
        data = parse_json(raw)
    except ValueError as error:
        raise _no_completion(error, raw.decode("utf-8", "replace")) from error
    return fields_of(data)


def fields_of(data: Any) -> dict[str, Any]:
    """As `read_completion`, for what was parsed already."""
    try:
        choice = data["choices"][0]
        ended = ending_of(choice.get("finish_reason"))
        message = choice["message"]
        if not SAYS_SOMETHING & message.keys():
            raise KeyError("content")
        said = said_of(answer_of(message), reasoning_of(message), calls_of(message))
        return said | ended | tokens_of(data.get("usage")) | fingerprint_of(data)
    except MALFORMED as error:
        raise _no_completion(error, data) from error


def _no_completion(error: Exception, said: object) -> RequestError:
    try:
        shown = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    except (ValueError, RecursionError):
        shown = f"a {type(said).__name__}"
    text = f"the answer is no chat completion ({type(error).__name__}): {mask(storable(shown))[:200]!r}"
    return RequestError("refused", text)


def said_of(text: str, reasoning: str, calls: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """What a model said, as fields of a Response whose texts are `storable`."""
    return {
        "text": storable(text),
        "reasoning": storable(reasoning),
        "tool_calls": tuple({name: storable(value) for name, value in call.items()} for call in calls),
    }


def ending_of(given: object) -> dict[str, str]:
    """How the answer ended, as fields of a Response. Raises RequestError, see `finish_reason`."""
    shown = "" if given is None else mask(storable(str(given)))[:80]
    return {"finish_reason": finish_reason(shown), "stop_reason": shown}


def finish_reason(given: str) -> str:
    """Either "stop" or "length". Raises RequestError if the server says that this is no whole answer."""
    reason = given.lower()
    if not reason or reason in STOPPED:
        return "stop"
    if reason in CUT_OFF:
        return "length"
    if reason in FILTERED:
        raise RequestError("filtered", f"the server filtered the answer (finish_reason '{given}')")
    if reason in BROKEN:
        raise RequestError("server_error", f"the server broke off the answer (finish_reason '{given}')")
    raise RequestError("refused", f"no whole answer: unknown finish_reason '{given}'")


def fingerprint_of(data: Mapping[str, Any]) -> dict[str, str]:
    """What a completion, or a chunk of one, says of the model behind the name; {} if it says nothing."""
    said = data.get("system_fingerprint")
    return {"fingerprint": mask(storable(said))[:80]} if isinstance(said, str) and said else {}


def tokens_of(usage: object) -> dict[str, int]:
    """prompt_tokens and completion_tokens of a completion's "usage", each 0 if the server gave no sensible number."""
    given = usage if isinstance(usage, Mapping) else {}
    return {name: count_of(given.get(name)) for name in ("prompt_tokens", "completion_tokens")}


def latest_tokens(known: Mapping[str, int], usage: object) -> dict[str, int]:
    """The same, where an earlier "usage" said something: what the later one leaves out, or has as 0, stays known."""
    return {name: count or known.get(name, 0) for name, count in tokens_of(usage).items()}


def count_of(value: object) -> int:
    """A number of tokens, 0 if it is none: of another type, negative, not finite, or absurdly large."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(value) if 0 <= value <= MOST_TOKENS else 0
