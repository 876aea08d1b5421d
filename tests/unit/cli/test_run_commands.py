"""`ftgate show`, `ftgate runs` and `ftgate compare` as a user types them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_ftgate.evaluate.records.store import RecordStore
from pytest_ftgate.graders.value import Grade
from pytest_ftgate.serve.response import Response
from tests.run_records import case, cases, keep, record

FIRST, SECOND = "20261127-100000-0001", "20261128-100000-0002"


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def two(state):
    """Model a, then model b, which fixes one case and breaks another."""
    then = {f"t{i}": float(i not in {1, 2}) for i in range(40)}
    now = then | {"t1": 1.0, "t3": 0.0}
    sliced = [case(name, value, slices={"lang": "de" if value else "en"}) for name, value in then.items()]
    keep(state, record(sliced, model="a", digest="a", git="0123456789", at=1.1e9), FIRST)
    later = [case(name, value, slices=old.slices) for (name, value), old in zip(now.items(), sliced, strict=True)]
    keep(state, record(later, model="b", digest="b", git="abcdef0123", dirty=True, at=1.2e9), SECOND)


def test_cases_are_shown_with_question_answer_and_grade(ftgate, two):
    code, out, err = ftgate("show", "goldens/tickets", "--missed")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"tickets: run {SECOND}, m: 38 of 40 passed; 2 shown",
        "",
        "t2  MISSED  lang=en  goldens/tickets/cases.jsonl:1",
        "  question:  text of t2",
        "  expected:  t2",
        "  answer:    wrong",
        "  grade:     0, found '' (exact@1)",
        "",
        "t3  MISSED  lang=de  goldens/tickets/cases.jsonl:1",
        "  question:  text of t3",
        "  expected:  t3",
        "  answer:    wrong",
        "  grade:     0, found '' (exact@1)",
    ]


def test_one_case_of_an_earlier_run(ftgate, two):
    for words in (("tickets::t1",), ("tickets", "t1")):
        out = ftgate("show", *words, "--run", "last~1")[1]
        assert "1 shown" in out
        assert "t1  MISSED" in out
    assert "2 shown" in ftgate("show", "tickets", "--slice", "lang=en")[1]


def test_reasoning_repeats_line_ends_and_what_broke_are_shown(ftgate, state):
    answers = (
        Response("x", "", "two\nlines", reasoning="well,\nthen"),
        Response("x", "", "", finish_reason="timeout", error="no answer in 60 s"),
        Response("x", "", "half", finish_reason="length", tool_calls=({"name": "f", "arguments": '{"a": 1}'},)),
    )
    repeats = tuple(Grade(0.0, f"reason {i}", "exact@1", passed=False) for i in range(3))
    keep(state, record([case("x", answers=answers, repeats=repeats, expected={"a": "b"})]))
    out = ftgate("show", "tickets")[1]
    assert "  reasoning: well,\n             then\n  answer 1:  two\n             lines\n" in out
    assert "  answer 2:  none: no answer in 60 s\n  grade:     0, reason 1" in out
    assert '  tool 3:    f({"a": 1})' in out
    assert "(cut off at max_tokens)" in out
    assert '  expected:  {"a": "b"}' in out


def test_what_a_model_says_steers_no_terminal_and_stays_json(ftgate, state):
    said = "\x1b[31m::error::red ##vso[task] section_start:1 \x7f\u202e"
    keep(state, record([case("x", text=said)]))
    shown = ftgate("show", "tickets")[1]
    assert "\x1b" not in shown
    assert "::error" not in shown
    out = ftgate("show", "tickets", "--json")[1]
    assert "::error" not in out
    assert json.loads(out)[0]["cases"][0]["answers"][0]["text"] == said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("tickets", "t99"), "no case 't99' in run"),
        (("tickets", "--slice", "lang=fr"), "of lang there are: lang=de, lang=en"),
        (("tickets", "--slice", "tone=rude"), "of tone there are: none"),
        (("mails",), "of golden set mails"),
        (("tickets", "--run", "yesterday"), "no run 'yesterday'"),
    ],
)
def test_what_is_not_there_is_an_error_with_what_is(ftgate, two, words, told):
    code, out, err = ftgate("show", *words)
    assert (code, out) == (2, "")
    assert told in err


def test_runs_are_listed_newest_first(ftgate, two):
    code, out, _ = ftgate("runs")
    assert code == 0
    head, newest, oldest = out.splitlines()
    assert head.split() == ["when", "run", "set", "model", "prompt", "passed", "score", "git", "name"]
    assert newest.split()[2:] == [SECOND, "tickets", "b", "38/40", "0.950", "abcdef0+"]
    assert oldest.split()[2:] == [FIRST, "tickets", "a", "38/40", "0.950", "0123456"]
    assert [run["model"] for run in json.loads(ftgate("runs", "--json")[1])] == ["b", "a"]
    assert "no runs of mails" in ftgate("runs", "--set", "goldens/mails")[1]


def test_no_run_yet_is_no_error_and_makes_nothing(ftgate, state):
    code, out, _ = ftgate("runs")
    assert code == 0
    assert "no runs in" in out
    assert not state.exists()


def test_an_edited_record_is_not_listed_and_said(ftgate, two, state):
    path = state / "records" / FIRST / "tickets.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"passed":38', b'"passed":40', 1))
    out = ftgate("runs")[1]
    assert FIRST in out.splitlines()[0]
    assert "edited after it was written" in out.splitlines()[0]
    assert FIRST not in out.partition("\n")[2]


def test_an_edited_case_ends_a_comparison_with_11(ftgate, two, state):
    path = state / "records" / FIRST / "tickets.jsonl"
    path.write_bytes(path.read_bytes().replace(b"wrong", b"right"))
    code, out, err = ftgate("compare", "last~1", "last")
    assert (code, out) == (11, "")
    assert "tickets.jsonl:3: edited" in err


def test_a_run_gets_a_name(ftgate, two, state):
    assert ftgate("runs", "tag", "last~1", "main")[:2] == (0, f"main is run {FIRST}\n")
    assert "main" in ftgate("runs")[1]
    assert ftgate("compare", "main", "last")[0] == 0
    assert ftgate("runs", "tag", "last", "main")[0] == 0
    assert RecordStore(state).names == {"main": SECOND}
    assert ftgate("runs", "tag", "nobody", "x")[0] == 2


@pytest.mark.parametrize("name", ["last", "last~1", "2026", "a b", "", "../x"])
def test_a_name_that_could_be_something_else_is_refused(ftgate, two, name):
    with pytest.raises(SystemExit) as end:
        ftgate("runs", "tag", "last", name)
    assert end.value.code == 2


def test_a_run_is_taken_elsewhere(ftgate, two, tmp_path):
    file = tmp_path / "artifact/main.jsonl"
    file.parent.mkdir()
    code, out, _ = ftgate("runs", "export", "last~1", str(file))
    assert code == 0
    assert "tickets (40 cases)" in out
    assert ftgate("compare", str(file), "last")[0] == 0
    assert ftgate("show", "tickets", "t1", "--run", str(file))[0] == 0
    assert ftgate("runs", "tag", str(file), "main")[0] == 0  # the run is of this machine too


def test_a_comparison_says_what_is_better_what_is_worse_and_how_sure_that_is(ftgate, two):
    code, out, err = ftgate("compare", "a", "b")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "tickets: +0.0 points [-8.4, 8.4], 1 fixed, 1 broken"
    assert lines[1].split()[0] == "A"
    assert FIRST in lines[1]
    assert SECOND in lines[2]
    assert "one-sided bounds at .05; McNemar mid-p 0.5 that B is better (one-sided) (n = 40, discordant 1 vs 1)" in out
    assert "with 40 cases a true difference below " in out
    assert "lang=en  2 " in out
    assert (
        lines[-13:]
        == [
            "",
            "broken (1):",
            "t3",
            "  question:  text of t3",
            "  expected:  t3",
            "  A:         t3",
            "  B:         wrong",
            "",
            "fixed (1):",
            "t1",
            "  question:  text of t1",
            "  expected:  t1",
            "  A:         wrong",
            "  B:         t1",
        ][1:]
    )


def test_a_comparison_as_json(ftgate, two):
    [found] = json.loads(ftgate("compare", "a", "b", "--json", "--max-drop", "0.1")[1])
    assert (found["n"], found["gain"], found["p_better"]) == (40, 0.0, 0.5)
    assert [each["id"] for each in found["broken"]] == ["t3"]
    assert found["fixed"][0]["now"] == {"answers": ["t1"], "value": 1.0}
    assert found["check"]["status"] == "pass"
    assert found["now"]["speed"]["p50_ms"] == 500


@pytest.mark.parametrize(("drop", "code"), [("0.2", 0), ("0.05", 10)])
def test_the_exit_code_gates(ftgate, two, drop, code):
    assert ftgate("compare", "a", "b", "--max-drop", drop)[0] == code


def test_a_clear_loss_ends_with_1(ftgate, state):
    keep(state, record(cases({f"t{i}": 1.0 for i in range(60)}), model="a"))
    keep(state, record(cases({f"t{i}": 0.0 for i in range(60)}), model="b"))
    assert ftgate("compare", "a", "b", "--max-drop", "0.03")[0] == 1


@pytest.mark.parametrize("drop", ["0", "1", "3", "x", "nan"])
def test_a_drop_is_a_share(ftgate, two, drop):
    with pytest.raises(SystemExit):
        ftgate("compare", "a", "b", "--max-drop", drop)


def test_two_sets_with_the_same_cases_are_compared(ftgate, state):
    run = keep(state, record(cases({"a": 1.0, "b": 0.0}), set="v1", prompt={"system": "long"}, prompt_digest="1"))
    keep(state, record(cases({"a": 1.0, "b": 1.0}), set="v2", prompt={"system": "short"}, prompt_digest="2"), run)
    code, out, _ = ftgate("compare", "goldens/v1", "goldens/v2")
    assert code == 0
    assert out.startswith("v1 and v2: +50.0 points")
    assert "prompt.system  long  ->  short" in out


def test_runs_of_several_sets_are_compared_set_by_set(ftgate, state):
    for run, value in ((FIRST, 0.0), (SECOND, 1.0)):
        for golden in ("mails", "tickets"):
            keep(state, record(cases({"a": value}), set=golden), run)
    out = ftgate("compare", "last~1", "last")[1]
    assert "mails: +100.0 points" in out
    assert "tickets: +100.0 points" in out
    assert "tickets" not in ftgate("compare", "last~1", "last", "--set", "mails")[1]
    code, _, err = ftgate("compare", "mails", "last")
    assert code == 0, err


def test_more_cases_and_long_texts_are_cut_until_all_are_asked_for(ftgate, state):
    long = "long " * 200
    for value in (1.0, 0.0):
        keep(state, record([case(f"t{i}", value, input=f"{long}{i}", expected="x") for i in range(15)]))
    out = ftgate("compare", "last~1", "last")[1]
    assert "and 5 more: --all" in out
    assert long not in out
    assert long in ftgate("compare", "last~1", "last", "--all")[1]


def test_a_terminal_gets_a_pager_unless_told_otherwise(two, state, tmp_path):
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\necho PAGED; cat\n", encoding="utf-8")
    pager.chmod(0o755)
    assert b"PAGED" in _in_terminal(pager, "show", "tickets", "t1", "--state-dir", str(state))
    plain = _in_terminal(pager, "show", "tickets", "t1", "--no-pager", "--state-dir", str(state))
    assert b"PAGED" not in plain
    assert b"text of t1" in plain


def _in_terminal(pager: Path, *args: str) -> bytes:
    """What `ftgate` shows where stdin and stdout are a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pytest_ftgate", *args]
    environment = {**os.environ, "PAGER": str(pager), "TERM": "xterm"}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:
                break
            if not part:
                break
            shown += part
        process.wait(60)
    os.close(ours)
    return shown
