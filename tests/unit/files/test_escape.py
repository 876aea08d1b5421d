"""Text that anybody may have written cannot steer a terminal, nor hide in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.files.escape import one_line, printable, visible


def test_text_cannot_steer_the_terminal():
    assert visible("a\x1b[2Jb\u202ec\u200bd\x9b") == "a\\x1b[2Jb\\u202ec\\u200bd\\x9b"
    assert visible("línea\n\tÜ 漢 👩\u200d💻") == "línea\n\tÜ 漢 👩\u200d💻"


@given(st.text())
def test_all_that_is_left_can_be_printed(text):
    shown = visible(text)
    assert visible(shown) == shown
    assert all(each.isprintable() or each in "\n\t\u200c\u200d" or each.isspace() for each in shown)
    shown.encode("utf-8")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("::error file=x::hacked", "\\x3a:error file=x::hacked"),
        ("a long line ::notice::x", "a long line \\x3a:notice::x"),
        ("oneword::Set-Output name=a::b", "oneword\\x3a:Set-Output name=a::b"),
        ("ok\n \t::add-mask::ok", "ok\n \t\\x3a:add-mask::ok"),
        ("ok\r::set-output name=a::b", "ok\\r\\x3a:set-output name=a::b"),
        ("ok\u2028::error::x", "ok\\u2028\\x3a:error::x"),
        ("boo ##[error]boo", "boo \\x23#[error]boo"),
        ("###[group]", "#\\x23#[group]"),
        ("##vso[task.setvariable variable=a]b", "\\x23#vso[task.setvariable variable=a]b"),
        ("##teamcity[testFailed name='x']", "\\x23#teamcity[testFailed name='x']"),
        ("section_start:1:a[collapsed=true]\r\x1b[0K", "section_start\\x3a1:a[collapsed=true]\\r\\x1b[0K"),
    ],
)
def test_no_ci_job_obeys(said, shown):
    assert visible(said) == shown


@pytest.mark.parametrize(
    "said",
    [
        "std::vector",
        "golden.toml::error",
        "std::error_code::x",
        "a.py::T::error",
        "a\n## [title](x)",
        "# [x]",
        "#[x]",
        "section_start",
        "a: b",
    ],
)
def test_what_is_no_command_stays(said):
    assert visible(said) == said


def test_text_from_outside_begins_no_line():
    assert one_line("bad\x1b]0;pwned\x07\n::error::x\n\ty") == "bad\\x1b]0;pwned\\x07\\n\\x3a:error::x\\n\\ty"


def test_what_is_printed_holds_no_credentials():
    said = "no route to https://ada:s3cr/et@host:8/v1 nor http://p@q:1\nsee http://host:80/x"
    assert printable(said) == "no route to https://***@host:8/v1 nor http://***@q:1\nsee http://host:80/x"
