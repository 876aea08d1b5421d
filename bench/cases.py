"""(folder, number) -> the same cases as files of every client: cases.jsonl, golden.toml, promptfoo's and lm-eval's."""

from __future__ import annotations

import json
from pathlib import Path

from bench.server import ANSWER

GOLDEN = """description = "The cases of the bench: the server gives the same right answer to all of them."

[request]
max_tokens = 16
"""
INI = """[pytest]
addopts = --strict-markers
"""
# enough text for a prompt of usual length, different in every case
_TEXT = (
    "Message {number}: you have been chosen for a free upgrade of your plan, reply within two days to number {number} "
    "or call us. Answer yes if this is advertising, no if it is not."
)


def write_cases(folder: Path, number: int) -> Path:
    """The cases as a golden set `folder/goldens/bench`; the path of cases.jsonl."""
    golden = folder / "goldens" / "bench"
    golden.mkdir(parents=True, exist_ok=True)
    path = golden / "cases.jsonl"
    rows = ({"id": f"case-{index}", "input": _TEXT.format(number=index), "expected": ANSWER} for index in range(number))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (golden / "golden.toml").write_text(GOLDEN, encoding="utf-8")
    (folder / "pytest.ini").write_text(INI, encoding="utf-8")
    return path
