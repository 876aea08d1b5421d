"""(pytest file of a golden set, name) -> where a file of that name lies: in the set's folder, or beside its file."""

from __future__ import annotations

from pathlib import Path

LABELS = "labels.jsonl"
VERDICTS = "verdicts.jsonl"


def beside(golden: Path, name: str) -> Path:
    """goldens/mood/golden.toml -> goldens/mood/labels.jsonl; mood.golden.yaml -> mood.labels.jsonl."""
    stem, mark, _ = golden.name.rpartition(".golden.")
    return golden.with_name(f"{stem}.{name}" if mark else name)
