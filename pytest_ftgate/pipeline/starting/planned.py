"""(data file, what the user wants) -> Plan: all decisions of `ftgate init`; nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.excerpt import brief
from pytest_ftgate.files.text import shown
from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.grade import case_fault, compile_grader
from pytest_ftgate.pipeline.starting import columns as tables
from pytest_ftgate.pipeline.starting.answers import Answers, answers_of
from pytest_ftgate.pipeline.starting.columns import Mapped
from pytest_ftgate.pipeline.starting.example import Example, text_of
from pytest_ftgate.pipeline.starting.grading import Grading, grading_of
from pytest_ftgate.pipeline.starting.parts import Parts, parted
from pytest_ftgate.pipeline.starting.personal import Choice, personal_in, settled
from pytest_ftgate.pipeline.starting.plan import Plan
from pytest_ftgate.pipeline.starting.prompt import Prompted, prompted
from pytest_ftgate.pipeline.starting.rare_labels import absent, without, without_rare
from pytest_ftgate.pipeline.starting.reachable import reachable
from pytest_ftgate.pipeline.starting.reading import LeftOut, examples_of, has_shape, usable
from pytest_ftgate.pipeline.starting.size import check_left, sizes_of
from pytest_ftgate.pipeline.starting.training import training_of

MOST_TOKENS = 2048
"""Of an answer."""
MOST_OF_ONE = 0.5
"""Share of the rows that one cluster may have."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user said. path: of the data. goldens: None = as many as are sensible. system, base: "" = proposed.

    pii: None = to be asked where personal data are found. here: the project's folder.
    """

    path: Path
    here: Path
    task: str
    mapped: Mapped
    system: str = ""
    base: str = ""
    goldens: int | None = None
    seed: int = 0
    pii: Choice | None = None


@dataclass(frozen=True, slots=True)
class _Draft:
    """What some examples would become. ungradable: those of them that the graders cannot judge."""

    answers: Answers
    grading: Grading
    asked: Prompted
    parts: Parts
    ungradable: LeftOut


def mapping_of(records: Sequence[Record], given: Mapped) -> Mapped:
    """What is asked and expected: as given, else by the names of the columns, else by a shape that is known.

    Raises AmbiguousError where that is not certain, FtgateError for a column that is not there.
    """
    found = tables.columns_of([record.data for record in records])
    tables.check_named(found, given)
    try:
        return tables.guessed(found, given) if given.input or not _is_conversation(records) else given
    except tables.AmbiguousError:
        if not given.input and not given.expected and has_shape(records):
            return given
        raise


def _is_conversation(records: Sequence[Record]) -> bool:
    """Whether rows hold messages, or prompts and answers that are."""
    first = records[0].data
    return any(isinstance(value, list | Mapping) for value in first.values()) and has_shape(records)


def planned(wish: Wish, records: Sequence[Record]) -> Plan:
    """wish.mapped: complete, see `mapping_of`.

    Raises FtgateError: too few rows, no model; PersonalError where personal data are found and nothing says what
    becomes of them.
    """
    left = LeftOut()
    examples = examples_of(records, wish.mapped, left)
    personal = personal_in(examples)
    examples = usable(settled(examples, personal, wish.pii, left), left)
    sizes_of(len(examples), wish.goldens, f"{left}")  # too few are told before anything is made of them
    _check_clusters(examples)
    _check_differ(examples, wish.mapped)
    examples = without_rare(examples, left)
    while lost := absent((draft := _draft(wish, examples, f"{left}")).answers, draft.parts):
        examples = without(examples, draft.answers, lost, left)
    for reason, places in draft.ungradable.places.items():
        left.places[reason] += places
    answers, asked, parts = draft.answers, draft.asked, draft.parts
    cases = Counter(answers.label(each.expected) for each in parts.goldens)
    grading = reachable(draft.grading, list(cases.values()))
    max_tokens = min(max(8 * ceil((answers.longest / 2 + 8) / 8), 16), MOST_TOKENS)
    rows = [f"{text_of(each.input)}\n{each.answer}" for each in parts.train]
    folder = wish.here / "pipelines" / wish.task
    table = tables.columns_of([record.data for record in records])
    return Plan(
        task=wish.task,
        source=shown(wish.path),
        read=len(records),
        mapped=wish.mapped,
        left=left,
        answers=answers,
        grading=grading,
        parts=parts,
        training=training_of(wish.base, folder, rows, asked.system, max_tokens),
        system=asked.system,
        template=asked.template,
        max_tokens=max_tokens,
        seed=wish.seed,
        pii=wish.pii or "",
        personal=personal,
        unused=tables.unused(table, wish.mapped) if wish.mapped.input else (),
        slices=tables.possible_slices(table, wish.mapped) if wish.mapped.input else (),
    )


def _check_differ(examples: Sequence[Example], mapped: Mapped) -> None:
    """Raises FtgateError if one answer is right everywhere."""
    if len({each.answer_key for each in examples}) == 1:
        column = f"; is {mapped.expected!r} the right column (--expected COLUMN)?" if mapped.expected else ""
        raise FtgateError(f"every row expects {brief(examples[0].answer, 40)!r}: nothing to learn or to gate{column}")


def _check_clusters(examples: Sequence[Example]) -> None:
    """Raises FtgateError if a cluster, which stays together, is most of the rows."""
    counts = Counter(each.cluster for each in examples if each.cluster)
    name, rows = max(counts.items(), key=lambda each: each[1], default=("", 0))
    if rows > MOST_OF_ONE * len(examples):
        raise FtgateError(
            f"the column `cluster` says {brief(name, 40)!r} in {rows:,} of {len(examples):,} rows, and rows of one "
            "cluster stay in one part\n    name what belongs together, such as a document or a customer; or leave the "
            "column out"
        )


def _draft(wish: Wish, examples: Sequence[Example], left: str) -> _Draft:
    """Raises FtgateError: too few rows that graders can judge."""
    ungradable = LeftOut()
    answers = answers_of([each.expected for each in examples])
    examples = [replace(each, expected=_kept(each.expected, answers)) for each in examples]
    grading = grading_of(answers, [each.expected for each in examples])
    asked = prompted(examples, wish.system, grading.system, wish.mapped.input)
    examples = _gradable(asked.examples, grading, ungradable)
    sizes = sizes_of(len(examples), wish.goldens, left)
    parts = parted(examples, [answers.label(each.expected) for each in examples], sizes, wish.seed)
    check_left(len(parts.train), len(parts.validation))
    return _Draft(answers, grading, asked, parts, ungradable)


def _kept(expected: Any, answers: Answers) -> Any:
    """A label as it is written most often, as text; anything else as it is."""
    if answers.what != "labels":
        return expected
    text = Example("", "", expected).answer
    return answers.merged.get(text, text)


def _gradable(examples: Sequence[Example], grading: Grading, left: LeftOut) -> list[Example]:
    """Those whose expected value the graders can compare with."""
    specs = [dict(spec) for spec in grading.graders]
    graders = [compile_grader(_with_schema(spec, grading)) for spec in specs]
    kept = []
    for example in examples:
        if problem := case_fault(graders, Case("case", example.input, example.expected)):
            left.add(problem, example.place)
        else:
            kept.append(example)
    return kept


def _with_schema(spec: dict[str, Any], grading: Grading) -> dict[str, Any]:
    if "file" not in spec:
        return spec
    return {key: value for key, value in spec.items() if key != "file"} | {"schema": grading.schema}
