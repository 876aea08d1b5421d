"""judge: a language model judges the answer by the rubric of the set's [judge]."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.golden.case import Case, Prompt, answer_text
from pytest_ftgate.golden.question import whole_dialogue
from pytest_ftgate.graders.nested import all_graders
from pytest_ftgate.graders.value import Failure, Grader, GraderError, Kind, Outcome, Unscored
from pytest_ftgate.judge.client import Judgement, NoVerdict
from pytest_ftgate.judge.prompt import Question, shown_input
from pytest_ftgate.serve.response import Response


class AsksJudge(Protocol):
    """What a grader needs of a judge client."""

    def ask(self, questions: Iterable[Question]) -> None:
        """Ask what was not asked yet, all at once."""

    def judgement(self, question: Question) -> Judgement:
        """What the judge says."""

    @property
    def known(self) -> Mapping[str, Judgement]:
        """All judgements so far by the question's digest."""

    @property
    def batch(self) -> bool:
        """Whether all should be asked in one go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge(Kind):
    """What the judge of the golden set says: the mean of what its levels are worth, see `rubric`.

    judge: set by the golden set from its `[judge]`, never written in a grader: its digest covers models and rubric.

    Example::

        [[grader]]
        kind = "judge"
        threshold = 0.75

        [judge]
        budget_dollars = 2.0

        [judge.checklist]
        polite = "Is the reply polite?"
    """

    kind: ClassVar[str] = "judge"

    judge: Mapping[str, Any] = field(default_factory=dict, hash=False)
    _client: AsksJudge | None = field(init=False, repr=False, compare=False, default=None)
    _prompt: Prompt = field(init=False, repr=False, compare=False, default_factory=Prompt)

    def __post_init__(self) -> None:
        Kind.__post_init__(self)
        if not self.judge:
            raise GraderError("the golden set has no [judge] section")

    @property
    def name(self) -> str:
        """Kind and the beginning of the judge's digest."""
        return f"{self.kind}@{digest_of(dict(self.judge))[:8]}"

    def before(self, judge_client: AsksJudge, prompt: Prompt) -> Judge:
        """The same grader with a judge client; without one it leaves every answer unscored.

        prompt: of the golden set, so that the judge sees what was asked.
        """
        made = copy(self)
        object.__setattr__(made, "_client", judge_client)
        object.__setattr__(made, "_prompt", prompt)
        return made

    def check(self, case: Case) -> None:
        """A judge that sees the reference needs one."""
        if self.judge["rubric"]["reference"] and case.expected is None:
            raise GraderError("the case has no `expected`, which this judge needs as reference")

    def ask(self, answers: Iterable[tuple[Case, Response]]) -> None:
        """Ask about many answers at once, so that grading them one by one waits for nothing."""
        if self._client is not None:
            self._client.ask([self.question(case, response) for case, response in answers])

    def knows(self, case: Case, response: Response) -> bool:
        """Whether nothing has to be asked to grade this answer."""
        return self._client is None or self.question(case, response).digest in self._client.known

    @property
    def waits(self) -> bool:
        """Whether the judge is asked by batch, so that all answers should be there first."""
        return self._client is not None and self._client.batch

    def question(self, case: Case, response: Response) -> Question:
        """What the judge is asked about an answer."""
        reference = bool(self.judge["rubric"]["reference"])
        return question_of(reference, self._prompt, case, response.text, turns=response.turns)

    def __call__(self, case: Case, response: Response) -> Outcome:
        """The verdict as a grade; no valid one is Unscored, a server that does not answer a Failure."""
        if self._client is None:
            return Unscored("judge not available here; it runs under pytest only", self.name)
        judgement = self._client.judgement(self.question(case, response))
        if isinstance(judgement, NoVerdict):
            return Failure(judgement.why, self.name) if judgement.broken else Unscored(judgement.why, self.name)
        return self.grade(judgement.value, judgement.reason)


def question_of(reference: bool, prompt: Prompt, case: Case, *answers: str, turns: Sequence[str] = ()) -> Question:
    """What a judge is asked about one answer to a case, or about two. turns: answers to earlier turns of a script."""
    right = answer_text(case.expected) if reference and case.expected is not None else ""
    return Question(shown_input(whole_dialogue(prompt, case.input, turns)), answers, right)


def judges_among(graders: Iterable[Grader]) -> list[Judge]:
    """The graders that ask a judge, those inside others too."""
    return [grader for grader in all_graders(graders) if isinstance(grader, Judge)]


def bind(graders: Iterable[Grader], judge_client: Callable[[], AsksJudge], prompt: Prompt) -> tuple[Grader, ...]:
    """The graders, those that ask a judge, also inside others, with its judge client."""

    def bound(grader: Grader) -> Grader:
        if isinstance(grader, Judge):
            return grader.before(judge_client(), prompt)
        return grader.with_inner(bound) if isinstance(grader, Kind) else grader

    return tuple(map(bound, graders))
