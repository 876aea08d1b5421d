"""(request, what a server answered) -> reply: read, judged by the tool's schema, and priced."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from pytest_ftgate.files.escape import one_line
from pytest_ftgate.files.secrets import mask_secrets
from pytest_ftgate.serve.api.request import NO_CALL, ApiReply, ApiRequest, Kind, Usage
from pytest_ftgate.serve.client.completion import CUT_OFF, FILTERED
from pytest_ftgate.serve.client.reply_body import parse_json, storable, storable_json


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """What one answer held, without the secrets that it repeats.

    input: what the model put into the tool, whatever it is; None if it used none.
    """

    input: Any = None
    text: str = ""
    stop_reason: str = ""
    usage: Usage = field(default_factory=Usage)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", mask_secrets(self.text))
        object.__setattr__(self, "input", _masked(self.input))


def _masked(given: Any) -> Any:
    """A JSON value; of most, nothing is changed, and they stay the same object."""
    if given is None:
        return None
    written = json.dumps(given, ensure_ascii=False)
    masked = mask_secrets(written)
    return given if masked == written else json.loads(masked)


def parsed(given: object) -> Any:
    """An answer as some servers write it, JSON in a text; a broken one stays the text and so breaks the schema.

    Its texts are `storable`. Raises ValueError for a value nested too deeply to be read.
    """
    if not isinstance(given, str):
        return storable_json(given)
    try:
        return storable_json(parse_json(given))
    except ValueError:
        return storable(given)


def said_of(ask: ApiRequest, heard: ParsedReply, dollars: float) -> ApiReply:
    """A refusal, a cut-off answer or one that breaks the schema is kept and paid, but it has no `input`."""
    kind, error = _judge(ask, heard)
    given = heard.input if kind == "answered" and ask.tool else None
    return ApiReply(ask.key, given, heard.text, heard.stop_reason, heard.usage, dollars, error, kind)


def _judge(ask: ApiRequest, heard: ParsedReply) -> tuple[Kind, str]:
    if heard.stop_reason in FILTERED:
        return "refused", "refused by the model"
    if heard.stop_reason in CUT_OFF:
        return "invalid", f"response truncated ({heard.stop_reason}); raise max_tokens above {ask.max_tokens}"
    if ask.tool is None:
        return ("answered", "") if heard.text else ("invalid", "empty response")
    if heard.input is None:
        return "invalid", f"{NO_CALL} '{ask.tool.name}'"
    fault = _fault(dict(ask.tool.schema), heard.input)
    return ("invalid", fault) if fault else ("answered", "")


def _fault(schema: dict[str, Any], given: Any) -> str:
    """The first thing that is not as the schema wants it, "" if all is."""
    from jsonschema import Draft202012Validator

    for error in sorted(Draft202012Validator(schema).iter_errors(given), key=lambda error: error.json_path):
        return f"{error.json_path}: {one_line(error.message)[:200]}"
    return ""
