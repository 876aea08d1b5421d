"""A golden set -> how validation rows are graded while training."""

from __future__ import annotations

from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.pipeline.stages.fine_tune import grading
from pytest_ftgate.train.job import Grading
from tests.projects import write_golden


def test_validation_asks_as_the_requests_do(tmp_path):
    table = '[request]\nmax_tokens = 9\nreasoning = "keep"\nstop = ["\\n"]\n'
    found = Grading(**grading(load_suite(write_golden(tmp_path / "quiz", [{"input": "a", "expected": "b"}], table))))
    assert (found.max_tokens, found.reasoning, found.stop) == (9, "keep", ("\n",))
