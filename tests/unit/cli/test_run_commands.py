"""`ftgate show`, `ftgate runs` and `ftgate compare` as a user types them."""

from __future__ import annotations

import json
import os
import pty
import re
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


def test_a_case_without_an_expected_value_has_no_line_for_it(ftgate, state):
    for digest, value in (("a", 1.0), ("b", 0.0)):
        keep(state, record([case("x", value, expected=None)], digest=digest, model=digest))
    assert "expected:" not in ftgate("show", "tickets")[1]
    compared = ftgate("compare", "a", "b")[1]
    assert "broken (1):" in compared
    assert "expected:" not in compared


def test_what_a_model_says_steers_no_terminal_and_stays_json(ftgate, state):
    said = "\x1b[31m::error::red ##vso[task] section_start:1 \x7f\u202e"
    keep(state, record([case("x", text=said)]))
    shown = ftgate("show", "tickets")[1]
    assert "\x1b" not in shown
    assert "::error" not in shown
    out = ftgate("show", "tickets", "--json")[1]
    assert "::error" not in out
    assert json.loads(out)[0]["cases"][0]["answers"][0]["text"] == said


@pytest.fixture
def four(state):
    """One run of models a and b, each with the set's own prompt and with v2; each got another case wrong."""
    for number, (model, variant) in enumerate([("a", ""), ("a", "v2"), ("b", ""), ("b", "v2")]):
        some = cases({f"t{i}": float(i != number) for i in range(4)})
        keep(state, record(some, model=model, title=model, digest=model, variant=variant), SECOND)


def compared(out):
    """(model of A, its prompt, model of B, its prompt) of each comparison."""
    sides = [line.split() for line in out.splitlines() if re.match(r"  [AB] +\d{4}-", line)]
    named = [(words[4], words[6] if "prompt" in words else "base") for words in sides]
    return [(*then, *now) for then, now in zip(named[::2], named[1::2], strict=True)]


@pytest.mark.parametrize(
    ("then", "now", "pairs"),
    [
        ("a", "b", [("a", "base", "b", "base"), ("a", "v2", "b", "v2")]),
        ("base", "v2", [("a", "base", "a", "v2"), ("b", "base", "b", "v2")]),
        ("v2", "base", [("a", "v2", "a", "base"), ("b", "v2", "b", "base")]),
    ],
)
def test_of_several_models_and_prompts_like_is_compared_with_like(ftgate, four, then, now, pairs):
    code, out, err = ftgate("compare", then, now)
    assert (code, err) == (0, "")
    assert compared(out) == pairs


def test_a_run_of_prompts_is_compared_with_one_of_a_single_prompt_on_that_one(ftgate, four, state):
    keep(state, record(cases({"t0": 1.0}), model="a", digest="a"), FIRST)
    code, out, _ = ftgate("compare", "last~1", "last")
    assert code == 0
    assert compared(out) == [("a", "base", "a", "base")]
    assert "tickets: a, prompt v2: only in B, not compared" in out


@pytest.mark.parametrize("side", ["last", "v2", SECOND])
def test_a_run_is_not_compared_with_itself(ftgate, four, side):
    code, out, err = ftgate("compare", side, "v2")
    assert (code, out) == (2, "")
    assert f"both are run {SECOND} of tickets (a, prompt v2)" in err
    assert ("asked also: " in err) is True


def test_what_is_not_alike_is_not_compared(ftgate, four, state):
    keep(state, record(cases({"t0": 1.0}), model="c", digest="c", variant="v3"), FIRST)
    code, out, err = ftgate("compare", "c", "last")
    assert (code, out) == (2, "")
    assert "c, prompt v3 and a, prompt base, a, prompt v2, b, prompt base, b, prompt v2 are not alike" in err


def test_a_set_that_was_renamed_does_not_slip_past_the_drop_and_a_new_one_is_named(ftgate, two, state):
    keep(state, record(cases({"x": 0.0}), set="mails"), SECOND)
    code, out, _ = ftgate("compare", FIRST, SECOND, "--max-drop", "0.2")
    assert code == 0
    assert f"ADVISORY against: a new golden set, of which {FIRST} has no record: not compared" in out
    keep(state, record(cases({"x": 1.0, "y": 1.0}), set="letters"), FIRST)
    code, out, _ = ftgate("compare", FIRST, SECOND, "--max-drop", "0.2")
    assert code == 10
    assert (
        f"HOLD against: not decided: {FIRST} has no record of golden set mails, but of letters, which is no more" in out
    )
    assert "1 of the 1 cases are of it" in out
    assert ftgate("compare", FIRST, SECOND)[0] == 0


@pytest.mark.parametrize(
    ("case_id", "shown"), [("t3[v2]", 2), ("t3[a]", 2), ("t3[b-v2]", 1), ("t3[base]", 2), ("t3", 4)]
)
def test_the_id_of_a_case_in_a_column_can_be_pasted(ftgate, four, case_id, shown):
    code, out, err = ftgate("show", f"goldens/tickets/golden.toml::{case_id}")
    assert (code, err) == (0, "")
    assert out.count("question:  text of t3") == shown


def test_a_column_that_the_run_did_not_ask_is_said(ftgate, four):
    code, _, err = ftgate("show", "tickets::t3[v9]")
    assert code == 2
    assert "asked no v9, it asked a-base, a-v2, b-base, b-v2" in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "ticket"), "did you mean 'tickets'?"),
        (("show", "t003"), "known: tickets"),
        (("compare", "last", "last~1", "--set", "nope"), "known: tickets"),
    ],
)
def test_a_set_of_no_run_is_told_from_a_folder_without_runs(ftgate, two, words, told):
    code, _, err = ftgate(*words)
    assert code == 2
    assert "no run of golden set" in err
    assert told in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("tickets", "t99"), "no case 't99' in run"),
        (("tickets", "--slice", "lang=fr"), "of lang there are: lang=de, lang=en"),
        (("tickets", "--slice", "tone=rude"), "no case has the slice tone=rude; the slices of tickets are: lang"),
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


def test_a_run_of_some_cases_is_named_with_a_warning(ftgate, state):
    keep(state, record(cases({"t1": 1.0}), cases=8), FIRST)
    code, out, _ = ftgate("runs", "tag", "last", "main")
    assert code == 0
    assert out.startswith(f"main is run {FIRST}\nwarning: tickets: the run measured 1 of 8 cases; to compare with all")


def test_a_run_gets_a_name(ftgate, two, state):
    assert ftgate("runs", "tag", "last~1", "main")[:2] == (0, f"main is run {FIRST}\n")
    assert "main" in ftgate("runs")[1]
    assert ftgate("compare", "main", "last")[0] == 0
    assert ftgate("runs", "tag", "last", "main")[0] == 0
    assert RecordStore(state).names == {"main": SECOND}
    assert ftgate("runs", "tag", "nobody", "x")[0] == 2


@pytest.mark.parametrize("name", ["a", "v2", "base", "tickets"])
def test_a_name_that_is_something_else_is_refused(ftgate, four, state, name):
    code, _, err = ftgate("runs", "tag", "last", name)
    assert code == 2
    assert f"'{name}' is a " in err
    assert RecordStore(state).names == {}


def test_runs_of_several_columns_are_listed_as_they_were_asked(ftgate, four):
    rows = [line.split() for line in ftgate("runs")[1].splitlines()[1:]]
    assert [(row[4], row[5]) for row in rows] == [("a", "base"), ("a", "v2"), ("b", "base"), ("b", "v2")]


def test_a_run_without_a_grade_is_listed_and_is_not_the_last(ftgate, two, state):
    keep(state, record(cases(dict.fromkeys("ab"))), "20261129-100000-0003")
    assert "not graded, 2 of 2" in ftgate("runs")[1].splitlines()[1]
    assert "38 of 40 passed; 2 shown" in ftgate("show", "tickets", "--missed")[1]
    assert ftgate("compare", "last~1", "last")[0] == 0
    assert "no case graded; 2 shown" in ftgate("show", "tickets", "--run", "20261129-100000-0003")[1]


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
    assert lines[0] == "tickets: +0.0 points [-8.4, 8.4], 1 fixed, 1 broken: not shown to differ"
    assert lines[1].split()[0] == "A"
    assert FIRST in lines[1]
    assert SECOND in lines[2]
    assert "one-sided bounds at .05; one-sided McNemar's mid-p test of B better: p = 0.5 (n = 40" in out
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


@pytest.mark.parametrize(
    ("then", "now", "verdict"), [(0.0, 1.0, "B is better"), (1.0, 0.0, "B is worse"), (1.0, 1.0, "not shown to differ")]
)
def test_a_comparison_has_a_plain_verdict(ftgate, state, then, now, verdict):
    for value in (then, now):
        keep(state, record(cases({f"t{i}": value for i in range(20)})))
    assert ftgate("compare", "last~1", "last")[1].splitlines()[0].endswith(f" broken: {verdict}")


def test_a_lost_slice_is_in_the_verdict_of_a_comparison(ftgate, state):
    for broken in (0, 9):
        fr = cases({f"fr{i}": float(i >= broken) for i in range(25)}, slices={"language": "fr"})
        de = cases({f"de{i}": float(i >= 6 - broken) for i in range(75)}, slices={"language": "de"})
        keep(state, record([*fr, *de]))
    first = ftgate("compare", "last~1", "last")[1].splitlines()[0]
    assert first.endswith("not shown to differ; WORSE on language=fr (-36.0 points, Holm p = 0.002)"), first


def test_scores_of_a_comparison_are_those_of_the_cases_compared(ftgate, state):
    keep(state, record(cases({"a": 1.0, "b": 0.0, "c": 0.0, "d": 0.0})))
    keep(state, record(cases({"a": 1.0})))
    out = ftgate("compare", "last~1", "last")[1]
    assert [line.split()[5] for line in out.splitlines()[1:3]] == ["1.000", "1.000"]
    assert "1 case cannot show any difference" in out
    [found] = json.loads(ftgate("compare", "last~1", "last", "--json")[1])
    assert (found["then"]["score"], found["then"]["compared_score"]) == (0.25, 1.0)


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
    assert "mails: +100.0 points" in ftgate("compare", "last~1", "mails")[1]


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
