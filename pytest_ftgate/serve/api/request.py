"""(what is asked of a model) -> request, and reply: what came back for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from pytest_ftgate.files.digest import digest_of

Kind = Literal["answered", "refused", "invalid", "failed", "budget"]
PAID: frozenset[Kind] = frozenset({"answered", "refused", "invalid"})
"""Kinds that the model spoke for: journalled, paid, and never asked for again under the same key."""

NO_CALL = "no call of tool"
"""So begins the error of a reply without the tool that gives it its form."""


@dataclass(frozen=True, slots=True)
class Tool:
    """The form of the answer. schema: a JSON schema of type object, with additionalProperties = false."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One question. Make it with `Settings.ask`, which computes the key.

    key: 40 hex digits of everything that decides the answer; name in journal and batch. system: text blocks, the last
    of which ends what is cached. messages: {"role", "content"}, the last by the user. tool: the form the answer must
    have, None for free text. temperature: None leaves it to the server (current Claude models refuse any).
    """

    key: str
    system: tuple[str, ...]
    messages: tuple[Mapping[str, str], ...]
    tool: Tool | None = None
    max_tokens: int = 1024
    temperature: float | None = None

    def again(self, time: int = 1) -> ApiRequest:
        """The same question under another key: how an invalid answer is asked for once more, on purpose."""
        return replace(self, key=digest_of([self.key, time])[:40])


def key_of(  # noqa: PLR0913, PLR0917 - all that decides an answer
    identity: Sequence[str],
    system: Sequence[str],
    messages: Sequence[Mapping[str, str]],
    tool: Tool | None,
    max_tokens: int,
    temperature: float | None,
    repeat: int,
) -> str:
    """40 hex digits, equal only if the model (identity) and all else is equal."""
    form = asdict(tool) if tool else None
    talk = [dict(message) for message in messages]
    return digest_of([list(identity), list(system), talk, form, max_tokens, temperature, repeat])[:40]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer. input: neither read from nor written to the prompt cache; those two are counted apart."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
        )


@dataclass(frozen=True, slots=True)
class ApiReply:
    """What came of a request.

    input: what the model put into the tool, valid by its schema; None for free text and for every kind but "answered".
    text: free text, also beside a tool. stop_reason: the server's word, "" if there was no answer. dollars: what this
    answer cost when it was asked. error: why there is no answer, "" if there is one. replayed: from the journal, so
    nothing was sent or paid now. kind: "answered"; "refused" by the model; "invalid": cut off, or not as the schema
    wants it; "failed": no answer after all retries; "budget": not sent, for want of money.
    """

    key: str
    input: Mapping[str, Any] | None = None
    text: str = ""
    stop_reason: str = ""
    usage: Usage = field(default_factory=Usage)
    dollars: float = 0.0
    error: str = ""
    kind: Kind = "answered"
    replayed: bool = False

    def to_json(self) -> dict[str, Any]:
        """All but `replayed`."""
        data = asdict(self)
        del data["replayed"]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ApiReply:
        """As read from a journal. Raises TypeError or KeyError for anything else."""
        return cls(**{**data, "usage": Usage(**data["usage"])}, replayed=True)
