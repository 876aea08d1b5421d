"""Dispatch of metrics by name; what a plain share must not import."""

import subprocess
import sys

import pytest

from pytest_ftgate.errors import MetricError
from pytest_ftgate.metrics.compute import NAMES, Scored, compute


def case(i, value, expected=None, predicted=None, **more):
    return Scored(f"c{i}", value, value == 1, expected, predicted, **more)


LABELLED = [case(i, 1.0, "spam", "spam") for i in range(8)] + [case(9, 0.0, "ham", "spam"), case(10, 1.0, "ham", "ham")]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_gives_a_metric_with_bounds(name):
    options = {"positive": "spam"} if name in ("precision", "recall", "f1") else {}
    metric = compute(name, LABELLED, ("spam", "ham"), **options)
    assert metric.name.startswith(name)
    assert metric.n == 10
    assert metric.lower <= metric.value <= metric.upper


def test_accuracy_is_the_share_passed():
    metric = compute("accuracy", [case(i, 1.0) for i in range(6)])
    assert (metric.value, metric.n, metric.detail) == (1, 6, "6 of 6 passed")
    assert metric.lower < 0.85


def test_score_is_the_mean_grade():
    metric = compute("score", [case(i, i / 40) for i in range(41)])
    assert metric.value == pytest.approx(0.5)
    assert 0.38 < metric.lower < 0.45
    assert 0.55 < metric.upper < 0.62


def test_score_of_zeros_and_ones_is_a_share():
    graded = [case(i, float(i < 30)) for i in range(40)]
    assert compute("score", graded).lower == compute("accuracy", graded).lower


def test_unmeasured_cases_are_wrong():
    lost = [Scored("x", 1.0, True, measured=False)]
    assert compute("accuracy", [case(1, 1.0), *lost]).value == 0.5
    assert compute("score", [case(1, 1.0), *lost]).value == 0.5


@pytest.mark.parametrize(
    ("name", "scored", "options", "text"),
    [
        ("accuracy", [], {}, "no cases selected"),
        ("acuracy", LABELLED, {}, "did you mean 'accuracy'"),
        ("f1", LABELLED, {"values": ()}, "[label]"),
        ("recall", LABELLED, {}, "positive = LABEL"),
        ("f1", LABELLED, {}, "needs either positive"),
    ],
)
def test_errors(name, scored, options, text):
    with pytest.raises(MetricError) as caught:
        compute(name, scored, **({"values": ("spam", "ham")} | options))
    assert text in str(caught.value)


LIGHT = """
import sys
from pytest_ftgate.gate.verdict import Result, baseline_check, champion_check, floors_check
from pytest_ftgate.metrics.compute import Scored, compute
compute("accuracy", [Scored(str(i), 1.0, True) for i in range(9)])
one, two = ({str(i): Result(float(i % k > 0), i % k > 0) for i in range(90)} for k in (3, 2))
champion_check(one, two, .05), baseline_check(one, two)
heavy = {"sklearn", "scipy", "numpy", "torch", "mlflow", "pytest"} & set(sys.modules)
assert not heavy, heavy
"""


def test_shares_and_right_or_wrong_comparisons_import_nothing_heavy():
    subprocess.run([sys.executable, "-c", LIGHT], check=True)
