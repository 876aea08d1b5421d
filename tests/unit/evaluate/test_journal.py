from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.errors import JournalError
from pytest_ftgate.evaluate.journal import Journal, key_of
from pytest_ftgate.serve.response import Response


def response(text: str = "hello", case_id: str = "a1") -> Response:
    return Response(case_id=case_id, model="m", text=text, total_s=0.5, attempts=2)


@given(st.lists(st.tuples(st.text(), st.text()), max_size=8))
def test_what_was_written_is_read(tmp_path_factory, pairs):
    path = tmp_path_factory.mktemp("journal") / "j.jsonl"
    with Journal(path) as journal:
        for key, text in pairs:
            journal.append(key, response(text))
    assert Journal(path).read() == {key: response(text) for key, text in pairs}


def test_lone_surrogates_survive(tmp_path):
    journal = Journal(tmp_path / "j.jsonl")
    journal.append("k", response("\ud800"))
    assert journal.read()["k"].text == "\ud800"


def test_meta_values_stand_in_the_line(tmp_path):
    journal = Journal(tmp_path / "deep" / "j.jsonl")
    journal.append("k", response(), run="r1")
    assert json.loads(journal.path.read_text())["run"] == "r1"
    assert journal.path.read_text().count("\n") == 1


def test_no_file_is_an_empty_journal(tmp_path):
    assert Journal(tmp_path / "none.jsonl").read() == {}


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_torn_last_line_is_ignored_and_does_not_spoil_the_next(tmp_path, cut):
    path = tmp_path / "j.jsonl"
    with Journal(path) as journal:
        journal.append("k1", response("one"))
        journal.append("k2", response("two"))
    os.truncate(path, path.stat().st_size - cut)
    kept = {"k1", "k2"} if cut == 1 else {"k1"}  # without its newline alone, the line is whole
    assert Journal(path).read().keys() == kept
    with Journal(path) as journal:
        journal.append("k3", response("three"))
    assert Journal(path).read().keys() == kept | {"k3"}


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"key": "k"}', '{"key": "k", "response": {"nonsense": 1}}', "\x00\x00", ""]
)
def test_any_other_corrupt_line_is_named(tmp_path, line):
    path = tmp_path / "j.jsonl"
    with Journal(path) as journal:
        journal.append("k1", response())
    with path.open("a") as stream:
        stream.write(line + "\n")
    with Journal(path) as journal:
        journal.append("k2", response())
    with pytest.raises(JournalError, match=r"j\.jsonl:2: not a line of a journal"):
        Journal(path).read()


def test_the_key_depends_on_each_part():
    parts = ["g", "c", "m", "p", "s"]
    keys = {key_of(*parts, 0), key_of(*parts, 1), key_of("gc", "", "m", "p", "s", 0)}
    keys |= {key_of(*[*parts[:i], "x", *parts[i + 1 :]], 0) for i in range(5)}
    assert len(keys) == 8


def test_a_process_killed_while_writing_loses_at_most_its_last_line(tmp_path):
    path = tmp_path / "j.jsonl"
    code = (
        "import sys, itertools\nfrom pathlib import Path\nfrom pytest_ftgate.evaluate.journal import Journal\n"
        "from pytest_ftgate.serve.response import Response\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "for i in itertools.count():\n"
        "    journal.append(str(i), Response('c', 'm', 'x' * 500)); print(i, flush=True)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    for line in writer.stdout:
        if int(line) >= 200:
            break
    time.sleep(0.01)
    writer.send_signal(signal.SIGKILL)
    told = max([200, *map(int, writer.stdout.read().split())])
    writer.wait()
    writer.stdout.close()
    assert Journal(path).read().keys() >= set(map(str, range(told + 1)))
