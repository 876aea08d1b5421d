"""Two forms of a text: one forgets its symbols, the other keeps those that carry meaning."""

from __future__ import annotations

import pytest

from pytest_ftgate.data.near.symbols import symbols_and_words
from pytest_ftgate.data.near.text import words_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("17*23=?", "17 * 23 = ?"),
        ("17 × 23", "17 * 23"),
        (r"17 \times 23", "17*23"),
        ("17 − 4", "17 - 4"),
        ("x ≤ 3", "x <= 3"),
        (r"x \leq 3", "x<=3"),
        ("x²+1", "x^2 + 1"),
        ("x &lt; y", "x < y"),
        ("It costs 1,000 pounds", "it costs 1000 pounds"),
        (r"\dfrac{1}{2}", r"\frac{1}{2}"),
        (r"\left( x \right)", "( x )"),
        ("- first\n- second", "first second"),
        ("> quoted text", "quoted text"),
        ("**bold** and _soft_ `code`", "bold and soft code"),
        ("a well-known word - and another", "a well known word and another"),
        ("either/or", "either or"),
        ("get_user_name()", "getUserName()"),
        ("Title\n=====", "title"),
        ("Is C++ fast?", "is c++ fast"),
        ("10%", r"10\%"),
        ("10%", "10 %"),
        ("x**2", "x^2"),
        ("2 ** 10", "2²".replace("²", "¹⁰")),
        ("€5", "5 €"),
        ("Wow, only 5!", "wow only 5"),
        ("Simplify $5$ now", "simplify 5 now"),
    ],
)
def test_the_same_to_a_reader(one, other):
    assert symbols_and_words(one) == symbols_and_words(other) != ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("17*23=?", "17+23=?"),
        ("-5 + 8", "5 + 8"),
        ("What is 6 / 2?", "What is 6 - 2?"),
        ("What is C?", "What is C++?"),
        ("What is C++?", "What is C#?"),
        ("x < y", "x > y"),
        ("x <= y", "x < y"),
        ("a == b", "a != b"),
        ("I love it \U0001f600", "I love it \U0001f621"),
        ("I love it \U0001f600", "I love it"),
        ("1.5", "15"),
        ("1,5", "15"),
        ("1.5", "1 5"),
        ("(2 + 3) * 4", "2 + (3 * 4)"),
        ("2^3", "2*3"),
        ("5%", "5"),
        ("17%23", "17*23"),
        ("5!", "5"),
        ("n! = 24", "n = 24"),
        ("What is 12!?", "What is 12?"),
        ("$5", "5"),
        ("$5", "€5"),
        ("From $5 to $6", "From 5 to 6"),
    ],
)
def test_not_the_same_to_a_reader(one, other):
    assert symbols_and_words(one) != symbols_and_words(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1,000 and 12,345,678", "1000 and 12345678"), (r"\dfrac{1}{2}", r"\frac{1}{2}"), (r"\tfrac12", r"\frac12")],
)
def test_what_is_the_same_also_where_symbols_are_forgotten(one, other):
    assert words_of(one) == words_of(other)


@pytest.mark.parametrize("text", ["1,5", "1,0000", "0,123,4", "1.000", "12,34"])
def test_no_thousands(text):
    assert len(words_of(text)) > 1
