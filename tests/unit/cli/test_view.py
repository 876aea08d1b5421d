"""`ftgate view`: one page of all runs, with trends, promotions and links."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.evaluate.records.record import Record
from pytest_ftgate.evaluate.records.store import RecordStore
from pytest_ftgate.pipeline.report.run_report import RunReport
from pytest_ftgate.pipeline.report.run_report import keep as keep_report
from tests.run_records import cases, keep, record

RUNS = ("20261126-100000-0001", "20261127-100000-0002", "20261128-100000-0003")
VERDICT = {"task": "spam", "verdict": "PROMOTE", "version": 2, "reason": "better", "golden": "g", "seconds": {}}


@pytest.fixture
def state(tmp_path):
    for number, (run, wrong) in enumerate(zip(RUNS, (3, 2, 1), strict=True)):
        some = cases({f"t{i}": float(i >= wrong) for i in range(40)})
        keep(tmp_path, record(some, title="<b>model</b>", at=1.7e9 + 90_000 * number), run)
    store = RecordStore(tmp_path)
    keep_report(store, RunReport(run=RUNS[2], at=1.7e9, seconds=3.0, code=0, verdicts=[VERDICT]))
    keep_report(store, RunReport(run="20261128-110000-0004", at=1.8e9, seconds=3.0, code=10))
    (store.folder / RUNS[1] / "report.html").write_text("a report")
    return tmp_path


def page(state, *args):
    assert main(["view", "--state-dir", str(state), *args]) == 0
    return (state / "view.html").read_text(encoding="utf-8")


def test_each_run_has_its_row_newest_first_and_its_report_a_link(state, no_tracking_server, capsys):
    text = page(state)
    assert "view.html written" in capsys.readouterr().out
    assert re.findall(r"(?<=>)20261\d{3}-\d{6}-\d{4}(?=<)", text) == ["20261128-110000-0004", *reversed(RUNS)]
    assert f'<a href="records/{RUNS[1]}/report.html">' in text
    assert f"records/{RUNS[0]}" not in text
    assert f"<code>ftgate report {RUNS[2]}</code>" in text, "it has no page yet, but all that makes one"
    assert f"ftgate report {RUNS[0]}" not in text
    assert "39 of 40" in text
    assert "PROMOTE v2" in text
    assert "no case was measured" in text, "a run that measured nothing has its exit code"


def test_the_trend_of_a_set_is_told_in_words_too(state, no_tracking_server):
    text = page(state)
    told = re.search(r'role="img".*? aria-label="(.*?)"', text)[1]
    assert (
        told
        == "&lt;b&gt;model&lt;/b&gt;: 3 runs from 2023-11-14 to 2023-11-17; first 92.5 %, last 97.5 %, between 89.5 % and 99.4 %"
    )
    assert ">v2</text>" in text, "the run that promoted is marked"


def test_a_run_that_a_gate_check_held_has_it_as_its_verdict(state, no_tracking_server):
    found = [("floors", "pass", False), ("against", "hold", False), ("slices", "reject", True)]
    checks = [
        {"set": "tickets", "check": name, "status": status, "reason": f"{name}: too few", "numbers": {}, "beside": []}
        | {"advisory": advisory}
        for name, status, advisory in found
    ]
    report = RunReport(run=RUNS[1], at=1.7e9, seconds=3.0, code=10, checks={"tickets": checks})
    keep_report(RecordStore(state), report)
    row = page(state).partition(f">{RUNS[1]}<")[2].partition("</tbody>")[0]
    assert "HOLD" in row
    assert "tickets: against: too few" in row
    assert "REJECT" not in row
    assert "floors" not in row


def test_runs_of_one_day_are_told_apart_by_their_time(tmp_path, no_tracking_server):
    for number, run in enumerate(RUNS[:2]):
        keep(tmp_path, record(cases({"t1": 1.0}), at=1.7e9 + 600 * number), run)
    text = page(tmp_path)
    assert "2 runs from 2023-11-14 22:13 to 2023-11-14 22:23" in text
    assert ">2023-11-14 22:13</text>" in text
    assert ">22:23</text>" in text


def test_a_run_of_a_part_of_the_set_is_a_hollow_dot(state, no_tracking_server):
    some = record(cases({"t1": 1.0, "t2": 1.0}), title="<b>model</b>", at=1.75e9)
    keep(state, Record(replace(some.facts, cases=40), some.cases), "20261129-100000-0005")
    text = page(state)
    assert text.count('class="mark hollow"') == 1
    assert ": 100.0 % of 2 of 40 cases</title>" in text
    assert "; 1 of a part of the set" in text


def test_a_folder_gets_the_usual_name(state, no_tracking_server, capsys):
    (state / "pages").mkdir()
    assert main(["view", "--state-dir", str(state), "--out", str(state / "pages")]) == 0
    assert "pages/view.html written" in capsys.readouterr().out
    assert (state / "pages" / "view.html").is_file()


def test_what_a_model_is_called_is_text_and_nothing_is_fetched(state, no_tracking_server):
    text = page(state)
    assert "<b>model" not in text
    assert "&lt;b&gt;model" in text
    assert not re.search(r'(src|href)="(https?:)?//', text)
    assert "default-src 'none'" in html.unescape(text)


def test_promotions_are_listed_with_rollbacks(registry, promote, no_tracking_server, tmp_path):
    state = tmp_path / "state"
    keep(state, record(cases({"t1": 1.0})), RUNS[0])
    promote("one")
    promote("two")
    registry.rollback("spam", "it drifted", 1, 2)
    text = page(state).partition('id="history"')[2]
    assert 0 < text.index("rolled back to") < text.index("promoted")
    assert "it drifted" in text


def test_without_runs_it_says_how_to_get_some(tmp_path, no_tracking_server, capsys):
    assert main(["view", "--state-dir", str(tmp_path)]) == 2
    assert "no runs in" in capsys.readouterr().err
