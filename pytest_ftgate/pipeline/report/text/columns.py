"""What several models or prompts got on a golden set -> a table, a column for each, and what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_ftgate.gate.checks.result import points

SHOWN_IDS = 10
SHOWN_SLICES = 6
WIDTH = 108
"""Characters of a line of the table; where its columns need more, it goes on below."""

Row = tuple[str, ...]


def column_lines(sets: Sequence[Mapping[str, Any]], *, verbose: bool) -> Iterator[tuple[str, str]]:
    """(text, colour) of each line. sets: see `pipeline.columns.compare_columns`. verbose: all slices and all ids."""
    for each in sets:
        yield headline(each), ""
        yield from ((f"  {line}", "") for line in _aligned(table(each, verbose=verbose)))
        yield from ((f"  {line}", "") for line in notes(each, verbose=verbose))


def headline(each: Mapping[str, Any]) -> str:
    """Such as "tickets in 2 columns, compared on 80 cases"."""
    left = f" of {each['asked']:,} (the others were not measured in all of them)"
    missing = left if each["n"] < each["asked"] else ""
    plural = "" if each["n"] == 1 else "s"
    columns = len(each["columns"]) + len(each["unmeasured"])
    return f"{each['set']} in {columns} columns, compared on {each['n']:,} case{plural}{missing}"


def table(each: Mapping[str, Any], *, verbose: bool) -> list[Row]:
    """The rows, the first of them the labels; the first cell of each is what it holds."""
    columns = each["columns"]
    if not columns:
        return []
    rows = [
        _row("accuracy", columns, lambda column: _interval(column.get("accuracy"))),
        _row("score", columns, lambda column: _interval(column.get("score"))),
        _row(f"against {columns[0]['label']}", columns, _gain),
        _row("fixed, broken", columns, _changes),
        *_slices(columns, verbose=verbose),
        _row("p50 latency", columns, lambda column: _number(column, "p50_ms", "{:,.0f} ms")),
        _row("tokens", columns, lambda column: _number(column, "tokens", "{:,.1f}")),
        _row("cost per 1,000", columns, lambda column: _number(column, "cost_per_1k", "{:.4g}")),
    ]
    return [("", *(column["label"] for column in columns)), *(row for row in rows if any(row[1:]))]


def notes(each: Mapping[str, Any], *, verbose: bool) -> Iterator[str]:
    """Below the table: which cases changed, of two columns or with -v; what was left out; how bounds are meant."""
    yield from (f"{label}: not measured" for label in each["unmeasured"])
    if not each["columns"]:
        return
    first, *others = each["columns"]
    for column in others if verbose or len(others) == 1 else ():
        for kind, verb in (("fixed", "fixes"), ("broken", "breaks")):
            if ids := column["against"][kind]:
                yield f"{column['label']} {verb}: {_listed(ids, verbose=verbose)}"
    hidden = len(first.get("slices", {})) - SHOWN_SLICES
    if hidden > 0 and not verbose:
        yield f"and {hidden} more slice{'s' if hidden > 1 else ''}; -v shows all"
    if len(others) > 1:
        yield f"the bounds against {first['label']} hold for all {len(others)} comparisons together"


def _row(name: str, columns: Sequence[Mapping[str, Any]], cell: Any) -> Row:
    return name, *map(cell, columns)


def _interval(value: Sequence[float] | None) -> str:
    return "" if value is None else "{:.3f} [{:.3f}, {:.3f}]".format(*value)


def _gain(column: Mapping[str, Any]) -> str:
    against = column.get("against", {})
    if "gain" not in against:
        return ""
    return f"{points(against['gain'])} [{points(against['lower'])}, {points(against['upper'])}] points"


def _changes(column: Mapping[str, Any]) -> str:
    against = column.get("against")
    return "" if against is None else f"{len(against['fixed']):,}, {len(against['broken']):,}"


def _slices(columns: Sequence[Mapping[str, Any]], *, verbose: bool) -> Iterator[Row]:
    """The largest slices first."""
    slices: Mapping[str, Sequence[float]] = columns[0].get("slices", {})
    names = sorted(slices, key=lambda name: (-slices[name][1], name))
    for name in names if verbose else names[:SHOWN_SLICES]:
        yield f"{name} (n = {slices[name][1]:,})", *(f"{column['slices'][name][0]:.3f}" for column in columns)


def _number(column: Mapping[str, Any], key: str, shape: str) -> str:
    return shape.format(column[key]) if key in column else ""


def _listed(ids: Sequence[str], *, verbose: bool) -> str:
    shown = ids if verbose else ids[:SHOWN_IDS]
    more = f" and {len(ids) - len(shown):,} more; -v lists all" if len(shown) < len(ids) else ""
    return ", ".join(shown) + more


def _aligned(rows: Sequence[Row]) -> Iterator[str]:
    """Lines of at most WIDTH characters, if one column fits into that; the first cell is repeated in each part."""
    if not rows:
        return
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    fitting = max(1, (WIDTH - widths[0]) // (max(widths[1:]) + 2))
    for begin in range(1, len(widths), fitting):
        places = [0, *range(begin, min(begin + fitting, len(widths)))]
        for row in rows:
            yield "  ".join(f"{row[place]:<{widths[place]}}" for place in places).rstrip()
