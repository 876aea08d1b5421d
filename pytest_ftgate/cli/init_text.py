"""What `ftgate init` decided and made -> lines that fit a screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from pytest_ftgate.files.excerpt import brief

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.starting.plan import Plan

WIDTH = 110
NEARLY = 0.9
"""Clusters for each case from which on nothing is said of them."""
FEW_CASES = 10
"""Golden cases of a label up to which something is said of it."""
_HEAD = 10
_PLACES = 3
_LONGEST = 90


def decided(plan: Plan) -> Iterator[str]:
    """A line for each decision, with what changes it."""
    from pytest_ftgate.pipeline.starting.grading import shown_from
    from pytest_ftgate.pipeline.starting.size import sight

    parts, training = plan.parts, plan.training
    cases, floor = len(parts.goldens), plan.grading.floor
    yield f"{plan.task}, from {plan.read:,} rows of {plan.source}"
    yield from _line("asked", ", ".join(plan.mapped.input) or "the questions of each row (a known format)")
    yield from _line("expected", f"{plan.mapped.expected or 'their answers'}: {plan.grading.why}")
    rows = f"{cases:,} golden cases, {len(parts.train):,} training and {len(parts.validation):,} validation rows"
    yield from _line("rows", rows + (f"; {plan.left.count:,} left out:" if plan.left.count else ""))
    for reason, places in plan.left.places.items():
        yield from _line("", f"  {reason}: {len(places):,} ({_named(places)})")
    if parts.near:
        many = parts.near > 1
        what = f"{parts.grouped:,} rows in {parts.near:,} group{'s' * many} of near duplicates or of one cluster"
        yield from _line("", f"  {what}, {'each' if many else 'all'} in one part")
    yield from _line("golden", f"{sight(cases)}{_clustered(plan)} (--goldens N)")
    shown = f" (about {100 * shown_from(floor['min'], cases):.0f} % right on these cases show it)"
    yield from _line("graders", plan.grading.told + shown * (floor["metric"] == "accuracy"))
    if plan.system:
        yield from _line("prompt", f"{brief(plan.system, _LONGEST)!r} (--system TEXT)")
    yield from _line("base", f"{training.model} ({training.told})")
    rows = f"{len(parts.train):,} rows"
    rows = f"{training.max_rows:,} of {rows} (max_rows, for a CPU)" if training.max_rows else rows
    yield from _line("training", f"{training.method}, {training.epochs} epochs of {rows}, {training.max_length} tokens")
    if plan.pii:
        yield from _line("personal", f"{plan.personal or 'none found'}; --pii {plan.pii}")


def _clustered(plan: Plan) -> str:
    """Cases that are not independent show less."""
    cases = plan.parts.goldens
    groups = len({each.cluster or number for number, each in enumerate(cases)})
    return f"; less, as they are {groups:,} clusters" if groups < NEARLY * len(cases) else ""


def written(names: Sequence[str], there: Sequence[str]) -> Iterator[str]:
    """The files, those of one folder in one line; and those that were there already."""
    yield "written:"
    folders: dict[str, list[str]] = {}
    for name in names:
        folders.setdefault(str(Path(name).parent), []).append(Path(name).name)
    for folder, files in folders.items():
        yield f"  {', '.join(files)}" if folder == "." else f"  {folder}/  {', '.join(files)}"
    if there:
        yield f"left as they were: {', '.join(there)}"


def look_at(plan: Plan, host: str, here: Path) -> Iterator[str]:
    """What a person should check. here: the project's folder."""
    yield "look at:"
    for number, text in enumerate(_points(plan, host, here), 1):
        yield from _wrapped(text, f"  {number}. ", "     ")


def next_steps(plan: Plan) -> Iterator[str]:
    """The next commands."""
    yield "next:"
    run = {
        f"ftgate doctor {plan.task}": "does the training fit this machine?",
        f"pytest goldens/{plan.task} --train": "baseline, fine-tune, gate, promotion",
        "pytest": "promoted model; before that the base, expected to fail",
        "pytest --ftgate-base-url URL --ftgate-model NAME": "the same of a model that is served already",
    }
    width = max(map(len, run))
    yield from (f"  {command:<{width}}  # {why}" for command, why in run.items())


def _points(plan: Plan, host: str, here: Path) -> Iterator[str]:
    from pytest_ftgate.data.pii.national import NOTE, can_find

    folder = f"goldens/{plan.task}"
    for error in plan.errors:
        yield f"--train will refuse this: data check {error}"
    if plan.personal.places and not can_find():
        yield NOTE
    yield f"read some of {folder}/cases.jsonl: a wrong `expected` there decides against good models"
    yield f"{folder}/golden.toml: is the floor what your product needs? After a change: ftgate lock {folder}"
    yield from plan.grading.look
    yield from _unseen(plan)
    if plan.warnings:
        yield f"data checks that warn: {', '.join(plan.warnings)}; where: pytest pipelines/{plan.task}"
    if plan.answers.merged:
        ways = ", ".join(f"{one!r} as {kept!r}" for one, kept in list(plan.answers.merged.items())[:_PLACES])
        yield f"labels written in several ways are one label: {ways}"
    if plan.unused:
        flags = " ".join(f"--slice {name}" for name in plan.slices)
        could = f"; could be slices, each with its own score: {flags}" if flags else ""
        yield f"columns that are not used: {', '.join(plan.unused)}{could}"
    if plan.parts.note:
        yield plan.parts.note
    if host != "none":
        if not (here / ".git").exists() and any((each / ".git").exists() for each in here.parents):
            yield "this folder is not the root of its repository, where CI looks for workflows: move them there"
        yield f"the CI workflow expects a GPU runner; other labels: ftgate ci {host} --runner LABELS"


def _unseen(plan: Plan) -> Iterator[str]:
    """Labels of too few golden cases to show anything."""
    counts = Counter(plan.answers.label(each.expected) for each in plan.parts.goldens)
    few = [f"{label!r} {counts[label]}" for label in plan.answers.labels if counts[label] < FEW_CASES]
    if few:
        yield f"labels of under {FEW_CASES} golden cases: {', '.join(few)}; their F1 shows little: collect more"


def _line(head: str, text: str) -> Iterator[str]:
    stripped = text.lstrip()
    indent = " " * (2 + _HEAD + len(text) - len(stripped))
    yield from _wrapped(stripped, f"  {head:<{len(indent) - 2}}", indent)


def _wrapped(text: str, first: str, indent: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False)


def _named(places: Sequence[str]) -> str:
    more = f" and {len(places) - _PLACES:,} more" if len(places) > _PLACES else ""
    return ", ".join(places[:_PLACES]) + more
