"""What the leakage check found: each pair of golden and training row, and the text for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_ftgate.data.near.hit import Verdict
from pytest_ftgate.files.escape import one_line

Marks = tuple[str, str]
"""What stands before and after the words that are to be seen first."""
MARKS: Marks = ("[[", "]]")
COLOURS: Marks = ("\x1b[1;33m", "\x1b[0m")
"""For a terminal: bold yellow."""
_LISTED = 10
"""Golden cases of each verdict that are described."""
_PLACES = 5
"""Further rows of one golden case that are named."""
_LONGEST = 100
_ADVICE = (
    "remove these rows, or replace the golden cases; `pytest --train --ftgate-leak=drop-row` trains without the rows, "
    "=drop-case compares models without the cases"
)
_OF_PROMPTS = "change the prompt, or replace the golden cases: no row that could be left out holds them"
_BLIND = "word-level check: paraphrases and translations are not detected"


@dataclass(frozen=True, slots=True)
class Leak:
    """A golden and a training row that share text.

    file, line: of the training row. stage: "exact", "containment", "fuzzy", "edited", "answer", "disguise" or "split".
    score: 1 for a whole copy; the share of the golden's (or its answer's) 5-word sequences that stand in the row
    (containment, answer) or across its border with the row before or after (split), or of its 20-letter sequences once
    the row's escapes, markup and lookalikes are undone (disguise); Jaccard's index of character 5-grams (fuzzy); the
    share of the golden's own words that stand in the row in their order (edited), or of its words and symbols if
    some of these differ.
    span: longest common run of words, normalised; words: their number. before, after: up to six words of the row on
    either side of it.
    differs: symbols of the golden that are others in the row, as in "* is +", or "".
    set: name of the golden's set, "" if it was not told. verdict: "leak" blocks, "suspect" is for a person to look at.
    row: number of the row in its file, from 1; 0 if it is of none.
    """

    golden_id: str
    file: str
    line: int
    stage: str
    score: float
    span: str
    words: int
    verdict: Verdict
    set: str = ""
    before: str = ""
    after: str = ""
    differs: str = ""
    row: int = 0

    @property
    def place(self) -> tuple[str, int]:
        """Which row it is: its file, and its number or its line."""
        return self.file, self.row or self.line

    def __str__(self) -> str:
        return self.shown()

    @property
    def golden(self) -> str:
        """Of the set and the case, as in sms_spam/a1, or the bare id."""
        return f"{self.set}/{self.golden_id}" if self.set else self.golden_id

    def shown(self, marks: Marks = MARKS) -> str:
        """One line: where, what, and the row around the common span, which stands between the marks."""
        symbols = f"{one_line(self.differs)}, " if self.differs else ""
        found = f"score {self.score:.2f}, {symbols}longest common span {self.words} words: {self.context(marks)}"
        return f"{self.file}:{self.line}: {self.verdict} of golden case {self.golden} ({self.stage}, {found})"

    def context(self, marks: Marks = MARKS) -> str:
        """The common span between marks, with the row's words around it; a long one without its middle."""
        before, span, after = map(one_line, (self.before, self.span, self.after))
        cut = span if len(span) <= _LONGEST else f"{span[: _LONGEST - 25]} ... {span[-20:]}"
        around = (before, f"{marks[0]}{cut}{marks[1]}" if cut else "(none)", after)
        return " ".join(part for part in around if part)


@dataclass(frozen=True, slots=True)
class Report:
    """Findings in the order of the training rows.

    leaks, suspects: at most `check.MOST_PER_GOLDEN` rows of each kind for one golden, so that memory stays small.
    rows_read, goldens: how many were compared. omitted: further findings that are not listed.
    leaking_rows: training rows with a leak, listed or not. at_least: whether that is a lower bound, as of several sets
    with findings that are not listed. prompt_files: those whose findings are in a prompt, and in no training row.
    """

    leaks: tuple[Leak, ...]
    suspects: tuple[Leak, ...]
    rows_read: int
    goldens: int
    omitted: int = 0
    leaking_rows: int = 0
    at_least: bool = False
    prompt_files: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """One line: how many of the golden cases were found, in how many of the rows."""
        if not self.found:
            return f"leakage: {self.goldens:,} golden cases, {self.rows_read:,} training rows: clean"
        found = []
        if leaking := len(_by_case(self.leaks)):
            found.append(self._counted(leaking, "leaks", "leak", self.leaking_rows, at_least=self.at_least))
        if others := self._only_suspect:
            rows = {leak.place for own in others for leak in own if leak.file not in self.prompt_files}
            found.append(self._counted(len(others), "is suspect", "are suspect", len(rows), at_least=self.omitted > 0))
        return f"leakage: {'; '.join(found)}"

    @property
    def _only_suspect(self) -> list[list[Leak]]:
        """The findings of each case that has no leak."""
        leaking = _by_case(self.leaks)
        return [own for case, own in _by_case(self.suspects).items() if case not in leaking]

    def _counted(self, cases: int, one: str, more: str, rows: int, *, at_least: bool) -> str:
        what = f"golden cases {one if cases == 1 else more}"
        least = "at least " * at_least
        where = f"in {least}{rows:,} of {self.rows_read:,} training rows" if rows else "in no training row"
        return f"{cases:,} of {self.goldens:,} {what}, {where}"

    @property
    def found(self) -> tuple[Leak, ...]:
        """All that is listed: leaks, then suspects."""
        return self.leaks + self.suspects

    def blocking(self, *, strict: bool = False) -> tuple[Leak, ...]:
        """What must not be trained on: the leaks; if strict, the suspects too."""
        return self.found if strict else self.leaks

    def assert_clean(self, *, strict: bool = False) -> None:
        """For tests. Raises AssertionError, with this report as its text, on a leak; if strict, on a suspect too."""
        __tracebackhide__ = True
        if self.blocking(strict=strict):
            raise AssertionError(self.describe(advise=True))

    def describe(self, marks: Marks = MARKS, *, advise: bool = False) -> str:
        """The summary, the first golden cases of each verdict with their rows, and what the check cannot see.

        marks: around the common words. advise: say what to do about leaks.
        """
        suspects = _by_case(self.suspects)
        leaking = [[*own, *suspects.get(case, ())] for case, own in _by_case(self.leaks).items()]
        listed = [*_listed(leaking, marks), *_listed(self._only_suspect, marks)]
        if self.omitted:
            listed.append(f"  {self.omitted:,} more pairs of these golden cases and a row are not listed")
        if advise and self.leaks:
            in_rows = any(leak.file not in self.prompt_files for leak in self.leaks)
            listed.append(f"  {_ADVICE if in_rows else _OF_PROMPTS}")
        return "\n".join([self.summary, *listed, f"  ({_BLIND})"])


def _by_case(found: Sequence[Leak]) -> dict[tuple[str, str], list[Leak]]:
    cases: dict[tuple[str, str], list[Leak]] = {}
    for leak in found:
        cases.setdefault((leak.set, leak.golden_id), []).append(leak)
    return cases


def _listed(cases: Sequence[Sequence[Leak]], marks: Marks) -> list[str]:
    """A line for each golden case: its first row as it was found, and where else it is."""
    lines = [f"  {own[0].shown(marks)}{_elsewhere(own[1:])}" for own in cases[:_LISTED]]
    more = len(cases) - len(lines)
    return [*lines, f"  and {more:,} more golden case{'s' * (more != 1)}"] if more else lines


def _elsewhere(others: Sequence[Leak]) -> str:
    if not others:
        return ""
    places = ", ".join(f"{leak.file}:{leak.line}" for leak in others[:_PLACES])
    dots = ", ..." if len(others) > _PLACES else ""
    return f"; {len(others):,} more row{'s' * (len(others) != 1)}: {places}{dots}"
