"""method = "grpo": graders of the first golden set that ask a judge are refused, with their line."""

from __future__ import annotations

import pytest

from pytest_ftgate.errors import PipelineError
from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.pipeline.rewards import check_rewards
from pytest_ftgate.train.tuning import Tuning
from tests.projects import write_golden

JUDGE = """
[judge]
budget_dollars = 1.0
[judge.checklist]
polite = "Is it polite?"
"""
CASES = [{"input": "a", "expected": "b"}]


@pytest.mark.parametrize(
    ("grader", "line"),
    [
        ('[[grader]]\nkind = "exact"\n[[grader]]\nkind = "judge"\n', 3),
        ('[[grader]]\nkind = "not"\ngrader = { kind = "judge" }\n', 1),
    ],
)
def test_a_judge_is_refused_with_its_line_and_a_way_out(tmp_path, grader, line):
    judged = load_suite(write_golden(tmp_path / "judged", CASES, grader + JUDGE))
    exact = load_suite(write_golden(tmp_path / "exact", CASES, ""))
    with pytest.raises(PipelineError, match=r"grades each answer that it draws by these graders") as caught:
        check_rewards(Tuning(method="grpo"), [judged, exact])
    [fault] = caught.value.faults
    assert fault.line == line
    assert "first in `goldens`" in str(caught.value)
    check_rewards(Tuning(method="grpo"), [exact, judged])
    check_rewards(Tuning(method="lora"), [judged])
