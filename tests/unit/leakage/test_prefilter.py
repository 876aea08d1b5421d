"""The filter before the stages: fewer rows, the same findings."""

from __future__ import annotations

import pickle
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.in_domain import Benchmark
from pytest_ftgate.data.near.jaccard_join import Fuzzy
from pytest_ftgate.data.near.normalized import goldens_of, plain_of
from pytest_ftgate.data.near.rolling_hash import bytes_of, joined, letter_codes, word_codes
from pytest_ftgate.errors import SelfTestError
from pytest_ftgate.leakage.containment import Containment
from pytest_ftgate.leakage.edited import Edited
from pytest_ftgate.leakage.index import Index
from pytest_ftgate.leakage.prefilter import LONGEST, Prefilter
from tests.unit.leakage.leak_samples import cases, row, words

WORDS = st.sampled_from(["a", "b", "ab", "free", "prize", "now", "claim", "你", "é", "x1", "the", "thee", "£", "🎉"])
TEXTS = st.lists(WORDS, min_size=1, max_size=40)


def found(goldens, rows, *, prefiltered):
    return list(Index(goldens_of(goldens), prefiltered=prefiltered).find(rows))


@st.composite
def copies(draw, texts):
    """A piece of one of the texts, edited a little, and something around it."""
    text = list(draw(st.sampled_from(texts)))[draw(st.integers(0, 8)) :]
    for _ in range(draw(st.integers(0, 6)) if text else 0):
        text[draw(st.integers(0, len(text) - 1))] = draw(WORDS)
    return " ".join([*draw(st.lists(WORDS, max_size=12)), *text, *draw(st.lists(WORDS, max_size=12))])


@settings(max_examples=100, deadline=None)
@given(st.data(), st.lists(TEXTS, min_size=1, max_size=15), st.integers(0, 12))
def test_with_and_without_the_filter_the_findings_are_the_same(data, texts, templated):
    texts = [["one", "template", "of", "all", *text] if n < templated else text for n, text in enumerate(texts)]
    goldens = cases(*map(" ".join, texts))
    asked = data.draw(st.lists(copies(texts), min_size=1, max_size=8))
    answers = data.draw(st.lists(copies(texts), min_size=len(asked), max_size=len(asked)))
    rows = [row(text, line, expected=answer) for line, (text, answer) in enumerate(zip(asked, answers, strict=True))]
    rows.append(row(asked[0], 99, system=answers[0]))
    assert found(goldens, rows, prefiltered=True) == found(goldens, rows, prefiltered=False)


def near(text: str, draw: random.Random) -> str:
    """Of the words a beginning or an end, of the letters some changed, inside something else or alone."""
    parts = text.split()
    cut = draw.randrange(len(parts)) // 2
    letters = list(" ".join(parts[cut:] if draw.random() < 0.5 else parts[: len(parts) - cut]))
    for place in draw.sample(range(len(letters)), len(letters) * draw.randrange(12) // 100):
        letters[place] = draw.choice("xyz ")
    around = words(draw.choice((0, 0, 3, 30)), draw.randrange(10**6))
    return f"{around} {''.join(letters)} {around}"


def test_at_every_threshold_the_findings_are_the_same():
    """2,000 rows that lie on both sides of each threshold, for goldens of 5 to 120 words."""
    draw = random.Random(1)
    texts = [words(draw.randrange(5, 120), seed) for seed in range(60)]
    goldens = cases(*texts)
    rows = [row(near(draw.choice(texts), draw), line) for line in range(2000)]
    plain = found(goldens, rows, prefiltered=False)
    assert 300 < len(plain) < 1700, "rows lie on both sides"
    assert found(goldens, rows, prefiltered=True) == plain
    assert {leak.stage for _, leaks in plain for leak in leaks} >= {"exact", "containment", "fuzzy"}


def test_the_filter_filters():
    goldens = cases(*(words(60, seed) for seed in range(100)))
    scan = Index(goldens_of(goldens))
    rows = [plain_of(row(words(150, 10_000 + seed))) for seed in range(500)]
    assert len(scan._filter.passing(rows)) < 25


def test_rows_of_one_benchmark_are_looked_at_by_few_stages():
    """They share letters with some golden nearly always, runs of five words with hardly any in sufficient number."""
    asked, rows = Benchmark(1), Benchmark(2)
    scan = Index(goldens_of(cases(*(asked.problem()[0] for _ in range(200)))))
    told = scan._filter.told([plain_of(row("\n".join(rows.problem()))) for _ in range(200)])
    assert sum("words" in by for by in told.values()) < 20


def test_a_row_too_long_for_it_goes_to_the_stages(monkeypatch):
    golden = words(30, 1)
    scan = Index(goldens_of(cases(golden)))
    long = "na " * LONGEST + golden
    [(_, leaks)] = scan.find([row("nothing", 1), row(long, 2), row("else", 3)])
    assert [(leak.line, leak.stage) for leak in leaks] == [(2, "containment")]


def test_batches_do_not_mix():
    """A golden cut in two by the border of two rows is in neither; rows are told by their own lines."""
    golden = words(40, 1)
    half = golden.split()
    rows = [row(" ".join(half[:20]), 1), row(" ".join(half[20:]), 2), row(golden, 3), row("", 4), row("a", 5)]
    whole = found(cases(golden), rows, prefiltered=True)
    assert whole == found(cases(golden), rows, prefiltered=False)
    assert [each.line for each, leaks in whole if leaks[0].score == 1.0] == [3]


def test_it_is_pickled_with_its_index():
    scan = Index(goldens_of(cases(*(words(30, seed) for seed in range(20)))))
    again = pickle.loads(pickle.dumps(scan))
    rows = [row(words(30, 3)), row("other")]
    assert list(again.find(rows)) == list(scan.find(rows)) != []


def test_a_filter_that_drops_a_planted_golden_stops_the_check(monkeypatch):
    monkeypatch.setattr(Prefilter, "passing", lambda self, rows: [])
    with pytest.raises(SelfTestError, match="the prefilter dropped a row with planted golden case g0"):
        Index(goldens_of(cases(words(20, 1))))


TEXT = st.text(max_size=60) | st.text(st.sampled_from("ab é你 "), max_size=60)


@settings(max_examples=200, deadline=None)
@given(TEXT, TEXT)
def test_equal_sequences_of_letters_have_equal_codes_and_others_of_ascii_do_not(one, other):
    codes = letter_codes(bytes_of(one + other)).tolist()
    grams = [(one + other)[place : place + 5] for place in range(len(codes))]
    by_gram = dict(zip(grams, codes, strict=True))
    assert [by_gram[gram] for gram in grams] == codes
    ascii_only = {gram: code for gram, code in by_gram.items() if gram.isascii()}
    assert len(set(ascii_only.values())) == len(ascii_only)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(WORDS, min_size=1, max_size=9), min_size=1, max_size=6))
def test_equal_runs_of_words_have_equal_codes_wherever_they_stand(texts):
    whole, _ = joined([" ".join(text) for text in texts])
    every = [word for text in texts for word in text]
    codes, begins = word_codes(whole)
    grams = [tuple(every[place : place + 5]) for place in range(max(0, len(every) - 4))]
    assert len(codes) == len(begins) == len(grams)
    by_gram = dict(zip(grams, codes.tolist(), strict=True))
    assert [by_gram[gram] for gram in grams] == codes.tolist()
    assert len(set(by_gram.values())) == len(by_gram)


@pytest.mark.parametrize("size", [5, 8, 12, 13, 14, 17, 18, 25, 26, 27, 40, 61])
def test_each_half_of_the_filter_keeps_what_its_own_stage_finds_at_the_very_threshold(size):
    """Every beginning of a golden, in one piece or in two: the shortest that a stage finds passes its half alone."""
    text = words(size, size).split()
    goldens = goldens_of(cases(" ".join(text)))
    contained, fuzzy = Containment(goldens), Fuzzy(goldens)
    both = Prefilter(goldens, [contained], fuzzy, Edited(goldens))
    outside = words(30, 1)
    pieces = [" ".join(text[:end]) for end in range(1, size + 1)]
    pieces += [f"{' '.join(text[size - end :])} {outside} {' '.join(text[: size - end])}" for end in range(1, size)]
    rows = [plain_of(row(around.format(piece))) for piece in pieces for around in ("{}", f"{outside} {{}} {outside}")]
    codes, begins = zip(*(word_codes(bytes_of(each.whole)) for each in rows), strict=True)
    ends = [np.array([len(bytes_of(each.whole)) + 1]) for each in rows]
    seen = 0
    for each, own, at, end in zip(rows, codes, begins, ends, strict=True):
        if any(contained.find(each.sample)):
            seen += 1
            assert both._words.passing(own, at, end).all(), each.whole
        if any(fuzzy.find(each.sample)):
            assert both._letters.passing(letter_codes(bytes_of(each.whole)), None, end).all(), each.whole
    assert seen
