"""The filter of the near-text join: no near golden is lost, and in one benchmark few others are left."""

from __future__ import annotations

import random

import numpy as np
import pytest

from bench.in_domain import Benchmark
from pytest_ftgate.data.near.jaccard_join import Fuzzy
from pytest_ftgate.data.near.join_filter import Bitmaps
from pytest_ftgate.data.near.normalized import Golden, Sample, goldens_of
from pytest_ftgate.data.near.rolling_hash import distinct_codes
from pytest_ftgate.data.near.text import words_of
from pytest_ftgate.golden.case import Case


def goldens(kind: str, count: int) -> tuple[Golden, ...]:
    made = Benchmark(1)
    return goldens_of([Case(str(number), getattr(made, kind)()[0], None) for number in range(count)])


def edited(words: tuple[str, ...], draw: random.Random) -> tuple[str, ...]:
    """A beginning of them, one word in ten another, and something behind: on both sides of every threshold."""
    kept = list(words[: len(words) - draw.randrange(len(words) // 3)])
    for place in draw.sample(range(len(kept)), len(kept) // 10):
        kept[place] = draw.choice(words)
    return (*kept, *draw.sample(words, draw.randrange(len(words) // 4 + 1)))


@pytest.mark.parametrize("kind", ["problem", "choice"])
def test_in_one_benchmark_the_filter_loses_no_near_text(kind):
    asked, draw = goldens(kind, 150), random.Random(1)
    samples = [edited(draw.choice(asked).question, draw) for _ in range(150)]
    samples += [words_of("\n".join(getattr(Benchmark(2), kind)())) for _ in range(50)]
    every, filtered = Fuzzy(asked, filtered=False), Fuzzy(asked)
    found = [{hit.golden: hit for hit in every.find(Sample(words, words))} for words in samples]
    assert found == [{hit.golden: hit for hit in filtered.find(Sample(words, words))} for words in samples]
    assert 50 < sum(map(bool, found)) < 200, "rows lie on both sides"


@pytest.mark.parametrize("kind", ["problem", "choice"])
def test_of_goldens_of_the_same_benchmark_next_to_none_is_compared_as_text(kind):
    """Each comparison makes the sets of two texts, which was 98 % of the time of a check in one benchmark."""
    stage, rows = Fuzzy(goldens(kind, 500)), Benchmark(2)
    texts = [words_of("\n".join(getattr(rows, kind)())) for _ in range(200)]
    assert sum(len(stage._candidates((" ".join(text),))) for text in texts) < 20


def test_a_bitmap_counts_never_fewer_than_are_shared():
    made = Benchmark(3)
    texts = ["éa ".join(made.problem()[0].split()) for _ in range(20)] + [made.problem()[0] for _ in range(20)]
    codes = [distinct_codes(text) for text in texts]
    maps = Bitmaps(codes, np.array([len(own) for own in codes]))
    for own in codes:
        shared = [len(np.intersect1d(own, other)) for other in codes]
        assert (maps.most_shared(np.arange(len(codes)), own) >= shared).all()
