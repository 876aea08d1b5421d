"""Near pairs are those of all comparisons, in time that grows with the texts, in scripts without spaces as well."""

from __future__ import annotations

import random
import time
from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from pytest_ftgate.data.near.candidates import LONG, candidates
from pytest_ftgate.data.near.gram_codes import spaced
from pytest_ftgate.data.near.groups import Item, groups_of
from pytest_ftgate.data.near.jaccard_join import jaccard
from pytest_ftgate.data.near.near_pairs_within import near_pairs
from pytest_ftgate.data.near.ngrams import grams_of

LETTERS = {"latin": "abcdefghijklmnop", "chinese": [chr(0x4E00 + 7 * n) for n in range(400)]}
LETTERS["thai"] = "กขคงจฉชซญดตถทธนบปผ"


def words(draw: random.Random, count: int, letters="abcdefghijklmnop") -> str:
    return " ".join("".join(draw.choices(letters, k=draw.randrange(3, 9))) for _ in range(count))


def unspaced(draw: random.Random, count: int, letters) -> str:
    return "".join(draw.choices(letters, k=count))


def edited(draw: random.Random, text: str, letters, edits: int) -> str:
    changed = list(text)
    for place in draw.sample(range(len(changed)), edits):
        changed[place] = draw.choice(letters)
    return "".join(changed)


def groups(texts) -> list[int]:
    """Sizes of the groups of several, the largest first."""
    items = [Item(str(place), "", "", "t", place) for place in range(len(texts))]
    found = groups_of(items, {str(place): text for place, text in enumerate(texts)}).groups
    return sorted((len(group.items) for group in found if len(group.items) > 1), reverse=True)


def all_near(texts) -> dict[frozenset[int], float]:
    """By comparing each with each, as sets of strings, without what stands in a fifth of them."""
    grams = [grams_of(spaced(text)) for text in texts]
    counts = Counter(gram for own in grams for gram in own)
    grams = [frozenset(gram for gram in own if counts[gram] < 0.2 * len(texts)) for own in grams]
    pairs = combinations(range(len(texts)), 2)
    scores = {frozenset((one, other)): jaccard(grams[one], grams[other]) for one, other in pairs}
    return {pair: score for pair, score in scores.items() if score >= 0.8}


@pytest.mark.parametrize("script", LETTERS)
def test_pairs_are_those_of_all_comparisons_and_no_more(script):
    draw, letters = random.Random(script), LETTERS[script]
    make = words if script == "latin" else unspaced
    texts = []
    for _ in range(150):
        text = make(draw, 40 if script == "latin" else 90, letters)
        texts += [text, edited(draw, text, letters, draw.randrange(1, 6)), edited(draw, text, letters, 20)]
    expected = all_near(texts)
    found = {frozenset((pair.one, pair.other)): pair.score for pair in near_pairs(texts)}
    assert found.items() <= expected.items()
    assert len(expected) > 80
    assert len(found) >= 0.99 * len(expected)


def test_pairs_do_not_depend_on_the_order_and_come_once():
    draw = random.Random(0)
    texts = [words(draw, 12) for _ in range(60)]
    texts += [f"{text} x" for text in texts]
    pairs = [frozenset(texts[place] for place in pair[:2]) for pair in near_pairs(texts)]
    assert len(pairs) == len(set(pairs)) == 60
    shuffled = draw.sample(texts, len(texts))
    assert {frozenset(shuffled[place] for place in pair[:2]) for pair in near_pairs(shuffled)} == set(pairs)


def test_texts_in_a_script_without_spaces_are_near_and_short_ones_are_not():
    told = "请用一句话回答下面这个关于图书馆开放时间的问题并说明您是从哪里得到答案的"
    texts = [f"{told}{day}上午几点开门" for day in ("星期一", "星期二", "星期六")]
    assert groups(texts) == [3]
    assert groups(["你好吗", "你好啊"]) == []
    assert groups(["is it so?", "is it so!"]) == []


@pytest.mark.parametrize("letters", LETTERS.values(), ids=LETTERS)
def test_a_long_instruction_of_all_rows_makes_none_of_them_near(letters):
    draw = random.Random(1)
    instruction = words(draw, 80, letters)
    texts = [f"{instruction} {words(draw, 6, letters)}" for _ in range(10_000)]
    copies = [f"{text} {draw.choice(letters)}" for text in texts[:20]] if "a" in letters else []
    begun = time.process_time()
    assert groups(texts + copies) == [2] * len(copies)
    assert time.process_time() - begun < 120


def test_thousands_of_near_texts_are_one_group_and_quickly():
    draw = random.Random(2)
    text = words(draw, 8)
    copies = [f"{text} {number}" for number in range(3_000)]
    begun = time.process_time()
    assert groups([*copies, *(words(draw, 12) for _ in range(13_000))]) == [3_000]
    assert time.process_time() - begun < 120


def test_candidates_of_long_runs_grow_with_the_texts_and_of_short_ones_are_all_pairs():
    short = np.full((LONG, 3), 7, np.uint64)
    found = [batch for batch in candidates(short) if len(batch.ones)]
    assert [len(batch.ones) for batch in found] == [LONG * (LONG - 1) // 2]
    long = np.full((50_000, 3), 7, np.uint64)
    assert sum(len(batch.ones) for batch in candidates(long)) < 3 * 50_000 * 11


def test_a_pair_of_a_long_run_is_found_in_a_later_short_one():
    bands = np.arange(1, 3 * 1000 + 1, dtype=np.uint64).reshape(1000, 3)
    bands[:, 0] = 5
    bands[990, 2] = bands[300, 2]
    pairs = {pair for batch in candidates(bands) if not batch.long for pair in zip(*batch[:2], strict=True)}
    assert pairs == {(300, 990)}


def test_texts_without_a_gram_are_near_to_nothing():
    assert list(near_pairs(["", "a b c d e", "f g h i j", "  "])) == []
    assert list(near_pairs([])) == []
