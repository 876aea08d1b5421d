"""SQL text -> its statements, normalised; called in the process of `graders/limited`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_ftgate.graders.limited.process import restart_clock
from pytest_ftgate.graders.structure import UnreadableError

TAGS = ("sql", "sqlite", "postgres", "postgresql", "mysql", "tsql", "bigquery", "snowflake", "duckdb")
_PARTS = {"expressions": "SELECT", "from": "FROM", "joins": "JOIN", "group": "GROUP BY", "order": "ORDER BY"}


def statements_of(text: str, dialect: str) -> list[Any]:
    """The statements of SQL, parsed. Raises UnreadableError with the place of the first fault."""
    import sqlglot
    from sqlglot.errors import ParseError, SqlglotError

    restart_clock()
    try:
        found = [each for each in sqlglot.parse(text, dialect=dialect or None) if each and each.key != "semicolon"]
    except ParseError as error:
        raise UnreadableError(_where(error)) from None
    except SqlglotError as error:
        raise UnreadableError(str(error).splitlines()[0]) from None
    except RecursionError:
        raise UnreadableError("nested too deeply") from None
    if not found or not all(map(_is_statement, found)):
        raise UnreadableError("no statement of SQL")
    return found


def _where(error: Any) -> str:
    first = error.errors[0] if error.errors else {}
    return f"line {first.get('line', 1)}, column {first.get('col', 1)}: {first.get('description', 'cannot be parsed')}"


def _is_statement(found: Any) -> bool:
    """A word alone would be a column, and what sqlglot does not understand a command."""
    from sqlglot import exp

    return not isinstance(found, exp.Condition | exp.Alias | exp.Command | exp.Identifier | exp.Tuple)


def normalised(statements: list[Any], dialect: str) -> list[Any]:
    """The same without what does not matter: case, quotes, comments, brackets, order of conditions, table aliases."""
    return [_normalised(each, dialect or None) for each in statements]


def _normalised(statement: Any, dialect: str | None) -> Any:
    from sqlglot import exp
    from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
    from sqlglot.optimizer.simplify import simplify

    plain = normalize_identifiers(statement.copy(), dialect=dialect)
    for identifier in plain.find_all(exp.Identifier):
        identifier.set("quoted", False)
    _resolve_aliases(plain)
    return simplify(plain, dialect=dialect)


def _resolve_aliases(statement: Any) -> None:
    """In a query without subqueries that uses each table once: no alias of a table, and no `AS a` for a column a."""
    from sqlglot import exp

    tables = [*statement.find_all(exp.Table)]
    named = {table.alias_or_name: table.name for table in tables}
    if len([*statement.find_all(exp.Select)]) != 1 or len(set(named.values())) != len(tables):
        return
    for column in statement.find_all(exp.Column):
        if table := named.get(column.table):
            column.set("table", exp.to_identifier(table) if len(tables) > 1 else None)
    for table in tables:
        table.set("alias", None)
    for alias in [*statement.find_all(exp.Alias)]:
        if isinstance(alias.this, exp.Column) and alias.this.name == alias.alias:
            alias.replace(alias.this)


def difference(found: list[Any], expected: list[Any]) -> str:
    """Where two lists of normalised statements differ; "" if they do not."""
    if len(found) != len(expected):
        return f"found {len(found)} statements, expected {len(expected)}"
    return "; ".join(part for pair in zip(found, expected, strict=True) for part in _differing(*pair))


def _differing(found: Any, expected: Any) -> Iterator[str]:
    if found == expected:
        return
    if type(found) is not type(expected) or found.key != "select":
        yield f"found {_sql(found)}, expected {_sql(expected)}"
        return
    for name in sorted({*found.args, *expected.args}):
        one, other = found.args.get(name), expected.args.get(name)
        if (one or None) != (other or None):
            part = _PARTS.get(name.rstrip("_"), name.rstrip("_").upper())
            yield f"{part}: found {_sql(one)}, expected {_sql(other)}"


def _sql(part: Any) -> str:
    if not part:
        return "nothing"
    parts = part if isinstance(part, list) else [part]
    text = ", ".join(each.sql(comments=False) if hasattr(each, "sql") else str(each) for each in parts)
    return repr(text if len(text) <= 200 else f"{text[:197]}...")
