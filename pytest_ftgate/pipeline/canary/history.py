"""(reference, nights so far, tonight) -> Finding: steady, or drift, with the nights that are missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from statistics import fmean

from pytest_ftgate.pipeline.canary.reference import PanelCase, Reference
from pytest_ftgate.pipeline.canary.result import Finding
from pytest_ftgate.pipeline.canary.rule import Expected, Window, look

FALLEN = 5
LOOK_BACK = 7


@dataclass(frozen=True, slots=True)
class Night:
    """One whole run of the panel. day: which night it counts for. score: mean grade, 0 to 1.

    grades, texts: what was said and what it was worth, by the case's key; empty where they were not read from the
    registry. run_id: of MLflow.
    """

    day: date
    score: float
    grades: Mapping[str, float] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    run_id: str = ""


def night_of(day: date, answers: Mapping[str, tuple[float | None, str]]) -> Night:
    """A night of (grade, text) by the case's key; every case has a grade."""
    grades = {key: grade for key, (grade, _) in answers.items() if grade is not None}
    return Night(day, fmean(grades.values()), grades, {key: text for key, (_, text) in answers.items()})


def judge(reference: Reference, before: Iterable[Night], tonight: Night) -> Finding:
    """What tonight says, in the light of the nights since the reference runs.

    before: nights under the same reference, in the order in which they were recorded. Of several runs for one date the
    last counts.
    """
    finding = _steady(reference.expected, before, tonight)
    alarms = [window for window in finding.windows if window.alarm]
    if not alarms:
        return finding
    return replace(finding, kind="drift", reason=_drift(alarms), fallen=tuple(_fallen(reference, tonight)))


def _steady(expected: Expected, before: Iterable[Night], tonight: Night) -> Finding:
    """The numbers, before anything is made of them."""
    scores = {night.day: night.score for night in before if night.day < tonight.day} | {tonight.day: tonight.score}
    windows = look(expected, scores, tonight.day)
    reason = f"{-100 * windows[0].drop + 0.0:+.1f} points vs the reference runs, z {windows[0].z:.1f}"
    missing = tuple(missing_days(scores, tonight.day))
    return Finding("steady", reason, tonight.day, tonight.score, expected, windows, missing)


def missing_days(scores: Iterable[date], tonight: date) -> list[date]:
    """The dates of the longest window that have no night, none before the first night."""
    known = set(scores)
    first = max(min(known, default=tonight), tonight - timedelta(LOOK_BACK - 1))
    days = (first + timedelta(i) for i in range((tonight - first).days + 1))
    return [day for day in days if day not in known]


def _drift(alarms: Sequence[Window]) -> str:
    found = (
        f"{100 * window.drop:.1f} points below the reference runs over {_nights(window.nights)} "
        f"(z {window.z:.1f} > {window.limit})"
        for window in alarms
    )
    return "; ".join(found)


def _nights(count: int) -> str:
    return "1 night" if count == 1 else f"{count} nights"


def _fallen(reference: Reference, tonight: Night) -> list[str]:
    """The cases that lost most, those that were surest before first."""
    known = [case for case in reference.cases if tonight.grades.get(case.key, case.mean) < case.mean]
    known.sort(key=lambda case: tonight.grades[case.key] - case.mean)
    return [_fall(case, tonight) for case in known[:FALLEN]]


def _fall(case: PanelCase, tonight: Night) -> str:
    said = _short(tonight.texts.get(case.key, ""))
    return f"{case.key} {case.mean:.2f} -> {tonight.grades[case.key]:.2f}, response {said}"


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
