"""(differences as a judge and people see them, the judge's admission) -> CheckResult: a judge must not see a loss.

Only a judge that has earned its vote decides anything, and only where people have judged a random subset of the same
pairs, by which it is debiased; else the check is advisory and says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from statistics import fmean

from pytest_ftgate.gate.checks.admission import Admission
from pytest_ftgate.gate.checks.judge_limits import MOST_UNSCORED
from pytest_ftgate.gate.checks.multiplicity import level, told
from pytest_ftgate.gate.checks.noninferiority import NO_HELP
from pytest_ftgate.gate.checks.result import CheckResult, Status, compared, more_cases, points
from pytest_ftgate.metrics.power import more_for_margin
from pytest_ftgate.metrics.ppi import LEAST_LABELLED, Debiased, debias


def preference_check(
    judge: Mapping[str, float], human: Mapping[str, int], admission: Admission, delta: float, *, tried: int = 1
) -> CheckResult:
    """The check of one judge. judge: difference of every case by id, 1 where the candidate is better in both orders, -1
    the champion, else 0. human: likewise, of a random subset, as people see it; see `judge_check` for the rest.

    Without people's verdicts on at least three cases it is a hold that decides nothing.
    """
    both = [name for name in judge if name in human]
    if len(both) < LEAST_LABELLED:
        return _not_debiased(judge, len(both), admission)
    rest = [value for name, value in judge.items() if name not in human]
    found = debias([float(human[name]) for name in both], [judge[name] for name in both], rest)
    return judge_check(found, admission, delta, tried=tried)


def unscored_check(check: CheckResult, unscored: int, asked: int) -> CheckResult:
    """The check, as "integrity" where more than 5 % of the pairs got no verdict; asked: pairs of different answers."""
    if unscored <= MOST_UNSCORED * asked:
        return check
    reason = f"judge: {unscored} of {asked} pairs without a verdict, at most 5 % allowed"
    return replace(check, status="integrity", reason=reason)


def judge_check(found: Debiased, admission: Admission, delta: float, *, tried: int = 1) -> CheckResult:
    """Pass if the lower bound is above -delta, reject if the upper one is below it, else hold.

    Advisory, with the reasons, unless the judge is admitted. delta: the margin of golden.lock, a share in (0, 1).
    tried: candidates of this round, see `checks.rounds`; it lowers the level of the lower bound. A hold names the cases
    that would settle it, the same share of them judged by people, where the estimate is above -delta.
    """
    if not 0 < delta < 1:
        raise ValueError(f"delta is a share in (0, 1), .03 for 3 points; found {delta}")
    lower, upper = found.bounds_at(level(tried))[0], found.bounds[1]
    status: Status = "reject" if upper < -delta else "pass" if lower > -delta else "hold"
    more = _more(found, delta, level(tried)) if status == "hold" else None
    bound = f"upper bound {compared(upper, -delta)}" if status == "reject" else f"lower bound {compared(lower, -delta)}"
    outlook = "" if status != "hold" else f"; {more_cases(more)}" if more else NO_HELP
    text = f"judge: {points(found.mean)} points, {bound} {_counted(found)}{told(tried)}{outlook}{_vote(admission)}"
    return CheckResult(
        "judge", status, _numbers(found, lower, delta, tried), text, more, advisory=not admission.admitted
    )


def _not_debiased(judge: Mapping[str, float], labelled: int, admission: Admission) -> CheckResult:
    mean = fmean(judge.values()) if judge else 0.0
    numbers = {"gain": mean, "labelled": float(labelled), "n": float(len(judge))}
    text = (
        f"judge: {points(mean)} points, not debiased (n = {len(judge)}); advisory: no human verdicts on a random "
        f"subset of these pairs{_vote(admission)}"
    )
    return CheckResult("judge", "hold", numbers, text, advisory=True)


def _more(found: Debiased, delta: float, alpha: float) -> int | None:
    return more_for_margin(found.n, found.mean, found.variance, delta, alpha)


def _counted(found: Debiased) -> str:
    return f"(n = {found.n}, {found.labelled} with human verdicts; judge weight {found.weight:.2f})"


def _vote(admission: Admission) -> str:
    return "" if admission.admitted else f"; advisory, judge not admitted: {'; '.join(admission.reasons)}"


def _numbers(found: Debiased, lower: float, delta: float, tried: int) -> dict[str, float]:
    return {
        "gain": found.mean,
        "lower": lower,
        "upper": found.bounds[1],
        "alpha": level(tried),
        "margin": delta,
        "weight": found.weight,
        "labelled": float(found.labelled),
        "n": float(found.n),
    }
