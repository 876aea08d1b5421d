"""(log, what it is held to) -> all tests, corrected for their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pytest_ftgate.data.drift.classifier import classifier
from pytest_ftgate.data.drift.finding import Comparison
from pytest_ftgate.data.drift.inputs import Inputs, sampled
from pytest_ftgate.data.drift.labels import labels
from pytest_ftgate.data.drift.length import length
from pytest_ftgate.data.drift.vocabulary import vocabulary
from pytest_ftgate.metrics.holm import holm

TESTS = (length, vocabulary, labels, classifier)


def compare(log: Inputs, others: Sequence[Inputs]) -> list[Comparison]:
    """Every test of the log against each of the others that can be made, with p-values after Holm."""
    ours = sampled(log)
    made = [test(ours, sampled(other)) for other in others for test in TESTS]
    tested = [each for each in made if each is not None]
    adjusted = holm([each.p for each in tested])
    return [replace(each, adjusted=p) for each, p in zip(tested, adjusted, strict=True)]
