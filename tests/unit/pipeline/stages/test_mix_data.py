"""Several training files, their weights and a share of general rows -> one file, drawn by the seed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from pytest_ftgate.data.lineage import begun, line_of, trained
from pytest_ftgate.data.lineage import mixed as mixed_lineage
from pytest_ftgate.pipeline.stages.mix_data import mixed, taken_of
from pytest_ftgate.pipeline.tables import Data
from tests.projects import write_rows


@pytest.fixture
def data(tmp_path) -> Data:
    """40 rows of `a` twice, half of 20 of `b`, and general ones as a tenth of all."""
    for name, count in (("a", 40), ("b", 20), ("g", 200), ("v", 5)):
        rows = [{"input": f"{name}{n}", "expected": "yes"} for n in range(count)]
        write_rows(tmp_path / f"{name}.jsonl", rows)
    a, b, g, v = (tmp_path / f"{name}.jsonl" for name in "abgv")
    return Data(a, v, others=(b,), weights=(2.0, 0.5), general=g, general_share=0.1)


def names(data: Data) -> dict[str, str]:
    return {kind: path.name for kind, path in data.files.items()}


def read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_rows_are_taken_by_weight_and_share(data, tmp_path):
    copy, taken = mixed(data, names(data), tmp_path / "out", seed=0)
    assert taken == {"train.1": 80, "train.2": 10, "general": 10}
    rows = read(copy)
    found = Counter(row["input"] for row in rows)
    assert all(found[f"a{n}"] == 2 for n in range(40))
    assert sum(found[f"b{n}"] for n in range(20)) == 10
    assert max(found[f"b{n}"] for n in range(20)) == 1
    assert taken_of(data, {"train.1": 40, "train.2": 20, "general": 200}) == len(rows) == 100
    assert [path.name for path in copy.parent.iterdir()] == ["mixed.jsonl"]
    for row in rows:
        file, _, line = row["origin"].partition(":")
        assert row["input"] == f"{file[0]}{int(line) - 1}"


def test_the_order_is_the_seeds_so_that_the_first_rows_are_of_all_files(data, tmp_path):
    first, again, other = (mixed(data, names(data), tmp_path / f"out{n}", seed)[0] for n, seed in enumerate((0, 0, 1)))
    assert first.read_bytes() == again.read_bytes() != other.read_bytes()
    assert len({row["input"][0] for row in read(first)[:30]}) == 3


def test_a_small_general_file_is_taken_more_than_once(data, tmp_path):
    write_rows(tmp_path / "g.jsonl", [{"input": "g0", "expected": "yes"}, {"input": "g1", "expected": "yes"}])
    copy, taken = mixed(data, names(data), tmp_path / "out", seed=0)
    assert taken["general"] == 10
    assert Counter(row["input"] for row in read(copy))["g0"] == 5


def test_lineage_tells_what_the_mix_is_of(data, tmp_path):
    copy, taken = mixed(data, names(data), tmp_path / "out", seed=0)
    lineage = mixed_lineage(begun(data.files, tmp_path), copy, taken)
    assert list(lineage) == ["train", "train.1", "train.2", "general", "validation"]
    assert lineage["train"]["mixed"] == taken
    assert "train.2 " in line_of(trained(lineage, 50, 96, 50, 0))
    one = Data(data.train, data.validation, general=data.general, general_share=0.5)
    copy, taken = mixed(one, names(one), tmp_path / "one", seed=0)
    lineage = mixed_lineage(begun(one.files, tmp_path), copy, taken)
    assert list(lineage) == ["train", "train.1", "general", "validation"]
    assert lineage["train"]["mixed"] == {"train.1": 40, "general": 40}
