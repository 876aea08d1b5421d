from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.graders.grade import Failure, Grade, Unscored
from pytest_ftgate.graders.reduce_repeats import combine, most_frequent
from pytest_ftgate.metrics.compute import Scored, compute

RIGHT, WRONG = Grade(1.0, "right", "exact@1", True), Grade(0.0, "wrong: said no", "exact@1", False)
BROKEN, UNJUDGED = Failure("HTTP 500", "api"), Unscored("no opinion", "python@1")


@pytest.mark.parametrize("only", [RIGHT, WRONG, BROKEN, UNJUDGED])
def test_one_draw_is_the_case_itself(only):
    assert combine([only]) is only


@given(st.lists(st.booleans(), min_size=2, max_size=9))
def test_the_value_is_the_mean_and_only_all_right_is_passed(draws):
    grade = combine([RIGHT if right else WRONG for right in draws])
    assert isinstance(grade, Grade)
    assert grade.value == pytest.approx(sum(draws) / len(draws))
    assert grade.passed == all(draws)
    assert grade.reason.startswith(f"{sum(draws)} of {len(draws)} repeats passed")


def test_the_reason_names_the_first_wrong_draw():
    assert combine([RIGHT, WRONG, WRONG]).reason == "1 of 3 repeats passed; repeat 2: wrong: said no"


def test_a_broken_draw_is_no_score():
    assert combine([RIGHT, UNJUDGED, BROKEN]) == Failure("repeat 3 of 3: HTTP 500", "api")
    assert combine([WRONG, UNJUDGED]) == Unscored("repeat 2 of 2: no opinion", "python@1")


def test_the_label_of_several_draws():
    assert most_frequent(["ham", "spam", "spam"]) == "spam"
    assert most_frequent(["ham", "spam"]) == "ham"
    assert most_frequent([None, "spam", None]) is None


def test_pass_at_k_and_pass_hat_k():
    scored = [
        Scored("a", 1.0, True, draws=(True, True)),
        Scored("b", 0.5, False, draws=(True, False)),
        Scored("c", 0.0, False, draws=(False, False)),
        Scored("d", 1.0, True, draws=(True, True), measured=False),
    ]
    assert compute("pass_at_k", scored).value == 0.5
    assert compute("pass_hat_k", scored).value == 0.25
    assert compute("pass_at_k", [Scored("a", 1.0, True), Scored("b", 0.0, False)]).value == 0.5
