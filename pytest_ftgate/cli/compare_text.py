"""Comparison -> lines for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from typing import TYPE_CHECKING

from pytest_ftgate.cli.case_text import block, cut
from pytest_ftgate.cli.common import table
from pytest_ftgate.files.escape import one_line
from pytest_ftgate.gate.checks.result import points
from pytest_ftgate.golden.case import answer_text
from pytest_ftgate.pipeline.comparison.compare import (
    Comparison,
    Speed,
    counted,
    is_worse,
    mean,
    slice_text,
    speed_of,
)
from pytest_ftgate.pipeline.comparison.settings import differences, revision
from pytest_ftgate.pipeline.comparison.since_last import difference

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.records.record import CaseRecord, Facts
    from pytest_ftgate.gate.checks.result import CheckResult
    from pytest_ftgate.pipeline.comparison.match import Side

SHOWN = 10
"""Cases of each kind, unless all are asked for."""
_SPEEDS = {
    "p50_ms": ("p50 latency", "{:.0f} ms"),
    "p95_ms": ("p95 latency", "{:.0f} ms"),
    "tokens_in": ("tokens in", "{:.1f}"),
    "tokens_out": ("tokens out", "{:.1f}"),
    "cost_per_1k": ("cost of 1,000", "{:.4g}"),
}


def comparison_lines(found: Comparison, check: CheckResult | None, *, everything: bool) -> Iterator[str]:
    """everything: all cases, and their texts whole."""
    then, now = found.then, found.now
    named = now.set if now.set == then.set else f"{then.set} and {now.set}"
    yield f"{named}: {difference(found)}, {len(found.fixed)} fixed, {len(found.broken)} broken: {_verdict(found)}"
    olds, news = [other for _, other in found.sides], [case for case, _ in found.sides]
    yield from table([_run("A", then, olds), _run("B", now, news)], "  ")
    yield from _changed(found, whole=everything)
    yield from (f"  warning: {text}" for text in found.warnings)
    yield f"  {_evidence(found)}"
    yield f"  {_unseen(found)}"
    if check is not None:
        yield f"  {check.status.upper()} {check.reason}"
    yield from _speeds(found)
    yield from _slices(found)
    yield from _cases("broken", found.broken, everything=everything)
    yield from _cases("fixed", found.fixed, everything=everything)


def _run(side: str, facts: Facts, compared: Sequence[CaseRecord]) -> tuple[str, ...]:
    """With the score of the cases that are compared."""
    variant = f"prompt {facts.variant}" if facts.variant else ""
    score = f"{mean(compared):.3f}"
    return side, f"{facts.when:%Y-%m-%d %H:%M}", facts.run, facts.model, variant, score, revision(facts)


def _verdict(found: Comparison) -> str:
    """In plain words, by the test that `_evidence` gives; a slice that lost is told whatever the whole did."""
    pairs = found.pairs
    if pairs.gain > 0 and pairs.is_better():
        told = "B is better"
    else:
        told = "B is worse" if pairs.gain < 0 and pairs.is_worse else "not shown to differ"
    worse = ", ".join(one_line(slice_text(row)) for row in found.worse_slices)
    return f"{told}; WORSE on {worse}" if worse else told


def _changed(found: Comparison, *, whole: bool) -> Iterator[str]:
    rows = [(what, then, "->", now) for what, then, now in differences(found.now, found.then, whole=whole)]
    if rows:
        yield from table(rows, "  ")
    else:
        yield "  same model, prompt, request and code"


def _evidence(found: Comparison) -> str:
    """The difference with its test, in words."""
    pairs = found.pairs
    side, p = ("better", pairs.p_better) if pairs.gain >= 0 else ("worse", pairs.p_worse)
    test = "McNemar's mid-p test" if pairs.binary else "test"
    tested = "" if p is None else f"; one-sided {test} of B {side}: p = {p:.2g}"
    return f"B - A: {difference(found)}, one-sided bounds at .05{tested} {pairs}"


def _unseen(found: Comparison) -> str:
    unseen, n = found.unseen, found.pairs.n
    if unseen == inf:
        return f"{counted(n)} cannot show any difference"
    return (
        f"with {counted(n)} a true difference below {100 * unseen:.1f} points is more likely than 1 in 5 to go unseen"
    )


def _speeds(found: Comparison) -> Iterator[str]:
    sides = (found.then, [other for _, other in found.sides]), (found.now, [case for case, _ in found.sides])
    then, now = (speed_of(facts, cases) for facts, cases in sides)
    rows = [(title, _number(then, key, text), "->", _number(now, key, text)) for key, (title, text) in _SPEEDS.items()]
    known = [row for row in rows if row[1] or row[3]]
    if known:
        yield from table(known, "  ")


def _number(speed: Speed, key: str, text: str) -> str:
    value = getattr(speed, key)
    return "" if value is None else text.format(value)


def _slices(found: Comparison) -> Iterator[str]:
    rows = [
        (
            one_line(row["name"]),
            f"{row['n']:,}",
            f"{row['then']:.3f}",
            f"{row['now']:.3f}",
            points(row["gain"]),
            "too small to decide" if row["p"] is None else f"{row['p']:.2g}{' worse' if is_worse(row) else ''}",
        )
        for row in found.slice_rows
    ]
    if rows:
        yield from table([("slice", "n", "A", "B", "points", "Holm p of worse"), *rows], "  ")


def _cases(kind: str, sides: Sequence[Side], *, everything: bool) -> Iterator[str]:
    if not sides:
        return
    shown = sides if everything else sides[:SHOWN]
    yield ""
    yield f"{kind} ({len(sides)}):"
    for now, then in shown:
        yield from _case(now, then, everything=everything)
    if more := len(sides) - len(shown):
        yield f"and {more} more: --all"


def _case(now: CaseRecord, then: CaseRecord, *, everything: bool) -> Iterator[str]:
    def told(title: str, text: str) -> Iterator[str]:
        return block(title, text if everything else cut(text))

    yield now.id if now.id == then.id else f"{now.id} (in A {then.id})"
    yield from told("question", now.question)
    if now.expected is not None:
        yield from told("expected", answer_text(now.expected))
    yield from told("A", _answer(then))
    yield from told("B", _answer(now))


def _answer(case: CaseRecord) -> str:
    """The answer, of several repeats each."""
    return "\n".join(answer.text or f"none: {answer.error or answer.finish_reason}" for answer in case.answers)
