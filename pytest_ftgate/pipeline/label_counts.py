"""Suites -> LabelCounts: how often each label and slice stands in golden sets, without a word of their cases."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from pytest_ftgate.data.checks.label_counts import LabelCounts
from pytest_ftgate.evaluate.suite import Suite, expected_label


def label_counts_of(suites: Sequence[Suite]) -> LabelCounts:
    """Counts over all sets. Labels and graders are those of the first set, as in training; no set: no counts."""
    slices: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for case in (case for suite in suites for case in suite.cases):
        for name, value in case.slices.items():
            slices[name][value] += 1
    if not suites:
        return LabelCounts()
    label = suites[0].golden.label
    offering = sum(bool(case.tools or suite.golden.request.tools) for suite in suites for case in suite.cases)
    return LabelCounts(
        labels=_labels(suites[0]),
        slices={name: dict(counts) for name, counts in slices.items()},
        label_path=label.path if label else "",
        label_values=label.values if label else (),
        graders=suites[0].golden.graders,
        tools=(offering, sum(len(suite.cases) for suite in suites) - offering),
    )


def _labels(suite: Suite) -> dict[str, int]:
    if suite.golden.label is None:
        return {}
    found = (expected_label(case, suite.golden.label) for case in suite.cases if case.expected is not None)
    return dict(Counter(label for label in found if label is not None))
