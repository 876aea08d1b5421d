"""Escapes, markup and encodings are undone; a text that has none stays what it is."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ftgate.data.near.lookalikes import plain_letters
from pytest_ftgate.data.near.unfold import unfolded

PLAIN = "When does the café open? At 9, said Ada."


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        "R&D costs 50% of a < b > c; see C:/some/long/path/name/here and deadbeef [1] [sic",
        "internationalization/standardization-committee",
        "1234567890123456789012345678901",
    ],
)
def test_plain_text_stays(text):
    assert unfolded(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("&amp;amp;lt;", "<"),
        ("%2541 %41", "A A"),
        ("caf%C3%A9", "café"),
        ("\\u0041\\x42\\103\\U00000044\\u{45}", "ABCDE"),
        ("caf\\xc3\\xa9 \\xff\\xfe", "café ÿþ"),
        ("\\ud83d\\ude00", "\U0001f600"),
        ("one\\ntwo", "one two"),
        ("a<!-- b -->c <i>d</i> [b]e[/b]", "a c  d   e "),
        (base64.b64encode(base64.b32encode(PLAIN.encode())).decode(), PLAIN),
        (PLAIN.encode().hex().upper(), PLAIN),
    ],
)
def test_what_hides_a_text_is_undone(text, expected):
    assert unfolded(text) == expected


def test_half_a_character_and_a_code_beyond_unicode_are_no_error():
    assert unfolded("\\ud83d \\u{ffffff} \\Uffffffff x").endswith(" x")


@settings(max_examples=300, deadline=None)
@given(st.text() | st.text(st.sampled_from("&%\\<>![]-=ux#;amp0123456789abcdefAZ+/ é")))
def test_no_text_is_an_error_or_grows(text):
    assert len(unfolded(text)) <= len(text)
    plain_letters(text)


@settings(max_examples=100, deadline=None)
@given(
    st.text(st.sampled_from("abc deé你?!"), min_size=16),
    st.sampled_from([base64.b64encode, base64.b32encode, bytes.hex]),
)
def test_whatever_is_encoded_is_decoded(text, encode):
    encoded = encode(text.encode())
    assert unfolded(encoded if isinstance(encoded, str) else encoded.decode()) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("раѕѕwоrd", "password"),
        ("Ηεllο", "hello"),
        ("crème brûlée", "creme brulee"),
        ("ꜱᴍᴀʟʟ", "small"),
        ("łøđ ı", "lod i"),
        ("🅰🅱", "ab"),
        ("".join(chr(0xE0000 + ord(char)) for char in "Tag"), "Tag"),
        ("今日", "今日"),
    ],
)
def test_lookalikes_and_marks_are_plain_letters(text, expected):
    assert plain_letters(text) == expected
