"""Without pyarrow: a Parquet file names the extra that brings it, and no more than it."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_ftgate.data.readers.class_names import class_names
from pytest_ftgate.data.readers.count import row_count
from pytest_ftgate.data.readers.parquet import count_groups, read_parquet
from pytest_ftgate.errors import MissingExtra
from tests.repository import ROOT


@pytest.mark.parametrize("read", [class_names, row_count, count_groups, lambda path: list(read_parquet(path))])
def test_a_parquet_file_asks_for_the_extra_with_pyarrow(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[Path], Any]
) -> None:
    for name in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra, match=r"reading Parquet files needs the extra 'data'"):
        read(Path("rows.parquet"))
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert any(each.startswith("pyarrow") for each in extras["data"])
