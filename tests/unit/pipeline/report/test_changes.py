"""Which cases changed sides between two models."""

from __future__ import annotations

from pytest_ftgate.pipeline.report.changes import compare, failing
from tests.unit.pipeline.report.explained import case, frozen

CASES = [case(number) for number in range(20)]


def ids(comparison):
    return [change.case.id for change in comparison.broken]


def test_broken_cases_come_in_order_with_both_answers():
    found = compare(CASES, frozen(CASES, {"c3", "c1", "c5"}, "new"), frozen(CASES, {"c5", "c6"}, "old"))
    assert ids(found) == ["c1", "c3"]
    assert (found.broken[0].old, found.broken[0].new) == ("old c1", "new c1")
    assert (found.better, found.compared, len(found.others)) == (1, 20, 18)


def test_a_case_without_an_answer_broke_and_one_without_a_reference_is_not_compared():
    new, old = frozen(CASES, set()), frozen(CASES, set())
    del new["cases"]["c2"], old["cases"]["c3"]
    found = compare(CASES, new, old)
    assert ids(found) == ["c2"]
    assert found.broken[0].new is None
    assert found.compared == 19


def test_an_edited_case_is_another_case():
    old = frozen(CASES, set())
    old["cases"]["c4"]["case"] = "older"
    found = compare(CASES, frozen(CASES, {"c4"}), old)
    assert not found.broken
    assert found.compared == 19


def test_alone_a_case_is_broken_if_it_does_not_pass():
    new = frozen(CASES, {"c7"})
    del new["cases"]["c8"]
    found = failing(CASES, new)
    assert ids(found) == ["c7", "c8"]
    assert found.compared == 20
