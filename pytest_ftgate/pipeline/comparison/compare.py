"""Two records -> Comparison: the paired difference on the cases that both measured, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import Any

from pytest_ftgate.errors import RecordError
from pytest_ftgate.evaluate.records.record import CaseRecord, Facts, Record
from pytest_ftgate.gate.checks.paired import Pairs, pair
from pytest_ftgate.gate.checks.result import CheckResult, points
from pytest_ftgate.gate.checks.slices import LEAST_CASES, slices_check, slices_of
from pytest_ftgate.metrics.intervals import ALPHA
from pytest_ftgate.metrics.latency_cost import quantile_of
from pytest_ftgate.metrics.power import measured_discordance, resolvable
from pytest_ftgate.pipeline.comparison.match import Matched, Side, match
from pytest_ftgate.pipeline.comparison.settings import warnings
from pytest_ftgate.serve.response import Response


class NothingInCommon(RecordError):  # noqa: N818 - a state of two runs
    """No case was measured in both runs."""


@dataclass(frozen=True)
class Comparison:
    """now, then: facts of both runs. matched: their cases. sides: the pairs that both runs graded, one or more."""

    now: Facts
    then: Facts
    matched: Matched
    sides: tuple[Side, ...]

    @cached_property
    def pairs(self) -> Pairs:
        """Differences now - then of the grades."""
        now = {case.id: case.result for case, _ in self.sides}
        then = {case.id: other.result for case, other in self.sides}
        return pair(now, then, {case.id: case.cluster for case, _ in self.sides})

    @property
    def fixed(self) -> list[Side]:
        """Cases that pass now and did not."""
        return [(case, other) for case, other in self.sides if case.result.passed and not other.result.passed]

    @property
    def broken(self) -> list[Side]:
        """Cases that passed and do not now."""
        return [(case, other) for case, other in self.sides if other.result.passed and not case.result.passed]

    @property
    def unseen(self) -> float:
        """Least true difference that as many cases find with power .80, a share; inf if there is none."""
        pairs = self.pairs
        squares = fmean(difference * difference for difference in pairs.differences)
        return resolvable(pairs.n, measured_discordance(squares, pairs.n))

    @cached_property
    def slices(self) -> CheckResult | None:
        """Holm over the slices of 25 cases or more, see `gate.checks.slices`; None without slices."""
        slices = slices_of([case for case, _ in self.sides])
        if not slices:
            return None
        now = {case.id: case.result for case, _ in self.sides}
        then = {case.id: other.result for case, other in self.sides}
        clusters = {case.id: case.cluster for case, _ in self.sides}
        return slices_check(now, then, slices, clusters, "before")

    @property
    def slice_rows(self) -> list[Mapping[str, Any]]:
        """name, n, then and now (mean grades), gain, p (Holm, of being worse; None below 25 cases); smallest first."""
        check = self.slices
        if check is None:
            return []
        by_id = {case.id: (case, other) for case, other in self.sides}
        rows = []
        for name, ids in slices_of([case for case, _ in self.sides]).items():
            sides = [by_id[each] for each in ids]
            then, now = mean([other for _, other in sides]), mean([case for case, _ in sides])
            p = check.numbers.get(f"{name} p_holm") if len(ids) >= LEAST_CASES else None
            rows.append({"name": name, "n": len(ids), "then": then, "now": now, "gain": now - then, "p": p})
        return sorted(rows, key=lambda row: row["n"])

    @property
    def worse_slices(self) -> list[Mapping[str, Any]]:
        """Those of `slice_rows` that are significantly worse by Holm, the clearest first."""
        return sorted((row for row in self.slice_rows if is_worse(row)), key=lambda row: row["p"])

    @property
    def warnings(self) -> list[str]:
        """What makes the comparison less than fair, or smaller than it seems."""
        found, matched = list(warnings(self.now, self.then)), self.matched
        if matched.judged_otherwise:
            found.append(f"{counted(matched.judged_otherwise)} with another expected value, or graders of their own")
        for side, only in (("new run", matched.only_now), ("old run", matched.only_then)):
            if only:
                found.append(f"{counted(len(only))} only in the {side}, not compared: {_some(only)}")
        if lost := len(matched.pairs) - len(self.sides):
            found.append(f"{counted(lost)} not measured in one of the runs, not compared")
        return found


def is_worse(row: Mapping[str, Any]) -> bool:
    """Of a slice. row: p, of being worse; None for too few cases."""
    return row["p"] is not None and row["p"] <= ALPHA


def slice_text(row: Mapping[str, Any]) -> str:
    """Such as "language=fr (-37.0 points, Holm p = 0.011)"; row: name, gain, p."""
    return f"{row['name']} ({points(row['gain'])} points, Holm p = {row['p']:.2g})"


def compare(now: Record, then: Record) -> Comparison:
    """Raises NothingInCommon if no case was measured in both."""
    matched = match(now, then)
    sides = tuple((case, other) for case, other in matched.pairs if case.result.measured and other.result.measured)
    if not sides:
        raise NothingInCommon(
            f"{_called(then.facts)} and {_called(now.facts)} have no measured case in common; cases are matched by "
            "what they ask and expect, else by id and input"
        )
    return Comparison(now.facts, then.facts, matched, sides)


def mean(cases: Sequence[CaseRecord]) -> float:
    """Mean grade of measured cases."""
    return fmean(case.result.value or 0.0 for case in cases)


@dataclass(frozen=True, slots=True)
class Speed:
    """How the answers of a run came. p50_ms, p95_ms: of the time of a request, None if all are from a cache.

    tokens_in, tokens_out: of an answer, None if the server did not say. cost_per_1k: None without a price.
    """

    p50_ms: float | None
    p95_ms: float | None
    tokens_in: float | None
    tokens_out: float | None
    cost_per_1k: float | None


def speed_of(facts: Facts, cases: Sequence[CaseRecord]) -> Speed:
    """Of the answers that came."""
    answers = [answer for case in cases for answer in case.answers if not answer.broken]
    timed = sorted(1000 * a.total_s for case in cases if not case.cached for a in case.answers if not a.broken)
    price = facts.costs
    counted = any(answer.prompt_tokens or answer.completion_tokens for answer in answers)
    cost = 1000 * fmean(price.of(answer) for answer in answers) if price and counted else None
    return Speed(
        quantile_of(timed, 0.5) if timed else None,
        quantile_of(timed, 0.95) if timed else None,
        _mean_tokens(answers, "prompt_tokens") if counted else None,
        _mean_tokens(answers, "completion_tokens") if counted else None,
        cost,
    )


def _mean_tokens(answers: Sequence[Response], kind: str) -> float:
    return fmean(getattr(answer, kind) for answer in answers)


def _called(facts: Facts) -> str:
    return f"run {facts.run} of {facts.set}"


def counted(count: int) -> str:
    """The cases as words: "1 case", "80 cases"."""
    return f"{count:,} case{'' if count == 1 else 's'}"


def _some(cases: Sequence[CaseRecord]) -> str:
    return ", ".join(case.id for case in cases[:3]) + (", ..." if len(cases) > 3 else "")
