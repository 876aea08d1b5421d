"""Copies with a word here and there changed are found inside other text, in scripts with and without spaces."""

from __future__ import annotations

import inspect
import random
import re
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.script_texts import Texts
from pytest_ftgate.data.near.normalized import goldens_of, sample_of
from pytest_ftgate.leakage.check import find_leaks
from pytest_ftgate.leakage.common_subsequence import common_length
from pytest_ftgate.leakage.edited import Edited
from tests.unit.leakage.leak_samples import case, cases, check, row, words


def test_five_thousand_unrelated_rows_give_no_alarm():
    texts = Texts("English", 1)
    goldens = cases(*(texts.text(texts.words(5, 60)) for _ in range(500)))
    rows = (row(texts.text(texts.words(5, 300)), line) for line in range(5000))
    assert find_leaks(goldens, rows).found == ()


@cache
def sentences(*modules: str) -> tuple[str, ...]:
    """English sentences of 8 to 60 words that stand in the docstrings of the standard library, each once."""
    texts = []
    for name in modules:
        module = __import__(name)
        things = [module, *(each for _, each in inspect.getmembers(module) if inspect.isclass(each))]
        members = (each for thing in things for _, each in inspect.getmembers(thing) if callable(each))
        texts += [inspect.getdoc(each) or "" for each in [*things, *members]]
    found = (" ".join(each.split()) for text in texts for each in re.split(r"(?<=[.!?])\s+|\n\n", text))
    return tuple(dict.fromkeys(each for each in found if 8 <= len(each.split()) <= 60))


def changed(text: str, draw: random.Random) -> str:
    parts = text.split()
    for place in draw.sample(range(len(parts)), max(1, round(len(parts) / 20))):
        parts[place] = draw.choice(["another", "changed", "", f"{parts[place]} too"])
    return " ".join(parts)


def test_english_sentences_are_found_edited_and_others_are_no_leak():
    draw = random.Random(1)
    own = sentences("argparse", "subprocess", "statistics", "pathlib", "threading")
    others = sentences("decimal", "ssl", "tarfile", "zipfile", "xml.dom.minidom", "email", "socket", "turtle")
    golden, rest = own[::2], [*own[1::2], *others]
    long = {number for number, text in enumerate(golden) if len(text.split()) >= 15}
    assert len(long) > 60
    rows = [f"{' '.join(draw.sample(others, 4))} {changed(text, draw)} {draw.choice(others)}" for text in golden]
    found = {(leak.golden_id, leak.line): leak.verdict for leak in check(cases(*golden), *rows).found}
    leaks = [number for number in long if found.get((f"g{number}", number + 1)) == "leak"]
    assert len(leaks) >= 0.95 * len(long)
    assert len([number for number in range(len(golden)) if (f"g{number}", number + 1) in found]) >= 0.9 * len(golden)
    unrelated = check(cases(*golden[::2]), *(text for text in others if text not in own))
    assert len(unrelated.leaks) <= 0.002 * len(rest)


@pytest.mark.parametrize(
    ("golden", "copy", "verdict"),
    [
        (
            "How many parcels did the courier deliver on Monday if every van held forty boxes",
            "How many parcels did that courier deliver on Monday if every van held forty boxes",
            "leak",
        ),
        (
            "Which river flows through Ulm, Vienna and Budapest?",
            "Which stream flows through Ulm, Vienna and Budapest?",
            "suspect",
        ),
        (
            "请根据以下材料回答城市地铁在早高峰期间为什么经常晚点并说明理由",
            "请根据以下材料回答城市公交在早高峰期间为什么经常晚点并说明理由",
            "leak",
        ),
        (
            "この町で一番古い図書館はいつ建てられたのか教えてください",
            "この街で一番古い図書館はいつ建てられたのか教えてください",
            "leak",
        ),
        (
            "รถไฟขบวนสุดท้ายไปเชียงใหม่ออกจากสถานีกลางเวลากี่นาฬิกาในวันอาทิตย์",
            "รถไฟขบวนสุดท้ายไปลำปางออกจากสถานีกลางเวลากี่นาฬิกาในวันอาทิตย์",
            "leak",
        ),
    ],
)
def test_one_word_is_another(golden, copy, verdict):
    before, after = words(60, 1), words(60, 2)
    [leak] = check([case(golden)], f"{before} {copy} {after}", f"{before} {after}").found
    assert (leak.line, leak.verdict) == (1, verdict)
    if leak.stage == "edited":
        assert 0.7 <= leak.score < 1
        assert leak.span in " ".join(sample_of(row(copy)).whole)


def test_the_words_of_a_template_do_not_make_a_leak():
    frame = "Read the customer's message and say in one word whether it is a complaint or an order: {} Thank you."
    draw = random.Random(3)
    names = ["".join(draw.choices("abcdefghij", k=6)) for _ in range(500)]

    def texts(count):
        return [frame.format(" ".join(draw.choices(names, k=draw.randint(1, 9)))) for _ in range(count)]

    goldens = texts(60)
    assert check(cases(*goldens), *texts(300)).found == ()
    own = [text for text in goldens if len(text.split()) >= 24]
    copies = [" ".join([*text.split()[:20], "other", *text.split()[21:]]) for text in own]
    assert len(check(cases(*goldens), *(f"{words(40, 1)} {copy}" for copy in copies)).suspects) == len(own) > 5


def test_common_words_alone_are_no_finding():
    goldens = cases(*(f"what is the name of {words(8, seed)}" for seed in range(30)), "what is the name of what")
    assert 30 not in Edited(goldens_of(goldens)).indexed


@pytest.mark.parametrize("text", ["a " * 100_000, "a b c " * 50_000, " ".join(["w1 w2 w3"] * 30_000)])
def test_a_row_of_repeated_words_costs_no_more_than_its_length(text):
    goldens = cases("a " * 60, "a b c " * 30, " ".join(words(40, seed) for seed in range(3)), words(20, 1))
    assert check(goldens, f"{text} {words(20, 1)}").leaks


ITEMS = st.lists(st.sampled_from("abcd"), max_size=40)


@settings(max_examples=300, deadline=None)
@given(ITEMS, ITEMS)
def test_the_longest_common_subsequence_is_that_of_the_textbook(one, other):
    lengths = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, left in enumerate(one):
        for j, right in enumerate(other):
            longest = max(lengths[i][j + 1], lengths[i + 1][j])
            lengths[i + 1][j + 1] = lengths[i][j] + 1 if left == right else longest
    assert common_length(one, other) == lengths[-1][-1]
