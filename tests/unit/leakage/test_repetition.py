"""Grids, boards, sequences of bases: a few words again and again are a leak only in the same order."""

from __future__ import annotations

import random
import time

import pytest

from tests.unit.leakage.leak_samples import cases, check


def _drawn(draw, signs, size):
    return " ".join(draw.choices(signs, k=size))


def _board(draw):
    return "Board:\n" + "\n".join(_drawn(draw, "......pPrRnN", 8) for _ in range(8))


def _bases(draw):
    return f"Sequence: {_drawn(draw, 'ACGT', 400)}"


def _table(draw):
    return "\n".join(f"| {_drawn(draw, '012', 8).replace(' ', ' | ')} |" for _ in range(12))


@pytest.mark.parametrize("made", [_board, _bases, _table])
def test_random_texts_of_a_few_signs_are_no_copies_of_one_another(made):
    draw = random.Random(5)
    goldens, rows = [made(draw) for _ in range(12)], [made(draw) for _ in range(12)]
    assert check(cases(*goldens), *rows).found == ()


@pytest.mark.parametrize("made", [_board, _bases, _table])
def test_a_copy_of_one_is_found(made):
    draw = random.Random(6)
    goldens = [made(draw) for _ in range(12)]
    report = check(cases(*goldens), made(draw), f"Solve this. {goldens[3]} Thank you.", goldens[4])
    assert {(leak.line, leak.golden_id) for leak in report.found} == {(2, "g3"), (3, "g4")}
    assert [leak.golden_id for leak in report.leaks if leak.line == 3] == ["g4"]


def test_the_time_does_not_explode_where_words_repeat():
    draw = random.Random(7)

    def grid():
        return "\n".join(
            " ".join("0" if draw.random() < 0.85 else draw.choice("12345") for _ in range(20)) for _ in range(20)
        )

    goldens = [*(grid() for _ in range(30)), "ha " * 2000]
    begin = time.monotonic()
    report = check(cases(*goldens), *(grid() for _ in range(10)), "ha " * 1500 + "x", f"Solve this. {goldens[2]} Now.")
    assert [(leak.line, leak.golden_id) for leak in report.leaks] == [(12, "g2")]
    assert time.monotonic() - begin < 60
