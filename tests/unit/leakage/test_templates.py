"""What many goldens share is no evidence, whether a slice shares it or all; and no golden is hidden by it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from bench.disguises import UNDONE
from pytest_ftgate.data.near.normalized import goldens_of
from pytest_ftgate.data.near.own_text import Templates
from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.golden.case import Case
from pytest_ftgate.leakage.check import find_leaks
from tests.unit.leakage.leak_samples import SYLLABLES, Texts, cases, check, language, near, row

TASKS = [" ".join(language(20, 9000 + number)) for number in range(6)]


def sixty(least: int = 8, most: int = 30) -> list[tuple[str, str]]:
    """Six tasks of ten cases: (instruction, text)."""
    texts = Texts(11)
    return [(task, " ".join(texts.text(least, most))) for task in TASKS for _ in range(10)]


def joined(pairs: list[tuple[str, str]]) -> list[str]:
    return [f"{task} {text}" for task, text in pairs]


def test_an_instruction_that_a_slice_shares_is_no_evidence():
    others = [f"{task} {' '.join(Texts(12 + n).text(8, 30))}" for n, task in enumerate(TASKS * 20)]
    report = check(cases(*joined(sixty())), *others)
    assert report.summary == "leakage: 60 golden cases, 120 training rows: clean"


def test_an_instruction_that_a_slice_shares_is_no_evidence_in_a_disguise():
    others = [" ".join([task, *Texts(12 + n).text(8, 30)]) for n, task in enumerate(TASKS)]
    hidden = [disguise(text) for text in others for disguise in list(UNDONE.values())]
    assert check(cases(*joined(sixty())), *hidden).found == ()


@pytest.mark.parametrize("other", [0, 1], ids=["in its instruction", "in another's"])
def test_a_golden_in_the_instruction_of_its_slice_is_a_leak(other):
    pairs = sixty()
    rows = [f"{TASKS[(TASKS.index(task) + other) % 6]} {text}" for task, text in pairs]
    report = check(cases(*joined(pairs)), *rows)
    found = {leak.golden_id: leak.line for leak in report.found}
    assert found == {f"g{number}": number + 1 for number in range(60)}
    own = {f"g{number}" for number, (_, text) in enumerate(pairs) if other == 0 or len(text.split()) >= 13}
    assert own <= {leak.golden_id for leak in report.leaks}


def test_the_own_text_of_a_golden_alone_is_a_leak():
    pairs = sixty()
    report = check(cases(*joined(pairs)), *(text for _, text in pairs))
    assert {leak.golden_id for leak in report.leaks} == {f"g{number}" for number in range(60)}


def test_a_golden_with_its_instruction_is_a_leak_inside_other_text():
    pairs = sixty()
    around = [" ".join(Texts(5).text(40, 40)) for _ in range(2)]
    report = check(cases(*joined(pairs)), *(f"{around[0]} {text} {around[1]}" for text in joined(pairs)))
    assert {leak.golden_id for leak in report.leaks} == {f"g{number}" for number in range(60)}


def variant(number: int, size: int = 25) -> str:
    """One question with another number in its middle."""
    parts = language(size, 77)
    return " ".join([*parts[: size // 2], f"{number}", *parts[size // 2 :]])


VARIANTS = cases(*(variant(number) for number in range(20)))


@pytest.mark.parametrize("around", ["{}", "before it {} after it", f"{' '.join(language(60, 5))} {{}} end"])
def test_of_twenty_variants_of_one_question_the_one_that_leaks_is_found_and_no_other(around):
    report = check(VARIANTS, around.format(variant(7)))
    assert [(leak.golden_id, leak.verdict) for leak in report.found] == [("g7", "leak")]


def test_another_variant_of_the_question_is_none_of_them():
    assert check(VARIANTS, variant(99), f"so {variant(98)} then").found == ()


def test_an_edited_copy_of_a_variant_is_found():
    parts = variant(7).split()
    parts[2] = "other"
    assert [leak.golden_id for leak in check(VARIANTS, " ".join(parts)).found] == ["g7"]


def test_a_few_own_words_at_the_end_are_found_alone_and_a_suspect_where_another_text_may_begin_with_them():
    goldens = cases(*(f"{TASKS[0]} {' '.join(language(2, 300 + number))}" for number in range(12)))
    assert len(check(goldens, goldens[4].input).leaks) == 1
    longer = check(goldens, f"{goldens[4].input} {' '.join(language(12, 400))}")
    assert (longer.leaks, [leak.golden_id for leak in longer.suspects]) == ((), ["g4"])
    assert check(goldens, f"{TASKS[0]} {' '.join(language(2, 500))}").found == ()


def test_nothing_but_template_is_found_by_all_of_it():
    goldens = cases(TASKS[0], *joined(sixty())[:10])
    assert [leak.golden_id for leak in check(goldens, f"and {TASKS[0]} so on").leaks] == ["g0"]


def test_a_document_that_a_cluster_quotes_is_evidence():
    passage, texts = " ".join(language(60, 1)), Texts(2)
    goldens = [Case(f"g{n}", f"{passage} {' '.join(texts.text(9, 9))}", cluster="d") for n in range(12)]
    assert len(check(goldens, f"{passage} and more").leaks) == 12
    assert check([replace(each, cluster=None) for each in goldens], f"{passage} and more").leaks == ()


def test_an_answer_that_ten_goldens_share_is_a_template_too():
    shared, texts = " ".join(language(30, 3)), Texts(4)
    goldens = [
        Case(f"g{n}", " ".join(texts.text(12, 20)), f"{shared} {' '.join(texts.text(20, 20))}") for n in range(12)
    ]
    assert find_leaks(goldens, [row("else", expected=shared)]).found == ()
    found = find_leaks(goldens, [row("else", expected=goldens[3].expected)]).found
    assert [(leak.golden_id, leak.stage) for leak in found] == [("g3", "answer")]


def test_a_template_is_none_across_two_rows():
    pairs = sixty()
    half = TASKS[0].split()
    rows = [Row("t", 1, {"text": " ".join(half[:10])}), Row("t", 2, {"text": " ".join(half[10:])})]
    assert find_leaks(cases(*joined(pairs)), rows).found == ()


@pytest.mark.parametrize("seed", range(20))
def test_every_golden_keeps_something_that_it_is_looked_for_by(seed):
    draw = random.Random(seed)
    pool = [" ".join(language(draw.randint(3, 12), number)) for number in range(6)]
    texts = [" ".join(draw.choices(pool, k=draw.randint(1, 5))) for _ in range(60)]
    goldens = goldens_of(cases(*texts))
    templates = Templates(goldens)
    for golden in goldens:
        own = templates.own(golden.question)
        assert bool(own.places) == (len(golden.question) >= 5)
        assert own.needed <= set(own.places)


def test_a_near_copy_between_its_instruction_and_other_text_is_found():
    texts = [language(14, 600 + number) for number in range(10)]
    goldens = cases(*(f"{TASKS[0]} {' '.join(text)} {TASKS[1]}" for text in texts))
    copies = [near(text, 0.82, number) for number, text in enumerate(texts)]
    around = " ".join(language(40, 700))
    report = check(goldens, *(f"well {TASKS[0]} {copy} {TASKS[1]} {around}" for copy in copies))
    assert [(leak.golden_id, leak.line) for leak in report.leaks] == [(f"g{n}", n + 1) for n in range(10)]
    assert "fuzzy" in {leak.stage for leak in report.leaks}


def test_short_texts_of_one_pattern_are_no_suspects_of_each_other():
    """A few nouns and adjectives in one sentence: one word in seven is another, in the instruction of another task."""
    draw = random.Random(1)
    words = ["".join(draw.sample(SYLLABLES, 2)) for _ in range(25)]
    nouns, adjectives = words[:12], words[12:]
    made = {
        f"the {draw.choice(nouns)} was {draw.choice(adjectives)} and the {draw.choice(nouns)} {draw.choice(adjectives)}"
        for _ in range(400)
    }
    texts = sorted(made)
    draw.shuffle(texts)
    goldens = [f"{TASKS[number // 10]} {texts[number]}" for number in range(60)]
    rows = [f"{TASKS[number % 6]} {text}" for number, text in enumerate(texts[60:180])]
    assert check(cases(*goldens), *rows).found == ()
