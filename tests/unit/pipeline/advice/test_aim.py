"""What is good enough: floors with a `min`, or --target on the metric of the first."""

import pytest

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.pipeline.advice.aim import aims_of
from tests.projects import write_golden

LABEL = '[label]\npath = ""\nvalues = ["good", "bad"]\n[gate]\n'
FLOORS = """
[[gate.floor]]
metric = "p95_ms"
max = 900
[[gate.floor]]
metric = "f1"
positive = "bad"
min = 0.85
[[gate.floor]]
metric = "f1"
average = "macro"
min = 0.8
"""


def aims(tmp_path, toml, target=None):
    golden = write_golden(tmp_path / "mood", [{"id": "a", "input": "x", "expected": "good"}], LABEL + toml)
    return [(aim.name, aim.target, aim.options) for aim in aims_of(load_suite(golden), target)]


def test_each_floor_of_quality_is_one(tmp_path):
    assert aims(tmp_path, FLOORS) == [
        ("f1 (bad)", 0.85, {"name": "f1", "positive": "bad", "average": "binary"}),
        ("f1 (macro)", 0.8, {"name": "f1", "average": "macro"}),
    ]


def test_a_target_is_that_of_the_first_metric(tmp_path):
    assert [aim[:2] for aim in aims(tmp_path, FLOORS, 0.7)] == [("f1 (bad)", 0.7)]
    assert [aim[:2] for aim in aims(tmp_path, "", 0.7)] == [("accuracy", 0.7)]


def test_without_either_nothing_is_good_enough(tmp_path):
    with pytest.raises(FtgateError, match="mood: no target"):
        aims(tmp_path, "")
