"""What is written is read; what is damaged or was edited is not used, and told."""

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

from pytest_ftgate.evaluate.journal import Answers, Journal, key_of
from pytest_ftgate.serve.response import Response


def response(text: str = "hello", case_id: str = "a1") -> Response:
    return Response(case_id=case_id, model="m", text=text, total_s=0.5, attempts=2)


def journal_of(folder, *answers: tuple[str, str]) -> Journal:
    with Journal(folder, "set") as journal:
        for key, text in answers:
            journal.append(key, response(text))
    return journal


def read(folder) -> tuple[list[str], list[int], list[int], list[str]]:
    """(keys that count, changed lines, damaged lines, what was said)."""
    said: list[str] = []
    journal = Journal(folder, "set", said.append)
    found = journal.read()
    assert journal.read() == found
    return list(found.responses), list(found.changed.values()), found.damaged, said


@given(st.lists(st.tuples(st.text(), st.text()), max_size=8))
def test_what_was_written_is_read(tmp_path_factory, pairs):
    folder = tmp_path_factory.mktemp("state")
    journal_of(folder, *pairs)
    assert Journal(folder, "set").read().responses == {key: response(text) for key, text in pairs}


def test_lone_surrogates_survive(tmp_path):
    assert journal_of(tmp_path, ("k", "\ud800")).read().responses["k"].text == "\ud800"


def test_meta_values_stand_in_the_line(tmp_path):
    journal = Journal(tmp_path / "deep", "set")
    journal.append("k", response(), run="r1")
    assert json.loads(journal.path.read_text())["run"] == "r1"
    assert journal.path.read_text().count("\n") == 1


def test_no_file_is_an_empty_journal_and_reading_makes_none(tmp_path):
    assert Journal(tmp_path, "set").read() == Answers()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_torn_last_line_is_ignored_and_does_not_spoil_the_next(tmp_path, cut):
    path = journal_of(tmp_path, ("k1", "one"), ("k2", "two")).path
    os.truncate(path, path.stat().st_size - cut)
    kept = ["k1", "k2"] if cut == 1 else ["k1"]  # without its newline alone, the line is whole
    assert read(tmp_path) == (kept, [], [], [])
    journal_of(tmp_path, ("k3", "three"))
    assert read(tmp_path) == ([*kept, "k3"], [], [], [])


DAMAGE = {
    "half a line": b"{",
    "no object": b"[]",
    "no response": b'{"key":"k","seal":"0"}',
    "another shape": b'{"key":"k","response":{"nonsense":1},"seal":"0"}',
    "an odd key": b'{"key":[1],"response":{"case_id":"a","model":"m","text":"t"},"seal":"0"}',
    "no seal": b'{"key":"k1","response":{"case_id":"a","model":"m","text":"t"}}',
    "zeros after a power cut": b"\0" * 400,
    "rubbish": bytes(range(128, 256)) * 3,
    "deep JSON": b"[" * 100_000,
    "a deep value": b'{"key":"k","seal":"0","response":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
    "a huge number": b'{"key":"k","seal":"0","response":' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("line", DAMAGE.values(), ids=DAMAGE)
def test_damage_is_skipped_counted_and_told_once(tmp_path, line):
    path = journal_of(tmp_path, ("k1", "one")).path
    with path.open("ab") as stream:
        stream.write(line + b"\n\n")
    journal_of(tmp_path, ("k2", "two"))
    keys, changed, damaged, said = read(tmp_path)
    assert (keys, changed, damaged) == (["k1", "k2"], [], [2])
    assert said == [f"{path}: 1 damaged line (2) skipped: what they held is asked again"]


def test_a_half_line_glued_to_the_next_costs_these_two(tmp_path):
    path = journal_of(tmp_path, *((f"k{i}", "text") for i in range(8))).path
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], lines[3][:50] + lines[4], *lines[5:]]))
    assert read(tmp_path)[:3] == (["k0", "k1", "k2", "k5", "k6", "k7"], [], [4])


def test_many_damaged_lines_are_one_sentence(tmp_path):
    path = journal_of(tmp_path, ("k1", "one")).path
    path.write_bytes(path.read_bytes() + b"rubbish\n" * 1234)
    assert "1,234 damaged lines (2, 3, 4, ...) skipped" in read(tmp_path)[3][0]


@pytest.mark.parametrize("how", ["text", "reformatted", "key", "seal"])
def test_a_line_that_was_edited_is_not_used_and_named(tmp_path, how):
    path = journal_of(tmp_path, ("k1", "wrong"), ("k2", "two"), ("k3", "three")).path
    first, *rest = path.read_text().splitlines()
    second = {
        "text": first.replace("wrong", "right"),
        "reformatted": json.dumps(json.loads(first)),
        "key": rest[0].replace('"k2"', '"k1"'),  # the answer to another question, moved
        "seal": first.replace('"seal":"', '"seal":"0')[:-3] + '"}',
    }[how]
    path.write_text("\n".join([second, *rest]) + "\n")
    keys, changed, damaged, said = read(tmp_path)
    assert (keys, changed, damaged) == (["k2", "k3"], [1], [])
    assert said[0].startswith(f"{path}: 1 changed line (1) not used: edited after they were written")
    journal_of(tmp_path, ("k1", "asked again"))
    assert read(tmp_path)[:3] == (["k2", "k3", "k1"], [], [])


def test_an_edited_line_does_not_bring_an_older_answer_back(tmp_path):
    path = journal_of(tmp_path, ("k1", "right"), ("k1", "wrong")).path
    path.write_text(path.read_text().replace("wrong", "wronger"))
    assert read(tmp_path)[:2] == ([], [2])


def test_a_state_folder_that_is_moved_takes_its_seals_along(tmp_path):
    journal_of(tmp_path / "a", ("k1", "one"))
    (tmp_path / "a").rename(tmp_path / "b")
    assert read(tmp_path / "b")[:3] == (["k1"], [], [])
    (tmp_path / "b/seal.key").unlink()
    assert read(tmp_path / "b")[:2] == ([], [1])


def test_lines_that_an_editor_ended_otherwise_are_whole(tmp_path):
    path = journal_of(tmp_path, ("k1", "one"), ("k2", "two")).path
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert read(tmp_path) == (["k1", "k2"], [], [], [])


def test_the_key_depends_on_each_part():
    parts = ["g", "c", "m", "p", "s"]
    keys = {key_of(*parts, 0), key_of(*parts, 1), key_of("gc", "", "m", "p", "s", 0)}
    keys |= {key_of(*[*parts[:i], "x", *parts[i + 1 :]], 0) for i in range(5)}
    assert len(keys) == 8


def test_a_process_killed_while_writing_loses_at_most_its_last_line(tmp_path):
    code = (
        "import sys, itertools\nfrom pathlib import Path\nfrom pytest_ftgate.evaluate.journal import Journal\n"
        "from pytest_ftgate.serve.response import Response\n"
        "journal = Journal(Path(sys.argv[1]), 'set')\n"
        "for i in itertools.count():\n"
        "    journal.append(str(i), Response('c', 'm', 'x' * 500)); print(i, flush=True)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    for line in writer.stdout:
        if int(line) >= 200:
            break
    time.sleep(0.01)
    writer.send_signal(signal.SIGKILL)
    told = max([200, *map(int, writer.stdout.read().split())])
    writer.wait()
    writer.stdout.close()
    assert Journal(tmp_path, "set").read().responses.keys() >= set(map(str, range(told + 1)))
