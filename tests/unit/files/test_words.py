"""Words of every script: how they are told apart, and how many a text has."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.files.words import pieces, spaced, terms, tokens, word_count, words, words_and_signs

SENTENCES = {
    "English": ("The ferry leaves at nine.", 5, 5),
    "Chinese": ("渡船九点开。", 5, 3),
    "Chinese, mixed": ("我用 Python 3 写程序。", 7, 5),
    "Japanese": ("フェリーは九時に出ます。", 11, 5),
    "Thai": ("เรือออกเก้าโมง", 12, 4),
    "Khmer": ("ទូកចេញម៉ោង៩", 7, 3),
    "Burmese": ("သင်္ဘောထွက်သည်", 7, 3),
    "Hindi": ("नाव सुबह नौ बजे चलती है।", 6, 6),
    "Arabic": ("تُغادِرُ العَبّارةُ في التاسعة.", 4, 4),
    "Persian": ("من می\u200cخواهم بروم", 3, 3),
    "Hebrew": ('צה"ל הוֹדִיעַ היום', 3, 3),
    "Korean": ("배는 아홉 시에 떠납니다.", 4, 4),
    "Vietnamese": ("Phà rời bến lúc chín giờ.", 6, 6),
    "Turkish": ("İstanbul'a vapur dokuzda kalkıyor.", 4, 4),
    "Tibetan": ("བོད་ཡིག་", 4, 2),
    "emoji": ("👍 🎉", 0, 2),
    "nothing": (" \n", 0, 0),
}
"""Script -> a sentence, its words as they are told apart, its length in words."""


@pytest.mark.parametrize(("text", "apart", "length"), SENTENCES.values(), ids=SENTENCES)
def test_sentences(text, apart, length):
    assert (len(words(text)), word_count(text)) == (apart, length)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("can't stop", ["can't", "stop"]),
        ("l\u2019été", ["l\u2019été"]),
        ("ז'קט צה\u05f4ל", ["ז'קט", "צה\u05f4ל"]),
        ('"quoted"', ["quoted"]),
        ("क्षमा करें", ["क्षमा", "करें"]),
        ("น้ำตก", ["น้ำ", "ต", "ก"]),
        ("か\u3099く", ["か\u3099", "く"]),
        ("二〇二六年", ["二", "〇", "二", "六", "年"]),
        ("ปี ๒๕๖๙", ["ปี", "๒๕๖๙"]),
        ("ខ្ញុំ\u200bទៅ", ["ខ្ញុំ", "ទៅ"]),
        ("a\u200bb soft\u00adly", ["a", "b", "soft\u00adly"]),
        ("価格は3,500円", ["価", "格", "は", "3", "500", "円"]),
    ],
)
def test_where_a_word_begins_and_ends(text, expected):
    assert words(text) == expected


def test_tokens_are_compared_without_case_and_without_what_is_invisible():
    assert tokens("Can't می\u200cروم\u200f") == ["can", "t", "میروم"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Order can't wait", ["the", "order", "can", "t", "wait"]),
        ("我要退款，謝", ["我要", "要退", "退款", "謝"]),
        ("iPhone手机壳x2", ["iphone", "手机", "机壳", "x2"]),
        ("น้ำใส", ["น้ำใ", "ใส"]),
        ("ນ້ຳໃສ", ["ນ້ຳໃ", "ໃສ"]),
        ("दिन दीन १२", ["दिन", "दीन", "12"]),
        ("كَتَبَ", ["كتب"]),
        ("👍", []),
    ],
)
def test_terms_are_words_or_pairs_of_clusters(text, expected):
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a_b c! 4+5", ["a_b", "c", "!", "4", "+", "5"]),
        ("很好！x_1", ["很", "好", "！", "x_1"]),
        ("हिन्दी।", ["हिन्दी", "।"]),
        ("👍🏽 ok", ["👍", "🏽", "ok"]),
    ],
)
def test_words_and_signs(text, expected):
    assert words_and_signs(text) == expected


@given(st.text(st.characters(max_codepoint=127)))
def test_words_and_signs_of_ascii_are_those_of_re(text):
    assert words_and_signs(text) == re.findall(r"\w+|[^\w\s]", text)


def test_pieces_are_cut_at_white_space_or_between_clusters():
    assert pieces("one  two\n三") == ["one", "two", "三"]
    assert pieces("用 AI 写诗吧。") == ["用", " AI ", "写", "诗", "吧", "。"]
    assert spaced("用AI写诗").split() == ["用", "AI", "写", "诗"]


@given(st.text())
def test_only_white_space_has_no_length(text):
    assert (word_count(text) == 0) == (not text.strip())


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_is_counted_by_white_space(text):
    assert word_count(text) == len(text.split())


@pytest.mark.parametrize("piece", ["\u6771", "a'", "א\u05f4", "ก\u0e31", "\u0e31", "a\u200d", "\u200d", "é "])
def test_long_texts_take_one_pass(piece):
    begun = time.monotonic()
    words(piece * 300_000)
    word_count(piece * 300_000)
    assert time.monotonic() - begun < 60
