"""The end of a run, from what the items told."""

from __future__ import annotations

from pytest_ftgate.gate.verdict import NO_FLOORS
from pytest_ftgate.plugin.report.collector import ReportCollector
from pytest_ftgate.plugin.report.summary import lines


def told(**more):
    verdict = {"task": "mail", "verdict": "REJECT", "version": 2, "reason": "champion: worse", "golden": "goldens/mail"}
    tally = ReportCollector(train=True, verdicts=[verdict | {"seconds": {"serve": 3.0}} | more])
    return [text for text, _ in lines(tally, verbose=False)]


def test_what_broke_stands_between_verdict_and_next_step(snapshot):
    found = told(
        explained=["mail, champion: worse than champion v1", "  c1: 'hello'"], page=".ftgate/runs/mail/1/explain.md"
    )
    assert "\n".join(found) == snapshot


def test_the_next_step_of_a_first_model_without_floors_is_a_floor():
    hold = told(verdict="HOLD", reason=f"floors: {NO_FLOORS}; add a [[gate.floor]] to golden.toml")
    assert (
        hold[-1] == "  next:   add a [[gate.floor]] to goldens/mail, run: ftgate lock goldens/mail   then train again"
    )
    other = told(verdict="HOLD", reason="champion: undecided")
    assert other[-1].startswith("  next:   add golden cases or improve the data of mail")


def test_nothing_to_explain_adds_no_line():
    assert not [line for line in told() if "all cases" in line]
