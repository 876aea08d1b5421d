"""(suite, model, journal) -> Measurement: what one model answered to one golden set, and what that was worth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_ftgate.arm import Result
from pytest_ftgate.case import Case, Prompt, digest_of, render
from pytest_ftgate.draws import combine, most_frequent
from pytest_ftgate.errors import MetricError
from pytest_ftgate.grade import Failure, Grade, Outcome, Unscored, grade_case
from pytest_ftgate.graders.answer import label_of
from pytest_ftgate.journal import Journal, key_of
from pytest_ftgate.metric import Metric, Scored, compute
from pytest_ftgate.metrics.limits import NAMES as LIMITS
from pytest_ftgate.metrics.limits import limit
from pytest_ftgate.response import Response
from pytest_ftgate.suite import Suite, expected_label

if TYPE_CHECKING:
    from pytest_ftgate.cache import Cache
    from pytest_ftgate.metrics.confusion import Confusion
    from pytest_ftgate.serve.engine import Engine
    from pytest_ftgate.serve.model import Model
    from pytest_ftgate.serve.pending import Pending
    from pytest_ftgate.serve.pool import Pool, Request


Draw = tuple[Case, int]
"""A case and the 0-based number of one of its draws."""


class Unmeasured(LookupError):  # noqa: N818 - a state of a case, not an error for the user
    """Nobody has asked the model this case, neither in this run nor, under the same digests, before."""


class Measurement:
    """One model on one golden set: requests planned, answers as they arrive, outcomes on demand.

    prompt, choices: other than the suite's own for a baseline with its best prompt. regrade: find the answers of the
    journal by what was asked alone, so that graders and expected values may have changed since.
    """

    def __init__(  # noqa: PLR0913 - what can differ between two measurements of one set
        self,
        suite: Suite,
        model_digest: str,
        journal: Journal,
        *,
        prompt: Prompt | None = None,
        choices: tuple[str, ...] = (),
        regrade: bool = False,
    ) -> None:
        self.suite = suite
        self.model_digest = model_digest
        self.prompt = prompt or suite.prompt
        self.settings = _settings(suite, choices)
        self.regrade = regrade
        self._journal = journal
        self._sampling = digest_of(self.settings)
        self._by_id = {case.id: case for case in suite.cases}
        self._keys = {case.id: self._keys_of(case) for case in suite.cases}
        self._pending: dict[str, Pending[Response]] = {}
        self._cached: dict[str, Response] = {}
        self._reused: dict[str, Response] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._draws: dict[str, tuple[Outcome, ...]] = {}

    @cached_property
    def _before(self) -> dict[str, Response]:
        """What the journal holds; a run that asks every case never reads it."""
        return self._journal.read("asked" if self.regrade else "key")

    def _keys_of(self, case: Case) -> tuple[str, ...]:
        """The journal's keys of all draws of a case."""
        draws = range(self.suite.golden.request.repeats)
        if self.regrade:
            return tuple(self.asked(case, draw) for draw in draws)
        golden, prompt = self.suite.name, self.prompt.digest
        return tuple(key_of(golden, case.digest, self.model_digest, prompt, self._sampling, draw) for draw in draws)

    def asked(self, case: Case, draw: int) -> str:
        """Digest of all that decides one answer, and of nothing that judges it (40 hex digits)."""
        asked = digest_of(case.input)
        return key_of("", asked, self.model_digest, self.prompt.digest, self._sampling, draw)

    def missing(self, cases: Iterable[Case], *, reuse: bool) -> list[Draw]:
        """Those draws of the cases that nobody has asked yet, in order.

        reuse: an answer in the journal under the same digests counts as asked.
        """
        found = []
        for case in cases:
            for draw, key in enumerate(self._keys[case.id]):
                if key in self._pending or key in self._cached:
                    continue
                if reuse and self._known_before(key):
                    self._reused[key] = self._before[key]
                else:
                    found.append((case, draw))
        return found

    def recall(self, draws: Iterable[Draw], cache: Cache) -> int:
        """Take from a cache what it holds of the draws; the number of answers taken. Raises CacheError."""
        wanted = [(self._keys[case.id][draw], self.asked(case, draw), case.id) for case, draw in draws]
        found = cache.get([asked for _, asked, _ in wanted])
        taken = {key: replace(found[asked], case_id=case_id) for key, asked, case_id in wanted if asked in found}
        self._cached |= taken
        return len(taken)

    def send(self, draws: Iterable[Draw], pool: Pool, engine: Engine, model: Model) -> None:
        """Send one request for each of the draws; returns at once. Raises ServeError."""
        from pytest_ftgate.serve.pool import Request
        from pytest_ftgate.serve.sampling import sampling

        asks = self.suite.golden.request
        stream = asks.stream and "stream" in engine.offers
        bodies = [
            sampling(**self.settings, draw=draw, stream=stream, offers=engine.offers) for draw in range(asks.repeats)
        ]
        requests = [
            Request(
                self._keys[case.id][draw], case.id, render(self.prompt, case.input), bodies[draw], asks.timeout_s, draw
            )
            for case, draw in draws
        ]
        self._pending |= pool.submit(
            engine.endpoint(model),
            self.model_digest,
            requests,
            on_done=self._keep,
            check=engine.check,
            max_in_flight=engine.max_in_flight,
        )

    def _keep(self, request: Request, response: Response) -> None:
        asked = self.asked(self._by_id[request.case_id], request.draw)
        self._journal.append(request.key, response, set=self.suite.name, asked=asked)

    def _known_before(self, key: str) -> bool:
        earlier = self._before.get(key)
        return earlier is not None and not earlier.broken and earlier.finish_reason != "timeout"

    def responses(self, case: Case) -> tuple[Response, ...]:
        """The answers of all draws, waited for if they are on their way. Raises Unmeasured."""
        keys = self._keys.get(case.id)
        if keys is None:
            raise Unmeasured(case.id)
        return tuple(map(self._response, keys))

    def _response(self, key: str) -> Response:
        if key in self._pending:
            return self._pending[key].result()
        if key in self._cached:
            return self._cached[key]
        if key in self._before:
            return self._before[key]
        raise Unmeasured(key)

    def response(self, case: Case) -> Response:
        """The answer, of several draws the first; waited for if it is on its way. Raises Unmeasured."""
        return self.responses(case)[0]

    def is_cached(self, case: Case) -> bool:
        """Whether an answer to the case was not asked for, but taken from a cache."""
        return bool(self._cached) and any(key in self._cached for key in self._keys[case.id])

    def outcome(self, case: Case) -> Outcome:
        """The grade of the answer, over all draws; graded once. Raises Unmeasured."""
        if case.id not in self._outcomes:
            graders = self.suite.graders_of(case)
            draws = tuple(grade_case(graders, case, response) for response in self.responses(case))
            self._outcomes[case.id] = combine(draws)
            if len(draws) > 1:
                self._draws[case.id] = draws
        return self._outcomes[case.id]

    def draws(self, case: Case) -> tuple[Outcome, ...]:
        """The outcome of each draw; () for a case that is drawn once. Raises Unmeasured."""
        self.outcome(case)
        return self._draws.get(case.id, ())

    @property
    def traffic(self) -> dict[str, list[Response]]:
        """The answers of this run by where they came from: "model", "journal", "cache"; waits for nothing."""
        asked = [answer.result() for answer in self._pending.values() if answer.done() and answer.exception() is None]
        return {"model": asked, "journal": list(self._reused.values()), "cache": list(self._cached.values())}

    def remember(self, cache: Cache) -> None:
        """Put what the model answered in this run into a cache; not what broke or ran out of time."""
        answers = [response for response in self.traffic["model"] if response.finish_reason in ("stop", "length")]
        cache.put({self.asked(self._by_id[answer.case_id], answer.draw): answer for answer in answers})

    @property
    def done(self) -> int:
        """How many of the requests sent are answered."""
        return sum(answer.done() for answer in self._pending.values())

    @property
    def graded(self) -> bool:
        """Whether every case has been graded by now; asks, waits for and grades nothing."""
        return len(self._outcomes) == len(self.suite.cases)

    @property
    def values(self) -> dict[str, float]:
        """Grade of every measured case by the beginning of the case's digest; waits for those on their way."""
        results = self.results
        found = ((case.digest[:16], results[case.id].value) for case in self.suite.cases)
        return {digest: value for digest, value in found if value is not None}

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
        if name in LIMITS:
            answers = [answer for case in self.suite.cases for answer in self._answers_or_none(case)]
            return limit(name, answers, self.suite.golden.price)
        label = self.suite.golden.label
        return compute(name, self.scored, label.values if label else (), **options)

    def confusion(self) -> Confusion:
        """Expected against predicted labels, an answer that is no known label in a column of its own.

        Raises MetricError if the set names no labels.
        """
        from pytest_ftgate.metrics.labels import Labels

        if self.suite.golden.label is None:
            raise MetricError(f"{self.suite.name}: a confusion matrix needs [label] in the golden set")
        return Labels(self.suite.golden.label.values, self.scored).confusion()

    @property
    def timed_out(self) -> int:
        """Cases on which the model ran out of time, in any draw."""
        answers = map(self._answers_or_none, self.suite.cases)
        return sum(any(answer.finish_reason == "timeout" for answer in draws) for draws in answers)

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

    def _answers_or_none(self, case: Case) -> tuple[Response, ...]:
        try:
            return self.responses(case)
        except Unmeasured:
            return ()

    def _scored(self, case: Case, outcome: Outcome) -> Scored:
        value, passed = (outcome.value, outcome.passed) if isinstance(outcome, Grade) else (0.0, False)
        measured = isinstance(outcome, Grade)
        draws = tuple(isinstance(draw, Grade) and draw.passed for draw in self._draws.get(case.id, ()))
        label = self.suite.golden.label
        if label is None:
            return Scored(case.id, value, passed, measured=measured, draws=draws)
        predicted = most_frequent([label_of(answer.text, label.path) for answer in self.responses(case)])
        return Scored(case.id, value, passed, expected_label(case, label), predicted, measured, draws)

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
        known = {"suite": self.suite.name, "digest": self.suite.digest, "settings": self.suite.settings_digest}
        return known | {"model": self.model_digest, "cases": rows}


def frozen_results(data: dict[str, Any], suite: Suite) -> dict[str, Result]:
    """`Measurement.to_json` back to results, of those cases that are still the same in the suite.

    None of them is the same if another prompt was asked, or other graders judged.
    """
    rows = data["cases"]
    if data.get("settings", suite.settings_digest) != suite.settings_digest:
        return {}
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
