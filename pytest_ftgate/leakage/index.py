"""(goldens) -> Index: (batch of rows) -> the rows that share text with a golden, and with which. Picklable."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from pytest_ftgate.data.near.hit import Hit, Stage
from pytest_ftgate.data.near.jaccard_join import Fuzzy
from pytest_ftgate.data.near.normalized import Golden, Sample, Words, plain_of
from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.leakage.answer_stage import Answers
from pytest_ftgate.leakage.containment import Containment
from pytest_ftgate.leakage.exact import Exact
from pytest_ftgate.leakage.prefilter import Prefilter
from pytest_ftgate.leakage.report import Leak
from pytest_ftgate.leakage.selftest import check_prefilter, check_stages

STAGES = (Exact, Containment, Fuzzy, Answers)
"""The stages in order of trust: of two equal verdicts on one pair, the first stage's stands."""
AROUND = 6
"""Words of a row that are shown on either side of a common span."""


class Index:
    """The goldens, indexed for every stage; any process that has it looks at any batch, each apart from the others.

    prefiltered: rows in which no stage can find anything are told apart in bulk, before the stages; the findings are
    the same without. Raises SelfTestError if a stage, or the filter, does not find a golden that is planted for it.
    """

    def __init__(self, goldens: Sequence[Golden], *, prefiltered: bool = True) -> None:
        self.goldens = tuple(goldens)
        contained, near, answers = Containment(self.goldens), Fuzzy(self.goldens), Answers(self.goldens)
        self._stages: tuple[Stage, ...] = (Exact(self.goldens), contained, near, answers)
        check_stages(self.goldens, self._stages)
        self._filter = (
            Prefilter(self.goldens, (contained, answers.contained), near) if prefiltered and goldens else None
        )
        if self._filter is not None:
            check_prefilter(self.goldens, self._stages, self._filter.passing)

    def find(self, rows: Sequence[Row]) -> Iterator[tuple[Row, tuple[Leak, ...]]]:
        """The rows with findings, in order, each with the gravest finding of every golden that it shares text with."""
        plain = [plain_of(row) for row in rows]
        for place in self._filter.passing(plain) if self._filter else range(len(rows)):
            sample = plain[place].sample
            if hits := _best(self._stages, sample):
                yield rows[place], tuple(_leak(self.goldens[hit.golden], rows[place], sample, hit) for hit in hits)


def _best(stages: Sequence[Stage], sample: Sample) -> Collection[Hit]:
    """The gravest hit of each golden in one row."""
    best: dict[int, Hit] = {}
    for stage in stages:
        for hit in stage.find(sample):
            if hit.golden not in best or (hit.verdict, best[hit.golden].verdict) == ("leak", "suspect"):
                best[hit.golden] = hit
    return best.values()


def _leak(golden: Golden, row: Row, sample: Sample, hit: Hit) -> Leak:
    found = golden.id, row.path, row.line, hit.stage, hit.score, " ".join(hit.span), len(hit.span), hit.verdict
    return Leak(*found, golden.set, *_around(sample.whole, hit.span))


def _around(row: Words, span: Words) -> tuple[str, str]:
    """The words of the row before and after a run of words that stands in it; nothing if it does not."""
    size = len(span)
    places = (place for place in range(len(row) - size + 1) if row[place : place + size] == span)
    if not size or (place := next(places, None)) is None:
        return "", ""
    before, after = row[max(0, place - AROUND) : place], row[place + size :][:AROUND]
    dots = ("... " if place > AROUND else ""), (" ..." if len(row) > place + size + AROUND else "")
    return dots[0] + " ".join(before), " ".join(after) + dots[1]
