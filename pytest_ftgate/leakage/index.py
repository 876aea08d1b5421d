"""(goldens) -> Index: (batch of rows) -> the rows that share text with a golden, and with which. Picklable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType

from pytest_ftgate.data.near.hit import Hit, Stage, Verdict
from pytest_ftgate.data.near.normalized import Golden, Plain, Words, plain_of
from pytest_ftgate.data.near.own_text import Templates
from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.data.near.text import split
from pytest_ftgate.data.near.wrapping import Wrappings
from pytest_ftgate.leakage.answer_stage import Answers
from pytest_ftgate.leakage.containment import Containment
from pytest_ftgate.leakage.disguise.disguised import Disguised
from pytest_ftgate.leakage.edited import Edited
from pytest_ftgate.leakage.exact import Exact
from pytest_ftgate.leakage.fuzzy import Fuzzy
from pytest_ftgate.leakage.kept_symbols import with_symbols
from pytest_ftgate.leakage.prefilter import EDITED, LETTERS, WORDS, Prefilter
from pytest_ftgate.leakage.report import Leak
from pytest_ftgate.leakage.selftest import check_disguises, check_prefilter, check_stages
from pytest_ftgate.leakage.split_rows import SPLIT, SplitRows

STAGES = (Exact, Containment, Fuzzy, Edited, Answers)
"""The stages in order of trust: of two equal verdicts on one pair, the first stage's stands."""
_LOOKS_FOR: Mapping[type, str] = MappingProxyType(
    {Containment: WORDS, Answers: WORDS, Fuzzy: LETTERS, Edited: EDITED}  # Exact looks in every row that is left
)
AROUND = 6
"""Words of a row that are shown on either side of a common span."""
Found = dict[int, dict[int, Hit]]
"""By place of a row and number of a golden; no row without a finding."""


class Index:
    """The goldens, indexed for every stage; any process that has it looks at any batch, each apart from the others.

    wrappings: what the prompts put around an input, without which rows are compared as well.
    prefiltered: rows in which no stage can find anything are told apart in bulk, before the stages; the findings are
    the same without. Raises SelfTestError if a stage, the filter, or the search for disguises does not find a golden
    that is planted for it.
    """

    def __init__(
        self, goldens: Sequence[Golden], wrappings: Wrappings | None = None, *, prefiltered: bool = True
    ) -> None:
        templates = Templates(goldens)
        self.goldens, self._wrappings = tuple(map(templates.with_core, goldens)), wrappings or Wrappings()
        contained, near = Containment(self.goldens, templates), Fuzzy(self.goldens, templates)
        edited, answers = Edited(self.goldens, templates), Answers(self.goldens)
        self._stages: tuple[Stage, ...] = (Exact(self.goldens), contained, near, edited, answers)
        check_stages(self.goldens, self._stages)
        indexes = (contained, answers.contained), near.join, edited
        self._filter = Prefilter(self.goldens, *indexes) if prefiltered and goldens else None
        if self._filter is not None:
            check_prefilter(self.goldens, self._stages, self._filter.passing)
        self._disguised, self._split = Disguised(self.goldens, self._wrappings, templates), SplitRows(contained)
        check_disguises(self.goldens, self._disguised.find)

    def find(self, rows: Sequence[Row], before: Row | None = None) -> Iterator[tuple[Row, tuple[Leak, ...]]]:
        """The rows with findings, in order, each with the gravest finding of every golden that it shares text with.

        before: the row before the first; it comes once more, with what is split over the two.
        """
        every = [*([before] if before else []), *rows]
        plain = [self._plain(row) for row in every]
        found = self._in_each(every, plain)
        self._add_split(every, plain, found)
        for place in sorted(found):
            old = before is not None and place == 0
            hits = [hit for hit in found[place].values() if not old or hit.stage == SPLIT]
            if hits:
                row, whole = every[place], split(plain[place].whole)
                yield row, tuple(_leak(self.goldens[hit.golden], row, whole, hit) for hit in hits)

    def _plain(self, row: Row) -> Plain:
        plain = plain_of(row)
        inside = self._wrappings.inside((plain.question, plain.whole, *plain.others))
        return replace(plain, others=plain.others + inside) if inside else plain

    def _in_each(self, rows: Sequence[Row], plain: Sequence[Plain]) -> Found:
        """What each row has by itself."""
        found: Found = {}
        other: set[tuple[int, int]] = set()
        """Pairs whose words are the same and whose symbols are not: no disguise."""
        every = frozenset(_LOOKS_FOR.values())
        told = self._filter.told(plain) if self._filter else dict.fromkeys(range(len(rows)), every)
        for place, by in sorted(told.items()):
            sample = plain[place].sample
            stages = (stage for stage in self._stages if _LOOKS_FOR.get(type(stage)) in (*by, None))
            hits = [hit for stage in stages for hit in stage.find(sample)]
            weighed = [with_symbols(hit, self.goldens[hit.golden], rows[place]) for hit in hits]
            other |= {(place, hit.golden) for hit, kept in zip(hits, weighed, strict=True) if hit != kept}
            _keep_gravest(found, place, [hit for hit in weighed if hit])
        for place, hits in self._disguised.find(rows, plain):
            _keep_gravest(found, place, [hit for hit in hits if (place, hit.golden) not in other])
        return found

    def _add_split(self, rows: Sequence[Row], plain: Sequence[Plain], found: Found) -> None:
        """What stands across the border of two rows of one file is in both, unless one has as much by itself."""
        for place, (one, other) in enumerate(pairwise(rows)):
            if one.path == other.path:
                both = (place, place + 1)
                own = {(hit.golden, hit.verdict) for at in both for hit in found.get(at, {}).values()}
                hits = [hit for hit in self._split.find(*plain[place : place + 2]) if _is_graver(hit, own)]
                for at in both:
                    _keep_gravest(found, at, hits)


def _is_graver(hit: Hit, own: set[tuple[int, Verdict]]) -> bool:
    return (hit.golden, "leak") not in own and (hit.golden, hit.verdict) not in own


def _keep_gravest(found: Found, place: int, hits: Sequence[Hit]) -> None:
    """Of each golden the gravest hit; of equally grave ones the first."""
    for hit in hits:
        best = found.setdefault(place, {}).setdefault(hit.golden, hit)
        if (hit.verdict, best.verdict) == ("leak", "suspect"):
            found[place][hit.golden] = hit


def _leak(golden: Golden, row: Row, whole: Words, hit: Hit) -> Leak:
    found = golden.id, row.path, row.line, hit.stage, hit.score, " ".join(hit.span), len(hit.span), hit.verdict
    return Leak(*found, golden.set, *_around(whole, hit.span), hit.differs, row.number)


def _around(row: Words, span: Words) -> tuple[str, str]:
    """The words of the row before and after a run of words that stands in it; nothing if it does not."""
    size = len(span)
    places = (place for place in range(len(row) - size + 1) if row[place : place + size] == span)
    if not size or (place := next(places, None)) is None:
        return "", ""
    before, after = row[max(0, place - AROUND) : place], row[place + size :][:AROUND]
    dots = ("... " if place > AROUND else ""), (" ..." if len(row) > place + size + AROUND else "")
    return dots[0] + " ".join(before), " ".join(after) + dots[1]
