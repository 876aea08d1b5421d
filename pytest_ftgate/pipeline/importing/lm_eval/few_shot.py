"""Task of lm-eval -> the documents of its few-shot examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_ftgate.files.yaml import Tagged
from pytest_ftgate.pipeline.importing.imported import Losses
from pytest_ftgate.pipeline.importing.lm_eval.documents import Document
from pytest_ftgate.pipeline.importing.lm_eval.task import Task, file_of
from pytest_ftgate.pipeline.importing.source_rows import read_source_rows

_TEMPLATES = ("doc_to_text", "doc_to_target", "doc_to_choice")
_ADD = "add others to golden.toml: [prompt] examples"


def _config(task: Task) -> Mapping[str, Any]:
    return task.data.get("fewshot_config") or {}


def are_drawn(task: Task) -> bool:
    """Whether lm-eval draws the examples at random."""
    return bool(_config(task).get("sampler") != "first_n")


def few_shot_task(task: Task) -> Task:
    """The task with the templates of its examples, where they have their own."""
    own = {key: _config(task)[key] for key in _TEMPLATES if _config(task).get(key) not in (None, "")}
    return replace(task, data={**task.data, **own})


def few_shot_documents(task: Task, tested: Path, losses: Losses) -> list[Document]:
    """The first `num_fewshot` documents that examples are made of.

    Those that the task lists, else rows of a split; none of the rows that are tested: their answers would be in the
    prompt. What cannot be used is noted as lost. Raises FileFaults.
    """
    number = task.data.get("num_fewshot") or 0
    if number < 1:
        return []
    listed = _config(task).get("samples")
    if isinstance(listed, list):
        return [each for each in listed if isinstance(each, Mapping)][:number]
    split = _config(task).get("split") or task.data.get("fewshot_split") or task.data.get("training_split")
    file = None if isinstance(listed, Tagged) else file_of(task, str(split or task.data.get("validation_split") or ""))
    if file is not None and file.resolve() != tested.resolve():
        return [row.data for row in read_source_rows(file)[:number]]
    where = "come from the rows that are tested" if file else "are in no local file"
    where = f"are {listed.tag} {listed.text}" if isinstance(listed, Tagged) else where
    losses.add(task.shown, task.line("num_fewshot"), f"num_fewshot {number}", f"its examples {where}; {_ADD}", cases=0)
    return []
