"""What a golden set can see, from its cases, slices and clusters."""

from __future__ import annotations

from math import inf

import pytest

from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.pipeline.discordance import ASSUMED, Discordance
from pytest_ftgate.pipeline.power import resolution_of
from tests.projects import write_rows


@pytest.fixture
def suite(tmp_path):
    """suite(25, 25, 8) -> a set whose slices part=0, part=1, part=2 have so many cases."""

    def make(*sizes, **row):
        parts = [str(part) for part, size in enumerate(sizes) for _ in range(size)]
        rows = [
            {"id": f"c{i}", "input": f"q {i}", "expected": "a", "slices": {"part": p}} | row
            for i, p in enumerate(parts)
        ]
        return load_suite(write_rows(tmp_path / "parts.golden.jsonl", rows))

    return make


def test_25_cases_under_holm_over_8_see_only_a_28_point_drop(suite):
    seen = resolution_of(suite(*[25] * 8), 0.03)
    assert len(seen.slices) == 8
    assert {each.least for each in seen.slices} == {0.28}
    assert seen.slices[0].found == pytest.approx(0.34, abs=0.005), "and find a true one of 34 four times of five"


def test_slices_below_25_cases_are_advisory_and_cost_the_others_nothing(suite):
    seen = resolution_of(suite(100, 24, 3), 0.05)
    assert [(each.name, each.cases) for each in seen.slices] == [("part=0", 100)]
    assert seen.advisory == 2
    assert seen.slices[0].found == pytest.approx(0.0995, abs=1e-3)


def test_the_line_at_collection_names_the_smallest_slice(suite):
    line = resolution_of(suite(260, 40), 0.03).long_line()
    assert line.startswith("300 cases can resolve about 6 points; a 3-point regression needs 1,100; ")
    assert line.endswith("smallest of 2 slices (part=1, 40) about 16 points")


def test_the_line_says_what_was_measured_and_says_nothing_of_what_was_not(suite):
    cases = suite(100)
    assert "discordance" not in resolution_of(cases, 0.05, ASSUMED).long_line()
    line = resolution_of(cases, 0.05, Discordance(0.04, 100, "v2 and v1")).long_line()
    assert line.startswith("100 cases can resolve about 5 points; a 5-point regression needs 124")
    assert line.endswith("; discordance 0.04 (measured: v2 and v1, 100 cases)")


def test_three_cases_see_nothing(suite):
    seen = resolution_of(suite(3), 0.05)
    assert seen.found == inf
    assert seen.line().startswith("3 cases can resolve nothing")


def test_clusters_are_counted(suite):
    assert resolution_of(suite(30, cluster="one document"), 0.05).clusters == 1
    assert resolution_of(suite(30), 0.05).clusters == 30


def test_cases_for_the_margin(suite):
    seen = resolution_of(suite(50), 0.05)
    assert (seen.to_show(0.0), seen.to_show(0.05)) == (396, 98)
    assert (seen.to_find(0.05), seen.to_find(0.03)) == (396, 1100)
