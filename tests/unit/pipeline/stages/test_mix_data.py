"""Several training files, their weights and a share of general rows -> one file, drawn by the seed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from pytest_ftgate.data.lineage import begun, line_of, trained
from pytest_ftgate.data.lineage import mixed as mixed_lineage
from pytest_ftgate.errors import PipelineError
from pytest_ftgate.pipeline.config import read_pipeline
from pytest_ftgate.pipeline.progress import silent
from pytest_ftgate.pipeline.run import PipelineRun
from pytest_ftgate.pipeline.runtime import Runtime
from pytest_ftgate.pipeline.settings import Settings
from pytest_ftgate.pipeline.stages.mix_data import mix, mixed, taken_of
from pytest_ftgate.pipeline.stages.prepare_data import prepare_data
from pytest_ftgate.pipeline.tables import Data
from tests.projects import write_model, write_pipeline, write_rows


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


def run_of(folder: Path, train: str) -> PipelineRun:
    """A run on 10 rows of `a`, 2 of `b` and 5 of `g`; what it has in the place of "train.jsonl"."""
    for name, count in (("a", 10), ("b", 2), ("g", 5), ("validation", 1)):
        rows = [{"input": f"{name}{n}", "expected": "yes"} for n in range(count)]
        write_rows(folder / f"{name}.jsonl", rows)
    write_model(folder / "model")
    path = write_pipeline(folder, "mail")
    path.write_text(path.read_text().replace('"train.jsonl"', train))
    return PipelineRun(read_pipeline(path), (), Runtime(Settings(state_dir=folder / "state"), silent()))


def test_the_job_is_the_same_from_whichever_folder_it_is_started(tmp_path, monkeypatch):
    found = []
    (tmp_path / "mail").mkdir()
    for here in (tmp_path, tmp_path / "mail"):
        monkeypatch.chdir(here)
        run = run_of(tmp_path / "mail", '["a.jsonl", "b.jsonl"]')
        prepare_data(run)
        mix(run)
        job = run.pipeline.job({}, {"graders": []})
        found.append((job.train_digest, job.digest, job.origins))
        assert {row["origin"].partition(":")[0] for row in read(Path(job.train_file))} == {"a.jsonl", "b.jsonl"}
    assert found[0] == found[1]
    assert found[0][2] == str(tmp_path / "mail")


@pytest.mark.parametrize(
    ("train", "told"),
    [
        ('["a.jsonl", { file = "b.jsonl", weight = 0.2 }]', "data.train: weight = 0.2 takes no row of b.jsonl"),
        ('[{ file = "a.jsonl", weight = 0.05 }]', "data.train: weight = 0.05 takes no row of a.jsonl"),
        (
            '"a.jsonl"\ngeneral = "g.jsonl"\ngeneral_share = 0.001',
            "data.general_share = 0.001 of the rows is less than one row",
        ),
    ],
)
def test_a_file_of_which_no_row_is_taken_is_named_before_anything_else(tmp_path, monkeypatch, train, told):
    monkeypatch.chdir(tmp_path)
    run = run_of(tmp_path, train)
    with pytest.raises(PipelineError, match=r"pipeline\.toml:") as caught:
        prepare_data(run)
    assert told in str(caught.value)
