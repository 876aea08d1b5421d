"""What the cases of a set require of a judge -> [judge] of golden.toml, and the `expected` of each case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.serve.api.settings import SMALL_CLAUDE

_OF_ALL = "Does the answer meet this requirement? Requirement: "
_OF_EACH = (
    "The reference lists what is required of the answer to this question. Does the answer meet every requirement in it?"
)
NOTE = (
    f"the judge is {SMALL_CLAUDE}, with ANTHROPIC_API_KEY, and not promptfoo's: "
    "choose model, base_url and api in [judge] of golden.toml"
)


@dataclass(frozen=True, slots=True)
class JudgeTable:
    """table: [judge], empty if nothing is judged. by_case: whether each case has its requirements in `expected`."""

    table: dict[str, Any]
    by_case: bool = False


def judge_of(required: Sequence[Sequence[str]]) -> JudgeTable:
    """required: the requirements of each case that is judged.

    The same in all of them: a question each. Else one question about what the case expects.
    """
    several = {tuple(each) for each in required}
    if not several:
        return JudgeTable({})
    if len(several) > 1:
        return JudgeTable(
            {"model": SMALL_CLAUDE, "reference": True, "checklist": {"requirements": _OF_EACH}}, by_case=True
        )
    texts = list(dict.fromkeys(next(iter(several))))
    names = ["requirement"] if len(texts) == 1 else [f"requirement_{number}" for number in range(1, len(texts) + 1)]
    questions = {name: _OF_ALL + text for name, text in zip(names, texts, strict=True)}
    return JudgeTable({"model": SMALL_CLAUDE, "checklist": questions})


def bare(text: str) -> str:
    """A requirement without the question that we put it into, however often: our exported rubrics come back."""
    for asked in (_OF_ALL, f"{_OF_EACH}\nReference: "):
        if text.startswith(asked):
            return bare(text.removeprefix(asked))
    return text


def listed(requirements: Sequence[str]) -> str:
    """Requirements as the `expected` of a case."""
    texts = list(dict.fromkeys(requirements))
    return texts[0] if len(texts) == 1 else "\n".join(f"- {text}" for text in texts)
