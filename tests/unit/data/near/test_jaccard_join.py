"""Stage 4: near duplicates are found by Jaccard's index of character 5-grams, and the filter loses none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ftgate.data.near.jaccard_join import SUSPECT, Fuzzy
from pytest_ftgate.data.near.ngrams import N, grams_of
from pytest_ftgate.data.near.normalized import goldens_of, sample_of
from pytest_ftgate.data.near.rolling_hash import codes_of_grams, distinct_codes
from pytest_ftgate.leakage.check import find_leaks
from tests.unit.leakage.leak_samples import case, cases, check, language, near, row, true_jaccard


@pytest.mark.parametrize("wanted", [0.9, 0.8, 0.7])
def test_a_near_duplicate_is_reported_as_what_it_is(wanted):
    texts = [language(5 + number % 56, seed=number) for number in range(200)]
    stage = Fuzzy(goldens_of(cases(*(" ".join(text) for text in texts))))
    for number, text in enumerate(texts):
        copy = near(text, wanted, number)
        [hit] = [hit for hit in stage.find(sample_of(row(copy))) if hit.golden == number]
        true = true_jaccard(" ".join(text), copy)
        assert hit.score == pytest.approx(true, abs=1e-12)
        assert hit.verdict == ("leak" if true >= 0.8 else "suspect")


@pytest.mark.parametrize("length", range(5, 13))
def test_an_edited_copy_of_five_to_twelve_words_is_found(length):
    text = " ".join(word + "lo" for word in language(length, seed=length))
    middle = len(text) // 2
    report = check([case(text)], text[:-1] + "x", text[:middle] + "x" + text[middle + 1 :], f"{text} {text[::-1]}")
    assert [(leak.line, leak.stage) for leak in report.leaks][:1] == [(1, "fuzzy")]
    assert {found.line for found in report.leaks + report.suspects if found.stage == "fuzzy"} == {1, 2}


def test_under_five_words_only_an_exact_match_counts():
    assert check([case("prize claim now hurry")], "prize claim now hurryx").summary.endswith("clean")


def test_the_question_is_compared_as_well_as_the_row():
    text = language(20, seed=1)
    answer = " ".join(language(200, seed=2))
    report = find_leaks([case(" ".join(text))], [row(near(text, 0.82, 1), expected=answer)])
    assert [leak.stage for leak in report.leaks] == ["fuzzy"]


def test_a_short_answer_does_not_hide_the_question():
    text = language(30, seed=1)
    report = find_leaks([case(" ".join(text))], [row(near(text, 0.8, 1), expected="ham")])
    assert len(report.leaks) == 1


def test_ten_thousand_unrelated_rows_give_no_alarm():
    goldens = cases(*(" ".join(language(5 + seed % 40, seed)) for seed in range(200)))
    rows = (row(" ".join(language(5 + seed % 40, 10_000 + seed)), seed) for seed in range(10_000))
    assert find_leaks(goldens, rows).summary == "leakage: 200 golden cases, 10,000 training rows: clean"


def test_a_template_of_a_few_words_around_short_texts_gives_no_alarm():
    goldens = cases(*(f"translate into french {' '.join(language(2, seed))}" for seed in range(50)))
    report = check(goldens, *(f"translate into french {' '.join(language(2, 900 + seed))}" for seed in range(200)))
    assert report.summary.endswith("clean")


def test_a_near_duplicate_within_the_template_is_found():
    texts = [language(12, seed) for seed in range(50)]
    goldens = cases(*(f"translate into french {' '.join(text)}" for text in texts))
    report = check(goldens, f"translate into french {near(texts[7], 0.85, 1)}")
    assert [leak.golden_id for leak in report.leaks] == ["g7"]


@pytest.mark.parametrize("size", [1, 5, 10])
def test_sets_of_a_few_goldens(size):
    texts = [language(20, seed) for seed in range(size)]
    report = check(cases(*map(" ".join, texts)), *(near(text, 0.8, 1) for text in texts))
    assert sorted((leak.golden_id, leak.line) for leak in report.leaks) == [(f"g{n}", n + 1) for n in range(size)]


@pytest.mark.parametrize(
    ("golden", "copy"),
    [
        ("今天的天气非常好我们一起去公园散步吧", "今天的天气非常好我们一起去公园跑步吧"),
        ("きょうはとてもいいてんきですね公園へ行きましょう", "きょうはとてもいいてんきですよ公園へ行きましょう"),
        ("วันนี้อากาศดีมากไปเดินเล่นกันเถอะ", "วันนี้อากาศดีมากไปเดินเล่นกันไหม"),
        ("for i in range(10): total += values[i] * 2", "for i in range(10): total += value[i] * 2"),
    ],
)
def test_scripts_without_spaces_and_code(golden, copy):
    report = check([case(golden)], copy, " ".join(language(30, 1)))
    assert {found.line for found in report.leaks + report.suspects} == {1}


# --- the filter loses nothing ---------------------------------------------------------------------------------------

WORDS = st.sampled_from(["a", "b", "ab", "free", "prize", "now", "claim", "你", "é", "x1", "the", "thee", "£", "🎉"])
TEXTS = st.lists(WORDS, min_size=1, max_size=40)


@st.composite
def copies(draw, texts):
    """One of the texts, edited a little, and something around it."""
    text = list(draw(st.sampled_from(texts)))
    for _ in range(draw(st.integers(0, 6))):
        text[draw(st.integers(0, len(text) - 1))] = draw(WORDS)
    return [*draw(st.lists(WORDS, max_size=6)), *text, *draw(st.lists(WORDS, max_size=6))]


@settings(max_examples=300, deadline=None)
@given(st.data(), st.lists(TEXTS, min_size=1, max_size=15), st.integers(0, 12))
def test_with_and_without_the_filter_the_findings_are_the_same(data, texts, templated):
    texts = [["one", "template", "of", "all", *text] if n < templated else text for n, text in enumerate(texts)]
    goldens = goldens_of(cases(*map(" ".join, texts)))
    asked, answer = data.draw(copies(texts)), data.draw(TEXTS)
    sample = sample_of(row(" ".join(asked), expected=" ".join(answer[: data.draw(st.integers(0, 40))])))
    filtered, plain = (list(Fuzzy(goldens, filtered=on).find(sample)) for on in (True, False))
    assert {hit.golden: hit for hit in filtered} == {hit.golden: hit for hit in plain}


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_codes_are_those_of_the_distinct_grams(text):
    grams = grams_of(text)
    assert all(len(gram) == N for gram in grams)
    codes = distinct_codes(text).tolist()
    assert codes == sorted(set(codes_of_grams(grams).tolist()))
    assert len(codes) == len(grams) or not text.isascii()


def test_the_filter_filters():
    texts = [language(40, seed) for seed in range(300)]
    stage = Fuzzy(goldens_of(cases(*map(" ".join, texts))))
    offered = [len(stage._candidates((" ".join(language(40, 5000 + seed)),))) for seed in range(200)]
    assert sum(offered) < 0.01 * 300 * 200
    assert SUSPECT == 0.6
