"""code: what parses, what does not, and that nothing is run."""

from __future__ import annotations

import time

import pytest

from pytest_ftgate.graders.grade import Failure, Grade, GraderError, compile_grader
from tests.unit.graders.one_grade import judge, value


@pytest.mark.parametrize(
    ("language", "answer", "worth"),
    [
        ("python", "def f(x):\n    return x", 1),
        ("python", "Sure:\n```python\nx = 1\n```\nIt sets x.", 1),
        ("python", "Sure, here you are.", 0),
        ("python", "return 1", 0),
        ("python", "print 'x'", 0),
        ("python", "x = '\0'", 0),
        ("python", "if x == 1:\nprint(1)", 0),
        ("python", "x is 1", 1),
        ("json", '{"a": [1]}', 1),
        ("json", "{'a': 1}", 0),
        ("json", "NaN", 0),
        ("toml", "[a]\nb = 1", 1),
        ("toml", "[a]\nb = ", 0),
        ("yaml", "a: 1\nb: [x, y]", 1),
        ("yaml", "```yml\n- 1\n```", 1),
        ("yaml", "a: 1\na: 2", 0),
        ("yaml", "Just a sentence.", 0),
        ("yaml", "a: [", 0),
        ("sql", "SELECT a FROM t; DELETE FROM t WHERE a = 1", 1),
        ("sql", "CREATE TABLE t (a INT)", 1),
        ("sql", "SELEC a FROM t", 0),
        ("sql", "Paris", 0),
        ("sql", "one two", 0),
        ("sql", "1", 0),
    ],
)
def test_parses(language, answer, worth):
    assert value("code", None, answer, language=language) == worth


def test_reason_names_the_place():
    assert judge("code", None, "x = 1\ny = = 2", language="python").reason == (
        "found 'x = 1\\ny = = 2', not valid python: invalid syntax, line 2"
    )
    assert "line 1, column 12" in judge("code", None, "SELEC a FROM b", language="sql").reason


def test_nothing_is_run(tmp_path):
    assert value("code", None, f"open({str(tmp_path / 'x')!r}, 'w')", language="python") == 1
    assert not [*tmp_path.iterdir()]


BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))


@pytest.mark.parametrize(
    ("language", "answer"),
    [
        ("python", "(" * 100_000),
        ("python", "-" * 3_000_000 + "1"),
        ("json", "[" * 1_000_000),
        ("toml", "a = " + "[" * 100_000),
        ("yaml", "[" * 100_000),
        ("yaml", BOMB),
        ("yaml", "a: &a [*a]"),
        ("sql", "SELECT " + "(" * 20_000 + "1" + ")" * 20_000),
    ],
)
def test_hostile_answers_end(language, answer):
    begun = time.monotonic()
    outcome = judge("code", None, answer, language=language, timeout_s=5)
    assert time.monotonic() - begun < 60
    assert isinstance(outcome, Failure) or (isinstance(outcome, Grade) and not outcome.passed)
    assert value("code", None, "x = 1", language="python") == 1, "the next one is graded as ever"


def test_unknown_language():
    with pytest.raises(GraderError, match="language is 'perl'; must be one of python, json, toml, yaml, sql"):
        compile_grader({"kind": "code", "language": "perl"})
