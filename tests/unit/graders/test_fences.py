"""Code is found in an answer as models write it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.graders.fences import code_in


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("a = 1", "a = 1"),
        ("Here:\n```sql\nSELECT 1\n```\nBye.", "SELECT 1"),
        ("```SQL\r\nSELECT 1\r\n```\r\n", "SELECT 1"),
        ("~~~~sql title=x\nSELECT 1\n~~~\n~~~~", "SELECT 1\n~~~"),
        ("```\nSELECT 1\n```", "SELECT 1"),
        ("```sql\nSELECT 1\n```\n```\nother\n```", "SELECT 1"),
        ("```sql\nSELECT 1\n```\n```sql\nSELECT 2\n```", "SELECT 2"),
        ("```python\nx\n```", "```python\nx\n```"),
        ("```sql\nSELECT 1", "SELECT 1"),
        ("- list:\n  ```sql\n  SELECT 1\n  ```", "  SELECT 1"),
        ("````sql\n```\nx\n```\n````", "```\nx\n```"),
    ],
)
def test_the_last_block_of_the_language_else_of_none_else_all(answer, code):
    assert code_in(answer, ("sql",)) == code


@given(st.text(st.sampled_from("`~ \na\rs"), max_size=60))
def test_any_text_gives_a_part_of_it(text):
    assert isinstance(code_in(text, ("a",)), str)


def test_many_fences_take_no_longer_than_they_are_long():
    begun = time.monotonic()
    code_in("```\n" * 500_000 + "`" * 2_000_000 + " " * 2_000_000 + "x", ("sql",))
    assert time.monotonic() - begun < 60
