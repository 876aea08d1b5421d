"""Fixtures for tests in Python: case, response, grade, metrics, leakage, training_run, vllm_server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.escape import printable
from pytest_ftgate.pipeline.unasked import NotAsked

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.metrics_view import SetMetrics
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.graders.grade import Outcome
    from pytest_ftgate.leakage.report import Report
    from pytest_ftgate.leakage.user_check import Data
    from pytest_ftgate.pipeline.run import TrainingRun
    from pytest_ftgate.plugin.session import FtgateSession
    from pytest_ftgate.serve.response import Response
    from pytest_ftgate.serve.servers.fixture_handle import Server


@dataclass(frozen=True, slots=True)
class Asked:
    """What a test is parametrized with: a golden set, in one of the columns of the run, and a case of it, if any."""

    suite: Suite
    case: Case | None = None

    def __str__(self) -> str:
        """Its id: "t000", "t000-b-v2", or "b-v2"."""
        label = self.suite.column.label if self.suite.column else ""
        return "-".join(filter(None, (self.case.id if self.case else "", label)))


def asked_of(item: Any) -> Asked | None:
    """What a test is parametrized with."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return next((each for each in parameters.values() if isinstance(each, Asked)), None)


def suite_of(item: Any) -> Suite:
    """The golden set that the marker `golden` of a test names, in the column that it runs for. Raises FtgateError."""
    asked = asked_of(item)
    return asked.suite if asked else columns_of(item)[0]


def columns_of(item: Any) -> tuple[Suite, ...]:
    """The golden set that the marker `golden` of a test names, in each column of the run. Raises FtgateError."""
    from pytest_ftgate.plugin.session import KEY

    marker = item.get_closest_marker("golden")
    if marker is None:
        raise FtgateError(
            f"{item.name}: the fixtures case, response, grade and metrics need @pytest.mark.golden('name of a set')"
        )
    if len(marker.args) != 1 or not isinstance(marker.args[0], str):
        raise FtgateError(f"{item.name}: @pytest.mark.golden takes one name, found {marker.args!r}")
    ftgate: FtgateSession = item.config.stash[KEY]
    return ftgate.golden_sets.columns_named(marker.args[0])


def _suite(request: pytest.FixtureRequest) -> Suite:
    try:
        return suite_of(request.node)
    except FtgateError as error:
        pytest.fail(printable(str(error)), pytrace=False)


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    """One case of the golden set named by `@pytest.mark.golden("sms_spam")`; the test runs once for each."""
    if not hasattr(request, "param"):
        pytest.fail(
            f"{request.node.name}: the fixture case needs @pytest.mark.golden('name of a golden set')", pytrace=False
        )
    given: Case = request.param.case
    return given


@pytest.fixture
def response(request: pytest.FixtureRequest, case: Case) -> Response:
    """The answer of the model under test to `case`: `.text`, `.finish_reason`, `.total_s`; fails on an API error.

    With `repeats` > 1, the first answer.
    """
    from pytest_ftgate.evaluate.responses import Unmeasured
    from pytest_ftgate.plugin.session import KEY

    evaluations, suite = request.config.stash[KEY].evaluations, _suite(request)
    try:
        answer: Response | None = evaluations.of(suite).responses.first(case)
        evaluations.check_asked(suite, case)
    except Unmeasured:
        answer = None
    except NotAsked as error:
        text = printable(evaluations.unasked.text(error, request.node.nodeid))
        raise pytest.fail.Exception(text, pytrace=False) from None
    except FtgateError as error:
        pytest.fail(printable(str(error)), pytrace=False)
    if answer is None:
        pytest.fail(f"{case.id}: not measured: this run has no answer to it", pytrace=False)
    if answer.broken:
        pytest.fail(f"no answer to {case.id}: {answer.error}", pytrace=False)
    return answer


@pytest.fixture
def grade(request: pytest.FixtureRequest, case: Case, response: Response) -> Outcome:
    """Grade of `response` by the graders of the set: `.value`, `.passed`, `.reason`; skips if unscored."""
    from pytest_ftgate.evaluate.judge_prefetch import prefetch_judge
    from pytest_ftgate.graders.grade import Failure, Unscored, grade_case
    from pytest_ftgate.plugin.session import KEY

    suite = _suite(request)
    try:
        prefetch_judge(request.config.stash[KEY].evaluations.of(suite).responses, case)
    except FtgateError as error:
        pytest.fail(printable(str(error)), pytrace=False)
    outcome = grade_case(suite.graders_of(case), case, response)
    if isinstance(outcome, Failure):
        pytest.fail(f"grader error: {outcome.reason}", pytrace=False)
    if isinstance(outcome, Unscored):
        pytest.skip(f"unscored: {outcome.reason}")
    return outcome


@pytest.fixture
def metrics(request: pytest.FixtureRequest) -> SetMetrics:
    """Metrics of the model under test on the marked set: `assert metrics.f1(positive="spam").lower >= 0.85`."""
    from pytest_ftgate.evaluate.metrics_view import SetMetrics
    from pytest_ftgate.plugin.session import KEY

    ftgate, suite = request.config.stash[KEY], _suite(request)
    try:
        evaluation = ftgate.evaluations.of(suite)
        if missing := ftgate.evaluations.missing(suite):
            pytest.fail(missing, pytrace=False)
        return SetMetrics(evaluation)
    except NotAsked as error:
        text = printable(ftgate.evaluations.unasked.text(error, request.node.nodeid))
        raise pytest.fail.Exception(text, pytrace=False) from None
    except FtgateError as error:
        pytest.fail(printable(str(error)), pytrace=False)


@pytest.fixture
def leakage(request: pytest.FixtureRequest) -> Callable[..., Report]:
    """Leakage check of files or rows: `leakage("train.jsonl").assert_clean()` fails with a report on a leak.

    `leakage(rows, "sms_spam")` checks this set only, default: all of `ftgate_goldens`. `assert_clean(strict=True)`
    counts suspects too. `.leaks` and `.suspects` have the golden case, file, line, stage, score and common span.
    """
    from pytest_ftgate.leakage.user_check import check_own
    from pytest_ftgate.plugin.session import KEY

    ftgate: FtgateSession = request.config.stash[KEY]

    def check(data: Data, *sets: str) -> Report:
        __tracebackhide__ = True
        try:
            return check_own(data, [ftgate.golden_sets.named(name) for name in sets or ftgate.catalogue.golden_paths])
        except FtgateError as error:
            pytest.fail(printable(str(error)), pytrace=False)

    return check


@pytest.fixture(scope="session")
def training_run(request: pytest.FixtureRequest) -> TrainingRun:
    """Training run of this session: `.manifest`, `.adapter`, `.curves`; skips without --train."""
    from pytest_ftgate.plugin.session import KEY

    ftgate = request.config.stash[KEY]
    if not ftgate.training.names:
        pytest.skip("training_run needs --train")
    if len(ftgate.training.names) > 1:
        pytest.fail(
            f"this run trains several pipelines ({', '.join(ftgate.training.names)}); train one at a time",
            pytrace=False,
        )
    try:
        return ftgate.training.run(ftgate.training.names[0]).training_run
    except FtgateError as error:
        pytest.fail(printable(str(error)), pytrace=False)


@pytest.fixture(scope="session")
def vllm_server(request: pytest.FixtureRequest) -> Server:
    """The vLLM server of this run: `.address`, `.client.text("hello")`, `.load_adapter(folder)`, `.logs()`.

    With --ftgate-engine vllm, serves --ftgate-model or the base model of the only pipeline; with
    --ftgate-base-url, connects to that server. Skips otherwise. Shared with the golden sets of the run.
    """
    from pytest_ftgate.plugin.session import KEY

    ftgate = request.config.stash[KEY]
    if ftgate.options.engine not in ("vllm", "openai"):
        pytest.skip("vllm_server needs --ftgate-engine vllm or --ftgate-base-url URL")
    try:
        return ftgate.evaluations.model.server()
    except FtgateError as error:
        pytest.fail(printable(str(error)), pytrace=False)
