"""A promptfoo configuration -> a golden set as data, and what could not be carried over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.digest import canonical
from pytest_ftgate.files.text import shown
from pytest_ftgate.files.toml_text import toml_text
from pytest_ftgate.pipeline.importing.imported import CaseRow, Imported, Losses
from pytest_ftgate.pipeline.importing.promptfoo import judge
from pytest_ftgate.pipeline.importing.promptfoo.assertions import PromptfooTest
from pytest_ftgate.pipeline.importing.promptfoo.document import Document, read_document
from pytest_ftgate.pipeline.importing.promptfoo.graders import CaseGraders
from pytest_ftgate.pipeline.importing.promptfoo.inputs import Inputs, inputs_of
from pytest_ftgate.pipeline.importing.promptfoo.labels import Labels
from pytest_ftgate.pipeline.importing.promptfoo.prompts import read_prompts
from pytest_ftgate.pipeline.importing.promptfoo.templates import NotSameError, is_template, plain_values
from pytest_ftgate.pipeline.importing.promptfoo.tests import read_tests
from pytest_ftgate.pipeline.importing.promptfoo.unread import is_left_out, note_keys
from pytest_ftgate.pipeline.importing.promptfoo.variables import combinations

_MOST_NAMED = 8
"""Variables of a test that a message names."""
_PROVIDERS = "providers, keys and settings of the run are not copied: the model is named where pytest is started"
_METRICS = "names of metrics are not kept: a case has one grade"
_WEIGHTS = "weights are not kept where all assertions must pass: they decide nothing"
_JSON_INSIDE = "contains-json: JSON counts where it is the whole answer or a fenced block, not inside a sentence"


@dataclass(frozen=True, slots=True)
class _Draft:
    """A case before the judge of the set is known."""

    test: PromptfooTest
    input: Any
    graders: CaseGraders


def read_promptfoo(path: Path) -> Imported:
    """The golden set of promptfooconfig.yaml, .yml or .json, with the files that it names.

    Raises FileFaults for files that cannot be read as what they are, each with its line.
    """
    config, losses = read_document(path), Losses()
    if not isinstance(config.data, Mapping):
        raise FileFaults([Fault(shown(path), 1, "is not a promptfoo configuration: expected a mapping with `prompts`")])
    note_keys(config, losses)
    prompts = read_prompts(config, losses)
    if not prompts:
        place = config.place("prompts")
        losses.add(place.path, place.line, "prompts", "none can be carried over, so that nothing can be asked", cases=0)
        return Imported({}, [], losses.faults)
    inputs = inputs_of(prompts, losses)
    parts = frozenset().union(*(prompt.names.parts for prompt in prompts))
    drafts = [
        _draft(test, inputs, graders)
        for test in read_tests(config, losses)
        for graders in _graded(test, parts, config.path.parent, losses)
    ]
    judged = judge.judge_of([draft.graders.requirements for draft in drafts if draft.graders.requirements])
    rows = list(_rows(drafts, judged, losses))
    common = _common_graders(rows)
    if common is not None:
        rows = [CaseRow(_without_graders(row.data), row.path, row.line) for row in rows]
    golden = {
        "description": _description(config),
        "grader": [] if common is None and not all("graders" in row.data for row in rows) else common,
        "prompt": inputs.table,
        "request": _request(config),
        "judge": judged.table,
    }
    kept = {key: value for key, value in golden.items() if value or (key == "grader" and value is not None)}
    return Imported(kept, rows, losses.faults, notes=_notes(config, drafts, rows, common, judged))


def _graded(test: PromptfooTest, parts: frozenset[str], folder: Path, losses: Losses) -> Iterator[CaseGraders]:
    """The graders of each case that a test makes, with its variables; what cannot be one is noted."""
    if is_left_out(test, losses):
        return
    try:
        expand = test.options.get("disableVarExpansion") is not True
        several = [plain_values(each, parts) for each in combinations(test.variables, folder, expand=expand)]
        for variables in several:
            _check_plain(variables)
    except NotSameError as error:
        losses.add(test.place.path, test.place.line, "vars", f"{error}; the test is left out")
        return
    for variables in several:
        graders = CaseGraders(folder, variables, losses)
        graders.add(test.asserts, test.threshold)
        yield graders


def _draft(test: PromptfooTest, inputs: Inputs, graders: CaseGraders) -> _Draft:
    """The case; a variable of the prompts that it has no value for is noted."""
    if missing := inputs.missing(graders.variables):
        asked = ", ".join(f"{{{{{name}}}}}" for name in missing)
        given = ", ".join(list(graders.variables)[:_MOST_NAMED]) or "no variable"
        more = ", ..." if len(graders.variables) > _MOST_NAMED else ""
        has = "has no value and is" if len(missing) == 1 else "have no value and are"
        why = f"the prompt's {asked} {has} asked empty; the test has {given}{more}"
        graders.losses.add_of(graders.case, test.place.path, test.place.line, "vars", why)
    return _Draft(test, inputs.of(graders.variables), graders)


def _check_plain(variables: Mapping[str, Any]) -> None:
    """Raises NotSameError for a value that is a template itself, once the other variables are in it."""
    for name, value in variables.items():
        if isinstance(value, str) and is_template(value):
            raise NotSameError(f"vars.{name} is a template itself, which is not carried over")


def _rows(drafts: Sequence[_Draft], judged: judge.JudgeTable, losses: Losses) -> Iterator[CaseRow]:
    first: dict[str, int] = {}
    labels = Labels.of_all(draft.test for draft in drafts)
    for draft in drafts:
        place, graders = draft.test.place, draft.graders
        by_judge = judged.by_case and graders.requirements
        expected = judge.listed(graders.requirements) if by_judge else graders.expected
        asked = {"input": draft.input, "expected": expected, "graders": graders.graders}
        if (before := first.get(key := canonical(asked))) is not None:
            losses.add(place.path, place.line, "test", f"asks and expects the same as that of line {before}; left out")
            continue
        first[key] = place.line
        of_test = labels.of(draft.test)
        made = {"id": of_test.pop("id"), **asked, **of_test}
        kept = {key: value for key, value in made.items() if key == "input" or value not in ("", None, [], {})}
        yield CaseRow(kept, place.path, place.line)


def _common_graders(rows: Sequence[CaseRow]) -> list[Any] | None:
    """The graders, if all cases have the same and TOML can hold them."""
    first = rows[0].data.get("graders") if rows else None
    if first is None or any(row.data.get("graders") != first for row in rows):
        return None
    try:
        toml_text({"grader": first})
    except ValueError:
        return None
    return list(first)


def _without_graders(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != "graders"}


def _description(config: Document) -> str:
    written = config.data.get("description")
    return written.strip() if isinstance(written, str) else ""


def _request(config: Document) -> dict[str, Any]:
    options = config.data.get("evaluateOptions")
    repeat = options.get("repeat") if isinstance(options, Mapping) else None
    return {"repeats": repeat} if isinstance(repeat, int) and repeat > 1 else {}


def _notes(
    config: Document,
    drafts: Sequence[_Draft],
    rows: Sequence[CaseRow],
    common: list[Any] | None,
    judged: judge.JudgeTable,
) -> list[str]:
    ungraded = sum(common is None and "graders" not in row.data for row in rows)
    of_graders = [draft.graders for draft in drafts]
    notes = {
        _PROVIDERS: bool(config.data.get("providers") or config.data.get("targets")),
        judge.NOTE: bool(judged.table),
        _METRICS: any(each.metrics for each in of_graders),
        _WEIGHTS: any(each.weights for each in of_graders),
        _JSON_INSIDE: any(each.strict_json for each in of_graders),
        f"cases without a grader, which are asked and not scored: {_ungraded(ungraded, rows)}": bool(ungraded),
    }
    return [note for note, applies in notes.items() if applies]


def _ungraded(number: int, rows: Sequence[CaseRow]) -> str:
    if number < len(rows):
        return f"{number:,}"
    return f"all {number:,}; write [[grader]] in golden.toml in the place of `grader = []`, or a test in Python"
