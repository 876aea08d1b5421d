"""Explanation -> explain.md: every check that is not met, with all its cases, whole."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from pytest_ftgate.data.near.text import text_of
from pytest_ftgate.files.escape import printable
from pytest_ftgate.golden.case import answer_text

if TYPE_CHECKING:
    from pytest_ftgate.gate.verdict import Verdict
    from pytest_ftgate.leakage.report import Leak
    from pytest_ftgate.pipeline.report.explain import Explanation, Finding

LONGEST = 4000
"""Characters of one text; a model may repeat itself for pages."""


def markdown(explanation: Explanation) -> str:
    """The page; texts of models and users are escaped, so that none of them can break a table or add HTML."""
    head = [f"# {explanation.verdict} {_text(explanation.task)}", "", _text(explanation.reason), ""]
    findings = (line for finding in explanation.findings for line in _finding(finding))
    return "\n".join([*head, *_leaks(explanation.leaks), *_judged(explanation.judged), *findings])


def _leaks(leaks: Iterable[Leak]) -> Iterator[str]:
    """Which goldens stand where, the common words marked."""
    rows = [_line(_leak(leak)) for leak in leaks]
    if rows:
        heads = ("golden case", "verdict", "training row", "stage", "score", "longest common span")
        yield from ("## Leakage", "", _line(heads), _line("---" for _ in heads), *rows, "")


def _leak(leak: Leak) -> Iterator[str]:
    yield from map(_text, (leak.golden, leak.verdict, f"{leak.file}:{leak.line}", leak.stage, f"{leak.score:.2f}"))
    yield f"{_text(leak.before)} <mark>{_text(leak.span)}</mark> {_text(leak.after)}".strip()


def _judged(judged: Mapping[str, Verdict]) -> Iterator[str]:
    """The gate's result on each part of the sets, side by side."""
    if not judged:
        return
    yield from ("## With and without the leaked cases", "")
    verdicts = ((part, "verdict", str(verdict.kind), verdict.reason) for part, verdict in judged.items())
    checks = (
        (part, check.name, check.status, check.reason) for part, verdict in judged.items() for check in verdict.checks
    )
    yield from _table(("evaluated on", "check", "result", "finding"), (*verdicts, *checks))


def _finding(finding: Finding) -> Iterator[str]:
    advisory = ", advisory" if finding.check.advisory else ""
    yield f"## {_text(finding.title)}: {finding.check.status.upper()}{advisory}"
    yield from ("", _text(finding.check.reason), "")
    yield from _table(("number", "value"), ((name, f"{value:.6g}") for name, value in finding.numbers.items()))
    yield from ((_text(finding.note), "") if finding.note else ())
    if finding.comparison is not None and finding.comparison.broken:
        yield from (f"### {_text(finding.summary[:1].upper() + finding.summary[1:])}", "")
        yield from _cases(finding)
        yield from _words(finding)


def _cases(finding: Finding) -> Iterator[str]:
    names = ("case", "input", "expected", *(("old answer",) if finding.against else ()), "new answer")
    yield from _table(names, _rows(finding))


def _rows(finding: Finding) -> Iterator[tuple[str, ...]]:
    for change in finding.comparison.broken if finding.comparison else ():
        old = (_answer(change.old),) if finding.against else ()
        expected = "" if change.case.expected is None else answer_text(change.case.expected)
        yield (change.case.id, text_of(change.case.input), expected, *old, _answer(change.new))


def _answer(text: str | None) -> str:
    return "(not measured)" if text is None else text


def _words(finding: Finding) -> Iterator[str]:
    words = finding.words
    if not words:
        yield from ("No words are overrepresented in the inputs of these cases.", "")
        return
    yield from ("Overrepresented words in the inputs of these cases, by smoothed log odds vs the other cases:", "")
    rows = (
        (
            word.word,
            f"{word.failing} of {word.failing_texts}",
            f"{word.others} of {word.other_texts}",
            f"{word.log_odds:.2f}",
            f"{word.z:.1f}",
        )
        for word in words
    )
    yield from _table(("word", "in these", "in the others", "log odds ratio", "z"), rows)


def _table(names: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    heads = list(names)
    yield _line(heads)
    yield _line("---" for _ in heads)
    yield from (_line(map(_text, row)) for row in rows)
    yield ""


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(text: str) -> str:
    """On one line, with nothing that Markdown or HTML would read as its own, or a terminal obeys."""
    text = printable(text)
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]} ({len(text):,} characters)"
    plain = re.sub(r"[\\`*_{}\[\]|~#]", lambda found: f"&#{ord(found[0])};", html.escape(cut, quote=False))
    return re.sub(r"\r\n|[\r\n\v\f\x85\u2028\u2029]", "<br>", plain)
