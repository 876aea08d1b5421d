"""One input of production, without personal data and keys, as it is kept, shown to people and proposed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.data.pii.placeholders import redacted_text, redacted_value
from pytest_ftgate.data.readers.normalize import short_digest
from pytest_ftgate.golden.case import answer_text
from pytest_ftgate.graders.answer import label_in, label_of
from pytest_ftgate.pipeline.live.case_input import case_input

if TYPE_CHECKING:
    from pytest_ftgate.data.request_log.request import LoggedRequest
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.golden.spec import Label

NO_LABEL = "(none)"


@dataclass(frozen=True, slots=True)
class LiveInput:
    """key: digest of the question, the same for equal questions. golden: name of the set whose prompt asks it.

    output: what the model answered, "" if unknown; label: of that answer, `NO_LABEL` if it names none of the set's.
    stratum, weight: which part of the log it was drawn from, and how many different inputs of it it stands for.
    requests: how many in the log were this or nearly this.
    """

    key: str
    golden: str
    input: Any
    output: str = ""
    label: str = ""
    at: str = ""
    model: str = ""
    stratum: str = ""
    weight: float = 1.0
    requests: int = 1

    @property
    def question(self) -> str:
        """The text that was asked."""
        return question_of(self.input)

    def to_json(self) -> dict[str, Any]:
        """All fields as JSON values; the key is called "id", since a "key" is taken for a secret."""
        told = asdict(self)
        return {"id": told.pop("key"), **told}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LiveInput:
        """The inverse of `to_json`; other keys are passed over. Raises KeyError."""
        known = {each.name: data[each.name] for each in fields(cls) if each.name in data}
        return cls(**{"key": data["id"], "golden": data["golden"], "input": data["input"]} | known)


def question_of(asked: Any) -> str:
    """The text of an input, without system turns."""
    return Row("", 0, {"input": asked}).question


def key_of(asked: Any) -> str:
    """The key of an input."""
    return short_digest(question_of(asked)).hex()


def anonymous(suite: Suite, request: LoggedRequest) -> LiveInput:
    """The request with a placeholder such as <EMAIL> for each piece of personal data and each key that is found."""
    asked = redacted_value(case_input(suite, request.input))
    output = "" if request.output is None else redacted_text(answer_text(request.output))
    label = label_of_answer(request.output, suite.golden.label)
    return LiveInput(key_of(asked), suite.name, asked, output, label, _time(request.at), redacted_text(request.model))


def _time(text: str) -> str:
    """A time in ISO 8601 as it is; "" for anything else, which could say who asked."""
    try:
        datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return ""
    return text


def label_of_answer(output: Any, label: Label | None) -> str:
    """The label that an answer names, if it is one of the set's; "" for a set without labels."""
    if label is None:
        return ""
    found = label_of(output, label.path) if isinstance(output, str) else label_in(output, label.path)
    return found if found in label.values else NO_LABEL
