"""What one model said to one case in one repeat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from pytest_ftgate.files.short_repr import short_repr


@dataclass(frozen=True, slots=True)
class Response:
    """One finished request.

    text: the answer; "" if there was none.
    finish_reason: "stop", "length" (cut off at `max_tokens`), "timeout" (the time limit of the request passed), or
        "error" (the API broke or filtered the answer). Of the last two `error` says how, and there is no answer.
    stop_reason: why the answer ended in the server's own word, "eos" or "tool_calls" say; "" if it did not say.
    prompt_tokens, completion_tokens: as counted by the server; 0 if it did not say.
    queue_s: seconds from planning to sending. ttft_s: to the first token, 0 if not streamed. total_s: sending to end.
    attempts: requests sent, retries included; 0 if none was, as the server had died.
    asked_at: when the request was sent, Unix time in seconds; 0 if unknown.
    model: digest of the model that answered (see `serve.model.Model.digest`). fingerprint: what the server itself says
        of the model behind the name (`system_fingerprint`, its entry in /v1/models); "" if it says nothing.
    reasoning: what a reasoning model thought before it answered, which is no part of the answer; "" if it showed none.
    tool_calls: functions the model asked to call, each {"name": ..., "arguments": JSON as text}, in order.
    repeat: 0-based number of the repeat.
    turns: of a script of user turns, the answers before the last one, which is `text`; tokens and seconds are then of
        all turns together. cut_turns: which of those before the last were cut off at `max_tokens`, counted from 1.
    """

    case_id: str
    model: str
    text: str
    finish_reason: str = "stop"
    repeat: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    queue_s: float = 0.0
    ttft_s: float = 0.0
    total_s: float = 0.0
    attempts: int = 1
    error: str = ""
    asked_at: float = 0.0
    fingerprint: str = ""
    reasoning: str = ""
    tool_calls: tuple[dict[str, str], ...] = ()
    stop_reason: str = ""
    turns: tuple[str, ...] = ()
    cut_turns: tuple[int, ...] = ()

    @property
    def broken(self) -> bool:
        """True if nothing was measured: no answer in time, or the API failed for good, which says nothing of the model.

        An empty answer and one that was cut off are the model's own, and wrong.
        """
        return self.finish_reason in {"error", "timeout"}

    @property
    def unasked(self) -> bool:
        """True if the model was not asked: the server had died, or denied the key, the model or the path to all."""
        return self.broken and (not self.attempts or self.error.startswith("not asked: "))

    @property
    def answer(self) -> str:
        """The text, or, where there is none, the tool calls as name(arguments), a line each."""
        return self.text or self.calls

    @property
    def calls(self) -> str:
        """The tool calls, see `call_text`, a line each."""
        return "\n".join(map(call_text, self.tool_calls))

    def __repr__(self) -> str:
        """In one line, for assertions: the answer, and what is not as usual."""
        unusual = {"finish_reason": "" if self.finish_reason == "stop" else self.finish_reason, "error": self.error}
        calls = [call.get("name") for call in self.tool_calls]
        return short_repr(self, self.text, **unusual, reasoning=self.reasoning, tool_calls=calls or None)

    def to_json(self) -> dict[str, Any]:
        """All fields as JSON values; `Response.from_json` reads them back."""
        data = {name: getattr(self, name) for name in _FIELDS}
        return {**data, **{name: list(data[name]) for name in _TUPLES}}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Response:
        """The inverse of `to_json`; unknown keys (a newer version's) are ignored."""
        known = {name: value for name, value in data.items() if name in _FIELDS}
        return cls(**{**known, **{name: tuple(known.get(name, ())) for name in _TUPLES}})


_TUPLES = ("tool_calls", "turns", "cut_turns")


def call_text(call: Mapping[str, str]) -> str:
    """A tool call as people write it: name(arguments)."""
    return f"{call['name']}({call['arguments']})"


_FIELDS = tuple(field.name for field in fields(Response))
