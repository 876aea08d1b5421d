"""Sixty sums as a golden set, and the lines that a person's work leaves."""

from __future__ import annotations

import json
from pathlib import Path

TOML = '[prompt]\nsystem = "Be brief."\nexamples = [["2+2?", "4"]]\n[[grader]]\nkind = "exact"\n'


def lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
