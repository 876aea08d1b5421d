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
_LONGEST = 100
_BLIND = "word-level check: paraphrases and translations are not detected"


@dataclass(frozen=True, slots=True)
class Leak:
    """A golden and a training row that share text.

    file, line: of the training row. stage: "exact", "containment", "fuzzy", "edited", "answer", "disguise" or "split".
    score: 1 for a whole copy; the share of the golden's (or its answer's) 5-word sequences that stand in the row
    (containment, answer) or across its border with the row before or after (split), or of its 20-letter sequences once
    the row's escapes, markup and lookalikes are undone (disguise); Jaccard's index of character 5-grams (fuzzy); the
    share of the golden's own words that stand in the row in their order (edited).
    span: longest common run of words, normalised; words: their number. before, after: up to six words of the row on
    either side of it.
    set: name of the golden's set, "" if it was not told. verdict: "leak" blocks, "suspect" is for a person to look at.
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

    def __str__(self) -> str:
        return self.shown()

    @property
    def golden(self) -> str:
        """Of the set and the case, as in sms_spam/a1, or the bare id."""
        return f"{self.set}/{self.golden_id}" if self.set else self.golden_id

    def shown(self, marks: Marks = MARKS) -> str:
        """One line: where, what, and the row around the common span, which stands between the marks."""
        found = f"score {self.score:.2f}, longest common span {self.words} words: {self.context(marks)}"
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
    """

    leaks: tuple[Leak, ...]
    suspects: tuple[Leak, ...]
    rows_read: int
    goldens: int
    omitted: int = 0

    @property
    def summary(self) -> str:
        """One line: what was compared and what was found."""
        compared = f"{self.goldens:,} golden cases, {self.rows_read:,} training rows"
        found = [f"{len(self.leaks):,} leaks"] if self.leaks else []
        found += [f"{len(self.suspects):,} suspects"] if self.suspects else []
        found += [f"{self.omitted:,} more"] if self.omitted else []
        return f"leakage: {compared}: {', '.join(found) or 'clean'}"

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
            raise AssertionError(self.describe())

    def describe(self, marks: Marks = MARKS) -> str:
        """The summary, the first findings of each kind, common words between marks, and what the check cannot see."""
        listed = (*_listed(self.leaks, marks), *_listed(self.suspects, marks))
        return "\n".join([self.summary, *listed, f"  ({_BLIND})"])


def _listed(found: Sequence[Leak], marks: Marks) -> list[str]:
    lines = [f"  {leak.shown(marks)}" for leak in found[:_LISTED]]
    more = len(found) - len(lines)
    return [*lines, f"  and {more:,} more"] if more else lines
