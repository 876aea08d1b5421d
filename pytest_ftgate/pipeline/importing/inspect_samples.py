"""Samples of an Inspect dataset (JSON Lines, JSON, CSV) -> a golden set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.importing.case_builder import CaseBuilder, Draft
from pytest_ftgate.pipeline.importing.chat import NotAsked, question
from pytest_ftgate.pipeline.importing.choices import NoOption, options_grader, right_letter, with_options
from pytest_ftgate.pipeline.importing.chosen_grader import note_of, settings_of
from pytest_ftgate.pipeline.importing.imported import Imported, Losses
from pytest_ftgate.pipeline.importing.source_rows import SourceRow, read_source_rows

_KNOWN = frozenset({"id", "input", "target", "choices", "metadata"})
_AGENTS = ("sandbox", "files", "setup")
_DEFAULT_GRADER = "exact"


def read_inspect(path: Path, grader: str = _DEFAULT_GRADER) -> Imported:
    """A sample with `choices` becomes a question with lettered options, graded by the letter.

    grader: for the others, see `chosen_grader.GRADERS`. Metadata become slices, or notes where they do not group the
    cases. Lost: samples that need a sandbox, files or a setup, and questions that are no texts. Raises FileFaults.
    """
    losses = Losses()
    builder = CaseBuilder(shown(path), losses)
    for row in read_source_rows(path, "samples"):
        if (draft := _draft(row, shown(path), losses)) is not None:
            builder.add(draft)
    expected = [draft.data.get("expected") for draft in builder.drafts if "graders" not in draft.data]
    golden = settings_of(grader, expected) if expected else {}
    if golden.get("grader", [{}])[0].get("alternatives"):
        for draft in builder.drafts:
            if "graders" not in draft.data and not isinstance(draft.data["expected"], list):
                draft.data["expected"] = [draft.data["expected"]]
    golden |= builder.shared_graders()
    system = builder.shared_system()
    golden = ({"prompt": {"system": system}} if system is not None else {}) | golden
    notes = [note_of("an Inspect sample", grader)] if expected else []
    if (
        any("graders" in draft.data for draft in builder.drafts)
        or golden.get("grader", [{}])[0].get("kind") == "one_of"
    ):
        notes.append("options have letters and the model answers with one: the text of the question is ours")
    return Imported(golden, builder.rows(), losses.faults, notes=notes)


def _draft(row: SourceRow, path: str, losses: Losses) -> Draft | None:
    """The case of a sample; None if it is noted as lost."""
    data = row.data
    for key in _AGENTS:
        if data.get(key):
            losses.add(
                path, row.line, key, "a case asks a model, it runs no agent in a sandbox; sample not carried over"
            )
            return None
    if strange := sorted(key for key in data if key not in (*_KNOWN, *_AGENTS)):
        losses.add(path, row.line, ", ".join(strange), "not a key of an Inspect sample; not read")
    try:
        made = _asked(data)
    except (NotAsked, NoOption) as error:
        losses.add(path, row.line, "sample", f"{error}; not carried over")
        return None
    if made["expected"] in ("", []):
        losses.add(path, row.line, "target", "there is none to grade the answer with; sample not carried over")
        return None
    metadata = _parsed(data.get("metadata") or {})
    return Draft(
        row.line, made, str(data.get("id") or ""), metadata if isinstance(metadata, dict) else {"metadata": metadata}
    )


def _asked(data: Any) -> dict[str, Any]:
    """Input, expected and graders. Raises NotAsked, NoOption."""
    asked = question(data.get("input"))
    target, options = data.get("target") or "", _options(data.get("choices"))
    if not options:
        return {"input": asked, "expected": [str(each) for each in target] if isinstance(target, list) else str(target)}
    if isinstance(target, list):
        if len(target) != 1:
            raise NoOption(f"has {len(target)} right options; a case has one")
        [target] = target
    letter = right_letter(target, options)
    return {"input": with_options(asked, options), "expected": letter, "graders": [options_grader(options)]}


def _options(choices: Any) -> list[str]:
    """A list; in a CSV file a JSON list, or a text with commas, else spaces, between them. Raises NoOption."""
    found = _parsed(choices)
    if isinstance(found, str):
        found = found.split(",") if "," in found else found.split()
    if found is not None and not isinstance(found, list):
        raise NoOption(f"choices are {found!r:.60}, expected a list")
    return [str(each).strip() for each in found or [] if str(each).strip()]


def _parsed(value: Any) -> Any:
    """A cell of a CSV file that holds a JSON list or object; anything else as it is."""
    if isinstance(value, str) and value.startswith(("[", "{")):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
