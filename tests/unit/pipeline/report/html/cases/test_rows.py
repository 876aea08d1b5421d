"""Rows of the table: what a record and the answers of other models become, and how they are packed."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64decode
from dataclasses import replace

import pytest

from pytest_ftgate.evaluate.records.store import RecordStore
from pytest_ftgate.graders.value import Grade, Unscored
from pytest_ftgate.pipeline.report.html.cases import table as table_module
from pytest_ftgate.pipeline.report.html.cases.pack import PAGE, packed
from pytest_ftgate.pipeline.report.html.cases.rows import Limit, answer_of, is_different, limit_for, row_of, status_of
from pytest_ftgate.pipeline.report.html.cases.section import cases_section, script
from pytest_ftgate.pipeline.report.html.cases.table import made_table
from pytest_ftgate.pipeline.report.html.models import read_models
from pytest_ftgate.pipeline.report.run_report import RunReport
from pytest_ftgate.serve.response import Response
from tests.run_records import case, cases, keep, record
from tests.unit.pipeline.report.html.cases.case_runs import EVIL, MANY, run_here

WIDE = Limit(1_000)


def read_table(store, report):
    return made_table(read_models(store, report), report)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return read_table(*run_here(tmp_path_factory.mktemp("state")))


def row(passed, then=None, text="a", then_text="b"):
    """A row whose answers passed or not, None: have no grade."""
    answers = [
        {"t": text} | ({} if passed is None else {"p": passed}),
        None if then is None else {"t": then_text, "p": then},
    ]
    return {"s": 0, "i": "x", "a": answers}


@pytest.mark.parametrize(
    ("passed", "then", "status"),
    [
        (0, 1, "broken"),
        (1, 0, "fixed"),
        (0, 0, "wrong"),
        (1, 1, "right"),
        (0, None, "wrong"),
        (1, None, "right"),
        (None, 1, "error"),
        (None, None, "error"),
    ],
)
def test_what_became_of_a_case(passed, then, status):
    assert status_of(row(passed, then), 1) == status


def test_answers_differ_only_from_one_that_is_there():
    assert is_different(row(1, 1), 1)
    assert not is_different(row(1, 1, "a", "a"), 1)
    assert not is_different(row(1), 1)
    assert not is_different(row(1, 1), None)
    assert status_of(row(0, 1), None) == "wrong"


def test_a_row_has_what_differs_from_the_usual_and_nothing_else():
    made = row_of(case("c1", 0.0, "no", slices={"lang": "de"}, must_pass=True), 2, [None], WIDE)
    answer = {"t": "no", "p": 0, "r": "found 'no'", "g": "exact@1", "n": [10, 2], "s": 0.5}
    assert made == {
        "s": 2,
        "i": "c1",
        "l": 1,
        "q": "text of c1",
        "e": "c1",
        "x": {"lang": "de"},
        "m": 1,
        "a": [answer, None],
    }
    assert answer_of(case("c", 0.5), WIDE)["v"] == 0.5
    assert answer_of(replace(case("c"), outcome=Unscored("not in English", "own@1")), WIDE)["o"] == "unscored"
    assert row_of(case("c", expected={"a": [1]}), 0, [], WIDE)["e"] == '{"a": [1]}'


def test_long_texts_are_cut_and_secrets_are_masked(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-key")
    made = row_of(case("c", 1.0, "the key is sk-very-secret-key", input="q" * 2_000), 0, [], WIDE)
    assert made["a"][0]["t"] == "the key is ***"
    assert (len(made["q"]), made["z"]) == (1_000, 2_000)
    assert limit_for([100] * 1_000, 10**6).characters == 20_000
    assert limit_for([3_000] * 1_000, 10**6).characters == 600


def test_of_a_candidate_what_broke_comes_first_and_the_champion_beside_it(table):
    tickets = next(each for each in table.sets if each.name == "tickets")
    assert [column.role for column in tickets.columns] == ["candidate", "champion", "baseline"]
    assert (tickets.other, tickets.gates) == (1, ("tickets",))
    statuses = [table.status(each) for each in table.rows]
    assert statuses == sorted(statuses, key=["broken", "wrong", "error", "fixed", "right"].index)
    assert len(table.rows) == MANY + 10


def test_a_plain_run_has_the_run_before_where_the_cases_are_the_same(tmp_path):
    before = keep(tmp_path, record([case("a", 1.0), case("b", 1.0), case("c", 1.0, input="asked otherwise")]))
    now = keep(tmp_path, record(cases({"a": 0.0, "b": 1.0, "c": 0.0})))
    report = RunReport(run=now, at=0.0, seconds=1.0, code=1, changed=[{"set": "tickets", "run": before}])
    table = read_table(RecordStore(tmp_path), report)
    assert [column.role for column in table.sets[0].columns] == ["tested", "before"]
    assert [(each["i"], table.status(each)) for each in table.rows] == [("a", "broken"), ("c", "wrong"), ("b", "right")]
    assert [
        column.role for column in read_table(RecordStore(tmp_path), replace(report, changed=[])).sets[0].columns
    ] == ["tested"]


def test_models_and_prompts_of_one_run_stand_side_by_side(tmp_path):
    run = keep(tmp_path, record(cases({"a": 0.0, "b": 1.0}), title="small"))
    keep(tmp_path, record(cases({"a": 1.0, "b": 1.0}), title="large", variant="short"), run)
    table = read_table(RecordStore(tmp_path), RunReport(run=run, at=0.0, seconds=1.0, code=0))
    assert [column.title for column in table.sets[0].columns] == ["small", "large, short"]
    assert [table.status(each) for each in table.rows] == ["fixed", "right"], "as the section of models says it"


def test_the_first_of_several_is_the_first_column_of_the_run_whatever_was_asked_first(tmp_path):
    run = keep(tmp_path, record(cases({"a": 0.0}), title="m", variant="v2"))
    keep(tmp_path, record(cases({"a": 1.0}), title="m"), run)
    columns = [{"set": "tickets", "columns": [{"label": "base"}, {"label": "v2"}]}]
    table = read_table(RecordStore(tmp_path), RunReport(run=run, at=0.0, seconds=1.0, code=0, columns=columns))
    assert [column.title for column in table.sets[0].columns] == ["m", "m, v2"]
    assert table.status(table.rows[0]) == "broken"


def test_of_several_models_what_any_got_wrong_is_in_the_plain_table(tmp_path):
    run = keep(tmp_path, record(cases(dict.fromkeys("abcd", 1.0) | {"d": 0.0}), title="first"))
    keep(tmp_path, record(cases({"a": 0.0, "b": 1.0, "c": 1.0, "d": 1.0}), title="second"), run)
    keep(tmp_path, record(cases({"a": 1.0, "b": 0.0, "c": 1.0, "d": 1.0}), title="third"), run)
    table = read_table(RecordStore(tmp_path), RunReport(run=run, at=0.0, seconds=1.0, code=0))
    assert {each["i"]: table.status(each) for each in table.rows} == {
        "a": "broken",
        "b": "broken",
        "c": "right",
        "d": "fixed",
    }
    html = cases_section(table).html
    assert "3 of 3 cases that are not right" in html
    told = re.findall(r'<tr><td>(.*?) <span class="muted">(.*?)</span></td><th scope="row">tickets (.)</th>', html)
    assert told == [
        ("✗ broken", "second", "a"),
        ("✗ broken", "third", "b"),
        ("✗ not passed", "first", "d"),
    ]


def test_of_repeats_one_that_ended_as_the_case_did_is_shown():
    said = [Response("c", "", text, repeat=n) for n, text in enumerate(("spam", "spam", "ham"))]
    grades = [Grade(float(each.text == "spam"), "r", "exact@1", passed=each.text == "spam") for each in said]
    failed = replace(case("c", 2 / 3, answers=tuple(said)), repeats=tuple(grades))
    assert answer_of(failed, WIDE)["t"] == "ham"
    passed = replace(case("c", 1.0, answers=tuple(reversed(said))), repeats=tuple(reversed(grades)))
    assert answer_of(passed, WIDE)["t"] == "spam"


def test_a_record_that_was_edited_is_a_note_and_no_error(tmp_path):
    run = keep(tmp_path, record(cases({"a": 0.0})))
    store = RecordStore(tmp_path)
    path = store.folder / run / "tickets.jsonl"
    path.write_text(path.read_text().replace("wrong", "right"))
    table = read_table(store, RunReport(run=run, at=0.0, seconds=1.0, code=1))
    assert "edited after it was written" in table.notes[0]
    assert "edited after it was written" in cases_section(table).html


def test_a_run_without_cases_has_no_section(tmp_path):
    made = cases_section(read_table(RecordStore(tmp_path), RunReport(run="none", at=0.0, seconds=1.0, code=0)))
    assert (made.html, made.scripts) == ("", ())


def test_blocks_are_gzip_of_json_the_first_page_alone(table):
    blocks = [json.loads(gzip.decompress(b64decode(block))) for block in packed(table)]
    assert [len(block["rows"]) for block in blocks] == [PAGE, MANY + 10 - PAGE]
    assert blocks[0]["rows_total"] == MANY + 10
    read = [row for block in blocks for row in block["rows"]]
    assert next(each for each in read if each["i"] == "evil")["a"][0]["t"] == EVIL
    assert list(packed(table)) == list(packed(table))


def test_of_more_rows_than_fit_those_that_are_right_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(table_module, "MOST", 120)
    made = read_table(*run_here(tmp_path))
    assert (len(made.rows), made.left_out) == (120, MANY + 10 - 120)
    assert {"broken", "wrong", "error", "fixed"} <= {made.status(row) for row in made.rows}
    assert f"of {MANY + 10} in all" in cases_section(made).html
    assert json.loads(gzip.decompress(b64decode(next(packed(made)))))["left_out"] == made.left_out


@pytest.mark.parametrize(("expected", "shown"), [("b", True), (None, False)])
def test_the_plain_table_has_a_column_of_expected_values_where_there_are_any(tmp_path, expected, shown):
    run = keep(tmp_path, record([case("x", 0.0, expected=expected)]))
    report = RunReport(run=run, at=0.0, seconds=1.0, code=0)
    assert ("Expected" in cases_section(read_table(RecordStore(tmp_path), report)).html) == shown


def test_the_plain_table_escapes_and_the_script_never_parses_markup(table):
    html = cases_section(table).html
    assert "<img" not in html
    assert "<script>" not in html
    assert "&lt;img src=x" in html
    assert "\\u202e" in html
    assert "\\ud800" in html
    assert not any(
        word in script()
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "</script")
    )
