"""Text that anybody may have written cannot steer a terminal, nor hide in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.files.escape import visible


def test_text_cannot_steer_the_terminal():
    assert visible("a\x1b[2Jb\u202ec\u200bd\x9b") == "a\\x1b[2Jb\\u202ec\\u200bd\\x9b"
    assert visible("línea\n\tÜ 漢 👩\u200d💻") == "línea\n\tÜ 漢 👩\u200d💻"


@given(st.text())
def test_all_that_is_left_can_be_printed(text):
    shown = visible(text)
    assert visible(shown) == shown
    assert all(each.isprintable() or each in "\n\t\u200c\u200d" or each.isspace() for each in shown)
    shown.encode("utf-8")
