"""(people's labels, a judge's verdicts) -> Admission: whether the judge may vote in the gate, and why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pytest_ftgate.errors import MetricError
from pytest_ftgate.metrics.agreement.coefficients import ac1, percent_agreement, recalls
from pytest_ftgate.metrics.agreement.table import Table, cross
from pytest_ftgate.metrics.base import Metric

LEAST_LABELS = 100
LEAST_OF_CLASS = 25
LEAST_AC1 = 0.6
LEAST_RECALL = 0.5


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a judge has earned its vote.

    reasons: what is missing, one line each; empty if admitted. numbers: labels, no_verdict, labels(CLASS) and, once
    the labels allow it, agreement, ac1, recall(CLASS), the last two also with their lower bounds, "ac1 lower".
    """

    admitted: bool
    reasons: tuple[str, ...]
    numbers: Mapping[str, float] = field(default_factory=dict)


def admit(labels: Mapping[str, str], verdicts: Mapping[str, str | None], classes: Sequence[str] = ()) -> Admission:
    """A judge is admitted on >= 100 labels, >= 25 of each class, if the lower bounds of AC1 and of each recall hold.

    AC1 must be >= .6 and the recall of each class >= .5, both by their one-sided 95 % lower bounds. AC1 alone would
    admit a judge that always says yes (.89 at 90/10), recalls alone one that is hardly better than a coin.
    labels: what people say, by the key of an answer; verdicts: what the judge says, by the same keys. A label without
    a verdict, or with one that is no class, counts as wrong: a judge cannot do better by passing over what is hard.
    classes: all there are; (): those that people gave. Raises MetricError for a label that is none of them.
    """
    sizes = Counter(labels.values())
    known = tuple(classes) or tuple(sorted(sizes))
    if strange := sorted(set(sizes) - set(known)):
        raise MetricError(f"human label '{strange[0]}' is not a known class; known: {', '.join(known)}")
    numbers = {"labels": float(len(labels)), "no_verdict": float(sum(verdicts.get(key) not in known for key in labels))}
    numbers |= {f"labels({name})": float(sizes[name]) for name in known}
    if reasons := _too_few(sizes, known):
        return Admission(False, tuple(reasons), numbers)
    table = _table(labels, verdicts, known)
    tested = [(ac1(table), LEAST_AC1), *((metric, LEAST_RECALL) for metric in recalls(table).values())]
    numbers |= {"agreement": percent_agreement(table).value}
    numbers |= {metric.name: metric.value for metric, _ in tested}
    numbers |= {f"{metric.name} lower": metric.lower for metric, _ in tested}
    reasons = [_told(metric, least) for metric, least in tested if metric.lower < least]
    return Admission(not reasons, tuple(reasons), numbers)


def _too_few(sizes: Counter[str], classes: tuple[str, ...]) -> list[str]:
    """What keeps the labels from telling anything, whatever the judge says."""
    total = sizes.total()
    reasons = []
    if total < LEAST_LABELS:
        reasons.append(f"{total} human labels, at least {LEAST_LABELS} required")
    if len(classes) < 2:
        found = f"only '{classes[0]}'" if classes else "none"
        reasons.append(f"labels of two or more classes required, found {found}")
    reasons += [
        f"{sizes[name]} human labels are '{name}', at least {LEAST_OF_CLASS} required"
        for name in classes
        if sizes[name] < LEAST_OF_CLASS
    ]
    return reasons


def _table(labels: Mapping[str, str], verdicts: Mapping[str, str | None], classes: tuple[str, ...]) -> Table:
    sizes = Counter(labels.values())
    wrong = {name: min((other for other in classes if other != name), key=lambda c: sizes[c]) for name in classes}
    given = [(label, verdicts.get(key)) for key, label in labels.items()]
    judged = [verdict if verdict in classes else wrong[label] for label, verdict in given]
    return cross([label for label, _ in given], judged, classes)


def _told(metric: Metric, least: float) -> str:
    return f"{metric.name} {metric.value:.2f}, lower bound {metric.lower:.3f} < {least:g} (n = {metric.n})"
