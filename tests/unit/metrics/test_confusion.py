"""The table of labels: its macro F1 is scikit-learn's, and a table too wide for a screen names what is confused most."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.metrics.base import Scored
from pytest_ftgate.metrics.confusion import MOST_LABELS
from pytest_ftgate.metrics.labels import Labels

VALUES = ("a", "b", "c")
PAIRS = st.lists(st.tuples(st.sampled_from(VALUES), st.sampled_from([*VALUES, None])), min_size=1, max_size=60)


def table(pairs, values=VALUES):
    cases = [Scored(str(n), 0.0, False, expected, predicted) for n, (expected, predicted) in enumerate(pairs)]
    return Labels(values, cases).confusion()


@given(PAIRS)
def test_macro_f1_is_scikit_learns(pairs):
    from sklearn.metrics import f1_score

    truth, answers = zip(*pairs, strict=True)
    there = [value for value in VALUES if value in truth]
    reference = f1_score(truth, [each or "?" for each in answers], labels=there, average="macro", zero_division=0)
    assert table(pairs).macro_f1() == pytest.approx(reference)
    assert table(pairs).cases == len(pairs)


def test_many_labels_name_what_is_confused_most():
    values = tuple(f"l{n:02}" for n in range(MOST_LABELS + 1))
    pairs = [(value, value) for value in values] + [("l03", "l04")] * 7 + [("l01", None)] * 2
    assert table(pairs, values).lines_in_short() == [
        "13 labels; confused most often (expected -> predicted):",
        "    7  l03 -> l04",
        "    2  l01 -> (no label)",
    ]


def test_few_labels_are_a_table():
    assert table([("a", "b")]).lines_in_short() == table([("a", "b")]).lines()
