"""What the user says in a text with the marks of a chat template; what only looks like a mark is text."""

from __future__ import annotations

import pytest

from pytest_ftgate.data.near.chat_marks import asked_in


@pytest.mark.parametrize("text", ["3 + 4 = 7\n#### 7", "a <| b", "#### ", "say User: or not", "[INST", "Human"])
def test_a_text_without_any_mark_asks_nothing(text):
    assert list(asked_in(text)) == []


def test_each_turn_of_the_user_is_found():
    assert list(asked_in("### Instruction:\nAdd 3 and 4.\n\n### Response:\n7\n#### 7")) == ["Add 3 and 4."]
