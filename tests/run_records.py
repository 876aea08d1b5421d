"""Records of runs as they stand in a state folder, for tests of what reads and compares them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

from pytest_ftgate.evaluate.records.record import CaseRecord, Facts, Record
from pytest_ftgate.evaluate.records.store import RecordStore
from pytest_ftgate.golden.case import case_digest, digest_of
from pytest_ftgate.graders.value import Grade
from pytest_ftgate.serve.response import Response


def case(name: str, value: float | None = 1.0, text: str = "", **more: Any) -> CaseRecord:
    """A case that was asked `text of NAME`; value: its grade, None for none."""
    asked = more.pop("input", f"text of {name}")
    expected = more.pop("expected", name)
    outcome = None if value is None else Grade(value, f"found {text!r}", "exact@1", passed=value >= 1)
    answer = Response(
        name, "", text or (name if value else "wrong"), prompt_tokens=10, completion_tokens=2, total_s=0.5
    )
    digests = case_digest(asked, expected), digest_of(asked)[:16]
    answers = more.pop("answers", (answer,))
    return CaseRecord(name, *digests, 1, str(asked), expected, answers, outcome, **more)


def cases(grades: Mapping[str, float | None], **more: Any) -> list[CaseRecord]:
    return [case(name, value, **more) for name, value in grades.items()]


def record(some: Sequence[CaseRecord], **facts: Any) -> Record:
    """A record of golden set `tickets` by model `m`, unless said otherwise."""
    values = [each.result.value for each in some if each.result.value is not None]
    counted = {
        "cases": len(some),
        "n": len(values),
        "passed": sum(bool(each.result.passed) for each in some),
        "score": fmean(values) if values else None,
        "lines": len(some),
    }
    usual = {
        "set": "tickets",
        "path": "goldens/tickets/cases.jsonl",
        "model": "m",
        "title": "m",
        "digest": "d",
        "at": 1e9,
    }
    return Record(Facts(**usual | counted | facts), tuple(some))


def keep(state: Path, some: Record, run: str = "") -> str:
    """Write a record; the id of its run."""
    store = RecordStore(state)
    name = run or store.new_run()
    (store.folder / name).mkdir(parents=True, exist_ok=True)
    store.write(Record(replace(some.facts, run=name), some.cases))
    return name
