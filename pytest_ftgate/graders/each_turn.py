"""each_turn: graders for every answer of a dialogue, not only for the last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.group import Group
from pytest_ftgate.graders.join import joined
from pytest_ftgate.graders.value import Grade, Outcome
from pytest_ftgate.serve.response import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class EachTurn(Group):
    """The least value of all graders on all answers of a script of user turns; passes if all pass (and the value
    reaches `threshold`).

    Other graders look at the last answer. The case's `expected` is compared with every answer. Of a case with one turn:
    its only answer. A dialogue with an answer that is empty or cut off is worth 0.

    Example::

        [[grader]]
        kind = "each_turn"
        graders = [{ kind = "length", max_words = 5 }]
        # right = "Yes, until six.", wrong = "That is a question that I can answer."
    """

    kind: ClassVar[str] = "each_turn"

    def __call__(self, case: Case, response: Response) -> Outcome:
        """Ask each of the graders about each of the answers."""
        outcome = joined(list(self._outcomes(case, response)))
        if not isinstance(outcome, Grade):
            return self.renamed(outcome)
        passed = outcome.passed and outcome.value >= self.threshold
        return Grade(outcome.value, outcome.reason, self.name, passed)

    def _outcomes(self, case: Case, response: Response) -> Iterator[Outcome]:
        texts = (*response.turns, response.text)
        for number, text in enumerate(texts):
            answer = _answer_to(response, number, text)
            where = f"turn {number + 1} of {len(texts)}: " if len(texts) > 1 else ""
            for outcome in self.outcomes(case, answer):
                yield replace(outcome, reason=f"{where}{outcome.reason}")


def _answer_to(response: Response, number: int, text: str) -> Response:
    """The answer to a turn, 0-based; what the last one thought and called is no part of the earlier ones."""
    if number == len(response.turns):
        return response
    return replace(response, text=text, turns=response.turns[:number], reasoning="", tool_calls=())
