"""Task of lm-eval -> a golden set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_ftgate.files.text import shown
from pytest_ftgate.files.yaml import Tagged
from pytest_ftgate.pipeline.importing.case_builder import CaseBuilder, Draft
from pytest_ftgate.pipeline.importing.choices import LETTERS, NoOption, options_grader, right_letter, with_options
from pytest_ftgate.pipeline.importing.imported import Imported, Losses
from pytest_ftgate.pipeline.importing.lm_eval.documents import Document, NoDocument, options_of, text_of
from pytest_ftgate.pipeline.importing.lm_eval.scoring import Scoring, scoring_of
from pytest_ftgate.pipeline.importing.lm_eval.task import Task, data_file, few_shot_file, read_task
from pytest_ftgate.pipeline.importing.source_rows import read_source_rows

GENERATED, CHOSEN = "generate_until", "multiple_choice"
_READ = """
task task_alias tag group dataset_path dataset_name dataset_kwargs output_type doc_to_text doc_to_target doc_to_choice
description num_fewshot metric_list filter_list generation_kwargs repeats metadata training_split validation_split
test_split fewshot_split target_delimiter fewshot_delimiter should_decontaminate doc_to_decontamination_query
process_docs
"""
_REQUEST = {"max_gen_toks": "max_tokens", "max_new_tokens": "max_tokens", "temperature": "temperature", "until": "stop"}
_CHOSEN_NOTE = "lm-eval ranks the options by their probability; here the model is asked for the letter of one"
_FEW_SHOT_NOTE = "examples are the first rows of their split; lm-eval draws them at random"


def read_lm_eval(path: Path, data: Path | None = None) -> Imported:
    """A task of output type generate_until or multiple_choice. data: its rows, if they are in another file.

    Lost: what the task leaves to functions of Python, metrics without a mark that one answer passes, further lists of
    filters. Raises FileFaults: no task, or no local file of its rows.
    """
    task, losses = read_task(path), Losses()
    kind = task.data.get("output_type", GENERATED)
    if kind not in (GENERATED, CHOSEN):
        why = "measures probabilities of given texts, not an answer; nothing carried over"
        losses.add(task.shown, task.line("output_type"), f"output_type {kind}", why, cases=0)
        return Imported({}, [], losses.faults)
    _add_unread(task, losses)
    scoring, file = scoring_of(task, losses), data_file(task, data)
    builder = CaseBuilder(shown(file), losses)
    for row in read_source_rows(file):
        try:
            builder.add(Draft(row.line, _case(task, scoring, row.data)))
        except (NoDocument, NoOption) as error:
            losses.add(shown(file), row.line, "row", f"{error}; not carried over")
    notes = [_CHOSEN_NOTE] if kind == CHOSEN else []
    golden = _settings(task, losses)
    if examples := _examples(task, file, losses):
        golden.setdefault("prompt", {})["examples"] = examples
        notes.append(_FEW_SHOT_NOTE)
    golden |= builder.shared_graders() or _grader(scoring, builder)
    if scoring.f1 and kind == CHOSEN:
        golden["label"] = {"values": _labels(builder)}
    return Imported(golden, builder.rows(), losses.faults, notes=notes)


def _add_unread(task: Task, losses: Losses) -> None:
    for key, value in task.data.items():
        if key == "process_docs" and isinstance(value, Tagged):
            why = "a program that changes the rows, which is not run; they are read as they are in the file"
            losses.add(task.shown, task.line(key), f"{key} {value.tag} {value.text}", why, cases=0)
        elif key not in _READ.split() and value not in (None, False, ""):
            what = f"{key} {value.tag} {value.text}" if isinstance(value, Tagged) else key
            losses.add(task.shown, task.line(key), what, "not read", cases=0)


def _case(task: Task, scoring: Scoring, document: Document) -> dict[str, Any]:
    """Input, expected and graders. Raises NoDocument, NoOption."""
    asked = str(text_of(task, "doc_to_text", document)).strip()
    if not asked:
        raise NoDocument("doc_to_text is empty")
    target = text_of(task, "doc_to_target", document)
    options = options_of(task, document)
    if task.data.get("output_type") == CHOSEN:
        letter = right_letter(_number(target), options)
        return {"input": with_options(asked, options), "expected": letter, "graders": [options_grader(options)]}
    if options and (number := _number(target)) in range(len(options)):
        target = options[number]
    if isinstance(target, list):
        return {"input": asked, "expected": [scoring.target(str(each)) for each in target]}
    text = scoring.target(str(target))
    if not text:
        raise NoDocument("doc_to_target is empty")
    graders = scoring.graders(text)
    return {"input": asked, "expected": text} | ({"graders": graders} if graders else {})


def _number(target: Any) -> Any:
    """A number, also one that a template or a CSV file wrote as text; anything else as it is."""
    return int(target) if isinstance(target, str) and target.strip().isdecimal() else target


def _settings(task: Task, losses: Losses) -> dict[str, Any]:
    made: dict[str, Any] = {"description": f"lm-eval task {task.data['task']}"}
    about = task.data.get("description")
    if isinstance(about, Tagged) or (isinstance(about, str) and "{{" in about):
        losses.add(
            task.shown, task.line("description"), "description", "a template or a program; not carried over", cases=0
        )
    elif about and str(about).strip():
        made["prompt"] = {"system": str(about).strip()}
    request = _request(task, losses)
    if isinstance(repeats := task.data.get("repeats"), int) and repeats > 1:
        request["repeats"] = repeats
    return made | ({"request": request} if request else {})


def _request(task: Task, losses: Losses) -> dict[str, Any]:
    request: dict[str, Any] = {}
    for key, value in (task.data.get("generation_kwargs") or {}).items():
        if key == "until":
            request["stop"] = [each for each in (value if isinstance(value, list) else [value]) if each]
        elif key in _REQUEST:
            request[_REQUEST[key]] = value
        elif not (key == "do_sample" and value in (False, "false")):
            line = task.line("generation_kwargs", key)
            losses.add(task.shown, line, key, "set it under [request.extra], if the server takes it", cases=0)
    return request


def _examples(task: Task, tested: Path, losses: Losses) -> list[list[str]]:
    """Question and answer of the first rows that examples are drawn from.

    None of the rows that are tested: their answers would be in the prompt. Raises FileFaults.
    """
    number = task.data.get("num_fewshot") or 0
    if not isinstance(number, int) or number < 1:
        return []
    file = few_shot_file(task)
    if file is None or file.resolve() == tested.resolve():
        where = "are in no local file" if file is None else "come from the rows that are tested"
        why = f"its examples {where}; add others to golden.toml: [prompt] examples"
        losses.add(task.shown, task.line("num_fewshot"), f"num_fewshot {number}", why, cases=0)
        return []
    found = []
    for row in read_source_rows(file)[:number]:
        try:
            made = _case(task, Scoring({}), row.data)
        except (NoDocument, NoOption) as error:
            raise task.fault(f"num_fewshot: row {row.line}: {error}", "num_fewshot") from None
        answer = made["expected"]
        found.append([str(made["input"]), answer if isinstance(answer, str) else str(answer[0])])
    return found


def _grader(scoring: Scoring, builder: CaseBuilder) -> dict[str, Any]:
    several = any(isinstance(draft.data["expected"], list) for draft in builder.drafts)
    spec: dict[str, Any] = {"kind": "exact", **scoring.exact}
    if several:
        spec["alternatives"] = True
        for draft in builder.drafts:
            if "graders" not in draft.data and isinstance(draft.data["expected"], str):
                draft.data["expected"] = [draft.data["expected"]]
    return {"grader": [spec]}


def _labels(builder: CaseBuilder) -> list[str]:
    most = max((LETTERS.index(draft.data["expected"]) for draft in builder.drafts), default=1)
    return list(LETTERS[: max(most + 1, 2)])
