"""`ftgate data review` as a person works with it."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from pytest_ftgate.cli.main import main
from tests.projects import write_rows
from tests.repository import ROOT

ROWS = [
    {"input": "real", "expected": "ham"},
    {
        "id": "s1",
        "input": "win cash",
        "expected": {"label": "spam"},
        "synthetic": True,
        "review": "unreviewed",
        "source": {"model": "m"},
    },
    {"messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "ham"}], "synthetic": True},
    {"input": "old", "expected": "ham", "synthetic": True, "review": "accepted"},
    {"input": "bad", "expected": "ham", "synthetic": True, "review": "rejected"},
]


@pytest.fixture
def review(tmp_path, capsys, monkeypatch):
    """review("keys") -> exit code, output, the rows that may train."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    write_rows(Path("s.jsonl"), ROWS)

    def run(keys: str, *args: str):
        monkeypatch.setattr(sys, "stdin", io.StringIO(keys))
        code = main(["data", "review", "s.jsonl", "--by", "ann", *args])
        out = Path("s.reviewed.jsonl")
        rows = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
        return code, capsys.readouterr(), rows

    return run


def test_accepted_and_edited_rows_are_written_with_who_and_when(review):
    before = Path("s.jsonl").read_bytes()
    edited = '{"messages": [{"role": "user", "content": "hello!"},\n{"role": "assistant", "content": "spam"}]}'
    code, told, rows = review(f"a\ne\n{edited}\n.\n")
    assert code == 0
    assert [row.get("review") for row in rows] == [None, "accepted", "edited", "accepted"]
    assert rows[1] | {"review_at": ""} == ROWS[1] | {"review": "accepted", "review_by": "ann", "review_at": ""}
    assert rows[1]["review_at"].endswith("+00:00")
    assert rows[2]["messages"][0]["content"] == "hello!"
    assert rows[2]["synthetic"] is True
    assert "4 rows (1 accepted, 1 edited, 2 not synthetic); dropped: 1 rejected" in told.out
    assert Path("s.jsonl").read_bytes() == before


def test_stopping_leaves_the_rest_out_and_the_next_session_goes_on(review):
    _, told, rows = review("r\nq\n")
    assert [row["input"] for row in rows] == ["real", "old"]
    assert "2 rows (2 not synthetic); dropped: 2 rejected, 1 unreviewed" in told.out
    _, told, rows = review("a\n")
    assert "win cash" not in told.out
    assert len(rows) == 3
    _, told, rows = review("")
    assert "all 2 done" in told.out
    assert len(rows) == 3


def test_an_edit_that_is_no_row_is_explained_and_not_taken(review):
    _, told, rows = review(
        'e\n{"input": "x"}\n.\ne\n[]\n.\ne\n{"synthetic": false, "input": "x", "expected": "y"}\n.\nq\n'
    )
    assert told.out.count("invalid:") == 3
    assert "unknown row format; found keys: 'input'" in told.out
    assert "'synthetic' cannot be edited" in told.out
    assert len(rows) == 2


def test_a_file_that_cannot_be_read_is_told_and_nothing_is_written(review):
    with Path("s.jsonl").open("a") as file:
        file.write(
            '{"synthetic": true, "input": 5}\n{"input": "a", "expected": "b", "synthetic": true, "review": "fine"}\n'
        )
    code, told, rows = review("a\n")
    assert (code, rows) == (2, [])
    assert "s.jsonl:6" in told.err
    assert "s.jsonl:7: (own) 'review' is 'fine'; expected one of unreviewed, accepted, edited, rejected" in told.err
    assert not Path("s.jsonl.review.jsonl").exists()


def test_the_generated_file_is_never_overwritten(review):
    code, told, _ = review("a\n", "--out", "s.jsonl")
    assert code == 2
    assert "--out must differ from FILE" in told.err


def test_equal_rows_are_decided_one_by_one(review):
    Path("s.jsonl").write_text((json.dumps(ROWS[1]) + "\n") * 2)
    _, told, rows = review("a\nr\n")
    assert len(rows) == 1
    assert "1 rejected" in told.out


def test_what_may_train_is_read_by_the_trainers_rule(review):
    from pytest_ftgate.data.readers.reader import read_rows
    from pytest_ftgate.data.readers.synthetic import is_unreviewed

    review("a\nr\n")
    assert [is_unreviewed(row.extras) for row in read_rows(Path("s.jsonl"))] == [False, True, True, False, True]
    assert not any(is_unreviewed(row.extras) for row in read_rows(Path("s.reviewed.jsonl")))


def test_killed_with_the_page_open_the_decisions_are_there(review, tmp_path):
    """A real process, its real page, SIGKILL: what was decided is decided."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest_ftgate.cli.main", "data", "review", "s.jsonl", "--web", "--by", "ann"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        url = next(line.strip() for line in process.stdout if line.strip().startswith("http://"))
        with urllib.request.urlopen(f"{url}state", timeout=60) as answer:
            item = json.load(answer)["item"]["id"]
        data = json.dumps({"item": item, "choice": "accepted"}).encode()
        asked = urllib.request.Request(f"{url}decide", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=60) as answer:
            assert json.load(answer)["done"] == 1
        process.send_signal(signal.SIGKILL)
    _, told, rows = review("q\n")
    assert "1 of 2 done" in told.out
    assert [row.get("review") for row in rows] == [None, "accepted", "accepted"]


def read_until(terminal: int, text: str) -> str:
    """What a program writes on its terminal, up to a text."""
    found = b""
    while text.encode() not in found:
        assert select.select([terminal], [], [], 120)[0], f"no {text!r} in {found!r}"
        found += os.read(terminal, 4096)
    return found.decode(errors="replace")


def heed_ctrl_c() -> None:
    """In the child: a suite started in the background, as by nohup, ignores Ctrl-C, and its children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_in_a_real_terminal_keys_count_at_once_and_ctrl_c_keeps_everything(review, tmp_path):
    Path("s.jsonl").write_text(Path("s.jsonl").read_text().replace("win cash", "win \\u001b[31mcash"))
    mine, theirs = pty.openpty()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "dumb", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "pytest_ftgate.cli.main", "data", "review", "s.jsonl", "--by", "ann"]
    how = {"stdin": theirs, "stdout": theirs, "stderr": theirs, "start_new_session": True, "preexec_fn": heed_ctrl_c}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, **how) as process:
        os.close(theirs)
        shown = read_until(mine, "q stop]")
        assert "win \\x1b[31mcash" in shown
        assert "\x1b" not in shown, "no colours, and none from the data"
        os.write(mine, b"a")
        read_until(mine, "q stop]")
        process.send_signal(signal.SIGINT)
        told = read_until(mine, "unreviewed")
        assert process.wait(60) == 0
    os.close(mine)
    assert "stopped at 1 of 2" in told
    assert [row.get("review") for row in map(json.loads, Path("s.reviewed.jsonl").read_text().splitlines())] == [
        None,
        "accepted",
        "accepted",
    ]
