"""Long texts keep their beginning and their end, and lose no secret into the gap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.files.excerpt import brief, excerpt
from pytest_ftgate.files.secrets import remember


@given(st.text(alphabet="ab \n", max_size=60))
def test_what_is_short_stays(text: str) -> None:
    assert excerpt(text, 60, 61) == text


def test_the_middle_of_a_long_line_is_left_out() -> None:
    found = excerpt("a" * 100 + "b" * 100, characters=30, hint="-vv shows all")
    assert found == "a" * 20 + " ... (170 characters left out; -vv shows all) ... " + "b" * 10


def test_the_middle_of_many_lines_is_left_out() -> None:
    text = "\n".join(str(number) for number in range(20))
    assert excerpt(text, lines=6).split("\n") == ["0", "1", "2", "3", "... (14 lines left out)", "18", "19"]


def test_a_secret_is_masked_before_it_is_cut() -> None:
    secret = remember("sk-seeing-0123456789")
    for at in range(0, 40):
        found = excerpt("x" * at + secret + "y" * 40, characters=30)
        assert "sk-" not in found
        assert "6789" not in found


@pytest.mark.parametrize("text", ["\n::error::x", "##[error]x", "\x1b[31mred", "a\u202eb"])
def test_nothing_steers_a_terminal_or_a_job(text: str) -> None:
    for found in (excerpt(text), brief(text, 80)):
        assert "::error" not in found
        assert "##[" not in found
        assert found.replace("\n", "").isprintable()


def test_a_brief_text_is_one_line_of_its_width() -> None:
    assert brief("How do\n\nI export?", 60) == "How do I export?"
    assert brief("x" * 100, 20) == "x" * 17 + "..."
