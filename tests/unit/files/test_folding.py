"""What two writers of one text may write differently, and what makes it another text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.files.folding import folded, western_digits

ENGLAND, SCOTLAND = ("\U0001f3f4" + "".join(chr(0xE0000 + ord(char)) for char in name) for name in ("gbeng", "gbsct"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("STRASSE", "straße"),
        ("ΟΔΟΣ", "οδος"),
        ("İstanbul", "istanbul"),
        ("ISTANBUL", "İSTANBUL"),
        ("\uff21\uff22\uff11", "ab1"),
        ("ｶﾞ", "ガ"),
        ("か\u3099", "が"),
        ("שָׁלוֹם", "שלום"),
        ("הַבַּיִת", "הבית"),
        ("كَتَبَ", "كتب"),
        ("مُحَمَّدٌ", "محمد"),
        ("الرحمـــن", "الرحمٰن"),
        ("٤٢", "42"),
        ("۴۲", "42"),
        ("४२", "42"),
        ("๔๒", "42"),
        ("៤២", "42"),
        ("می\u200cخواهم", "میخواهم"),
        ("ខ្ញុំ\u200bទៅ", "ខ្ញុំទៅ"),
        ("\u200eab\u200f\u00ad", "ab"),
        ("ti\u00ea\u0301ng", "tiếng"),
        ("5²", "5^2"),
        ("❤\ufe0f", "❤"),
    ],
)
def test_one_text(one, other):
    assert folded(one) == folded(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("दिन", "दीन"),
        ("कल", "काल"),
        ("ปา", "ป้า"),
        ("កា", "កី"),
        ("ma", "má"),
        ("resume", "résumé"),
        ("sınır", "sinir"),
        ("は", "ば"),
        ("אב", "אם"),
        ("آن", "ان"),
        ("5²", "52"),
        ("x1", "x2"),
        ("①", "一"),
        (ENGLAND, SCOTLAND),
    ],
)
def test_another_text(one, other):
    assert folded(one) != folded(other)


@given(st.text() | st.text(st.sampled_from("aIİıi\u0307\u0323ßſ²٣\u064b\u0640שׁ\u05b8か\u3099\u200d")))
def test_folding_twice_changes_nothing(text):
    assert folded(folded(text)) == folded(text)


@given(st.text(st.characters(categories=["Nd"])))
def test_every_decimal_digit_has_a_western_one(text):
    assert western_digits(text).isascii()


def test_what_is_no_decimal_digit_stays():
    assert western_digits("²③Ⅳ½四") == "²③Ⅳ½四"
