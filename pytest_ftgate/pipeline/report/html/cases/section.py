"""Table -> the section "cases" of the page: a plain table of what went wrong, and the data and script of the whole one.

Without JavaScript, and on paper, the plain table is what a reader sees; the script hides it once it shows its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from pytest_ftgate.files.escape import visible
from pytest_ftgate.pipeline.report.html.cases.pack import packed
from pytest_ftgate.pipeline.report.html.cases.table import Table
from pytest_ftgate.pipeline.report.html.render import rendered

PLAIN = 50
"""Rows of the plain table."""
_SHORT = 400
"""Characters of a text in it."""
_SCRIPTS = ("text.js", "diff.js", "state.js", "rows.js", "detail.js", "exports.js", "table.js", "keys.js")
_WORDS = {"broken": "✗ broken", "wrong": "✗ not passed", "error": "! not measured"}


@dataclass(frozen=True, slots=True)
class CasesSection:
    """html: what stands in the section, "" for a run without cases. scripts: for `page.page`."""

    html: Markup
    scripts: tuple[str, ...]


def cases_section(table: Table) -> CasesSection:
    """Whatever a model, a user or a file said is text in it."""
    if not (table.rows or table.notes):
        return CasesSection(Markup(""), ())
    wrong = [row for row in table.rows if table.missed(row) is not None]
    html = rendered(
        "cases.html.j2",
        style=Markup(_own("cases.css")),  # noqa: S704 - our own file
        total=len(table.rows) + table.left_out,
        wrong=len(wrong),
        plain=list(_plain(table, wrong[:PLAIN])),
        notes=[visible(note) for note in table.notes],
        blocks=[Markup(block) for block in packed(table)] if table.rows else [],  # noqa: S704 - base64
    )
    return CasesSection(html, (script(),) if table.rows else ())


@cache
def script() -> str:
    """All of it in one function, so that it shares no name with the rest of the page."""
    return '(() => {\n"use strict";\n' + "".join(map(_own, _SCRIPTS)) + "})();\n"


def _own(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _plain(table: Table, rows: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    for row in rows:
        place = table.missed(row) or 0
        answer, each = row["a"][place], table.sets[row["s"]]
        yield {
            "status": _WORDS[table.status_in(row, place)],
            "model": visible(each.columns[place].title) if each.own > 1 else "",
            "case": visible(row["i"]),
            "set": each.name,
            "question": _short(row["q"]),
            "expected": _short(row["e"]),
            "answer": _short(answer["t"]),
            "reason": _short(answer.get("r") or answer.get("e", "")),
        }


def _short(text: str) -> str:
    return visible(text if len(text) <= _SHORT else f"{text[:_SHORT]} … ({len(text):,} characters)")
