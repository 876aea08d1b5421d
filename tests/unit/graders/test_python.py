"""python: functions of the project, and what they may return."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from pytest_ftgate.graders.grade import Failure, Grade, GraderError, Unscored, compile_grader
from tests.unit.graders.one_grade import judge


@pytest.fixture
def returns(monkeypatch):
    """Put a module `mine` in place whose function `f` returns a value, or raises it."""

    def put(result):
        def f(case, response, **options):
            if isinstance(result, Exception):
                raise result
            return result(case, response, **options) if callable(result) else result

        module = ModuleType("mine")
        module.f = f
        module.three = 3
        monkeypatch.setitem(sys.modules, "mine", module)

    return put


@pytest.mark.parametrize(
    ("result", "worth"), [(True, 1), (False, 0), (0.25, 0.25), (1, 1), (np.float32(0.5), 0.5), (np.bool_(True), 1)]
)
def test_values(returns, result, worth):
    returns(result)
    outcome = judge("python", None, "answer", call="mine:f")
    assert isinstance(outcome, Grade)
    assert type(outcome.value) is float
    assert outcome.value == worth


def test_a_reason_may_come_with_the_value(returns):
    returns((0.5, "half right"))
    assert judge("python", None, "a", call="mine:f") == Grade(0.5, "half right", "python@1", passed=False)


def test_none_is_unscored(returns):
    returns(None)
    assert judge("python", None, "a", call="mine:f") == Unscored("mine:f returned None", "python@1")
    returns((None, "in another language"))
    assert judge("python", None, "a", call="mine:f") == Unscored("in another language", "python@1")


@pytest.mark.parametrize("result", [1.5, -0.1, float("nan"), "yes", [1], (1, 2), (0.5, "a", "b"), np.array([1.0]), {}])
def test_anything_else_is_a_failure(returns, result):
    returns(result)
    outcome = judge("python", None, "a", call="mine:f")
    assert isinstance(outcome, Failure)
    assert "mine:f returned" in outcome.reason


def test_what_it_raises_is_a_failure(returns):
    returns(ValueError("no"))
    assert "ValueError: no" in judge("python", None, "a", call="mine:f").reason


def test_case_response_and_options_are_handed_over(returns):
    returns(lambda case, response, least: (len(response.text) >= least, f"{case.expected}"))
    assert judge("python", "x", "abc", call="mine:f", options={"least": 3}) == Grade(1.0, "x", "python@1", passed=True)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("mine.f", "expected 'package.module:function'"),
        (":f", "expected 'package.module:function'"),
        ("mine:", "expected 'package.module:function'"),
        ("mine:g", "cannot be imported: AttributeError"),
        ("mine:three", "not callable"),
        ("no_such_module:f", "No module named 'no_such_module'; add its folder to `pythonpath`"),
    ],
)
def test_bad_import_paths(returns, call, told):
    returns(True)
    with pytest.raises(GraderError, match=told):
        compile_grader({"kind": "python", "call": call})
