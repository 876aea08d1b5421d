"""Golden sets as texts on disk, and where their faults are."""

from __future__ import annotations

from pathlib import Path

from pytest_ftgate.golden.spec import Golden

CASE = '{"id": "a1", "input": "hi", "expected": {"label": "ham"}}\n'
ROW = '{"id": "b", "input": "x"}'


def folder(toml: str = "", cases: str | bytes | None = CASE) -> Path:
    path = Path("goldens/sms")
    path.mkdir(parents=True)
    (path / "golden.toml").write_text(toml, "utf-8")
    if cases is not None:
        (path / "cases.jsonl").write_bytes(cases.encode() if isinstance(cases, str) else cases)
    return path


def single(name: str, text: str) -> Path:
    Path(name).write_text(text, "utf-8")
    return Path(name)


def where(golden: Golden) -> list[tuple[str, int]]:
    return [(fault.path, fault.line) for fault in golden.faults]
