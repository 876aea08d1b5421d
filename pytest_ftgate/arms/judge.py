"""(debiased difference, the judge's admission) -> Arm: a judge that has earned its vote must not see a loss.

Nothing in a run makes this arm yet. It is fed by `metrics.ppi.debias` (a judge's pairwise verdicts in both orders on
all cases, and people's on a random subset) and by `judge.admission.admit` (labels.jsonl against the judge's verdicts).
"""

from __future__ import annotations

from pytest_ftgate.arm import Arm, Status, compared, more_cases, points
from pytest_ftgate.arms.margin import NO_HELP
from pytest_ftgate.arms.rounds import level, told
from pytest_ftgate.judge.admission import Admission
from pytest_ftgate.metrics.power import more_for_margin
from pytest_ftgate.metrics.ppi import Debiased


def judge_arm(found: Debiased, admission: Admission, delta: float, *, tried: int = 1) -> Arm:
    """Pass if the lower bound is above -delta, reject if the upper one is below it, else hold.

    Advisory, with the reasons, unless the judge is admitted. delta: the margin of golden.lock, a share in (0, 1).
    tried: candidates of this round, see `arms.rounds`; it lowers the level of the lower bound. A hold names the cases
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
    return Arm("judge", status, _numbers(found, lower, delta, tried), text, more, advisory=not admission.admitted)


def _more(found: Debiased, delta: float, alpha: float) -> int | None:
    return more_for_margin(found.n, found.mean, found.variance, delta, alpha)


def _counted(found: Debiased) -> str:
    return f"(n = {found.n}, {found.labelled} of them judged by people too; weight of the judge {found.weight:.2f})"


def _vote(admission: Admission) -> str:
    return "" if admission.admitted else f"; advisory, as the judge is not admitted: {'; '.join(admission.reasons)}"


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
