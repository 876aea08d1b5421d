"""Names of tasks, pipelines and golden sets."""

import unicodedata

import pytest

from pytest_ftgate.files.names import LONGEST, name_problem


@pytest.mark.parametrize("name", ["spam", "sms_spam-2.1", "größe", "a" * LONGEST, "x.canary.y", "ftgate-lock"])
def test_what_can_be_a_name(name):
    assert name_problem(name) == ""


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "is empty"),
        ("a b", "contains ' '"),
        ("a/b", "contains '/'"),
        ("a\\b", "contains"),
        ("a\nb", r"contains '\n'"),
        ("a\x1b[31m", r"contains '\x1b'"),
        ("a\u202eb", r"contains '\u202e'"),
        ("a\ud800", r"contains '\ud800'"),
        ("it's", "contains"),
        ("..", "begins with '.'"),
        ("-rf", "begins with '-'"),
        ("a" * (LONGEST + 1), "is 121 bytes long, at most 120 allowed"),
        ("ü" * 61, "is 122 bytes long"),
        ("ftgate-lock.spam", "begins with 'ftgate-lock.', which is reserved"),
        ("spam.canary", "ends with '.canary', which is reserved"),
        (unicodedata.normalize("NFD", "é"), "composed form (NFC)"),
    ],
)
def test_what_cannot(name, problem):
    assert problem in name_problem(name)
