"""Cases of another tool, one by one -> rows of a golden set: ids, slices from metadata, a shared system turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.pipeline.importing.case_metadata import as_notes, free_id, parted, slice_names
from pytest_ftgate.pipeline.importing.chat import shared_system, without_system
from pytest_ftgate.pipeline.importing.imported import CaseRow, Losses


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
        slices = slice_names([draft.metadata for draft in self.drafts])
        ids: set[str] = set()
        return [self._row(draft, slices, ids) for draft in self.drafts]

    def _row(self, draft: Draft, slices: Mapping[str, str], ids: set[str]) -> CaseRow:
        made: dict[str, Any] = {}
        if draft.own_id:
            made["id"] = free_id(draft.own_id, ids)
        made |= draft.data
        of_case, rest = parted(draft.metadata, slices)
        made |= {"slices": of_case} if of_case else {}
        made |= {"notes": as_notes(rest)} if rest else {}
        return CaseRow(made, self._path, draft.line)
