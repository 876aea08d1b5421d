"""A sketch says how many questions two golden sets share: exactly for small ones, nearly for large ones."""

from __future__ import annotations

import pytest

from pytest_ftgate.golden.case import Case
from pytest_ftgate.pipeline.question_sketch import SIZE, of_tag, shared, sketch_of, to_tag


def asks(*numbers: int) -> tuple[Case, ...]:
    return tuple(Case(f"c{number}", f"Question {number}?", "yes") for number in numbers)


def both(one: range, other: range) -> float:
    return shared(sketch_of(asks(*one)), sketch_of(asks(*other)))


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        (range(10), range(10), 1.0),
        (range(10), range(5, 15), 1 / 3),
        (range(10), range(10, 20), 0.0),
        (range(10), range(20), 0.5),
        (range(0), range(10), 0.0),
        (range(0), range(0), 0.0),
    ],
)
def test_small_sets_are_compared_exactly(one: range, other: range, share: float) -> None:
    assert both(one, other) == pytest.approx(share)
    assert both(other, one) == pytest.approx(share)


@pytest.mark.parametrize("kept", [0, 300, 600, 900, 1000])
def test_large_sets_are_compared_within_the_error_of_a_sketch(kept: int) -> None:
    true = kept / (2000 - kept)
    error = (true * (1 - true) / SIZE) ** 0.5
    assert abs(both(range(1000), range(1000 - kept, 2000 - kept)) - true) <= 4 * error


def test_it_fits_into_a_tag_and_is_read_back() -> None:
    sketch = sketch_of(asks(*range(1000)))
    assert of_tag(to_tag(sketch)) == sketch
    assert len(to_tag(sketch)) < 1000


def test_what_is_asked_counts_not_how_it_is_written() -> None:
    one = (Case("a", "Is it  SPAM?", "yes"), Case("b", {"text": "Buy now", "lang": "en"}))
    other = (Case("x", {"lang": "en", "text": "buy NOW!"}, 3), Case("y", [{"role": "user", "content": "is it spam"}]))
    assert sketch_of(one) == sketch_of(other)
