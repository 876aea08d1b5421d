"""A project with real messages: some of the golden set, some training rows, and production that asks others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_ftgate.evaluate.suite import Suite, load_suite
from tests.projects import write_golden, write_model, write_pipeline, write_rows
from tests.repository import ROOT

SYSTEM = 'Answer {"label": "spam"} or {"label": "ham"}.'


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@dataclass(frozen=True)
class Sms:
    """folder: with goldens/sms_spam and pipelines/sms_spam. others: real rows that are in neither."""

    folder: Path
    others: Sequence[Mapping[str, Any]]

    @classmethod
    def make(cls, folder: Path, cases: int = 100, rows: int = 200) -> Sms:
        toml = (ROOT / "goldens/sms_spam/golden.toml").read_text(encoding="utf-8")
        golden = folder / "goldens/sms_spam"
        write_golden(golden, read(ROOT / "goldens/sms_spam/cases.jsonl")[:cases], toml)
        every = read(ROOT / "pipelines/sms_spam/data/train.jsonl")
        home = folder / "pipelines/sms_spam"
        write_rows(home / "train.jsonl", every[:rows])
        write_rows(home / "validation.jsonl", read(ROOT / "pipelines/sms_spam/data/validation.jsonl")[:20])
        write_pipeline(home, "sms_spam")
        write_model(home / "model")
        return cls(folder, every[rows:])

    @property
    def suite(self) -> Suite:
        return load_suite(self.folder / "goldens/sms_spam")

    @property
    def training(self) -> tuple[Path, ...]:
        home = self.folder / "pipelines/sms_spam"
        return home / "train.jsonl", home / "validation.jsonl"

    def log(self, rows: Sequence[Mapping[str, Any]], name: str = "log.jsonl") -> Path:
        """What `ftgate serve` writes when the rows are asked, and answered rightly."""
        return write_rows(self.folder / name, map(request, rows))


def request(row: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    turns = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": row["input"]["text"]}]
    answer = json.dumps(row.get("expected", {"label": "ham"}))
    return {"at": "2026-11-28T10:00:00Z", "messages": turns, "output": answer, "model": "sms_spam/v3", **more}


def asked(text: str, label: str = "ham") -> dict[str, Any]:
    return {"input": {"text": text}, "expected": {"label": label}}
