"""(Rubric, question, answers) -> Prompt: what a judge is sent, with everything it judges as data.

The system turn holds the rubric and is the same for every case, so that a provider can cache it; the user turn holds
the data. A changed template is a new judge, see `prompts_digest`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.judge.rubric import Rubric
from pytest_ftgate.judge.sanitize import shielded

TOOL = "give_verdict"
FIRST, SECOND, TIE = "first", "second", "tie"
CHOICES = (FIRST, SECOND, TIE)
"""What a judge, or a person, may say of a pair: by the place in which an answer was shown."""

_FOLDER = Path(__file__).parent / "prompts"
SYSTEM, USER = "system.1.j2", "user.1.j2"
"""The templates in use. One that is changed gets the next number, and the digest of every judge changes with it."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is judged: one answer, or two in the order in which they are shown.

    asked: what the model was asked, as text. reference: what is right, "" where the rubric does not use it.
    """

    asked: str
    answers: tuple[str, ...]
    reference: str = ""

    @property
    def pair(self) -> bool:
        """Whether two answers are compared."""
        return len(self.answers) == 2

    @property
    def digest(self) -> str:
        """sha256 of all fields, 64 hex digits."""
        return digest_of([self.asked, list(self.answers), self.reference])

    def turned(self) -> Question:
        """The same two answers in the other order."""
        return Question(self.asked, self.answers[::-1], self.reference)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent. schema: JSON schema of the only tool's input, strict, the reason before the level."""

    system: str
    user: str
    schema: Mapping[str, Any] = field(hash=False)


def build(rubric: Rubric, question: Question) -> Prompt:
    """The prompt of one judgement. ValueError if there are neither one answer nor two."""
    if len(question.answers) not in {1, 2}:
        raise ValueError(f"one answer is judged, or two are compared; found {len(question.answers)}")
    data = {"question": question.asked}
    if rubric.reference:
        data["reference"] = question.reference
    names = ("first answer", "second answer") if question.pair else ("answer",)
    data |= dict(zip(names, question.answers, strict=True))
    user = _filled(USER, pair=question.pair, data=list(shielded(data).values()))
    return Prompt(system_text(rubric, pair=question.pair), user, schema_of(rubric, pair=question.pair))


@lru_cache(maxsize=64)
def system_text(rubric: Rubric, *, pair: bool) -> str:
    """The system turn: how to judge, and the rubric; the same for every case."""
    scored = any(each.anchors for each in rubric.criteria)
    return _filled(SYSTEM, pair=pair, reference=rubric.reference, criteria=rubric.criteria, scored=scored)


def schema_of(rubric: Rubric, *, pair: bool) -> dict[str, Any]:
    """JSON schema of a verdict: an object for each criterion, or one choice for a pair; no other key."""
    if pair:
        return _object({"reason": _reason(), "better": {"type": "string", "enum": list(CHOICES)}})
    return _object(
        {
            each.name: _object({"reason": _reason(), "level": {"type": "string", "enum": list(each.levels)}})
            for each in rubric.criteria
        }
    )


def prompts_digest() -> str:
    """sha256 of the text of all templates and of the tool: what makes a judge besides its model and rubric."""
    return digest_of([TOOL, *(_text(name) for name in (SYSTEM, USER)), schema_of(Rubric(()), pair=True)])


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _reason() -> dict[str, str]:
    return {"type": "string", "description": "What decided, in one or two sentences."}


@lru_cache(maxsize=8)
def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


@lru_cache(maxsize=8)
def _template(name: str) -> Any:
    from jinja2 import Environment, StrictUndefined

    return Environment(undefined=StrictUndefined, keep_trailing_newline=False, autoescape=False).from_string(  # noqa: S701 - plain text
        _text(name)
    )


def _filled(name: str, **values: object) -> str:
    return str(_template(name).render(tool=TOOL, **values)).strip()


def shown_input(messages: Sequence[Mapping[str, str]]) -> str:
    """What a model was asked, for the judge: a single user turn as it is, else every turn under its role."""
    if [turn["role"] for turn in messages] == ["user"]:
        return messages[0]["content"]
    return "\n\n".join(f"[{turn['role']}]\n{turn['content']}" for turn in messages)
