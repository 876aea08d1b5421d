"""sql: the same once normalised, and what differs is named."""

from __future__ import annotations

import sys

import pytest

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.grade import Failure, GraderError, case_fault, compile_grader
from tests.unit.graders.one_grade import judge, value


@pytest.mark.parametrize(
    ("expected", "answer", "worth"),
    [
        ("SELECT a FROM t", "select A\nfrom T; -- done", 1),
        ("SELECT a FROM t", "```sql\nSELECT t.a FROM t\n```", 1),
        ("SELECT a FROM t", "SELECT (a) FROM t AS t", 1),
        ("SELECT a FROM t WHERE b = 1 AND c > 2", "SELECT a FROM t WHERE 2 < c AND 1 = b", 1),
        ("SELECT a FROM t WHERE b = 3", "SELECT a FROM t WHERE b = 1 + 2", 1),
        ('SELECT "a" FROM t', "SELECT a FROM t", 1),
        ("SELECT a FROM t", "SELECT z.a FROM t", 0),
        ("SELECT a FROM s.t", "SELECT a FROM u.t", 0),
        ("SELECT a FROM t", "SELECT a FROM t WHERE b = b + 1", 0),
        ("SELECT a FROM t WHERE b IS NULL", "SELECT a FROM t WHERE b = NULL", 0),
        ("SELECT a FROM t LIMIT 5", "SELECT a FROM t LIMIT 50", 0),
        ("SELECT a FROM t UNION SELECT b FROM u", "SELECT a FROM t UNION ALL SELECT b FROM u", 0),
        ("SELECT COUNT(a) FROM t", "SELECT COUNT(DISTINCT a) FROM t", 0),
        ('SELECT "A" FROM t', "SELECT a FROM t", 0),
        ("SELECT t.a, u.b FROM t JOIN u ON t.i = u.i", "SELECT x.a AS a, y.b FROM t x JOIN u AS y ON x.i = y.i", 1),
        ("SELECT t.a, u.b FROM t JOIN u ON t.i = u.i", "SELECT x.a, x.b FROM t x JOIN u AS y ON x.i = y.i", 0),
        ("SELECT x.a FROM t x, t y WHERE x.b = 1", "SELECT x.a FROM t x, t y WHERE y.b = 1", 0),
        ("SELECT a FROM t WHERE b IN (SELECT c FROM u)", "select a from t where b in (select c from u)", 1),
        ("SELECT a AS b FROM t", "SELECT a FROM t", 0),
        ("SELECT a, b FROM t", "SELECT b, a FROM t", 0),
        ("SELECT a FROM t", "SELECT DISTINCT a FROM t", 0),
        ("SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a DESC", 0),
        ("SELECT a FROM t WHERE b = 'x'", "SELECT a FROM t WHERE b = 'X'", 0),
        ("SELECT a FROM t WHERE b = 1 OR c = 2", "SELECT a FROM t WHERE b = 1 AND c = 2", 0),
        ("SELECT a FROM t LEFT JOIN u ON t.i = u.i", "SELECT a FROM t JOIN u ON t.i = u.i", 0),
        ("SELECT a FROM t", "SELECT a FROM t; DROP TABLE t", 0),
        ("DELETE FROM t WHERE a = 1", "delete from T where A = 1", 1),
        ("WITH x AS (SELECT 1 AS a) SELECT a FROM x", "with X as (select 1 as A) select a from X", 1),
        ("SELECT a FROM t", "I would select a from t", 0),
        (["SELECT a FROM t", "SELECT b FROM t"], "SELECT b FROM t", 1),
    ],
)
def test_sql(expected, answer, worth):
    assert value("sql", expected, answer) == worth


def test_what_differs_is_named_by_its_part():
    reason = judge("sql", "SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = 2 LIMIT 5").reason
    assert reason == "LIMIT: found 'LIMIT 5', expected nothing; WHERE: found 'WHERE b = 2', expected 'WHERE b = 1'"


def test_a_dialect_reads_its_own_sql():
    top = "SELECT TOP 5 [a b] FROM t"
    assert value("sql", top, top.lower(), dialect="tsql") == 1
    assert value("sql", "SELECT `a` FROM t", "SELECT a FROM t", dialect="mysql") == 1
    with pytest.raises(GraderError, match="unknown dialect 'postgre'; known: athena, bigquery"):
        compile_grader({"kind": "sql", "dialect": "postgre"})


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        (None, "no `expected`"),
        ([], "must be SQL"),
        (3, "must be SQL"),
        ("SELEC a FROM t", "not valid SQL: line 1, column 12"),
        ("Paris", "no statement of SQL"),
    ],
)
def test_a_case_that_expects_no_sql_is_a_fault(expected, message):
    assert message in case_fault([compile_grader({"kind": "sql"})], Case("a", "q", expected))


def test_a_query_that_takes_for_ever_is_a_failure():
    terms = " OR ".join(f"(a{n} = 1 AND b{n} = 2)" for n in range(5000))
    outcome = judge("sql", "SELECT a FROM t", f"SELECT a FROM t WHERE {terms}", timeout_s=0.5)
    assert isinstance(outcome, Failure) or outcome.value == 0


def test_without_its_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    for spec in ({"kind": "sql"}, {"kind": "code", "language": "sql"}):
        with pytest.raises(GraderError, match=r"sqlglot is not installed: pip install 'pytest-ftgate\[text\]'"):
            compile_grader(spec)
