"""A record as a file: whole or not used, and readable elsewhere once it was exported."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from pytest_ftgate.errors import IntegrityError, RecordError
from pytest_ftgate.evaluate.records import files
from pytest_ftgate.evaluate.records.record import Record
from pytest_ftgate.files.secrets import remember
from pytest_ftgate.graders.value import Failure, Grade, Unscored
from pytest_ftgate.serve.response import Response
from tests.run_records import case, cases, record

KEY, OTHER = b"k" * 32, b"o" * 32


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tickets.jsonl"


@pytest.fixture
def written(path):
    files.write(path, KEY, record(cases({"a": 1.0, "b": 0.0, "c": None, "d": 0.5})))
    return path


def lines(path):
    return path.read_bytes().splitlines(keepends=True)


def test_what_is_read_is_what_was_written(path):
    answers = (
        Response("x", "", "one", reasoning="hm", tool_calls=({"name": "f", "arguments": "{}"},), total_s=0.25),
        Response("x", "", "", finish_reason="timeout", repeat=1, error="late"),
    )
    repeats = (Grade(0.0, "no", "exact@1", passed=False), Unscored("?", "judge@1"))
    kept = [
        case("x", answers=answers, repeats=repeats, slices={"lang": "de"}, cluster="k", must_pass=True, cached=True),
        replace(case("y"), outcome=Failure("broke", "exact@1")),
        case("z", expected={"a": ["ü", None]}, input=[{"role": "user", "content": "hi"}]),
    ]
    made = record(kept, run="r", variant="v2", price=(0.5, 1.5), args=("-k", "a"), git="abc", dirty=True)
    files.write(path, KEY, made)
    assert files.read(path, KEY) == [made]
    assert files.read_facts(path, KEY) == made.facts


@pytest.mark.parametrize("number", [0, 1, 4])
def test_an_edited_line_is_found_with_its_number(written, number):
    found = lines(written)
    found[number] = found[number].replace(b'"set":"tickets"', b'"set":"ticketz"').replace(b"wrong", b"right")
    found[number] = (
        found[number].replace(b'"expected":"d"', b'"expected":"e"').replace(b'"expected":"a"', b'"expected":1')
    )
    written.write_bytes(b"".join(found))
    with pytest.raises(IntegrityError, match=rf"tickets\.jsonl:{number + 1}: edited"):
        files.read(written, KEY)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda found: found[:2] + found[3:],
        lambda found: found[:-1],
        lambda found: [found[0], found[2], found[1], *found[3:]],
        lambda found: [*found, found[-1]],
    ],
    ids=["removed", "cut", "moved", "doubled"],
)
def test_lines_that_were_removed_moved_or_added_are_found(written, spoil):
    written.write_bytes(b"".join(spoil(lines(written))))
    with pytest.raises((IntegrityError, RecordError), match=r"tickets\.jsonl"):
        files.read(written, KEY)


def test_a_line_of_another_record_does_not_fit(written, tmp_path):
    other = tmp_path / "other.jsonl"
    files.write(other, KEY, record(cases({"a": 1.0, "b": 1.0, "c": None, "d": 0.5}), run="better"))
    found = lines(written)
    found[2] = lines(other)[2]
    written.write_bytes(b"".join(found))
    with pytest.raises(IntegrityError, match=":3: edited"):
        files.read(written, KEY)


def test_another_state_folder_has_another_key(written):
    with pytest.raises(IntegrityError, match="ftgate runs export"):
        files.read(written, OTHER)
    assert files.read_facts(written, OTHER) is None


def test_an_exported_file_is_read_anywhere_and_shows_careless_edits(path):
    both = [record(cases({"a": 1.0, "b": 0.0})), record(cases({"x": 1.0}), set="mails")]
    files.export(path, both)
    assert files.read(path, OTHER) == both
    path.write_bytes(path.read_bytes().replace(b"wrong", b"right"))
    with pytest.raises(IntegrityError, match=":3: edited"):
        files.read(path, OTHER)


def test_an_exported_file_holds_no_secret(path):
    remember("sk-very-secret-key")
    files.export(path, [record([case("a", text="it is sk-very-secret-key")])])
    assert b"sk-very" not in path.read_bytes()
    assert files.read(path, KEY)[0].cases[0].text == "it is ***"


@pytest.mark.parametrize(
    "content", [b"", b"no json\n", b"[]\n", b'{"id": "a"}\n', b'{"a":1,"seal":"' + b"0" * 32 + b'"}\n', b"\xff\xfe\n"]
)
def test_another_file_is_no_record(path, content):
    path.write_bytes(content)
    with pytest.raises((RecordError, IntegrityError), match=r"tickets\.jsonl"):
        files.read(path, KEY)


def test_no_file_a_folder_and_a_full_disk_are_errors_with_the_path(tmp_path):
    with pytest.raises(RecordError, match="no such file"):
        files.read(tmp_path / "none.jsonl", KEY)
    with pytest.raises(RecordError, match="expected a file"):
        files.read(tmp_path, KEY)
    (tmp_path / "file").touch()
    with pytest.raises(RecordError, match="cannot be written"):
        files.write(tmp_path / "file/x.jsonl", KEY, record(cases({"a": 1.0})))


def test_another_format_says_so(path):
    newer = json.loads(json.dumps(record(cases({"a": 1.0})).facts.to_json())) | {"format": 2}

    class Newer:
        def to_json(self):
            return newer

    files.write(path, KEY, Record(Newer(), ()))
    with pytest.raises(RecordError, match=r"found format 2, expected 1.*measure again"):
        files.read(path, KEY)


def test_an_export_replaces_no_pipe_and_makes_no_folder(tmp_path):
    pipe, nowhere = tmp_path / "pipe", tmp_path / "none" / "x.jsonl"
    os.mkfifo(pipe)
    with pytest.raises(RecordError, match=r"pipe: .* is a named pipe, expected a file"):
        files.export(pipe, [record([case("a")])])
    assert pipe.is_fifo()
    with pytest.raises(RecordError, match=r"no folder .*none; make it"):
        files.export(nowhere, [record([case("a")])])
    assert not nowhere.parent.exists()
