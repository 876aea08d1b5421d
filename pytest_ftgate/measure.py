"""(suite, model, journal) -> Measurement: what one model answered to one golden set, and what that was worth."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from pytest_ftgate.case import Case, Prompt, digest_of, render
from pytest_ftgate.gate import Result
from pytest_ftgate.grade import Failure, Grade, Outcome, Unscored, grade_case
from pytest_ftgate.graders.answer import label_of
from pytest_ftgate.journal import Journal, key_of
from pytest_ftgate.metric import Metric, Scored, compute
from pytest_ftgate.response import Response
from pytest_ftgate.suite import Suite, expected_label

if TYPE_CHECKING:
    from pytest_ftgate.serve.engine import Engine
    from pytest_ftgate.serve.model import Model
    from pytest_ftgate.serve.pool import Pool, Request


class Unmeasured(LookupError):  # noqa: N818 - a state of a case, not an error for the user
    """Nobody has asked the model this case, neither in this run nor, under the same digests, before."""


class Measurement:
    """One model on one golden set: requests planned, answers as they arrive, outcomes on demand.

    prompt, choices: other than the suite's own for a baseline with its best prompt.
    """

    def __init__(
        self,
        suite: Suite,
        model_digest: str,
        journal: Journal,
        *,
        prompt: Prompt | None = None,
        choices: tuple[str, ...] = (),
    ) -> None:
        self.suite = suite
        self.model_digest = model_digest
        self.prompt = prompt or suite.prompt
        self.settings = _settings(suite, choices)
        self._journal = journal
        self._keys = self._all_keys()
        self._before = journal.read()
        self._pending: dict[str, Future[Response]] = {}
        self._outcomes: dict[str, Outcome] = {}

    def _all_keys(self) -> dict[str, str]:
        prompt, sampling = self.prompt.digest, digest_of(self.settings)
        return {
            case.id: key_of(self.suite.name, case.digest, self.model_digest, prompt, sampling, 0)
            for case in self.suite.cases
        }

    def missing(self, cases: Iterable[Case], *, reuse: bool) -> list[Case]:
        """Those of the cases that nobody has asked yet.

        reuse: an answer in the journal under the same digests counts as asked.
        """
        wanted = [case for case in cases if case.id not in self._pending]
        return [case for case in wanted if not self._known_before(case)] if reuse else wanted

    def send(self, cases: Iterable[Case], pool: Pool, engine: Engine, model: Model) -> None:
        """Send one request for each of the cases; returns at once. Raises ServeError."""
        from pytest_ftgate.serve.pool import Request
        from pytest_ftgate.serve.sampling import sampling

        body = sampling(**self.settings, offers=engine.offers)
        timeout_s = self.suite.golden.request.timeout_s
        requests = [
            Request(self._keys[case.id], case.id, render(self.prompt, case.input), body, timeout_s) for case in cases
        ]
        endpoint = engine.endpoint(model)
        futures = pool.submit(endpoint, self.model_digest, requests, on_done=self._keep, check=engine.check)
        self._pending.update({request.case_id: futures[request.key] for request in requests})

    def _keep(self, request: Request, response: Response) -> None:
        self._journal.append(request.key, response, set=self.suite.name)

    def _known_before(self, case: Case) -> bool:
        earlier = self._before.get(self._keys[case.id])
        return earlier is not None and not earlier.broken and earlier.finish_reason != "timeout"

    def response(self, case: Case) -> Response:
        """The answer, waited for if it is on its way. Raises Unmeasured."""
        if case.id in self._pending:
            return self._pending[case.id].result()
        key = self._keys.get(case.id)
        if key in self._before:
            return self._before[key]
        raise Unmeasured(case.id)

    def outcome(self, case: Case) -> Outcome:
        """The grade of the answer; graded once. Raises Unmeasured."""
        if case.id not in self._outcomes:
            self._outcomes[case.id] = grade_case(self.suite.graders_of(case), case, self.response(case))
        return self._outcomes[case.id]

    @property
    def done(self) -> int:
        """How many of the requests sent are answered."""
        return sum(future.done() for future in self._pending.values())

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """Outcome of every measured case by id; waits for those on their way."""
        found = ((case.id, self._outcome_or_none(case)) for case in self.suite.cases)
        return {case_id: outcome for case_id, outcome in found if outcome is not None}

    @property
    def results(self) -> dict[str, Result]:
        """What the gate compares: every case of the set, measured or not."""
        outcomes = self.outcomes
        return {case.id: _result(outcomes.get(case.id)) for case in self.suite.cases}

    @property
    def scored(self) -> list[Scored]:
        """What metrics are made of: every case that was asked, with its labels if the set names them."""
        found = ((case, self._outcome_or_none(case)) for case in self.suite.cases)
        return [self._scored(case, outcome) for case, outcome in found if outcome is not None]

    def metric(self, name: str, **options: Any) -> Metric:
        """A metric of all cases that were asked; see `metric.compute`. Raises MetricError."""
        label = self.suite.golden.label
        return compute(name, self.scored, label.values if label else (), **options)

    @property
    def timed_out(self) -> int:
        """Cases on which the model ran out of time."""
        asked = (case for case in self.suite.cases if self._outcome_or_none(case) is not None)
        return sum(self.response(case).finish_reason == "timeout" for case in asked)

    def readable(self, case: Case) -> bool:
        """True if the answer is one: a label of the set if it names labels, else any text at all."""
        text = self.response(case).text
        label = self.suite.golden.label
        return label_of(text, label.path) is not None if label else bool(text.strip())

    def _outcome_or_none(self, case: Case) -> Outcome | None:
        try:
            return self.outcome(case)
        except Unmeasured:
            return None

    def _scored(self, case: Case, outcome: Outcome) -> Scored:
        value, passed = (outcome.value, outcome.passed) if isinstance(outcome, Grade) else (0.0, False)
        label = self.suite.golden.label
        if label is None:
            return Scored(case.id, value, passed, measured=isinstance(outcome, Grade))
        predicted = label_of(self.response(case).text, label.path)
        expected = expected_label(case, label)
        return Scored(case.id, value, passed, expected, predicted, measured=isinstance(outcome, Grade))

    def to_json(self) -> dict[str, Any]:
        """Frozen results for the registry: case digest, value and text by case id."""
        rows = {}
        for case in self.suite.cases:
            outcome = self._outcome_or_none(case)
            if isinstance(outcome, Grade):
                rows[case.id] = {
                    "case": case.digest,
                    "value": outcome.value,
                    "passed": outcome.passed,
                    "text": self.response(case).text,
                }
        return {"suite": self.suite.name, "digest": self.suite.digest, "model": self.model_digest, "cases": rows}


def frozen_results(data: dict[str, Any], suite: Suite) -> dict[str, Result]:
    """`Measurement.to_json` back to results, of those cases that are still the same in the suite."""
    rows = data["cases"]
    return {
        case.id: Result(rows[case.id]["value"], rows[case.id]["passed"])
        for case in suite.cases
        if case.id in rows and rows[case.id]["case"] == case.digest
    }


def _settings(suite: Suite, choices: tuple[str, ...]) -> dict[str, Any]:
    """Arguments of `serve.sampling.sampling`; their digest is part of the journal's key."""
    request = suite.golden.request
    return {
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "seed": request.seed,
        "stop": list(request.stop),
        "choices": list(choices or request.choices),
        "response_format": request.response_format,
        "logprobs": request.logprobs,
    }


def _result(outcome: Outcome | None) -> Result:
    match outcome:
        case Grade():
            return Result(outcome.value, outcome.passed)
        case None | Unscored() | Failure():
            return Result(None, None)
