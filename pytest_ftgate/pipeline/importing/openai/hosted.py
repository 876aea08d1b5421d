"""Eval of OpenAI's hosted service (JSON, with its criteria and items) -> a golden set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.json import read_json
from pytest_ftgate.files.text import Keys, nearest, shown
from pytest_ftgate.pipeline.importing.case_builder import CaseBuilder, Draft
from pytest_ftgate.pipeline.importing.chat import NotAsked, question
from pytest_ftgate.pipeline.importing.imported import Imported, Losses
from pytest_ftgate.pipeline.importing.openai.criteria import NoGrader, criterion_of, filled
from pytest_ftgate.pipeline.importing.shape import check_shape
from pytest_ftgate.pipeline.importing.source_rows import SourceRow, read_source_rows

_READ = frozenset(
    {"id", "object", "name", "created_at", "metadata", "data_source_config", "testing_criteria", "data_source"}
)
_SHAPES = {"input_messages": dict, "source": dict, "sampling_params": dict}
_SAMPLING = {
    "temperature": "temperature",
    "seed": "seed",
    "max_completion_tokens": "max_tokens",
    "max_tokens": "max_tokens",
}
_QUESTIONS = ("input", "question", "prompt", "messages")
"""Keys of an item that hold the question, where the file has no template of messages."""


def read_hosted(path: Path, data: Path | None) -> Imported:
    """An object with `testing_criteria`, and with `data_source` of a run as it was created.

    data: items, one for each line ({"item": {...}} or the item itself), if the file does not hold them. Raises
    FileFaults.
    """
    found, lines = read_json(path)
    if not isinstance(found, dict) or not isinstance(found.get("testing_criteria"), list):
        what = "is no eval of the hosted service: it has no list `testing_criteria`"
        raise FileFaults([Fault(shown(path), 1, what)])
    losses = Losses()
    for key in found.keys() - _READ:
        losses.add(shown(path), nearest(lines, (key,)), key, "a key that is not read", cases=0)
    check_shape(found, {"data_source": dict}, shown(path), lines)
    source = found.get("data_source") or {}
    check_shape(source, _SHAPES, shown(path), lines, ("data_source",))
    items_path, items = _items(path, lines, source, data)
    builder = CaseBuilder(items_path, losses)
    template = (source.get("input_messages") or {}).get("template")
    for row in items:
        try:
            asked = question(_asked(template, row.data))
        except (NotAsked, NoGrader) as error:
            losses.add(items_path, row.line, "item", f"{error}; not carried over")
            continue
        if judged := _judged(found["testing_criteria"], row.data, path, lines, losses):
            builder.add(Draft(row.line, {"input": asked, **judged}))
    golden = _request(source, path, lines, losses)
    golden |= builder.shared_graders()
    system = builder.shared_system()
    golden |= {"prompt": {"system": system}} if system is not None else {}
    return Imported({**_named(found), **golden}, builder.rows(), losses.faults)


def _named(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": str(found["name"])} if found.get("name") else {}


def _items(path: Path, lines: Mapping[Keys, int], source: Any, data: Path | None) -> tuple[str, list[SourceRow]]:
    """(the file of the items, these)."""
    if data is not None:
        return shown(data), [SourceRow(row.line, _item(row.data)) for row in read_source_rows(data)]
    keys = ("data_source", "source", "content")
    content = (source.get("source") or {}).get("content")
    if not isinstance(content, list):
        raise FileFaults([Fault(shown(path), nearest(lines, keys), "holds no items", "pass their file: --data FILE")])
    return shown(path), [
        SourceRow(nearest(lines, (*keys, number)), _item(each))
        for number, each in enumerate(content)
        if isinstance(each, Mapping)
    ]


def _item(row: Mapping[str, Any]) -> Mapping[str, Any]:
    item = row.get("item")
    return item if isinstance(item, Mapping) else row


def _asked(template: Any, item: Mapping[str, Any]) -> Any:
    if not isinstance(template, list):
        return next((item[key] for key in _QUESTIONS if key in item), None)
    return [
        {**message, "content": _content(message.get("content"), item)} if isinstance(message, Mapping) else message
        for message in template
    ]


def _content(content: Any, item: Mapping[str, Any]) -> Any:
    if isinstance(content, str):
        return filled(content, item)
    if isinstance(content, Mapping):
        content = [content]
    if isinstance(content, list):
        return [
            {**part, "text": filled(str(part.get("text", "")), item)} if isinstance(part, Mapping) else part
            for part in content
        ]
    return content


def _judged(
    criteria: list[Any], item: Mapping[str, Any], path: Path, lines: Mapping[Keys, int], losses: Losses
) -> dict[str, Any]:
    """`expected` and `graders` of a case; {} if no criterion can be carried over."""
    made: dict[str, Any] = {}
    for number, criterion in enumerate(criteria):
        kind = str(criterion.get("type")) if isinstance(criterion, Mapping) else "criterion"
        line = nearest(lines, ("testing_criteria", number))
        try:
            found = criterion_of(criterion, item)
            made.setdefault("expected", found.reference)
            spec = found.spec if found.reference == made["expected"] else found.alone()
            made.setdefault("graders", []).append(spec)
        except NoGrader as error:
            losses.add(shown(path), line, kind, str(error))
        else:
            if found.doubt:
                losses.add(shown(path), line, kind, found.doubt)
    return made


def _request(source: Any, path: Path, lines: Mapping[Keys, int], losses: Losses) -> dict[str, Any]:
    """[request] of the sampling parameters; the model is never copied."""
    sampling = source.get("sampling_params")
    request = {}
    for key, value in (sampling or {}).items():
        if value is None:
            continue
        if key in _SAMPLING:
            request[_SAMPLING[key]] = value
        else:
            line = nearest(lines, ("data_source", "sampling_params", key))
            losses.add(shown(path), line, key, "set it under [request.extra], if the server takes it", cases=0)
    return {"request": request} if request else {}
