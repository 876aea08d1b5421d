"""Entry of the registry of OpenAI's evals, with its samples -> a golden set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.text import Keys, nearest, shown
from pytest_ftgate.files.yaml import read_yaml
from pytest_ftgate.pipeline.importing.case_builder import CaseBuilder, Draft
from pytest_ftgate.pipeline.importing.chat import NotAsked, is_system_alone, question
from pytest_ftgate.pipeline.importing.imported import Imported, Losses
from pytest_ftgate.pipeline.importing.openai.classes import CLASSES, EvalClass, NotCarried
from pytest_ftgate.pipeline.importing.shape import check_shape
from pytest_ftgate.pipeline.importing.source_rows import SourceRow, read_source_rows

_READ_ARGS = frozenset({"samples_jsonl", "max_tokens", "num_few_shot", "few_shot_jsonl"})
_SHAPES = {"samples_jsonl": str, "few_shot_jsonl": str, "num_few_shot": int, "max_tokens": int}
_DATA = "data"
"""Folder of samples, beside that of the registry files."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """An eval. line_of: the line of a key of it."""

    path: Path
    name: str
    data: Mapping[str, Any]
    lines: Mapping[Keys, int]
    about: str = ""

    @property
    def args(self) -> Mapping[str, Any]:
        return self.data.get("args") or {}

    def line(self, *keys: str | int) -> int:
        return nearest(self.lines, (self.name, *keys))


def read_registry(path: Path, name: str, data: Path | None) -> Imported:
    """The eval `name` of a registry file, or its only one. data: the samples, if they are elsewhere.

    Raises FileFaults: no such eval, one whose class is not read, samples that cannot be read.
    """
    entry = _entry(path, name)
    losses = Losses()
    try:
        kind = _class(entry)
    except NotCarried as error:
        losses.add(shown(path), entry.line("class"), f"class {entry.data.get('class')}", str(error), cases=0)
        return Imported({}, [], losses.faults)
    for key in entry.args:
        if key not in _READ_ARGS and key not in kind.args:
            losses.add(shown(path), entry.line("args", key), key, "an argument that is not read", cases=0)
    samples = data or _found(entry, "samples_jsonl")
    few_shot = _few_shot(entry)
    builder = CaseBuilder(shown(samples), losses)
    rows = read_source_rows(samples)
    bare = sum(is_system_alone(row.data.get("input")) for row in rows)
    for row in rows:
        if (draft := _draft(row, kind, few_shot, shown(samples), losses)) is not None:
            builder.add(draft)
    if why := kind.stricter:
        losses.add(shown(path), entry.line("class"), kind.name, why, cases=len(builder.drafts))
    notes = [
        *kind.notes,
        *([f"{bare} of the questions are a system message alone; asked as the user's turn"] if bare else []),
    ]
    alternatives = kind.finish(builder.drafts)
    system = builder.shared_system()
    return Imported(_golden(entry, kind, system, alternatives=alternatives), builder.rows(), losses.faults, notes=notes)


def _entry(path: Path, name: str) -> _Entry:
    found, lines = read_yaml(path, core=True)
    if not isinstance(found, dict):
        raise FileFaults([Fault(shown(path), 1, "is no registry file: expected evals by name")])
    evals = {key: each for key, each in found.items() if isinstance(each, dict) and "class" in each}
    aliases = {key: each for key, each in found.items() if isinstance(each, dict) and "id" in each}
    known = ", ".join(evals) or "none"
    if not name and len(evals) != 1:
        raise FileFaults([Fault(shown(path), 1, f"has {len(evals)} evals: {known}", "name one: --eval NAME")])
    chosen = str(aliases[name]["id"]) if name in aliases else name or next(iter(evals))
    if chosen not in evals:
        raise FileFaults([Fault(shown(path), 0, f"has no eval {name!r}; there are: {known}")])
    check_shape(evals[chosen], {"args": dict}, shown(path), lines, (chosen,))
    check_shape(evals[chosen].get("args") or {}, _SHAPES, shown(path), lines, (chosen, "args"))
    about = next((str(each.get("description", "")) for each in aliases.values() if each["id"] == chosen), "")
    return _Entry(path, chosen, evals[chosen], lines, about)


def _class(entry: _Entry) -> EvalClass:
    name = str(entry.data.get("class", "")).rpartition(":")[2]
    if name not in CLASSES:
        raise NotCarried("a program of its own, which is not run; nothing carried over")
    return CLASSES[name](entry.args)


def _found(entry: _Entry, key: str) -> Path:
    """A file that an argument names: below the registry's folder of data, or beside the registry file."""
    name = entry.args.get(key)
    if not isinstance(name, str):
        where = entry.line("args")
        raise FileFaults([Fault(shown(entry.path), where, f"has no {key}", "pass the samples: --data FILE")])
    folder = entry.path.absolute().parent
    places = [folder / name, folder.parent / _DATA / name, folder / _DATA / name]
    for place in places:
        if place.is_file():
            return place
    what = f"{key} {name} is not found in {shown(folder)} nor {shown(folder.parent / _DATA)}"
    raise FileFaults([Fault(shown(entry.path), entry.line("args", key), what, "pass the file: --data FILE")])


def _few_shot(entry: _Entry) -> list[Any]:
    """The messages that come before the last one of each question."""
    number = entry.args.get("num_few_shot") or 0
    if number < 1:
        return []
    rows = read_source_rows(_found(entry, "few_shot_jsonl"))[:number]
    return [message for row in rows for message in _messages(row.data.get("sample"))]


def _messages(sample: Any) -> list[Any]:
    return sample if isinstance(sample, list) else [sample]


def _draft(row: SourceRow, kind: EvalClass, few_shot: list[Any], path: str, losses: Losses) -> Draft | None:
    said = row.data.get("input")
    if few_shot and isinstance(said, list):
        said = [*said[:-1], *few_shot, *said[-1:]]
    try:
        made = {"input": question(said), **kind.judged(row.data)}
    except (NotAsked, NotCarried) as error:
        losses.add(path, row.line, "sample", f"{error}; not carried over")
        return None
    rest = {key: value for key, value in row.data.items() if key not in {"input", "ideal", *kind.sample_keys}}
    return Draft(row.line, made, metadata=rest)


def _golden(entry: _Entry, kind: EvalClass, system: str | None, *, alternatives: bool) -> dict[str, Any]:
    about = entry.data.get("description") or entry.about
    made: dict[str, Any] = {"description": str(about)} if about else {}
    made |= {"prompt": {"system": system}} if system is not None else {}
    longest = entry.args.get("max_tokens", kind.max_tokens)
    made |= {"request": {"max_tokens": longest}} if isinstance(longest, int) else {}
    return made | kind.settings(alternatives=alternatives)
