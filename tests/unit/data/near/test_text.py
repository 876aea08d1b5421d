"""Normalisation: what a copy may change without being another text."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.data.near.text import text_of, words_of
from pytest_ftgate.files.folding import folded

LATIN = st.text(st.sampled_from("abcdefgxyzäöüéñß0123456789 "), min_size=1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Win a PRIZE now!", "win a prize, now"),
        ("don't", "don\u2019t"),
        ("caf\u00e9 noir", "cafe\u0301  noir"),
        ("\uff37\uff49\uff4e", "win"),
        ("\ufb01ne", "fine"),
        ("Straße", "STRASSE"),
        ("free\u200bdom", "freedom"),
        ("free\u00addom", "freedom"),
        ("a\u00a0b\tc\r\nd", "a b c d"),
        ("**bold** `code`", "bold code"),
        ("win \U0001f389 now", "win now"),
        ("你好世界", "你 好,世 界"),
        ("こんにちは", "こんに ちは。"),
        ("人々コーヒー", "人 々 コ ー ヒ ー"),
        ("๒๕๖๙", "2569"),
        ("كَتَبَ", "كتب"),
        ("שָׁלוֹם", "שלום"),
        ("İZMİR", "izmir"),
    ],
)
def test_same_words(one, other):
    assert words_of(one) == words_of(other) != ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("win", "won"),
        ("12", "13"),
        ("हिन्दी", "हन्द"),
        ("5²", "52"),
        ("sınır", "sinir"),
        ("!", "?"),
        ("\U0001f389", "\U0001f600"),
    ],
)
def test_other_words(one, other):
    assert words_of(one) != words_of(other)


def test_scripts_without_spaces_count_characters():
    assert len(words_of("今天天气很好")) == 6
    assert len(words_of("हिन्दी भाषा")) == 2
    assert words_of("ที่นี่abc") == ("ที่", "นี่", "abc"), "vowel and tone marks are of their letter"


@given(LATIN, st.data())
def test_case_space_and_punctuation_never_count(text, data):
    marks = st.sampled_from([*string.punctuation, " ", "\t", "\n", "\u2014", "\u3000"])
    noisy = "".join(data.draw(marks) * 2 if char == " " else char for char in text)
    assert words_of(f"({noisy.upper()})...") == words_of(text) or not text.strip()


@given(st.text())
def test_normalising_twice_changes_nothing(text):
    once = words_of(text)
    assert all(once)
    if any(char.isalnum() for char in "".join(once)):
        assert words_of(" ".join(once)) == once


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a b", "a b"),
        ([{"role": "system", "content": "a"}, {"role": "user", "content": "b"}], "a\nb"),
        ({"y": "2nd", "x": "1st"}, "1st\n2nd"),
        ({"a": 1, "b": True, "c": None, "d": [2.5]}, "1\ntrue\n2.5"),
        ([{"role": "user", "content": [{"text": "part"}]}], "part"),
        (None, ""),
    ],
)
def test_text_of_values(value, text):
    assert text_of(value) == text


@given(st.text() | st.text(st.sampled_from("ab \n.,_£é你\u200b\u00ad🎉ǅẞ\x7f\ud800")))
def test_a_text_that_is_not_all_ascii_is_plain_by_the_same_table(text):
    from pytest_ftgate.data.near.text import _OF_LAST, _TABLE, _plain

    assert _plain(folded(text)) == folded(text).translate(_TABLE).replace(_OF_LAST, "").replace("\b", " ")


@given(st.text(), st.text())
def test_a_row_is_normalised_in_two_parts_as_in_one(asked, answer):
    from pytest_ftgate.data.near.normalized import sample_of
    from pytest_ftgate.data.near.rows import Row

    sample = sample_of(Row("f", 1, {"input": asked, "expected": answer}))
    assert sample.question == words_of(asked)
    assert sample.whole == words_of(asked) + words_of(answer)
