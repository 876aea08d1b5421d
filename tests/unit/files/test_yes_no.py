"""A question is asked only where a person can answer, and only a clear yes is one."""

from __future__ import annotations

import io
import os
import pty
import sys

import pytest

from pytest_ftgate.files import yes_no as prompt


@pytest.mark.parametrize(
    ("answer", "yes"), [("y\n", True), (" YES \n", True), ("\n", False), ("n\n", False), ("", False), ("yess\n", False)]
)
def test_only_y_or_yes_agrees(monkeypatch, capsys, answer, yes):
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    assert prompt.agreed("Go on? [y/N] ") is yes
    assert capsys.readouterr().out == "Go on? [y/N] "


@pytest.mark.parametrize(
    ("there", "ci", "can_ask"), [((True, True), "", True), ((True, True), "1", False), ((True, False), "", False)]
)
def test_someone_is_there_only_at_a_terminal_outside_ci(monkeypatch, there, ci, can_ask):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(prompt, "_is_terminal", lambda file: there[file])
    assert prompt.someone_is_there() is can_ask


def test_a_closed_file_is_no_terminal():
    mine, theirs = pty.openpty()
    assert prompt._is_terminal(theirs)
    os.close(theirs)
    os.close(mine)
    assert not prompt._is_terminal(theirs)
