"""Cases of another tool, one by one -> rows of a golden set: ids, slices from metadata, a shared system turn."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.pipeline.importing.chat import shared_system, without_system
from pytest_ftgate.pipeline.importing.imported import CaseRow, Losses

_LONGEST = 60
"""Characters of a value that makes a slice."""
_MOST_VALUES = 10
"""Different values of a slice, unless each has several cases."""


@dataclass(slots=True)
class Draft:
    """A case. data: input, expected, graders, tools. metadata: of the other tool; it becomes slices, or notes."""

    line: int
    data: dict[str, Any]
    own_id: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


class CaseBuilder:
    """path: of the file, for losses."""

    def __init__(self, path: str, losses: Losses) -> None:
        self._path, self._losses = path, losses
        self.drafts: list[Draft] = []
        self._seen: set[str] = set()

    def add(self, draft: Draft) -> None:
        """A case; one that is another's like is noted as lost."""
        key = digest_of(draft.data)
        if key in self._seen:
            why = "the same question, answer and graders as another case; it would count twice"
            self._losses.add(self._path, draft.line, "duplicate", why)
            return
        self._seen.add(key)
        self.drafts.append(draft)

    def shared_system(self) -> str | None:
        """Take the system turn out of the cases, if all have the same one and a question; None if not."""
        system = shared_system([draft.data["input"] for draft in self.drafts])
        if system is not None:
            for draft, text in zip(self.drafts, without_system(d.data["input"] for d in self.drafts), strict=True):
                draft.data["input"] = text
        return system

    def shared_graders(self) -> dict[str, Any]:
        """Take the graders out of the cases, if all have the same; [[grader]] of golden.toml, {} if not."""
        graders = [draft.data.get("graders") for draft in self.drafts]
        if not graders or not graders[0] or any(each != graders[0] for each in graders):
            return {}
        for draft in self.drafts:
            del draft.data["graders"]
        return {"grader": graders[0]}

    def rows(self) -> list[CaseRow]:
        """The rows, in their order."""
        slices = _slice_names([draft.metadata for draft in self.drafts])
        ids: set[str] = set()
        return [self._row(draft, slices, ids) for draft in self.drafts]

    def _row(self, draft: Draft, slices: Mapping[str, str], ids: set[str]) -> CaseRow:
        made: dict[str, Any] = {}
        if draft.own_id:
            made["id"] = _free_id(draft.own_id, ids)
        made |= draft.data
        of_case = {slices[key]: _text(value) for key, value in draft.metadata.items() if _is_slice(key, value, slices)}
        rest = {key: value for key, value in draft.metadata.items() if not _is_slice(key, value, slices)}
        made |= {"slices": of_case} if of_case else {}
        made |= {"notes": json.dumps(rest, ensure_ascii=False, default=str)} if rest else {}
        return CaseRow(made, self._path, draft.line)


def _free_id(text: str, ids: set[str]) -> str:
    """An id that a case can have, and no other has."""
    base = re.sub(r"[^\w.+=@,/()-]+", "-", text).strip("-") or "case"
    made, number = base, 1
    while made in ids:
        number += 1
        made = f"{base}-{number}"
    ids.add(made)
    return made


def _slice_names(metadata: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Key of the metadata -> name of the slice, for keys whose values group the cases."""
    values: dict[str, set[str]] = {}
    counts: dict[str, int] = {}
    for each in metadata:
        for key, value in each.items():
            if _is_short(value):
                values.setdefault(key, set()).add(_text(value))
                counts[key] = counts.get(key, 0) + 1
    names: dict[str, str] = {}
    for key, some in values.items():
        name = re.sub(r"\W", "_", key, flags=re.ASCII)
        name = name if name[:1].isalpha() or name[:1] == "_" else f"_{name}"
        if name not in names.values() and (len(some) <= _MOST_VALUES or 2 * len(some) <= counts[key]):
            names[key] = name
    return names


def _is_slice(key: str, value: Any, slices: Mapping[str, str]) -> bool:
    return key in slices and _is_short(value)


def _is_short(value: Any) -> bool:
    return isinstance(value, str | int | float) and 0 < len(_text(value)) <= _LONGEST


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
