"""What differs between an expected text and an answer, where a reader would not see it at once."""

from __future__ import annotations

import time

import pytest

from pytest_ftgate.pipeline.report.text_diff import differences

STORY = "The parcel left the warehouse on Monday and reached the customer after three days of travel. " * 3
LINES = "\n".join(f"line {number} of a longer text" for number in range(20))


@pytest.mark.parametrize(("expected", "found"), [("billing", "bug"), (STORY, "bug"), ("bug", STORY), (STORY, STORY)])
def test_short_and_equal_texts_need_no_diff(expected: str, found: str) -> None:
    assert differences(expected, found) == ("", [])


def test_texts_that_share_little_are_not_compared() -> None:
    assert differences(STORY, "Quite another answer, written in other words altogether. " * 4) == ("", [])


def test_by_lines_where_most_lines_are_the_same() -> None:
    how, lines = differences(LINES, LINES.replace("line 7 ", "LINE 7 ") + "\nmore")
    assert how == "- expected, + answer"
    assert lines == [
        "...",
        " line 6 of a longer text",
        "-line 7 of a longer text",
        "+LINE 7 of a longer text",
        " line 8 of a longer text",
        "...",
        " line 19 of a longer text",
        "+more",
    ]


def test_by_words_within_one_line() -> None:
    how, lines = differences(STORY, STORY.replace("Monday", "Friday", 1).replace(" after", " long after", 1))
    assert how == "[-expected-] {+answer+}"
    assert lines[0].startswith(
        "The parcel left the warehouse on [-Monday-] {+Friday+} and reached the customer {+long+} after three days of ..."
    )


def test_texts_that_repeat_themselves_for_ever_take_no_time() -> None:
    begun = time.monotonic()
    differences("a " * 200_000, "a b " * 100_000)
    differences("a\n" * 200_000, "a\nb\n" * 100_000)
    assert time.monotonic() - begun < 60


def test_by_characters_in_a_script_without_spaces() -> None:
    story = "包裹星期一离开仓库，经过三天的路程送到了顾客手里。" * 8
    how, lines = differences(story, story.replace("三天", "五天", 1))
    assert how == "[-expected-] {+answer+}"
    assert lines == ["包裹星期...库，经过[-三-]{+五+}天的路程...客手里。"]
