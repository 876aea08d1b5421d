"""(golden, training row) -> what a model is asked about the two: system and user turn, the strict form of its word."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.judge.sanitize import shielded
from pytest_ftgate.leakage.semantic import Nearest

SYSTEM, USER = "system.1.j2", "user.1.j2"
"""The templates in use. One that is changed gets the next number, and every pair is asked about anew."""
TOOL = "give_verdict"
ABOUT_TOOL = "Hand over the verdict. The only way to answer."
VERDICTS = ("same question reworded", "shares the answer", "only the same topic", "unrelated")
"""What the model may say, the worst first."""
MOST_SHOWN = 20_000
"""Characters of each text that are shown."""
_FOLDER = Path(__file__).parent / "prompts"


@dataclass(frozen=True, slots=True)
class PairPrompt:
    """schema: JSON schema of the only tool's input, strict, the reason before the verdict."""

    system: str
    user: str
    schema: dict[str, Any] = field(hash=False)


def build(pair: Nearest) -> PairPrompt:
    """The prompt about a pair. Neither the golden's name nor the row's place is in it: they decide nothing."""
    texts = {"exam question": pair.asked, "exam answer": pair.answer, "training row": pair.row or pair.text}
    data = shielded({name: _cut(text) for name, text in texts.items() if text.strip()})
    return PairPrompt(_filled(SYSTEM, verdicts=VERDICTS), _filled(USER, data=list(data.values())), schema())


def schema() -> dict[str, Any]:
    """JSON schema of {"reason": text, "verdict": one of VERDICTS}."""
    reason = {"type": "string", "description": "What decided, in one or two sentences."}
    properties = {"reason": reason, "verdict": {"type": "string", "enum": list(VERDICTS)}}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def prompts_digest() -> str:
    """sha256 (64 hex digits) of all that decides what is asked, apart from the pair."""
    return digest_of([TOOL, ABOUT_TOOL, _text(SYSTEM), _text(USER), schema(), MOST_SHOWN])


def _cut(text: str) -> str:
    if len(text) <= MOST_SHOWN:
        return text
    return f"{text[:MOST_SHOWN]}\n[{len(text) - MOST_SHOWN:,} more characters are not shown]"


def _filled(name: str, **values: object) -> str:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - no HTML
    return environment.from_string(_text(name)).render(tool=TOOL, **values).strip()


@lru_cache(maxsize=4)
def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
