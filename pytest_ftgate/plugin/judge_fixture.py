"""(request of a test) -> the fixture judge: answers judged by a language model, in a test of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.escape import printable

if TYPE_CHECKING:
    from pytest_ftgate.judge.parse import Verdict
    from pytest_ftgate.judge.spec import JudgeSpec
    from pytest_ftgate.plugin.session import FtgateSession


class AskJudge:
    """What the fixture `judge` hands out; see there."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._request = request

    def __call__(  # noqa: PLR0913 - what a judgement may be about
        self,
        answer: str,
        *,
        question: str | None = None,
        criteria: Mapping[str, Any] | None = None,
        checklist: Mapping[str, str] | None = None,
        reference: str | None = None,
        against: str | None = None,
    ) -> Verdict:
        """See the fixture `judge`."""
        __tracebackhide__ = True
        try:
            return self._verdict((answer,) if against is None else (answer, against), question, reference, {
                "criteria": criteria, "checklist": checklist,
            })  # fmt: skip
        except FtgateError as error:
            pytest.fail(printable(str(error)), pytrace=False)

    def _verdict(
        self, answers: tuple[str, ...], question: str | None, reference: str | None, rubric: Mapping[str, Any]
    ) -> Verdict:
        from pytest_ftgate.judge.client import NoVerdict
        from pytest_ftgate.judge.pairwise import both_orders
        from pytest_ftgate.judge.prompt import Question
        from pytest_ftgate.plugin.session import KEY

        ftgate: FtgateSession = self._request.config.stash[KEY]
        spec = self._spec(ftgate, {key: value for key, value in rubric.items() if value}, reference)
        judge_client = ftgate.judges.pool.judge_client(spec, "tests")
        asked = Question(self._asked() if question is None else question, answers, self._right(spec, reference))
        judgement = both_orders(judge_client, asked) if asked.pair else judge_client.judgement(asked)
        if isinstance(judgement, NoVerdict):
            if judgement.broken:
                pytest.fail(f"the judge did not answer: {judgement.why}", pytrace=False)
            pytest.skip(f"unscored: {judgement.why}")
        return judgement

    def _spec(self, ftgate: FtgateSession, rubric: Mapping[str, Any], reference: str | None) -> JudgeSpec:
        """The judge of the test's golden set with the call's own rubric, if it has one; else that of the options."""
        from dataclasses import replace

        from pytest_ftgate.judge.rubric import make_rubric
        from pytest_ftgate.judge.spec import judge_at

        own = self._golden_judge(ftgate)
        if own is not None and not rubric and reference is None:
            return own
        made = make_rubric(**rubric, reference=reference is not None)
        options = ftgate.options
        return replace(own or judge_at(options.judge_model, options.judge_url), rubric=made)

    def _golden_judge(self, ftgate: FtgateSession) -> JudgeSpec | None:
        marker = self._request.node.get_closest_marker("golden")
        return ftgate.golden_sets.named(marker.args[0]).golden.judge if marker and marker.args else None

    def _asked(self) -> str:
        """What the case of the test asks, "" in a test without one."""
        from pytest_ftgate.golden.question import whole_dialogue
        from pytest_ftgate.judge.prompt import shown_input
        from pytest_ftgate.plugin.fixtures import suite_of

        case = self._case()
        marker = self._request.node.get_closest_marker("golden")
        if case is None or marker is None:
            return ""
        return shown_input(whole_dialogue(suite_of(self._request.node).prompt, case.input))

    def _right(self, spec: JudgeSpec, reference: str | None) -> str:
        """The reference that is shown: the call's, else what the case expects. Raises FtgateError if there is none."""
        from pytest_ftgate.golden.case import answer_text

        if not spec.rubric.reference or reference is not None:
            return reference or ""
        case = self._case()
        if case is None or case.expected is None:
            raise FtgateError('this judge compares with a reference: judge(answer, reference="...")')
        return answer_text(case.expected)

    def _case(self) -> Any:
        return self._request.getfixturevalue("case") if "case" in self._request.fixturenames else None


@pytest.fixture
def judge(request: pytest.FixtureRequest) -> AskJudge:
    """`judge(answer, criteria={...})` -> Verdict of a language model: `.value` (0 to 1), `verdict["tone"]`, `.reason`.

    Without criteria, checklist and reference the rubric is the [judge] of the test's golden set. The model is that of
    the golden set that the marker names, else ftgate_judge_model and ftgate_judge_url.
    Skips if the judge gives no valid verdict.

    criteria: {name: {"question": ..., "1": ..., ..., "5": ...}}, each scored 1 to 5.
    checklist: {name: question to be answered yes or no}.
    reference: the right answer, alone or together with a rubric.
    question: what was asked; by default the input of the fixture `case`.
    against: another answer, judged in both orders; `verdict["better"]` is then "first", "second" or "tie".
    """
    return AskJudge(request)
