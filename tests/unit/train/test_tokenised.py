"""Rows are tokenised once, in order, by one process or several; what a kill leaves is gone on from."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.errors import TrainError
from pytest_ftgate.train import tokenised as module
from pytest_ftgate.train.models import load_tokenizer
from pytest_ftgate.train.rows import training_rows
from pytest_ftgate.train.tokenised import tokenised
from tests.projects import write_rows
from tests.unit.train.conftest import row


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(module, "SHARD_ROWS", 5)


def columns_of(data):
    return [{name: value for name, value in one.items() if name != "length"} for one in data.dataset]


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of writing: of a file that is made again both are others."""
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.rglob("*.arrow")}


@pytest.mark.parametrize("threads", [1, 2])
def test_the_columns_are_those_of_the_rows_in_their_order(make_job, tmp_path, threads):
    job = make_job(rows=33, threads=threads)
    tokenizer, said = load_tokenizer(job), []
    data = tokenised(job, tokenizer, tmp_path, said.append)
    rows = training_rows(job, tokenizer)
    assert columns_of(data) == [one.columns() for one in rows]
    assert data.dataset["length"][:] == [len(one) for one in rows]
    assert (data.counts.rows, data.counts.tokens) == (33, sum(map(len, rows)))
    assert len(files(tmp_path)) == 7
    assert [text.endswith("with 2 processes; what is done is kept") for text in said] == [True] * (threads - 1)


def test_what_is_there_is_not_made_again(make_job, tmp_path):
    job = make_job(rows=33)
    tokenizer = load_tokenizer(job)
    whole = columns_of(tokenised(job, tokenizer, tmp_path))
    made = files(tmp_path)
    assert columns_of(tokenised(job, tokenizer, tmp_path)) == whole
    assert files(tmp_path) == made
    [folder] = (tmp_path / "tokens").iterdir()
    (folder / "whole.json").unlink()  # as a kill leaves it, and a shard that a power cut has damaged
    (folder / "000003.arrow").write_bytes(b"")
    assert columns_of(tokenised(job, tokenizer, tmp_path)) == whole
    again = files(tmp_path)
    assert [name for name in made if made[name] != again[name]] == ["000003.arrow"]


@pytest.mark.parametrize("other", [{"max_length": 90}, {"method": "kto"}])
def test_other_settings_are_other_tokens(make_job, tmp_path, other):
    job = make_job()
    assert module._key(job) != module._key(make_job(**other))
    assert module._key(job) != module._key(replace(job, prompt={**job.prompt, "system": "Sort it."}))
    assert module._key(job) == module._key(make_job(learning_rate=1.0))


def test_faults_are_told_with_their_lines_and_nothing_counts_as_whole(make_job, tmp_path):
    job = make_job(rows=33)
    lines = Path(job.train_file).read_text().splitlines()
    lines[7], lines[30] = "{", json.dumps({"input": "<|im_end|>", "expected": "ham"})
    Path(job.train_file).write_text("\n".join(lines))
    with pytest.raises(TrainError) as caught:
        tokenised(job, load_tokenizer(job), tmp_path, lambda _: None)
    text = str(caught.value)
    assert "train.jsonl:8: " in text
    assert "train.jsonl:31: special token <|im_end|>" in text
    assert not list(tmp_path.rglob("whole.json"))


def test_only_the_first_rows_are_read(make_job, tmp_path):
    job = replace(make_job(rows=33), max_rows=12)
    assert tokenised(job, load_tokenizer(job), tmp_path).counts.rows == 12


def test_rows_that_are_too_long_are_counted_and_left_out(make_job, tmp_path):
    long = {"input": "lunch " * 60, "expected": "ham"}
    job = make_job(max_length=60)
    write_rows(Path(job.train_file), [long, row(1), long])
    data = tokenised(job, load_tokenizer(job), tmp_path)
    assert (data.counts.rows, data.counts.too_long, len(data.dataset)) == (1, 2, 1)
    shortest = data.counts.shortest
    job = make_job(max_length=8)
    write_rows(Path(job.train_file), [long, row(1)])
    with pytest.raises(TrainError, match=rf"no rows within max_length = 8 tokens; the shortest has {shortest}: raise"):
        tokenised(job, load_tokenizer(job), tmp_path)


def test_judged_answers_stand_in_the_order_of_their_comparisons(make_job, tmp_path):
    job = make_job(method="kto", batch_size=4)
    rows = [row(i) | {"label": i % 3 > 0} for i in range(22)]
    judged = [{"prompt": one["input"], "completion": f"{i}", "label": one["label"]} for i, one in enumerate(rows)]
    write_rows(Path(job.train_file), judged)
    tokenizer = load_tokenizer(job)
    data = tokenised(job, tokenizer, tmp_path)
    plain = [one.columns() for one in training_rows(job, tokenizer)]
    order = random.Random(0).sample(range(22), 22)
    expected = [plain[place] for place in order]
    assert [{name: one[name] for name in plain[0]} for one in data.dataset] == expected
    answers = [one["completion_ids"] for one in data.dataset]
    assert [one["KL_completion_ids"] for one in data.dataset][:4] == [answers[3], *answers[:3]]
    assert (data.counts.wanted, data.counts.unwanted) == (14, 8)


def test_faults_in_rows_of_several_files_name_the_users_own_file_and_line(make_job, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    job = make_job(rows=3)
    rows = [{**row(n), "origin": f"../data/a.jsonl:{7 + n}"} for n in range(3)]
    rows[1] |= {"expected": "<|im_end|>" if "<|im_end|>" in load_tokenizer(job).all_special_tokens else "</s>"}
    write_rows(tmp_path / "train.jsonl", rows)
    tokenizer = load_tokenizer(job)
    for origins, where in ((str(tmp_path / "mail"), "data/a.jsonl:8:"), ("", "train.jsonl:2:")):
        mixed = replace(job, origins=origins)
        with pytest.raises(TrainError) as in_memory:
            training_rows(mixed, tokenizer)
        with pytest.raises(TrainError) as on_disk:
            tokenised(mixed, tokenizer, tmp_path / "out")
        for caught in (in_memory, on_disk):
            assert str(caught.value).startswith(where)
