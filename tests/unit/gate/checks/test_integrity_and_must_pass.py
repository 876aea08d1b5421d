"""What makes a comparison worthless, and the cases that may never fail."""

import pytest

from pytest_ftgate.gate.verdict import integrity_check, must_pass_check
from tests.unit.gate.checks.paired_results import RIGHT, UNMEASURED, WRONG

SAME = {"candidate": "d" * 64, "base": "d" * 64}


def results(measured, unmeasured=0):
    return {f"c{i}": RIGHT if i < measured else UNMEASURED for i in range(measured + unmeasured)}


def test_all_well():
    check = integrity_check({"candidate": results(300), "base": results(290, 10)}, SAME)
    assert check.status == "pass"
    assert check.reason == "integrity: one golden set, no leaks, 96.7 % of cases measured"


@pytest.mark.parametrize(("lost", "status"), [(15, "pass"), (16, "integrity")])
@pytest.mark.parametrize("model", ["candidate", "base"])
def test_95_percent_of_every_model_must_be_measured(lost, status, model):
    check = integrity_check({"candidate": results(300), "base": results(300), model: results(300 - lost, lost)}, SAME)
    assert check.status == status
    if status == "integrity":
        assert f"{model}: 16 of 300 cases unmeasured, at most 5 % allowed" in check.reason


def test_different_golden_sets():
    check = integrity_check({"candidate": results(9)}, {"candidate": "a" * 64, "base": "b" * 64})
    assert check.status == "integrity"
    assert "candidate on aaaaaaaaaaaa, base on bbbbbbbbbbbb" in check.reason


def test_a_leak():
    check = integrity_check({"candidate": results(9)}, SAME, [f"a{i} in train.jsonl:{i}" for i in range(5)])
    assert check.status == "integrity"
    assert "5 leaks: a0 in train.jsonl:0" in check.reason
    assert check.reason.endswith("and 2 more")


def test_no_result_at_all_is_not_a_pass():
    assert integrity_check({"candidate": {}}, SAME).status == "integrity"


def test_every_must_pass_case_must_pass():
    found = {"a": RIGHT, "b": WRONG, "c": UNMEASURED}
    assert must_pass_check(found, ["a"]).status == "pass"
    assert must_pass_check(found, []).status == "pass"
    check = must_pass_check(found, ["a", "b", "c", "d"])
    assert check.status == "reject"
    assert check.reason == "must-pass: 1 of 4 failed: b; 2 of 4 not measured: c, d"
    check = must_pass_check(found, ["a", "c"])
    assert (check.status, check.reason) == ("hold", "must-pass: 1 of 2 not measured: c")
    many = {f"c{i}": WRONG for i in range(14)}
    assert must_pass_check(many, list(many)).reason.endswith("c9 and 4 more")
