"""One row of each group is written; who stands for whom is told; nothing is done twice after a kill."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from itertools import combinations
from pathlib import Path

import psutil
import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.data.dedup.dedup import Job, deduplicate
from pytest_ftgate.data.dedup.source import Source
from pytest_ftgate.data.near.jaccard_join import jaccard
from pytest_ftgate.data.near.ngrams import grams_of
from pytest_ftgate.data.near.together import Together
from pytest_ftgate.errors import DataError
from tests.projects import write_rows
from tests.repository import ROOT
from tests.unit.data.data_files import FORMATS

DYING = """
import os, pathlib, psutil, signal, sys
from pytest_ftgate.data.dedup import dedup, groups, work
from pytest_ftgate.cli.main import main

written = work._written

def written_and_die(*args):
    result = written(*args)
    if len(list(pathlib.Path(".out.jsonl.dedup").glob("*.npy"))) == 3:
        pathlib.Path("pids").write_text(" ".join(str(each.pid) for each in psutil.Process().children(recursive=True)))
        os.kill(os.getpid(), signal.SIGKILL)
    return result

if __name__ == "__main__":
    groups.PIECE = dedup.PIECE = 100
    work._written = written_and_die
    main(sys.argv[1:])
"""


def words(seed: object, count: int = 12) -> str:
    draw = random.Random(str(seed))
    return " ".join("".join(draw.choices("abcdefghijklmnop", k=draw.randrange(4, 9))) for _ in range(count))


def row(asked: str, answer: str = "yes", **more) -> dict[str, object]:
    return {"prompt": asked, "completion": answer, **more}


def chat(system: str, asked: str, answer: str) -> dict[str, object]:
    turns = zip(("system", "user", "assistant"), (system, asked, answer), strict=True)
    return {"messages": [{"role": role, "content": text} for role, text in turns]}


@pytest.fixture
def dedup(tmp_path, monkeypatch, capsys):
    """dedup(rows, *arguments) -> (numbers of the rows written, what is printed)."""
    monkeypatch.chdir(tmp_path)

    def run(rows, *args):
        write_rows(tmp_path / "in.jsonl", [{**each, "id": str(number)} for number, each in enumerate(rows)])
        assert main(["data", "dedup", "in.jsonl", "out.jsonl", *args]) == 0
        told = capsys.readouterr()
        assert not list(tmp_path.glob(".out*"))
        return [int(json.loads(line)["id"]) for line in (tmp_path / "out.jsonl").read_text().splitlines()], told

    return run


def test_the_first_of_equal_and_near_rows_stays_and_the_report_names_it(dedup, tmp_path):
    asked = words(1)
    rows = [row(words(0)), row(asked), row(f"{asked} x"), row(words(2)), row(asked.upper()), row(words(3))]
    kept, told = dedup(rows, "--report", "report.jsonl")
    assert kept == [0, 1, 3, 5]
    assert told.out == "out.jsonl: 4 rows of 6; 1 equal and 1 near rows dropped\n"
    assert [json.loads(line) for line in Path("report.jsonl").read_text().splitlines()] == [
        {"row": "in.jsonl:3", "kept": "in.jsonl:2", "why": "near"},
        {"row": "in.jsonl:5", "kept": "in.jsonl:2", "why": "equal"},
    ]


def test_a_row_that_answers_otherwise_stays_unless_questions_alone_are_compared(dedup):
    rows = [row(words(1), "spam"), row(f"{words(1)} x", "ham"), row(words(1), words(2)), row(words(1), words(3))]
    assert dedup(rows)[0] == [0, 1, 2, 3]
    assert dedup(rows, "--by", "question")[0] == [0]


def test_system_turns_and_what_people_wanted_keep_rows_apart(dedup):
    rows = [chat("Be brief.", words(1), words(2)), chat("Be kind.", words(1), words(2))]
    assert dedup(rows)[0] == [0, 1]
    assert dedup([*rows, chat("Be kind.", f"{words(1)} x", f"{words(2)} y")])[0] == [0, 1]


def test_labels_weights_thoughts_and_calls_count(dedup):
    asked, turns = words(1), [{"role": "user", "content": words(1)}, {"role": "assistant", "content": words(2)}]
    kto = [{"prompt": asked, "completion": words(2), "label": wanted} for wanted in (True, False, True)]
    assert dedup(kto)[0] == [0, 1]
    unlearnt = [turns[0], {**turns[1], "weight": 0}, turns[0], turns[1]]
    assert dedup([{"messages": [*turns, *turns]}, {"messages": unlearnt}])[0] == [0, 1]
    call = {"role": "assistant", "content": None}
    calls = [
        {**call, "tool_calls": [{"id": "1", "type": "function", "function": {"name": name, "arguments": "{}"}}]}
        for name in ("refund", "cancel", "refund")
    ]
    assert dedup([{"messages": [turns[0], called]} for called in calls])[0] == [0, 1]
    thought = [{**turns[1], "reasoning_content": words(seed)} for seed in (3, 4)]
    assert dedup([{"messages": [turns[0], each]} for each in thought])[0] == [0, 1]


@pytest.mark.parametrize("keep", ["first", "longest"])
def test_a_row_that_nobody_reviewed_stands_for_none_that_trains(dedup, keep):
    asked, made = words(1), {"synthetic": True}
    rows = [row(f"{asked} longer", **made), row(asked), row(words(2), **made), row(words(2)), row(words(3), **made)]
    assert dedup(rows, "--keep", keep)[0] == [1, 3, 4]
    accepted = [row(asked, **made, review="accepted"), row(asked)]
    assert dedup(accepted, "--keep", keep)[0] == [0]


def test_a_preference_and_its_opposite_both_stay(dedup):
    good, bad = words(1), words(2)
    rows = [{"prompt": words(0), "chosen": one, "rejected": other} for one, other in ((good, bad), (bad, good))]
    assert dedup(rows)[0] == [0, 1]
    alike = [
        {"prompt": words(0), "chosen": one, "rejected": other}
        for one, other in ((good, f"{good} x"), (f"{good} x", good))
    ]
    assert dedup(alike)[0] == [0, 1]
    assert dedup([*rows, {"prompt": words(0), "chosen": f"{good} x", "rejected": f"{bad} x"}])[0] == [0, 1]


def test_answers_are_equal_to_the_letter(dedup):
    code = "for n in a:\n    print(n, n, n)\n    return n + n + n"
    rows = [
        row(words(1), code),
        row(words(1).upper(), code.replace("    return", "return")),
        row(words(1), f"{code}\n"),
    ]
    kept, told = dedup(rows)
    assert kept == [0]
    assert "1 equal and 1 near rows dropped" in told.out
    assert dedup(rows, "--threshold", "1")[0] == [0, 1]
    assert dedup([row(words(1), "US"), row(words(1), "us"), row(f"{words(1)} x", "us")])[0] == [0, 1]


def test_texts_alone_are_compared(dedup):
    assert dedup([{"text": words(1, 30)}, {"text": words(2)}, {"text": f"{words(1, 30)} x"}])[0] == [0, 1]


def test_short_texts_must_be_equal_and_a_refusal_does_not_make_questions_near(dedup):
    refusal = words("no", 40)
    rows = [row("What is 4 + 5?"), row("What is 4 - 5?"), row("Is it A?", refusal), row("Is it B?", refusal)]
    assert dedup(rows)[0] == [0, 1, 2, 3]


def test_rows_in_a_script_without_spaces(dedup):
    told = "请用一句话回答下面这个关于图书馆开放时间的问题并说明您是从哪里得到答案的"
    assert dedup([row(f"{told}{day}上午几点开门") for day in ("星期一", "星期二", "星期六")])[0] == [0]


def test_the_longest_row_may_stay_and_near_to_near_is_one_group(dedup):
    asked = words(1, 20)
    rows = [row(asked), row(f"{asked} {words(2, 2)}"), row(f"{asked} {words(2, 4)}"), row(words(3))]
    assert dedup(rows)[0] == [0, 3]
    assert dedup(rows, "--keep", "longest")[0] == [2, 3]


def test_groups_are_those_of_all_comparisons(dedup):
    draw = random.Random(7)
    asked = [words(seed, 30) for seed in range(80)]
    for _ in range(160):
        letters = list(draw.choice(asked))
        for place in draw.sample(range(len(letters)), draw.randrange(1, 9)):
            letters[place] = draw.choice("xyz")
        asked.append("".join(letters))
    rows = [row(text, draw.choice(("yes", "no"))) for text in asked]
    grams = list(map(grams_of, asked))
    near = Together(
        (one, other)
        for one, other in combinations(range(len(rows)), 2)
        if rows[one]["completion"] == rows[other]["completion"] and jaccard(grams[one], grams[other]) >= 0.8
    )
    seen: set[object] = set()
    expected = [place for place in range(len(rows)) if not (near.of(place) in seen or seen.add(near.of(place)))]
    assert dedup(rows)[0] == expected
    assert len(expected) < len(rows) - 30


def test_the_threshold_moves_what_is_near(dedup):
    rows = [row(words(1, 20)), row(f"{words(1, 20)} {words(2, 3)}")]
    assert dedup(rows, "--threshold", "0.75")[0] == [0]
    assert dedup(rows, "--threshold", "0.95")[0] == [0, 1]


def test_rows_of_other_files_stand_for_near_ones_and_are_not_written(dedup, tmp_path):
    write_rows(tmp_path / "old.jsonl", [row(words(9)), row(f"{words(1)} a")])
    write_rows(tmp_path / "older.jsonl", [row(words(3))])
    rows = [row(words(0)), row(f"{words(1)} longer"), row(words(2)), row(words(3))]
    args = ("--against", "old.jsonl", "--against", "older.jsonl", "--keep", "longest", "--report", "report.jsonl")
    assert dedup(rows, *args)[0] == [0, 2]
    assert [json.loads(line)["kept"] for line in Path("report.jsonl").read_text().splitlines()] == [
        "old.jsonl:2",
        "older.jsonl:1",
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read_and_rows_keep_their_shape(tmp_path, name):
    rows = [row(words(number), words(-number, 3)) for number in range(30)]
    source = FORMATS[name](tmp_path / name, [*rows, *rows[:5]])
    done = deduplicate(Job([source], tmp_path / "out.jsonl"))
    assert (done.counts.written, done.counts.equal, done.counts.near) == (30, 5, 0)
    assert [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()] == rows


def test_fifty_thousand_equal_rows_and_ten_thousand_with_one_long_instruction(dedup):
    instruction = words("long", 60)
    rows = [row(words(1))] * 50_000 + [row(f"{instruction} {words(number, 6)}") for number in range(10_000)]
    begun = time.process_time()
    kept, _ = dedup(rows)
    assert kept == [0, *range(50_000, 60_000)]
    assert time.process_time() - begun < 120


def test_a_row_that_cannot_be_read_is_an_error_and_nothing_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("in.jsonl").write_text(json.dumps(row(words(1))) + "\n{broken\n")
    assert main(["data", "dedup", "in.jsonl", "out.jsonl"]) == 2
    assert "in.jsonl:2" in capsys.readouterr().err
    Path("empty.jsonl").touch()
    assert main(["data", "dedup", "empty.jsonl", "out.jsonl"]) == 2
    assert "empty.jsonl: no rows" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.jsonl", "in.jsonl"]


@pytest.mark.parametrize("args", [("a.jsonl", "a.jsonl"), ("a.jsonl", "b.jsonl", "--report", "./b.jsonl")])
def test_an_output_is_no_input_and_no_other_output(tmp_path, monkeypatch, capsys, args):
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "a.jsonl", [row(words(1))])
    before = Path("a.jsonl").read_bytes()
    assert main(["data", "dedup", *args]) == 2
    assert "is also an input or output; use another name" in capsys.readouterr().err
    assert Path("a.jsonl").read_bytes() == before
    assert not Path("b.jsonl").exists()


def test_an_output_that_cannot_be_one_is_an_error_before_anything_is_read(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "a.jsonl", [row(words(1))])
    Path("folder").mkdir()
    assert main(["data", "dedup", "a.jsonl", "folder"]) == 2
    assert "folder: is a folder, expected a file" in capsys.readouterr().err
    assert main(["data", "dedup", "a.jsonl", "b.jsonl", "--report", "r.jsonl.gz"]) == 2
    assert "r.jsonl.gz: output is written uncompressed; use a name like r.jsonl" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "folder"]


def test_a_file_that_changes_meanwhile_is_an_error(tmp_path):
    path = write_rows(tmp_path / "in.jsonl", [row(words(number)) for number in range(5)])
    source = Source([path])
    assert len(list(source.rows())) == 5
    assert source.place(4).endswith("in.jsonl:5")
    for rows in (4, 6):
        write_rows(tmp_path / "in.jsonl", [row(words(number)) for number in range(rows)])
        with pytest.raises(DataError, match="changed while its rows were compared"):
            list(source.records(0))


def test_a_threshold_out_of_bounds_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["data", "dedup", "in.jsonl", "out.jsonl", "--threshold", "0.5"])
    assert "from 0.7 to 1" in capsys.readouterr().err


def test_a_killed_run_goes_on_where_it_was_and_leaves_no_process_behind(dedup, tmp_path, monkeypatch):
    rows = [row(words(number)) for number in range(500)] + [row(f"{words(number)} x") for number in range(40)]
    expected, _ = dedup(rows)
    Path("out.jsonl").unlink()
    Path("dying.py").write_text(DYING)
    command = [sys.executable, "dying.py", "data", "dedup", "in.jsonl", "out.jsonl"]
    killed = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=300, check=False)
    assert killed.returncode == -9
    assert not Path("out.jsonl").exists()
    workers = [int(pid) for pid in Path("pids").read_text().split()]
    assert workers
    until = time.monotonic() + 60
    while any(map(psutil.pid_exists, workers)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(map(psutil.pid_exists, workers))
    monkeypatch.setattr("pytest_ftgate.data.dedup.groups.PIECE", 100)
    kept, told = dedup(rows)
    assert kept == expected == list(range(500))
    assert "resumed: 3 pieces of work were already done" in told.out
