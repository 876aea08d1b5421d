"""A planted leak that is not found stops the check."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ftgate.data.near import jaccard_join
from pytest_ftgate.data.near.normalized import goldens_of
from pytest_ftgate.errors import SelfTestError
from pytest_ftgate.leakage import containment, edited, exact
from pytest_ftgate.leakage.check import STAGES, find_leaks
from pytest_ftgate.leakage.disguise.disguised import Disguised
from pytest_ftgate.leakage.selftest import check_disguises, check_stages
from tests.unit.leakage.leak_samples import cases, check, row, words

GOLDENS = cases(*(words(20, seed) for seed in range(5)))


@pytest.mark.parametrize("stage", [exact.Exact, containment.Containment, jaccard_join.Fuzzy, edited.Edited])
def test_a_stage_that_finds_nothing_is_an_error_and_never_clean(monkeypatch, stage):
    monkeypatch.setattr(stage, "find", lambda self, sample: iter(()))
    with pytest.raises(SelfTestError, match=f"stage {stage.__name__.lower()} missed golden case g0"):
        check(GOLDENS, "any row")


def test_a_threshold_out_of_reach_is_noticed(monkeypatch):
    monkeypatch.setattr(jaccard_join, "SUSPECT", 1.01)
    with pytest.raises(SelfTestError, match="stage fuzzy"):
        check(GOLDENS, "any row")


def test_it_comes_before_the_first_row(monkeypatch):
    monkeypatch.setattr(exact.Exact, "find", lambda self, sample: iter(()))
    rows = iter([row("x")])
    with pytest.raises(SelfTestError):
        find_leaks({"mail": GOLDENS}, rows)
    assert len(list(rows)) == 1


TEMPLATE = ["is", "this", "message", "spam", "or", "ham", "answer", "with", "one", "word"]
TEXTS = st.lists(st.sampled_from(["free", "prize", "é", "你", "a", "call", "0800", "ß", "🎉"]), min_size=1, max_size=30)


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=30), st.integers(0, 10), st.booleans())
def test_sound_stages_pass_whatever_the_goldens(texts, cut, templated):
    around = TEMPLATE if templated else []
    goldens = goldens_of(cases(*(" ".join([*around[:cut], *text, *around[cut:]]) for text in texts)))
    check_stages(goldens, [stage(goldens) for stage in STAGES])


def test_a_search_for_disguises_that_finds_nothing_is_an_error_and_never_clean(monkeypatch):
    monkeypatch.setattr(Disguised, "find", lambda self, rows, plain: iter(()))
    with pytest.raises(SelfTestError, match="HTML entities, twice hid golden case g0 planted in a row"):
        check(GOLDENS, "any row")


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=30), st.booleans())
def test_a_sound_search_for_disguises_passes_whatever_the_goldens(texts, templated):
    around = TEMPLATE if templated else []
    goldens = goldens_of(cases(*(" ".join([*around, *text]) for text in texts)))
    check_disguises(goldens, Disguised(goldens).find)


@pytest.mark.parametrize("text", ["今天天气好", "é กขกข", "하 나 둘 셋 넷", "a b c d e"])
def test_a_set_of_nothing_but_a_few_letters_passes(text):
    assert len(check(cases(text), text).leaks) == 1


LETTERS = {
    "LATIN": "abcdefghiklmnoprstuv",
    "CJK": "天地人水火山木金土日月年時分春夏秋冬東西",
    "HIRAGANA": "あいうえおかきくけこさしすせそたちつてと",
    "THAI": "กขคงจฉชซญดตถทนบปผพมย",
    "KHMER": "កខគឃងចឆជឈញដឋឌណតថទនបផ",
    "DEVANAGARI": "अआइईउऊएऐओऔकखगघचछजझटठ",
    "ARABIC": "ابتثجحخدذرزسشصضطظعغف",
    "HEBREW": "אבגדהוזחטיכלמנסעפצקר",
    "HANGUL": "가나다라마바사아자차카타파하거너더러머버",
    "CYRILLIC": "абвгдежзиклмнопрстуф",
}
SPACELESS = {"CJK", "HIRAGANA", "THAI", "KHMER"}


def in_script(script: str, seed: int, size: int = 16) -> str:
    draw = random.Random(seed)
    made = ["".join(draw.choices(LETTERS[script], k=draw.randint(2, 5))) for _ in range(size)]
    return ("" if script in SPACELESS else " ").join(made)


@pytest.mark.parametrize("script", LETTERS)
def test_goldens_of_every_script_pass_the_self_test_and_are_found(script):
    goldens = cases(*(in_script(script, seed) for seed in range(12)))
    report = check(goldens, *(golden.input for golden in goldens), f"zq {goldens[3].input} zq", in_script(script, 99))
    assert {leak.line: leak.golden_id for leak in report.leaks} == {n + 1: f"g{n}" for n in range(12)} | {13: "g3"}


def deaf(script: str):
    """A stage that finds nothing in rows of a script."""
    find = containment.Containment.find

    def finds(self, sample):
        words = " ".join(sample.whole)
        return iter(()) if any(letter in words for letter in LETTERS[script]) else find(self, sample)

    return finds


@pytest.mark.parametrize("script", ["CJK", "THAI", "ARABIC"])
def test_a_stage_that_is_deaf_in_one_script_of_the_goldens_is_an_error(monkeypatch, script):
    """Although it finds the longest goldens, which are in another script."""
    monkeypatch.setattr(containment.Containment, "find", deaf(script))
    latin = cases(*(words(90, seed) for seed in range(30)))
    check(latin, "any row")
    with pytest.raises(SelfTestError, match="stage containment missed golden case g"):
        check(cases(*(golden.input for golden in latin), in_script(script, 1)), "any row")
