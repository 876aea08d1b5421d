"""chrf is sacrebleu's, and a time limit ends what is too long."""

from __future__ import annotations

import pytest
from sacrebleu import sentence_chrf

from pytest_ftgate.graders.grade import Failure, GraderError, compile_grader
from tests.unit.graders.one_grade import judge, value


@pytest.mark.parametrize("order", [0, 2])
def test_values_are_those_of_the_library(order):
    answer, expected = "Der Zug war verspätet.", ["Der Zug ist verspätet.", "Die Bahn war zu spät."]
    score = sentence_chrf(answer, expected, word_order=order).score / 100
    assert value("chrf", expected, answer, word_order=order) == pytest.approx(score)


def test_a_long_answer_is_a_failure_once_its_time_is_over():
    outcome = judge("chrf", "abc", "".join(map(str, range(2_000_000))), timeout_s=0.2)
    assert isinstance(outcome, Failure)
    assert "measuring chrf timed out after 0.2 s" in outcome.reason


@pytest.mark.parametrize("order", [-1, 5, 1.5, True])
def test_word_order_is_a_small_whole_number(order):
    with pytest.raises(GraderError, match="word_order"):
        compile_grader({"kind": "chrf", "word_order": order})
