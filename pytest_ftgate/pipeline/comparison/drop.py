"""(results of today, an earlier record) -> the gate check that the score has not dropped by more than a share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_ftgate.evaluate.records.record import Record
from pytest_ftgate.gate.checks.against import NAME, against_check
from pytest_ftgate.gate.checks.paired import LEAST_SHARED, Clusters
from pytest_ftgate.gate.checks.result import CheckResult, Result, Results


@dataclass(frozen=True, slots=True)
class Tested:
    """What is compared with an earlier run. results: of all cases; those that were not measured count as lost.

    digests, clusters: of each case by id. graders: digest of what judged.
    """

    results: Results
    digests: Mapping[str, str]
    clusters: Clusters
    graders: str


def drop_check(now: Tested, then: Record, max_drop: float) -> CheckResult:
    """On the cases that are still the same, see `against_check`.

    A hold if the earlier run was graded by other graders, or if fewer than 95 % of the cases of either run are in both:
    who removes or edits the cases that a model fails wins nothing. Cases that were added since are left out, and named.
    """
    if then.facts.graders != now.graders:
        how = f"the run {then.facts.run} was graded by other graders; measure it again with these"
        return CheckResult(NAME, "hold", reason=f"{NAME}: {how}")
    earlier = _results(now.digests.items(), then)
    if not earlier:
        how = (
            f"the run {then.facts.run} has none of the {_cases(len(now.results))}; measure it again on this golden set"
        )
        return CheckResult(NAME, "hold", reason=f"{NAME}: {how}")
    measured = [case.case for case in then.cases if case.result.measured]
    kept = set(now.digests.values())
    gone = sum(digest not in kept for digest in measured)
    if gone > (1 - LEAST_SHARED) * len(measured):
        were = "was" if gone == 1 else "were"
        how = f"{gone:,} of the {_cases(len(measured))} of the run {then.facts.run} {were} removed or edited since"
        return CheckResult(NAME, "hold", reason=f"{NAME}: {how}; measure it again on this golden set")
    new = _new(now.digests, then)
    results = {case_id: result for case_id, result in now.results.items() if case_id not in new}
    check = against_check(results, earlier, max_drop, now.clusters)
    left_out = [f"{_cases(gone, 'removed or edited ')} left out"] if gone else []
    return replace(check, reason="; ".join([check.reason, *left_out, *_told(new, now.results)]))


def _cases(number: int, which: str = "") -> str:
    return f"{number:,} {which}case{'' if number == 1 else 's'}"


def _new(digests: Mapping[str, str], then: Record) -> set[str]:
    """Ids of cases that the earlier run did not have, by id or content; what it lacks for want of an answer is none."""
    ids, known = {case.id for case in then.cases}, {case.case for case in then.cases}
    found = [case_id for case_id, digest in digests.items() if case_id not in ids and digest not in known]
    return set(found[max(0, then.facts.cases - len(then.cases)) :])


def _told(new: Iterable[str], results: Results) -> Iterable[str]:
    passed = [bool(results[case_id].passed) for case_id in new]
    if passed:
        yield f"{_cases(len(passed), 'new ')} not compared, {sum(passed):,} passed"


def ambiguous_check(then: str, models: Sequence[str]) -> CheckResult:
    """A hold: the earlier run, called `then`, asked several models, and today's is none of them."""
    how = f"{then} asked {', '.join(models)}, and it is not clear which of them to compare with"
    return CheckResult(NAME, "hold", reason=f"{NAME}: not decided: {how}; name a run of one model")


def _results(cases: Iterable[tuple[str, str]], then: Record) -> dict[str, Result]:
    """What the earlier run got on the cases that are still the same, by their ids of today."""
    measured = [case for case in then.cases if case.result.measured]
    by_digest = {case.case: case.result for case in measured}
    by_both = {(case.id, case.case): case.result for case in measured}
    found = ((case_id, by_both.get((case_id, digest)) or by_digest.get(digest)) for case_id, digest in cases)
    return {case_id: result for case_id, result in found if result is not None}


def check_of_records(now: Record, then: Record, max_drop: float) -> CheckResult:
    """The same for two records; a hold if the later one measured only some of its cases."""
    facts = now.facts
    if not facts.whole:
        how = f"the run {facts.run} measured only {facts.n:,} of {facts.cases:,} cases"
        return CheckResult(NAME, "hold", reason=f"{NAME}: not decided: {how}")
    tested = Tested(
        {case.id: case.result for case in now.cases},
        {case.id: case.case for case in now.cases},
        {case.id: case.cluster for case in now.cases},
        facts.graders,
    )
    return drop_check(tested, then, max_drop)
