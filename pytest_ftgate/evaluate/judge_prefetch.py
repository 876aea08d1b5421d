"""(answers of a run, a case) -> the judge is asked about all answers that have arrived, before this case is graded.

Grading is one case after another, a judge is asked many at a time: so the first case that needs the judge takes along
every answer that has arrived, and what arrives in the meantime is the next wave.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.graders.llm_judge import Judge, judges_among
from pytest_ftgate.graders.no_answer import no_answer

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.responses import Responses
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.serve.response import Response


def prefetch_judge(answers: Responses, case: Case) -> None:
    """Ask the judge about this case, and all others whose answers have arrived.

    Where the judge is asked by batch, all answers of the run are waited for first: one batch. Raises Unmeasured if the
    case was not asked, ProviderError if the judge cannot be.
    """
    judges = judges_among(answers.suite.graders_of(case))
    if not judges:
        return
    own = [(case, response) for response in answers.of(case) if not (response.broken or no_answer(response))]
    if all(judge.knows(*each) for judge in judges for each in own):
        return
    judge = judges[0]
    others = answers.arrived(wait=judge.waits)
    judge.ask([*own, *(each for each in others if _is_judged(answers, judge, *each))])


def _is_judged(answers: Responses, judge: Judge, case: Case, response: Response) -> bool:
    wanted = any(other.judge == judge.judge for other in judges_among(answers.suite.graders_of(case)))
    return wanted and not response.broken and not no_answer(response)
