"""numeric: which number is meant, and whether it is near enough."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.graders.grade import Failure, GraderError, compile_grader
from tests.unit.graders.one_grade import judge, value


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        ("42", 42),
        ("The answer is 42.", 42),
        ("2 + 2 = 4", 4),
        ("-3", -3),
        ("\u22127", -7),
        ("$1,234.50", 1234.5),
        ("12,345,678", 12345678),
        ("1, 2, 3", 3),
        ("3-5", 5),
        ("50%", 50),
        ("12kg", 12),
        ("1e-3", 0.001),
        (".5", 0.5),
        ("GPT4 says 7", 7),
        ("0.30", 0.3),
        ("\u0627\u0644\u062c\u0648\u0627\u0628: \u0664\u0662", 42),
        ("\u0661\u066c\u0662\u0663\u0664\u066b\u0665", 1234.5),
        ("-\u06f4\u06f2", -42),
        ("उत्तर ४२ है", 42),
        ("₹१२,३४,५६७", 1234567),
        ("Rs 1,00,000.50", 100000.5),
        ("คำตอบคือ ๔๒", 42),
        ("ចម្លើយគឺ ៤២", 42),
        ("答案是４２．５元", 42.5),
        ("价格是－3元", -3),
        ("面积是 42 m²", 42),
    ],
)
def test_the_last_number_is_meant(answer, number):
    assert value("numeric", number, answer) == 1


def test_position_first():
    assert value("numeric", 2, "2 apples and 3 pears", position="first") == 1
    assert value("numeric", 3, "2 apples and 3 pears", position="first") == 0


@pytest.mark.parametrize(
    ("expected", "answer", "options", "worth"),
    [
        (1.0, "1.1", {"abs_tol": 0.1}, 1),
        (1.0, "1.11", {"abs_tol": 0.1}, 0),
        (200, "202", {"rel_tol": 0.01}, 1),
        (-200, "-202", {"rel_tol": 0.01}, 1),
        (200, "203", {"rel_tol": 0.01}, 0),
        (200, "203", {"rel_tol": 0.01, "abs_tol": 3}, 1),
        (0.3, "0.30000001", {}, 0),
        ("1,000", "1000", {}, 1),
        (9007199254740993, "9007199254740992", {}, 0),
        (1, "1e999", {}, 0),
        (1, "1e999999999", {}, 0),
        (5, "5e1000000", {}, 0),
        (5, "5e-1000000", {}, 0),
        (5, "5e" + "9" * 380, {}, 0),
        (1, "no number", {}, 0),
        (1, "9" * 5000, {}, 0),
    ],
)
def test_tolerances(expected, answer, options, worth):
    assert value("numeric", expected, answer, **options) == worth


@given(st.floats(-1e15, 1e15) | st.integers(-(10**20), 10**20))
def test_a_number_written_as_python_writes_it_is_found(number):
    assert value("numeric", number, f"it is {number!r}, I think") == 1


@pytest.mark.parametrize("expected", [None, "many", True, [1], {"a": 1}, ""])
def test_no_expected_number_is_a_failure(expected):
    assert isinstance(judge("numeric", expected, "1"), Failure)


@pytest.mark.parametrize("bad", [{"abs_tol": -1}, {"rel_tol": -1}, {"position": "middle"}])
def test_bad_options(bad):
    with pytest.raises(GraderError, match=next(iter(bad))):
        compile_grader({"kind": "numeric", **bad})


def test_reason_shows_the_distance():
    reason = judge("numeric", 5, "it is 7", abs_tol=1).reason
    assert reason == "found 7 in 'it is 7', expected 5 ± 1; off by 2"
