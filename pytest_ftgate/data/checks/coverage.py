"""Labels, slices and offers of tools of the golden sets that the training rows lack."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from pytest_ftgate.data.checks.finding import Finding, Level
from pytest_ftgate.data.checks.label_counts import LabelCounts
from pytest_ftgate.data.readers.general import is_general
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.graders.answer import label_of


class Coverage:
    """Counts labels, slices and tools of the rows, and holds them against how often each stands in the golden sets.

    Tools stand in the prompt: a model that was never trained with them, or never without, is asked in another one.
    """

    name = "coverage"
    advice = "add training rows for these: tested but never trained on"
    level: Level = "warning"

    def __init__(self, goldens: LabelCounts) -> None:
        self._goldens = goldens
        self._rows = 0
        self._labels: Counter[str] = Counter()
        self._slices: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._tools: Counter[bool] = Counter()

    @property
    def note(self) -> str:
        """The share of each label and slice, and of tools, in training against the goldens."""
        parts = [("", self._labels, self._goldens.labels)]
        parts += [(f"{name} ", self._slices[name], counts) for name, counts in self._goldens.slices.items()]
        shares = [f"{name}{_shares(rows, goldens)}" for name, rows, goldens in parts if goldens and rows]
        return "; ".join([*shares, *self._share_of_tools()])

    def _share_of_tools(self) -> Iterator[str]:
        rows, (offering, others) = self._tools, self._goldens.tools
        if rows and offering + others and (rows[True] or offering):
            yield f"tools {rows[True] / rows.total():.1%} (golden cases {offering / (offering + others):.1%})"

    def see(self, row: DataRow) -> tuple[Finding, ...]:
        """Nothing yet; general rows belong to no task and are not counted."""
        if is_general(row.extras):
            return ()
        self._rows += 1
        if row.asked:
            self._tools[bool(row.tools)] += 1
        if self._goldens.labels and (label := label_of(row.answer, self._goldens.label_path)):
            self._labels[label] += 1
        for name, value in row.extras.get("slices", {}).items():
            self._slices[name][value] += 1
        return ()

    def close(self) -> Iterator[Finding]:
        """Each label and each slice of the goldens that no row has, and the prompt with or without tools."""
        yield from _missing("label", self._goldens.labels, self._labels)
        for name, goldens in self._goldens.slices.items():
            if name not in self._slices:
                yield Finding(f"slice {name}", 0, "not set in any row")
            else:
                yield from _missing(name, goldens, self._slices[name])
        yield from self._prompts()

    def _prompts(self) -> Iterator[Finding]:
        rows, (offering, others) = self._tools, self._goldens.tools
        told = f"{rows[True]:,} of {rows.total():,} rows have tools"
        if offering and rows and not rows[True]:
            yield Finding("tools", 0, f"{told}; {offering:,} of {offering + others:,} golden cases do")
        if others and rows and not rows[False]:
            yield Finding("tools", 0, f"{told}; {others:,} of {offering + others:,} golden cases do not")


def _missing(name: str, goldens: Mapping[str, int], rows: Mapping[str, int]) -> Iterator[Finding]:
    for value, count in goldens.items():
        if not rows.get(value):
            yield Finding(f"{name}={value}", 0, f"no rows; {count:,} golden cases")


def _shares(rows: Counter[str], goldens: Mapping[str, int]) -> str:
    total = sum(goldens.values())
    return ", ".join(
        f"{value} {rows[value] / max(1, rows.total()):.1%} (golden cases {count / total:.1%})"
        for value, count in sorted(goldens.items(), key=lambda pair: -pair[1])[:5]
    )
