"""What several workers of xdist counted of one judge is held against 5 % together."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_ftgate.gate.exit_code import EXIT_CODES, Kind
from pytest_ftgate.judge.summary import judged_lines, summed
from pytest_ftgate.plugin.report.collector import ReportCollector


def fact(questions: int, unscored: int, digest: str = "d", name: str = "tests") -> dict[str, Any]:
    zero = dict.fromkeys(("again", "refused", "invalid", "broken", "pairs", "flips"), 0)
    bill = {"model": "m", "names": [], "text": f"{questions} asked"}
    return zero | {
        "names": [name], "judge": "m", "digest": digest, "models": ["m"], "questions": questions,
        "unscored": unscored, "agreement": 0.5, "same_family": ["the same base"], "bills": [bill], "reasons": {"refused": unscored} if unscored else {},
    }  # fmt: skip


def arrived(*facts: dict[str, Any]) -> ReportCollector:
    tally = ReportCollector(train=False)
    for each in facts:
        tally.arrived({"counts": {}, "gates_selected": 0, "judges": [each]})
    return tally


@pytest.mark.parametrize(("unscored", "code"), [(1, 0), (2, EXIT_CODES[Kind.INTEGRITY])])
def test_workers_are_summed_before_they_are_compared(unscored, code):
    tally = arrived(fact(15, unscored), fact(15, 0))
    assert tally.exit_code(0) == code
    text = "\n".join(line for line, _ in judged_lines(tally.judges))
    assert f"judge m (tests): 30 questions, {unscored} unscored" in text
    assert text.count("m: 15 asked") == 2, "each worker has a bill of its own"
    assert text.count("the same base") == 1
    assert "agreement" not in text
    assert "  unscored: refused" in text.splitlines()


def test_the_most_frequent_reason_is_told():
    asked = fact(9, 3) | {"reasons": {"refused": 1, "no call": 2}}
    assert "  unscored, 4 of 6: no call" in [line for line, _ in judged_lines([asked, asked])]


def test_other_judges_are_not_summed():
    assert arrived(fact(15, 1), fact(15, 0, digest="e")).exit_code(0) == EXIT_CODES[Kind.INTEGRITY]
    assert len(summed([fact(1, 0), fact(1, 0, digest="e"), fact(2, 1, name="n")])) == 2


def test_a_judge_that_answered_nothing_has_a_line_and_its_bill():
    assert "judge m (tests): 0 questions, 0 unscored (0.0 %)" in [line for line, _ in judged_lines([fact(0, 0)])]
