"""`ftgate data split` as a user types it."""

from __future__ import annotations

import random

import pytest

from pytest_ftgate.cli.main import main
from tests.projects import write_rows


def row(seed: int, **more: str) -> dict[str, str]:
    draw = random.Random(seed)
    asked = " ".join("".join(draw.choices("abcdefghijklmnop", k=6)) for _ in range(10))
    return {"prompt": asked, "completion": "no" if seed % 4 else "yes", **more}


@pytest.fixture
def split(tmp_path, capsys, monkeypatch):
    """split(rows, *arguments) -> exit code, what is printed."""
    monkeypatch.chdir(tmp_path)

    def run(rows, *args):
        write_rows(tmp_path / "t.jsonl", rows)
        code = main(["data", "split", "t.jsonl", "--out", "parts", *args])
        return code, capsys.readouterr()

    return run


def test_counts_by_part_and_label_are_printed(split):
    code, told = split([row(seed) for seed in range(400)])
    assert code == 0
    lines = [line.split() for line in told.out.splitlines()]
    assert lines[1:5] == [
        ["rows", "share", "no", "yes"],
        ["train", "320", "80.0%", "240", "80"],
        ["validation", "40", "10.0%", "30", "10"],
        ["test", "40", "10.0%", "30", "10"],
    ]
    assert "400 rows, 0 of them in 0 groups" in told.out


def test_added_rows_leave_the_others_where_they_stand(split, tmp_path):
    split([row(seed) for seed in range(100)])
    tested = set((tmp_path / "parts/test.jsonl").read_text().splitlines())
    code, told = split([row(seed) for seed in range(150)])
    assert code == 0
    assert "100 rows keep their split from split.lock, 50 are new" in told.out
    assert tested < set((tmp_path / "parts/test.jsonl").read_text().splitlines())


def test_near_questions_in_a_script_without_spaces_are_one_group(split):
    told = "请用一句话回答下面这个关于图书馆开放时间的问题并说明您是从哪里得到答案的"
    near = [row(0, prompt=f"{told}{day}上午几点开门") for day in ("星期一", "星期二", "星期六", "星期天")]
    code, printed = split([*near, row(1), row(2)], "--shares", "50/25/25")
    assert code == 0
    assert "6 rows, 4 of them in 1 groups of duplicate, near-duplicate or clustered rows" in printed.out


def test_copies_that_fill_a_fifth_of_the_file_are_not_compared_and_that_is_said(split, tmp_path, capsys):
    copy = row(1000)["prompt"]
    copies = [row(0, prompt=f"{copy} {number}") for number in range(60)]
    rows = [*copies, *(row(seed) for seed in range(190))]
    said = "60 of 250 texts are mostly text that a fifth of them share, which was not compared"
    assert said in split(rows)[1].out
    main(["data", "check", "t.jsonl"])
    assert said in next(line for line in capsys.readouterr().out.splitlines() if line.strip().startswith("near"))
    main(["data", "dedup", "t.jsonl", "unique.jsonl"])
    assert said in capsys.readouterr().out
    assert "mostly text" not in split([row(seed) for seed in range(250)], "--out", "other")[1].out


def test_other_shares_than_those_of_the_lock_are_an_error(split, tmp_path):
    rows = [row(seed) for seed in range(100)]
    split(rows, "--shares", "70/10/20")
    code, told = split(rows, "--shares", "50/25/25")
    assert code == 2
    assert "parts/split.lock:1: is of a split 70/10/20 with seed 0, found --shares 50/25/25" in told.err
    code, told = split(rows, "--shares", "70/10/20", "--seed", "0")
    assert code == 0


def test_a_group_on_two_sides_is_told_and_is_exit_code_1(split):
    rows = [row(seed) for seed in range(100)]
    split(rows)
    code, told = split([{**each, "cluster": "all"} for each in rows])
    assert code == 1
    assert "WARNING: 1 groups span several splits" in told.out
    assert "train: t.jsonl:1" in told.out
    assert "test: t.jsonl:" in told.out
    assert "one group has 100% of the rows (t.jsonl:1 and others)" in told.out


def test_a_fault_of_all_rows_is_told_once(split):
    code, told = split([{"id": number, "said": "x"} for number in range(80)])
    assert code == 2
    assert told.err.count("unknown row format") == 1
    assert "t.jsonl:1: unknown row format; found keys: 'said'; the same in 79 more rows" in told.err


def test_mistakes_are_told(split, tmp_path):
    code, told = split([{"x": 1}])
    assert code == 2
    assert "t.jsonl:1: unknown row format" in told.err
    assert not (tmp_path / "parts").exists()
    with pytest.raises(SystemExit):
        split([row(1)], "--shares", "80/20")
