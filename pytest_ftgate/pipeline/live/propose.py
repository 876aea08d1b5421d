"""(labelled inputs, golden sets, training, what was proposed before) -> new golden cases, new training rows, the rest.

No input, and nothing that shares text with it, is ever on both sides: equal and near inputs are one group, one input of
which goes to a side, by a hash of the seed and the least key; then the check that guards training looks at all of both
sides, old and new, and what it finds goes to neither.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.golden.case import Case, answer_text, make_case
from pytest_ftgate.pipeline.live.known import known_of
from pytest_ftgate.pipeline.live.overlaps import (
    case_of,
    rows_of,
    touched_by_rows,
    touching_cases,
    touching_goldens,
)

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.live.labelling import Labelled

Side = Literal["golden", "train"]
SOURCE = "production"


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was proposed before: keys, rows of training, cases. Whatever became of them, they stay on their side."""

    keys: frozenset[str] = frozenset()
    cases: tuple[Case, ...] = ()
    rows: tuple[Mapping[str, Any], ...] = ()


@dataclass
class Proposals:
    """golden, train: by key, as they are written. neither: key -> why not."""

    golden: dict[str, Labelled] = field(default_factory=dict)
    train: dict[str, Labelled] = field(default_factory=dict)
    neither: dict[str, str] = field(default_factory=dict)

    def drop(self, keys: Iterable[str], why: str) -> None:
        """Take them from their side."""
        for key in keys:
            if self.golden.pop(key, None) or self.train.pop(key, None):
                self.neither[key] = why


def propose(
    labelled: Sequence[Labelled], suites: Sequence[Suite], training: Sequence[Path], earlier: Earlier, plan: Plan
) -> Proposals:
    """The new ones. Nothing is written. Raises LeakageError, SelfTestError."""
    found = _sides([each for each in labelled if each.sampled.key not in earlier.keys], suites, training, earlier, plan)
    every = {**found.golden, **found.train}
    answers = {key: each.expected for key, each in every.items()}
    touching = touching_goldens(suites, [each.sampled for each in every.values()], answers)
    found.drop(touching, "shares text with a golden case")
    _clean_golden(found, training, earlier)
    _clean_train(found, earlier)
    return found


@dataclass(frozen=True, slots=True)
class Plan:
    """share: of the groups, in [0, 1], that go to the golden set."""

    share: float
    seed: int

    def side(self, group: str) -> Side:
        """Of a group, by its name alone."""
        hashed = hashlib.sha256(f"propose {self.seed} {group}".encode()).digest()
        return "golden" if int.from_bytes(hashed[:8], "big") < self.share * 2**64 else "train"


def _sides(
    labelled: Sequence[Labelled], suites: Sequence[Suite], training: Sequence[Path], earlier: Earlier, plan: Plan
) -> Proposals:
    known = known_of(suites, training)
    known.add("inputs proposed before", _questions(earlier))
    by_key = {each.sampled.key: each for each in labelled}
    found = Proposals()
    for place, group in known.groups([each.sampled for each in by_key.values()]):
        first, *others = [each.key for each in group]
        if place:
            found.neither |= dict.fromkeys([first, *others], f"is among the {place}, or nearly so")
            continue
        (found.golden if plan.side(first) == "golden" else found.train)[first] = by_key[first]
        found.neither |= dict.fromkeys(others, "is nearly another new input")
    return found


def _questions(earlier: Earlier) -> Iterator[str]:
    rows = [{"input": case.input} for case in earlier.cases]
    yield from (Row("", 0, row).question for row in (*rows, *earlier.rows))


def _clean_golden(found: Proposals, training: Sequence[Path], earlier: Earlier) -> None:
    """No proposed case shares text with a row that is, or may be, trained on."""
    rows = [*_numbered(earlier.rows)]
    cases = [case_of(each.sampled, each.expected) for each in found.golden.values()]
    found.drop(touched_by_rows(cases, (*rows_of(training), *rows)), "shares text with a training row")


def _clean_train(found: Proposals, earlier: Earlier) -> None:
    """No proposed row shares text with a case that is, or may be, in the golden set."""
    keys = list(found.train)
    rows = [*_numbered(train_row(found.train[key]) for key in keys)]
    cases = [case_of(each.sampled, each.expected) for each in found.golden.values()]
    touching = touching_cases([*cases, *earlier.cases], rows)
    found.drop([keys[line - 1] for line in touching], "shares text with a proposed golden case")


def _numbered(rows: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    """Each a file of its own: what stands across two rows is in neither."""
    return (Row(f"proposed {number}", number, row) for number, row in enumerate(rows, 1))


def golden_row(each: Labelled) -> dict[str, Any]:
    """A line of cases.jsonl."""
    row = {"id": f"live-{each.sampled.key[:12]}", "input": each.sampled.input, "expected": each.expected}
    return {**row, "slices": {"source": SOURCE}, "notes": _notes(each)}


def train_row(each: Labelled) -> dict[str, Any]:
    """A line of training data."""
    named = {"id": f"live-{each.sampled.key[:12]}"}
    asked = each.sampled.input
    if isinstance(asked, str | Mapping):
        return {**named, "input": asked, "expected": each.expected, "source": SOURCE}
    answer = {"role": "assistant", "content": answer_text(each.expected)}
    return {**named, "messages": [*asked, answer], "source": SOURCE}


def _notes(each: Labelled) -> str:
    parts = (each.sampled.at[:10], each.sampled.model, each.sampled.stratum)
    return ", ".join(part for part in parts if part)


def earlier_of(lines: Iterable[Mapping[str, Any]]) -> Earlier:
    """What lines of proposed.jsonl say. Raises KeyError for a line that is none."""
    made = [line for line in lines if "side" in line]
    cases = [make_case(line["row"], 0, line["row"]["id"]) for line in made if line["side"] == "golden"]
    rows = [line["row"] for line in made if line["side"] == "train"]
    return Earlier(frozenset(line["id"] for line in made), tuple(cases), tuple(rows))
