"""Every copy of rows writes values that JSON has no form for by one rule, and nothing where there is none."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from pytest_ftgate.cli.main import main
from pytest_ftgate.leakage.drop_rows import write_clean
from pytest_ftgate.pipeline.stages.prepare_data import write_renamed, write_without

MORE = {
    "score": math.nan,
    "most": math.inf,
    "scores": [1.5, math.nan],
    "made": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    "day": date(2026, 1, 2),
    "at": time(3, 4),
    "price": Decimal("1.50"),
}
WRITTEN = {
    "score": None,
    "most": None,
    "scores": [1.5, None],
    "made": "2026-01-02T03:04:00+00:00",
    "day": "2026-01-02",
    "at": "03:04:00",
    "price": "1.50",
}
WAYS = {
    "dedup": lambda: main(["data", "dedup", "in.parquet", "out.jsonl"]),
    "split": lambda: main(["data", "split", "in.parquet", "--out", "parts"]),
    "redact": lambda: main(["data", "redact", "in.parquet", "out.jsonl"]),
    "pii": lambda: write_without(Path("in.parquet"), Path("out.jsonl"), drop=False),
    "drop": lambda: write_without(Path("in.parquet"), Path("out.jsonl"), drop=True),
    "columns": lambda: write_renamed(Path("in.parquet"), Path("out.jsonl"), columns={}),
    "leakage": lambda: write_clean(Path("in.parquet"), {5}, Path("clean")),
}


@pytest.fixture
def rows(tmp_path, monkeypatch):
    """rows(more) -> in.parquet, with four rows of these further keys."""
    monkeypatch.chdir(tmp_path)

    def write(more):
        made = [{"prompt": f"{name} asks what this is?", "completion": name, **more} for name in "abcd"]
        parquet.write_table(pyarrow.Table.from_pylist(made), "in.parquet")

    return write


def copies() -> list[Path]:
    return [path for path in Path().rglob("*") if path.is_file() and path.name != "in.parquet"]


@pytest.mark.parametrize("way", WAYS)
def test_every_copy_can_be_read_again(rows, way, capsys):
    rows(MORE)
    WAYS[way]()
    lines = [json.loads(line) for path in copies() if path.suffix == ".jsonl" for line in path.open() if line.strip()]
    assert len(lines) == 4
    for line in lines:
        assert {key: line[key] for key in WRITTEN} == WRITTEN
    assert "NaN" not in "".join(path.read_text() for path in copies())
    capsys.readouterr()
    main(["data", "check", *(str(path) for path in copies() if path.suffix == ".jsonl" and path.stat().st_size)])
    assert "4 rows" in capsys.readouterr().out


@pytest.mark.parametrize("way", WAYS)
def test_bytes_are_a_fault_that_names_the_column_and_nothing_is_left(rows, way, capsys):
    rows({"picture": b"\x89PNG"})
    try:
        assert WAYS[way]() == 2
        told = capsys.readouterr().err
    except Exception as error:  # noqa: BLE001 - the command's way to tell it is not under test here
        told = str(error)
    assert "in.parquet:1: cannot be written as JSON: 'picture' has a value of type bytes" in told
    assert "remove the column" in told
    assert copies() == []


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.TSV"])
@pytest.mark.parametrize("command", ["dedup", "redact"])
def test_a_name_of_another_format_is_refused_as_json_lines_are_written(rows, command, name, capsys):
    rows({})
    assert main(["data", command, "in.parquet", name]) == 2
    assert f"{name}: output is JSON Lines; use a name like out.jsonl" in capsys.readouterr().err
    assert not Path(name).exists()
