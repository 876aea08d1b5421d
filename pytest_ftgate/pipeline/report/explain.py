"""(checks that are not met, answers of the models) -> Explanation: the numbers, the cases that broke, their words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_ftgate.data.near.text import text_of
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.pipeline.report.log_odds import Word, shared_words

if TYPE_CHECKING:
    from pytest_ftgate.gate.checks.result import CheckResult
    from pytest_ftgate.gate.verdict import Verdict
    from pytest_ftgate.leakage.report import Leak
    from pytest_ftgate.pipeline.report.changes import Change, Comparison

SHOWN_CASES = 10
WIDTH = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """One check that is not met.

    golden: name of the set. part: the slice, "lang = de"; "" for the whole set. against: the other model, as a person
    calls it; "" if the check compares with none. comparison: None if there are no cases to show (integrity, say).
    note: why there are none, where there ought to be.
    """

    golden: str
    check: CheckResult
    part: str = ""
    against: str = ""
    comparison: Comparison | None = None
    note: str = ""

    @property
    def title(self) -> str:
        """Such as "sms_spam, champion" or "sms_spam, slices: length = long"."""
        return f"{self.golden}, {self.check.name}" + (f": {self.part}" if self.part else "")

    @property
    def numbers(self) -> Mapping[str, float]:
        """What the check's finding rests on; of a slice its own alone."""
        if not self.part:
            return self.check.numbers
        head = f"{self.part} "
        return {name.removeprefix(head): value for name, value in self.check.numbers.items() if name.startswith(head)}

    @property
    def summary(self) -> str:
        """One sentence on how many cases broke; "" if the check looks at no cases."""
        if self.comparison is None:
            return self.note
        broken, compared = len(self.comparison.broken), self.comparison.compared
        if not self.against:
            return f"wrong on {broken} of {compared} cases"
        return f"worse than {self.against} on {broken} of {compared} cases, better on {self.comparison.better}"

    @property
    def words(self) -> tuple[Word, ...]:
        """Words that the inputs of the broken cases share, against those of the others."""
        if self.comparison is None:
            return ()
        broken = (text_of(change.case.input) for change in self.comparison.broken)
        return shared_words(broken, (text_of(case.input) for case in self.comparison.others))


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a candidate was not promoted, or what was seen beside. verdict, reason: as decided.

    leaks: goldens and training rows that share text and stopped nothing. judged: by the title of a part of the sets
    (of those that decide first) what the gate says of it; empty if nothing leaked.
    """

    task: str
    verdict: str
    reason: str
    findings: tuple[Finding, ...]
    leaks: tuple[Leak, ...] = ()
    judged: Mapping[str, Verdict] = field(default_factory=dict)

    @property
    def tells(self) -> bool:
        """Whether there is anything to explain."""
        return bool(self.findings or self.leaks)

    @property
    def beside(self) -> Iterator[str]:
        """A line for each part of the sets that does not decide: what the gate would say of it."""
        for part, verdict in list(self.judged.items())[1:]:
            yield f"on {part}: {verdict.kind}: {verdict.reason}"

    def lines(self) -> Iterator[str]:
        """For the end of a run: each check that decided, the first ten cases in all, long texts cut."""
        shown_ids: set[tuple[str, str]] = set()
        for finding in self.findings:
            if not finding.check.advisory:
                yield from _brief(finding, shown_ids)


def _brief(finding: Finding, shown_ids: set[tuple[str, str]]) -> Iterator[str]:
    yield f"{finding.title}: {finding.summary or finding.check.status.upper()}"
    yield f"  {', '.join(f'{name} {value:.3g}' for name, value in finding.numbers.items())}"
    broken = finding.comparison.broken if finding.comparison else ()
    new = [change for change in broken if (finding.golden, change.case.id) not in shown_ids]
    now = new[: SHOWN_CASES - len(shown_ids)]
    for change in now:
        shown_ids.add((finding.golden, change.case.id))
        yield from _case(change, against=bool(finding.against))
    if len(now) < len(broken):
        yield f"  and {len(broken) - len(now)} more cases"
    if words := finding.words:
        yield f"  overrepresented words in failing inputs: {', '.join(map(str, words[:5]))}"


def _case(change: Change, *, against: bool) -> Iterator[str]:
    yield f"  {change.case.id}: {shown(text_of(change.case.input), WIDTH)}"
    old = f"old {_answer(change.old)}, " if against else ""
    yield f"    {old}new {_answer(change.new)}, expected {shown(change.case.expected, WIDTH)}"


def _answer(text: str | None) -> str:
    return "not measured" if text is None else shown(text, WIDTH)
