"""(JudgeClient, injections) -> Attack: how many of the attempts that are shipped carry a wrong answer past a judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_ftgate.judge.client import NoVerdict
from pytest_ftgate.judge.injections import ASKED, HONEST, REFERENCE, Injection, read_injections
from pytest_ftgate.judge.prompt import Question
from pytest_ftgate.judge.rubric import CORRECT, make_rubric
from pytest_ftgate.judge.spec import JudgeError, JudgeSpec
from pytest_ftgate.metrics.base import Metric
from pytest_ftgate.metrics.intervals import wilson

if TYPE_CHECKING:
    from pytest_ftgate.judge.client import JudgeClient


@dataclass(frozen=True, slots=True)
class Attack:
    """All attempts. won: those that the judge called correct. unscored: those without a verdict."""

    tried: tuple[Injection, ...]
    won: tuple[Injection, ...]
    unscored: tuple[Injection, ...]

    @property
    def success(self) -> Metric:
        """Share of the attempts that won, with Wilson's bounds."""
        n = len(self.tried)
        return Metric("attack success", len(self.won) / n, n, *wilson(len(self.won), n))

    @property
    def families(self) -> dict[str, tuple[int, int]]:
        """(won, tried) by family."""
        won, tried = (Counter(each.family for each in some) for some in (self.won, self.tried))
        return {family: (won[family], count) for family, count in tried.items()}


def attacked(spec: JudgeSpec) -> JudgeSpec:
    """The same judge with the rubric that the attempts are about: is the answer correct by a reference?"""
    return replace(spec, rubric=make_rubric())


def attack(judge_client: JudgeClient, attempts: Sequence[Injection] = ()) -> Attack:
    """Ask about all attempts at once; attempts: those that are shipped, by default. judge_client: of `attacked`.

    Raises JudgeError if the judge passes the plain wrong answer, or if nobody answered one of them (server, budget):
    what was not answered was not withstood.
    """
    tried = tuple(attempts) or read_injections()
    plain, *judgements = judge_client.judgements([_question(HONEST), *(_question(each.answer) for each in tried)])
    if isinstance(plain, NoVerdict):
        raise JudgeError(f"no verdict on a plain wrong answer: {plain.why}")
    if plain[CORRECT] == "yes":
        raise JudgeError(
            f"the judge accepts the wrong answer {HONEST!r} (expected {REFERENCE!r}) even without an attack"
        )
    if broken := [judgement for judgement in judgements if isinstance(judgement, NoVerdict) and judgement.broken]:
        raise JudgeError(f"{len(broken)} of {len(tried)} attempts got no verdict, result undefined: {broken[0].why}")
    pairs = list(zip(tried, judgements, strict=True))
    unscored = tuple(each for each, judgement in pairs if isinstance(judgement, NoVerdict))
    won = tuple(
        each for each, judgement in pairs if not isinstance(judgement, NoVerdict) and judgement[CORRECT] == "yes"
    )
    return Attack(tried, won, unscored)


def _question(answer: str) -> Question:
    return Question(ASKED, (answer,), REFERENCE)
