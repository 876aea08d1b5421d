"""How many rows become golden cases."""

from __future__ import annotations

import pytest

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.metrics.power import cases_to_find
from pytest_ftgate.pipeline.starting.size import LEAST, Sizes, check_left, sight, sizes_of


@pytest.mark.parametrize(
    ("rows", "wanted", "sizes"),
    [
        (280, None, Sizes(50, 210, 20)),
        (300, None, Sizes(70, 210, 20)),
        (600, None, Sizes(200, 360, 40)),
        (10_000, None, Sizes(cases_to_find(0.05), 9404, 200)),
        (600, 100, Sizes(100, 450, 50)),
        (1000, 770, Sizes(770, 210, 20)),
    ],
)
def test_five_points_are_found_as_far_as_a_third_of_the_rows_does_it(rows, wanted, sizes):
    assert sizes_of(rows, wanted) == sizes
    assert sizes.rows == rows


def test_every_number_of_rows_leaves_enough_to_train_on():
    for rows in range(LEAST, 700):
        sizes = sizes_of(rows)
        assert sizes.rows == rows
        assert sizes.goldens >= 50
        assert sizes.train >= 210
        assert sizes.validation >= 20


def test_too_few_rows_say_how_many_are_needed():
    with pytest.raises(FtgateError, match="279 can be used, at least 280 are needed: 210 to train on, 50 golden"):
        sizes_of(279)
    with pytest.raises(FtgateError, match=r"--goldens 400: .* at most 370"):
        sizes_of(600, 400)
    with pytest.raises(FtgateError, match="199 are left to train on"):
        check_left(199, 20)


def test_what_a_size_can_see_is_told():
    assert sight(200) == ("200 cases find a true difference of about 7 points between two models; 5 points need 396")
    assert sight(400).endswith("between two models")
