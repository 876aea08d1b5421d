"""exact, contains, contains_all, not_contains and their normalisations."""

from __future__ import annotations

import pytest

from pytest_ftgate.graders.grade import Failure, GraderError, compile_grader
from tests.unit.graders.one_grade import judge, value


@pytest.mark.parametrize(
    ("expected", "answer", "options", "worth"),
    [
        ("spam", "spam", {}, 1),
        ("spam", " spam\n", {}, 1),
        ("spam", " spam\n", {"strip": False}, 0),
        ("spam", "Spam", {}, 0),
        ("STRASSE", "straße", {"ignore_case": True}, 1),
        ("a b", "a \n b", {}, 0),
        ("a b", "a \n b", {"collapse_space": True}, 1),
        ("Hi there", "Hi, there!", {"ignore_punctuation": True}, 1),
        ("Hi there", "Hi, there!", {}, 0),
        ("\u00e9", "e\u0301", {}, 1),
        ("\u00e9", "e\u0301", {"unicode_form": "none"}, 0),
        ("A1", "\uff21\uff11", {}, 0),
        ("A1", "\uff21\uff11", {"unicode_form": "NFKC"}, 1),
        ("spam", '"spam"', {}, 0),
    ],
)
def test_exact_text(expected, answer, options, worth):
    assert value("exact", expected, answer, **options) == worth


@pytest.mark.parametrize(
    ("expected", "answer", "worth"),
    [
        ({"a": 1, "b": [1, 2]}, '{"b": [1, 2], "a": 1.0}', 1),
        ({"a": 1}, '```json\n{"a": 1}\n```', 1),
        ({"a": 1}, '{"a": 1, "c": 2}', 0),
        ({"a": 1}, '{"a": true}', 0),
        (True, "true", 1),
        (True, "1", 0),
        (3, "3", 1),
        (3, "NaN", 0),
        ([1, 2], "[2, 1]", 0),
        ({"a": 1}, "a: 1", 0),
    ],
)
def test_exact_value_is_compared_with_the_json_of_the_answer(expected, answer, worth):
    assert value("exact", expected, answer) == worth


def test_reason_shows_found_and_expected():
    assert judge("exact", "spam", "ham").reason == "found 'ham', expected 'spam'"
    assert judge("exact", {"a": 1}, "[]").reason == 'found [], expected {"a": 1}'


def test_long_texts_show_where_they_part():
    reason = judge("exact", "x" * 500 + "spam", "x" * 500 + "ham").reason
    assert reason.startswith("differs at character 501: found ...'xxx")
    assert "ham'" in reason
    assert "spam'" in reason


def test_invisible_differences_are_shown():
    assert judge("exact", "spam", "sp\u200bam").reason == "found 'sp\\u200bam', expected 'spam'"


@pytest.mark.parametrize(("expected", "options"), [(None, {}), ("", {}), ("?!", {"ignore_punctuation": True})])
def test_exact_without_anything_expected_is_a_failure(expected, options):
    assert isinstance(judge("exact", expected, "?", **options), Failure)


def test_unknown_unicode_form():
    with pytest.raises(GraderError, match="unicode_form is 'NFX'; must be one of NFC"):
        compile_grader({"kind": "exact", "unicode_form": "NFX"})


@pytest.mark.parametrize(
    ("kind", "expected", "answer", "worth"),
    [
        ("contains", "ham", "the hamster", 1),
        ("contains", "ham", "the HAMSTER", 0),
        ("contains", ["x", "ham"], "the hamster", 1),
        ("contains", ["x", "y"], "z", 0),
        ("contains_all", ["a", "b"], "ab", 1),
        ("contains_all", ["a", "b", "c", "d"], "ab", 0.5),
        ("contains_all", "a", "b", 0),
        ("not_contains", "secret", "nothing here", 1),
        ("not_contains", ["x", "secret"], "a secret", 0),
    ],
)
def test_texts_in_the_answer(kind, expected, answer, worth):
    assert value(kind, expected, answer) == worth


@pytest.mark.parametrize("kind", ["contains", "contains_all", "not_contains"])
@pytest.mark.parametrize("expected", [None, "", [], ["a", ""], 3, {"a": 1}, [1]])
def test_nothing_to_look_for_is_a_failure(kind, expected):
    assert isinstance(judge(kind, expected, "answer"), Failure)


def test_values_of_the_spec_stand_in_place_of_the_expected_value():
    assert value("not_contains", "Paris", "Paris", values=["sorry"]) == 1
    assert value("not_contains", "Paris", "So Sorry", values=["sorry"], ignore_case=True) == 0


def test_reason_names_what_is_lacking():
    assert judge("contains_all", ["a", "b"], "a").reason == "found 'a', with 1 of 2 texts; not [\"b\"]"
    assert judge("not_contains", "x", "xy").reason == "found 'xy', expected it not to contain 'x'"


@pytest.mark.parametrize(
    ("kind", "expected", "answer", "worth"),
    [
        ("contains", "no", "I know.", 0),
        ("contains", "no", "No, thanks: no.", 1),
        ("contains", ["7", "seven"], "There are 17.", 0),
        ("contains", ["7", "seven"], "There are seven.", 1),
        ("contains", "H2O", "It is (H2O).", 1),
        ("contains", "C++", "C++ it is", 1),
        ("contains", "e\u0301te\u0301", "un \u00e9t\u00e9 long", 1),
        ("contains_all", ["red", "blue"], "blue, tired", 0.5),
        ("not_contains", "no", "I know.", 1),
    ],
)
def test_whole_words(kind, expected, answer, worth):
    assert value(kind, expected, answer, whole_word=True, ignore_case=True) == worth


@pytest.mark.parametrize(
    ("text", "answer", "whole"),
    [
        ("SSL", "请使用SSL加密。", 1),
        ("SSL", "请使用OpenSSL加密。", 0),
        ("好", "很好吃", 1),
        ("退款", "我要退款吗", 1),
        ("ガ", "ガラス", 1),
        ("น้ำ", "ดื่มน้ำ", 1),
        ("ส", "สิบ", 0),
        ("क", "का", 0),
        ("दिन", "आज दिन है।", 1),
        ("दिन", "दिनेश आया", 0),
        ("مي", "مي\u200cروم", 0),
        ("نعم", "نعم، شكرا", 1),
        ("שלום", "שָׁלוֹם", 0),
        ("כן", "לכן", 0),
        ("예", "예.", 1),
        ("예", "예약", 0),
        ("có", "không có.", 1),
        ("İyi", "iyi mi?", 1),
        ("no_1", "no_12", 0),
        ("C++", "Write C++.", 1),
    ],
)
def test_whole_words_in_every_script(text, answer, whole):
    assert value("contains", text, answer, whole_word=True, ignore_case=True) == whole
