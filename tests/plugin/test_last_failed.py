"""--lf and --ff know misses, and decide nothing."""

from __future__ import annotations

import pytest

CASES = [{"id": f"c{i}", "input": f"q{i}", "expected": "ok", "slices": {"lang": "en"}} for i in range(20)]
FLOOR = "[gate]\n[[gate.floor]]\nmetric = 'accuracy'\nmin = 0.5\n"
WRONG = {"q3", "q7"}


@pytest.fixture
def missed(project, answering):
    """A set of twenty cases, two of them missed in the run before."""
    answering(lambda messages: "wrong" if messages[-1]["content"] in WRONG else "ok")
    project.golden("s", CASES, FLOOR)
    assert project.run().ret == 0
    project.server.requests.clear()
    return project


def asked(project):
    return [request["messages"][-1]["content"] for request in project.server.requests]


def test_lf_asks_the_misses_again_and_decides_nothing(missed):
    result = missed.run("--lf")
    assert sorted(asked(missed)) == ["q3", "q7"]
    result.assert_outcomes(failed=2)
    result.stdout.no_fnmatch_line("*gate[[]*")
    assert result.ret == 1


def test_what_was_mended_is_not_asked_again(missed):
    missed.server.answer = lambda messages: "wrong" if messages[-1]["content"] == "q3" else "ok"
    missed.run("--lf").assert_outcomes(passed=1, failed=1)
    missed.server.requests.clear()
    missed.run("--lf").assert_outcomes(failed=1)
    assert asked(missed) == ["q3"]
    missed.server.answer = lambda messages: "ok"
    assert missed.run("--lf").ret == 0
    result = missed.run("--lf")
    result.assert_outcomes(passed=20 + 3)


def test_ff_asks_them_first_and_decides(missed):
    result = missed.run("--ff")
    assert result.ret == 0
    assert set(asked(missed)[:2]) == WRONG
    result.stdout.fnmatch_lines(["*floors*PASS*(n = 20)*"])


def test_a_gate_that_was_not_met_is_not_what_lf_repeats(missed):
    missed.golden("s", CASES, FLOOR.replace("0.5", "0.99"))
    assert missed.run().ret == 1
    missed.run("--lf").assert_outcomes(failed=2)


def test_under_xdist_too(missed):
    missed.run("-n2")
    missed.server.requests.clear()
    missed.run("--lf", "-n2").assert_outcomes(failed=2)
    assert sorted(asked(missed)) == ["q3", "q7"]


def test_without_the_cache_nothing_breaks(missed):
    assert missed.run("-p", "no:cacheprovider").ret == 0


def test_a_slice_that_no_case_has_is_named_with_those_that_there_are(missed):
    result = missed.run("-m", "slice(lang='xx')")
    assert result.ret == 5
    result.stdout.fnmatch_lines(["ftgate: slice(lang='xx'): no case has lang='xx'; there are: 'en'"])
    result = missed.run("-m", "slice(lang='en')")
    result.stdout.no_fnmatch_line("*there are*")
