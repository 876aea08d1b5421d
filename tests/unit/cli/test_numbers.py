"""Options that are numbers within bounds."""

from __future__ import annotations

import argparse

import pytest

from pytest_ftgate.cli.common import version_number
from pytest_ftgate.cli.numbers import real, whole


def test_numbers_within_the_bounds_are_read():
    assert [whole(1, 9)(text) for text in ("1", "9", "+3")] == [1, 9, 3]
    assert [real(0, 9)(text) for text in ("0", "9", "2.5")] == [0, 9, 2.5]


@pytest.mark.parametrize("text", ["-1", "10", "x", "", "nan", "inf", "1e308", "9" * 5000])
def test_anything_else_is_refused_in_one_short_line(text):
    for read in (whole(0, 9), real(0, 9)):
        with pytest.raises(argparse.ArgumentTypeError, match="from 0 to 9") as error:
            read(text)
        assert len(str(error.value)) < 120


def test_a_version_has_few_digits():
    with pytest.raises(argparse.ArgumentTypeError, match="is not a version"):
        version_number("v" + "9" * 5000)
