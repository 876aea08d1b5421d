"""(JudgeClient, pairs of answers) -> Comparison: each pair judged in both orders; a tie where the orders disagree."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_ftgate.errors import MetricError
from pytest_ftgate.judge.client import Judgement, NoVerdict
from pytest_ftgate.judge.parse import BETTER, Verdict
from pytest_ftgate.judge.prompt import FIRST, SECOND, TIE, Question

if TYPE_CHECKING:
    from pytest_ftgate.judge.client import JudgeClient

_OPPOSITE = {FIRST: SECOND, SECOND: FIRST, TIE: TIE}


@dataclass(frozen=True, slots=True)
class Compared:
    """One pair. difference: 1 where the first answer is better in both orders, -1 the second, else 0; None without a
    verdict. flipped: the orders disagree. same: both answers are one text, so nobody was asked. reason: of the first
    order. broken: nobody answered.
    """

    difference: int | None
    flipped: bool = False
    same: bool = False
    reason: str = ""
    broken: bool = False


@dataclass(frozen=True)
class Comparison:
    """All pairs of two models by the case's id, the first answer being the candidate's."""

    pairs: Mapping[str, Compared]

    def of(self, names: Collection[str]) -> Comparison:
        """The pairs of these cases alone."""
        return Comparison({name: pair for name, pair in self.pairs.items() if name in names})

    @property
    def differences(self) -> dict[str, float]:
        """By case; a pair without a verdict counts against the first answer, as an unmeasured case does."""
        return {name: -1.0 if pair.difference is None else float(pair.difference) for name, pair in self.pairs.items()}

    @cached_property
    def asked(self) -> dict[str, Compared]:
        """The pairs of two different answers."""
        return {name: pair for name, pair in self.pairs.items() if not pair.same}

    @property
    def unscored(self) -> int:
        """Pairs without a verdict."""
        return sum(pair.difference is None for pair in self.pairs.values())

    @property
    def flips(self) -> int:
        """Pairs that the two orders disagree on."""
        return sum(pair.flipped for pair in self.pairs.values())

    @property
    def flip_rate(self) -> float:
        """Share of the pairs with a verdict in both orders that these disagree on. MetricError if there is none."""
        judged = sum(pair.difference is not None for pair in self.asked.values())
        if not judged:
            raise MetricError("no pairs judged in both orders")
        return self.flips / judged


def compare(judge_client: JudgeClient, questions: Mapping[str, Question]) -> Comparison:
    """Ask both orders of all pairs at once; two equal answers are a tie that nobody is asked about."""
    differing = {name: each for name, each in questions.items() if each.answers[0] != each.answers[1]}
    judge_client.ask([order for each in differing.values() for order in (each, each.turned())])
    found = {
        name: _compared(judge_client.judgement(each), judge_client.judgement(each.turned()))
        for name, each in differing.items()
    }
    judged = {name: pair for name, pair in found.items() if pair.difference is not None}
    judge_client.flipped.update({differing[name].digest: pair.flipped for name, pair in judged.items()})
    return Comparison({name: found.get(name, Compared(0, same=True)) for name in questions})


def both_orders(judge_client: JudgeClient, question: Question) -> Judgement:
    """The verdict on one pair, from both orders; a tie where they disagree, and then `agreement` is .5."""
    judge_client.ask([question, question.turned()])
    judgement, turned = judge_client.judgement(question), judge_client.judgement(question.turned())
    if isinstance(judgement, NoVerdict):
        return judgement
    if isinstance(turned, NoVerdict):
        return turned
    agree = _OPPOSITE[turned[BETTER]] == judgement[BETTER]
    judge_client.flipped[question.digest] = not agree
    if agree:
        return judgement
    why = f"inconsistent orders: {judgement.reasons[BETTER]} / {turned.reasons[BETTER]}"
    return Verdict({BETTER: TIE}, {BETTER: why}, 0.5, 0.5)


def _compared(judgement: Judgement, turned: Judgement) -> Compared:
    for each in (judgement, turned):
        if isinstance(each, NoVerdict):
            return Compared(None, reason=each.why, broken=each.broken)
    assert not isinstance(judgement, NoVerdict)  # noqa: S101 - as just shown
    assert not isinstance(turned, NoVerdict)  # noqa: S101
    said = judgement[BETTER]
    agree = _OPPOSITE[turned[BETTER]] == said
    difference = {FIRST: 1, SECOND: -1, TIE: 0}[said] if agree else 0
    return Compared(difference, flipped=not agree, reason=judgement.reasons[BETTER])
