"""(Log, stated split) -> Finding: whether the split is sound, and what the outcomes say by now.

Users are the randomised unit, so each counts once. A user is counted when its window has passed: what was counted
never changes, each look sees the earlier ones' users first, and the e-values stay valid however often one looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, log
from statistics import fmean
from typing import Any, Literal

from pytest_ftgate.gate.live.log import Log, User
from pytest_ftgate.metrics.eprocess import DECISIVE, contrasts, log_e, lower_bound
from pytest_ftgate.metrics.sample_ratio import MISMATCH, mismatch_p

Decision = Literal["better", "worse", "continue", "withheld"]

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """What an A/B test says.

    decision: "better" (above -margin), "worse" (below it), "continue", or "withheld" (`problems` say why the split is
    not to be trusted). counted: users with an outcome whose window has passed, of each arm; users: all. waiting: of
    all, those whose window is open. e, e_worse: evidence now; decided_at: users counted when one of them first reached
    20. difference: of the mean outcomes, a share; lower, upper: one-sided 95 % bounds, valid at every look.
    users_more: that would settle it at the rates seen; None if more would not help or nothing is open.
    """

    decision: Decision
    share: float
    margin: float
    users: tuple[int, int]
    counted: tuple[int, int]
    waiting: int
    p_split: float
    e: float = 1.0
    e_worse: float = 1.0
    decided_at: int | None = None
    difference: float = 0.0
    lower: float = -1.0
    upper: float = 1.0
    users_more: int | None = None
    problems: tuple[str, ...] = ()


def analyse(found: Log, share: float, margin: float = 0.0) -> Finding:
    """share: of the users that the split sends to the candidate. margin: accepted loss of mean outcome, a share."""
    users, counted = found.users, [user for user in found.users if user.closed and user.outcome is not None]
    problems = tuple(_problems(found, counted, share))
    facts: dict[str, Any] = {
        "share": share,
        "margin": margin,
        "users": _arms(users),
        "counted": _arms(counted),
        "waiting": sum(not user.closed for user in users),
        "p_split": mismatch_p(_arms(users)[0], len(users), share),
    }
    if problems or not counted:
        return Finding("withheld" if problems else "continue", problems=problems, **facts)
    return Finding(**facts, **_evidence(counted, share, margin))


def _arms(users: tuple[User, ...] | list[User]) -> tuple[int, int]:
    """Users of the candidate, and of the champion."""
    candidate = sum(user.candidate for user in users)
    return candidate, len(users) - candidate


def _problems(found: Log, counted: list[User], share: float) -> list[str]:
    problems = []
    if found.in_both:
        names = ", ".join(found.in_both[:_SHOWN])
        rest = f" and {len(found.in_both) - _SHOWN} more" if len(found.in_both) > _SHOWN else ""
        problems.append(
            f"{len(found.in_both)} of {len(found.users)} users saw both models ({names}{rest}): the router is not "
            "sticky by user, or the share was changed during the test"
        )
    problems += _mismatch("users", _arms(found.users), share, "check the router and the log for missing exposures")
    if not problems:
        problems += _mismatch("users with an outcome", _arms(counted), share, "more outcomes are missing in one arm")
    return problems


def _mismatch(what: str, arms: tuple[int, int], share: float, advice: str) -> list[str]:
    total = sum(arms)
    p = mismatch_p(arms[0], total, share)
    if p >= MISMATCH:
        return []
    return [
        f"sample-ratio mismatch: {arms[0]:,} of {total:,} {what} in the candidate arm, {100 * arms[0] / total:.3g} %, "
        f"configured {100 * share:g} %, p = {p:.2g} < {MISMATCH:g}; {advice}"
    ]


def _evidence(counted: list[User], share: float, margin: float) -> dict[str, Any]:
    candidate = [user.candidate for user in counted]
    outcomes = [user.outcome or 0.0 for user in counted]
    x = contrasts(candidate, outcomes, share)
    better, worse = log_e(x, share, -margin), log_e(-x, share, margin)
    first_better, first_worse = _first(better), _first(worse)
    decided = min(first_better, first_worse)
    decision = "continue" if decided == inf else "better" if first_better == decided else "worse"
    gain = _difference(counted)
    return {
        "decision": decision,
        "e": exp(min(better[-1], 700)),
        "e_worse": exp(min(worse[-1], 700)),
        "decided_at": None if decided == inf else int(decided),
        "difference": gain,
        "lower": lower_bound(x, share),
        "upper": -lower_bound(-x, share),
        "users_more": _more(float(x.var()), gain + margin, len(counted)) if decision == "continue" else None,
    }


def _first(log_values: Any) -> float:
    """Users counted when an e-value first decided; infinite if none has."""
    reached = log_values >= log(DECISIVE)
    return int(reached.argmax()) + 1 if reached.any() else inf


def _difference(counted: list[User]) -> float:
    arms = [[user.outcome or 0.0 for user in counted if user.candidate is arm] for arm in (True, False)]
    return fmean(arms[0]) - fmean(arms[1]) if all(arms) else 0.0


def _more(variance: float, lead: float, n: int) -> int | None:
    """Users until the wealth of the best bettor is 20 times the stake: its log grows by lead^2 / (2 variance) a user.

    The usual approximation of the growth rate for small differences (Waudby-Smith and Ramdas 2024, appendix B), with
    the price of not knowing the best bettor, log 2, added. None where the candidate is not ahead of -margin.
    """
    if lead <= 0:
        return None
    return max(1, round(2 * variance * log(2 * DECISIVE) / lead**2) - n)
