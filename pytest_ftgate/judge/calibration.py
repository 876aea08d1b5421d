"""(people's labels, a judge's judgements on the same answers) -> Calibration: how far they agree, with intervals.

People may say of a criterion with levels 1 to 5 a level, or only yes (good) or no. Kappa, AC1, recalls and admission
are of good or not, where good is a level of `good_level` or more; ordinal alpha is of the levels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_ftgate.errors import MetricError
from pytest_ftgate.gate.checks.admission import Admission, admit
from pytest_ftgate.judge.labels import Label, settled
from pytest_ftgate.judge.rubric import ANSWERS, Criterion
from pytest_ftgate.judge.spec import JudgeError, JudgeSpec
from pytest_ftgate.metrics.agreement.alpha import krippendorff_alpha
from pytest_ftgate.metrics.agreement.coefficients import ac1, kappa, percent_agreement, recalls
from pytest_ftgate.metrics.agreement.table import Table, cross
from pytest_ftgate.metrics.base import Metric

Levels = Mapping[str, str | None]
"""What the judge says by `Label.key`; None without a verdict."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of one criterion.

    labels: answers that people agree on; judged: those with a verdict. metrics: on the judged ones; problems: why a
    metric is not there. people: alpha of the people among themselves, None if no answer was labelled twice.
    """

    criterion: str
    labels: int
    judged: int
    admission: Admission
    metrics: tuple[Metric, ...] = ()
    problems: tuple[str, ...] = ()
    people: Metric | None = field(default=None)


def calibrate(spec: JudgeSpec, labels: Sequence[Label], levels: Levels) -> list[Calibration]:
    """One for each criterion that has labels. Raises JudgeError for labels of no criterion of the rubric."""
    by_name = by_criterion(spec, labels)
    return [_calibrated(spec, each, by_name[each.name], levels) for each in spec.rubric.criteria if by_name[each.name]]


def by_criterion(spec: JudgeSpec, labels: Iterable[Label]) -> dict[str, list[Label]]:
    """The labels of each criterion of the rubric; one without a criterion is of the only one. Raises JudgeError."""
    known = {each.name: each for each in spec.rubric.criteria}
    found: dict[str, list[Label]] = {name: [] for name in known}
    faults = []
    for label in labels:
        name = label.criterion or (next(iter(known)) if len(known) == 1 else "")
        if name not in known:
            faults.append(f"line {label.line}: criterion {label.criterion!r}; the rubric has {', '.join(known)}")
        elif label.label not in {*known[name].levels, *ANSWERS}:
            faults.append(f"line {label.line}: label {label.label!r}; {name} has {', '.join(known[name].levels)}")
        else:
            found[name].append(label)
    if faults:
        raise JudgeError("labels not compatible with this judge:\n    " + "\n    ".join(faults[:10]))
    return found


def admission(calibrations: Sequence[Calibration], spec: JudgeSpec) -> Admission:
    """Whether the judge may vote: only if every criterion of its rubric admits it."""
    done = {each.criterion: each for each in calibrations}
    reasons: list[str] = []
    for criterion in spec.rubric.criteria:
        told = f"{criterion.name}: " if len(spec.rubric.criteria) > 1 else ""
        found = done.get(criterion.name)
        reasons += [f"{told}no labels"] if found is None else [f"{told}{why}" for why in found.admission.reasons]
    numbers = {
        f"{each.criterion} {name}": value for each in calibrations for name, value in each.admission.numbers.items()
    }
    return Admission(not reasons, tuple(reasons), numbers)


def good(criterion: Criterion, level: str, least: int) -> str:
    """Yes or no, of a level or of yes or no."""
    if level in ANSWERS:
        return level
    return "yes" if criterion.levels.index(level) + 1 >= least else "no"


def _calibrated(spec: JudgeSpec, criterion: Criterion, labels: Sequence[Label], levels: Levels) -> Calibration:
    least = spec.good_level
    people = {key: good(criterion, label, least) for key, label in settled(_as_good(criterion, labels, least)).items()}
    judged = {key: good(criterion, level, least) for key in people if (level := levels.get(key)) is not None}
    problems: list[str] = []
    metrics: list[Metric] = []
    if judged:
        table = cross([people[key] for key in judged], list(judged.values()), ANSWERS)
        metrics += _metrics(_coefficients(table, people, judged), problems)
        metrics += _metrics(_ordinal(criterion, labels, levels), problems)
    admitted = admit(people, judged, ANSWERS)
    among = _metrics([lambda: _among_people(criterion, labels, least)], [])
    return Calibration(
        criterion.name, len(people), len(judged), admitted, tuple(metrics), tuple(problems), among[0] if among else None
    )


def _as_good(criterion: Criterion, labels: Iterable[Label], least: int) -> list[Label]:
    from dataclasses import replace

    return [replace(label, label=good(criterion, label.label, least)) for label in labels]


def _coefficients(
    table: Table, people: Mapping[str, str], judged: Mapping[str, str]
) -> list[Callable[[], Metric | Iterable[Metric]]]:
    both = [(people[key], said) for key, said in judged.items()]
    return [
        lambda: percent_agreement(table),
        lambda: kappa(table),
        lambda: ac1(table),
        lambda: krippendorff_alpha(both, ANSWERS),
        lambda: recalls(table).values(),
    ]


def _ordinal(criterion: Criterion, labels: Sequence[Label], levels: Levels) -> list[Callable[[], Metric]]:
    """Alpha of the levels, where people gave levels."""
    said = settled(label for label in labels if label.label not in ANSWERS)
    both = [(label, level) for key, label in said.items() if (level := levels.get(key)) is not None]
    return [lambda: krippendorff_alpha(both, criterion.levels, "ordinal")] if criterion.anchors and both else []


def _among_people(criterion: Criterion, labels: Sequence[Label], least: int) -> Metric:
    units: dict[str, list[str]] = {}
    for label in _as_good(criterion, labels, least):
        units.setdefault(label.key, []).append(label.label)
    return krippendorff_alpha(list(units.values()), ANSWERS)


def _metrics(makers: Iterable[Callable[[], Metric | Iterable[Metric]]], problems: list[str]) -> list[Metric]:
    found: list[Metric] = []
    for make in makers:
        try:
            made = make()
        except MetricError as error:
            problems.append(str(error))
        else:
            found += [made] if isinstance(made, Metric) else list(made)
    return found
