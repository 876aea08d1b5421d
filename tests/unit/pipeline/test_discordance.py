"""How often two models disagree, remembered from run to run."""

from __future__ import annotations

import pytest

from pytest_ftgate.pipeline.discordance import ASSUMED, between, recalled, remember

FIRST = {f"c{i}": 1.0 for i in range(100)}
SECOND = FIRST | {f"c{i}": 0.0 for i in range(10)}


def test_two_models_in_turn_are_compared_and_one_model_twice_is_not(tmp_path):
    assert recalled(tmp_path, "spam") == ASSUMED
    remember(tmp_path, "spam", "d1", "v1", FIRST)
    remember(tmp_path, "spam", "d1", "v1", SECOND)
    only = recalled(tmp_path, "spam")
    assert (only.share, str(only)) == (0.16, "discordance 0.16 (assumed: only v1 measured on all cases)")
    remember(tmp_path, "spam", "d2", "v2", FIRST)
    found = recalled(tmp_path, "spam")
    assert (found.share, found.cases, found.models) == (pytest.approx(0.10), 100, "v2 and v1")
    remember(tmp_path, "spam", "d2", "v2", FIRST)
    assert recalled(tmp_path, "spam") == found, "the same model again says nothing new"
    remember(tmp_path, "spam", "d3", "v3", FIRST | {f"c{i}": 0.0 for i in range(20)})
    assert (recalled(tmp_path, "spam").share, recalled(tmp_path, "spam").models) == (pytest.approx(0.20), "v3 and v2")
    assert recalled(tmp_path, "ham") == ASSUMED


def test_only_cases_of_both_count_and_cases_that_changed_are_others():
    found = between({"a": 1.0, "b": 0.0, "new": 1.0}, {"a": 1.0, "b": 1.0, "old": 0.0}, "")
    assert (round(found.share, 3), found.cases) == (0.575, 2), (
        "two cases may have missed 57 % of all: more than was seen"
    )
    assert between({"a": 1.0}, {"b": 1.0}, "") is None


def test_graded_values_count_by_their_squares():
    """The variance that planning needs; equal to the share of discordant cases for right and wrong."""
    assert between({f"c{i}": 0.5 for i in range(100)}, FIRST, "").share == 0.25


def test_two_models_that_agree_everywhere_may_still_differ_where_nobody_looked():
    assert between(FIRST, FIRST, "").share == pytest.approx(0.0263, abs=1e-4)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pair": null, "last": 3}', '{"pair": {"share": 1}, "last": {}}'])
def test_a_broken_file_is_as_if_there_were_none_and_is_written_anew(tmp_path, text):
    file = tmp_path / "discordance/spam.json"
    file.parent.mkdir()
    file.write_text(text)
    assert recalled(tmp_path, "spam") == ASSUMED
    remember(tmp_path, "spam", "d1", "v1", FIRST)
    remember(tmp_path, "spam", "d2", "v2", SECOND)
    assert recalled(tmp_path, "spam").cases == 100
