"""Two runs -> preference pairs of the cases that one fixed or broke, for DPO; never of cases that gate a pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.evaluate.records.record import CaseRecord, Record
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.files.text import shown
from pytest_ftgate.golden.case import Case, Prompt, is_script, make_case, render
from pytest_ftgate.golden.spec import read_golden
from pytest_ftgate.graders.value import Grade
from pytest_ftgate.pipeline.comparison.compare import compare
from pytest_ftgate.pipeline.discovery import Catalogue
from pytest_ftgate.pipeline.exporting.exported import Exported, json_lines
from pytest_ftgate.pipeline.importing.imported import Losses
from pytest_ftgate.serve.response import Response

Pair = tuple[Record, Record]
"""The earlier run, the later one, on one golden set."""


def preferences(pairs: Sequence[Pair], catalogue: Catalogue) -> Exported:
    """Rows of prompt, chosen and rejected, as `[train] method = "dpo"` reads them, with the id of the case.

    Of each case that passed in one of two runs alone the answer that passed is chosen. The prompt is rendered from the
    golden set, whose cases must be those of the runs. Left out, and named: scripts of user turns, tool calls, answers
    that are empty, cut off or the same. Raises FtgateError if the set, or one of the cases, is in a golden set of a
    pipeline: a model that trains on what decides about it passes for nothing.
    """
    refuse_gating(pairs, catalogue)
    losses = Losses()
    rows = [row for then, now in pairs for row in _rows(then, now, losses)]
    return Exported(json_lines(rows), len(rows), tuple(losses.faults))


def refuse_gating(pairs: Sequence[Pair], catalogue: Catalogue) -> None:
    """Raises FtgateError for a golden set, or cases, that a run of a pipeline measures."""
    others = [now.facts.set for _, now in pairs if not catalogue.pipelines_of(now.facts.set)]
    hint = f"; of this run there is also --set {others[0]}" if others else ""
    for then, now in pairs:
        for name in {then.facts.set, now.facts.set}:
            if pipelines := catalogue.pipelines_of(name):
                raise FtgateError(
                    f"golden set {name} gates {_named(pipelines)}: no preference pairs are made of it\n"
                    "    a model that learns what decides about it would be promoted for nothing; ask other cases,\n"
                    f"    such as validation rows, in a golden set of their own{hint}"
                )
    gating = _gating_inputs(catalogue)
    for _, now in pairs:
        if found := [case for case in now.cases if case.input in gating]:
            name, pipelines = gating[found[0].input]
            raise FtgateError(
                f"{len(found)} of the cases of {now.facts.set}, such as {found[0].id}, are also in golden set {name}, "
                f"which gates {_named(pipelines)}: no preference pairs are made of them\n"
                f"    remove them from {now.facts.set}, and ask again"
            )


def _named(pipelines: Sequence[str]) -> str:
    return f"pipeline{'s' if len(pipelines) > 1 else ''} {', '.join(pipelines)}"


def _gating_inputs(catalogue: Catalogue) -> dict[str, tuple[str, list[str]]]:
    """Digest of what a case asks, as records have it -> a golden set with it, and the pipelines that measure this."""
    found = {}
    for name, path in catalogue.golden_paths.items():
        if pipelines := catalogue.pipelines_of(name):
            for row in read_golden(path).rows:
                found[_input_digest(row.data["input"])] = name, pipelines
    return found


def _input_digest(said: Any) -> str:
    return digest_of(said)[:16]


def _rows(then: Record, now: Record, losses: Losses) -> Iterator[dict[str, Any]]:
    found = compare(now, then)
    cases = _cases_of(now)
    prompt = Prompt.from_json(now.facts.prompt)
    for new, old in (*found.fixed, *found.broken):
        better, worse = (new, old) if new.result.passed else (old, new)
        chosen, rejected = _answer(better, passed=True), _answer(worse, passed=False)
        case = cases.get(new.id)
        if why := _unfit(case, new, chosen, rejected):
            losses.add(now.facts.path, new.line, new.id, f"no pair: {why}")
        elif case and chosen and rejected:
            yield {"prompt": _prompt(prompt, case), "chosen": chosen.text, "rejected": rejected.text, "id": new.id}


def _cases_of(record: Record) -> dict[str, Case]:
    """The cases of the golden set as it is on the disk. Raises FtgateError if it is not there."""
    golden = read_golden(Path(record.facts.path))
    if not golden.rows:
        raise FtgateError(
            f"golden set {record.facts.set} is not at {shown(Path(record.facts.path))}, where run {record.facts.run} "
            "found it: its questions are needed; run this in the root of the project"
        )
    return {row.id: make_case(row.data, row.line, row.id) for row in golden.rows}


def _answer(case: CaseRecord, *, passed: bool) -> Response | None:
    """Of several repeats the first one that passed, or did not."""
    outcomes = case.repeats or (case.outcome,)
    fit = (
        answer
        for answer, outcome in zip(case.answers, outcomes, strict=False)
        if isinstance(outcome, Grade) and outcome.passed is passed
    )
    return next(fit, None)


def _unfit(case: Case | None, record: CaseRecord, chosen: Response | None, rejected: Response | None) -> str:
    """Why two answers make no pair; "" if they do."""
    if case is None or _input_digest(case.input) != record.input:
        return "the case was changed or removed since the run; run it again"
    if is_script(case.input):
        return "a script of user turns has no one prompt"
    if chosen is None or rejected is None:
        return "of its repeats none alone passed in one run, or none alone failed in the other"
    if why := _unfit_answer("chosen", chosen) or _unfit_answer("rejected", rejected):
        return why
    return "both answers are the same" if chosen.text.strip() == rejected.text.strip() else ""


def _unfit_answer(kind: str, answer: Response) -> str:
    if answer.tool_calls:
        return f"the {kind} answer calls tools, and pairs are of texts"
    if answer.finish_reason != "stop":
        return f"the {kind} answer was cut off ({answer.finish_reason})"
    return "" if answer.text.strip() else f"the {kind} answer is empty"


def _prompt(prompt: Prompt, case: Case) -> str | list[dict[str, Any]]:
    """The text of the user's turn, or the messages where there are more; few-shot examples are not learnt."""
    messages = render(Prompt(prompt.system, prompt.template), case.input)
    return str(messages[0]["content"]) if len(messages) == 1 else messages
