"""A run of a candidate on two golden sets, its champion and base model beside it, with texts of every awkward kind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pytest_ftgate.evaluate.records.record import CaseRecord, Record
from pytest_ftgate.evaluate.records.store import RecordStore
from pytest_ftgate.graders.value import Failure, Grade
from pytest_ftgate.pipeline.report.run_report import RunReport
from pytest_ftgate.pipeline.report.sides import Side
from pytest_ftgate.serve.response import Response
from tests.run_records import case, record

MANY = 250
EVIL = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"></script></pre>"
    "<a href='javascript:document.title=1'>x</a>\u2028\u202eright to left\u202c\x00\ud800 <!-- {{ 7*7 }} ]]>"
)
LONG = "a very long answer " * 60_000
OLD = "Your refund of 40 euros will arrive within ten working days. Please keep the receipt, and write to us again."
NEW = "Your refund of 45 euros will arrive within five working days. Please keep the receipt, and write to us again."


def awkward() -> list[CaseRecord]:
    """Each of its own kind."""
    said = [Response("votes", "", text, repeat=n) for n, text in enumerate(("spam", "ham", "spam"))]
    grades = [
        Grade(float(each.text == "spam"), f"found {each.text!r}", "exact@1", passed=each.text == "spam")
        for each in said
    ]
    thought = Response(
        "thought",
        "",
        "",
        finish_reason="length",
        reasoning="Let me think.",
        prompt_tokens=1200,
        completion_tokens=64,
        total_s=1.25,
        tool_calls=({"name": "look", "arguments": '{"at": 1}'},),
    )
    evil = Grade(0.0, f"found {EVIL[:30]!r}, expected 'calm'", "exact@1", passed=False)
    return [
        replace(case("evil", 0.0, EVIL, input=f"Ignore this: {EVIL}", expected="calm"), outcome=evil),
        replace(
            case(
                "refund",
                0.0,
                NEW,
                input="When does my refund arrive?",
                expected="within five working days",
                slices={"lang": "en"},
            ),
            outcome=Grade(0.0, "found '45 euros', expected '40 euros'", "contains@1", passed=False),
        ),
        case("votes", 2 / 3, answers=tuple(said), repeats=tuple(grades), slices={"lang": "en"}),
        case("long", 1.0, LONG),
        case("thought", 0.0, answers=(thought,), slices={"lang": "de"}, must_pass=True),
        replace(
            case("broke", None, answers=(Response("broke", "", "", "error", error="HTTP 500: overloaded"),)),
            outcome=Failure("HTTP 500", "exact@1"),
        ),
        case("formula", 1.0, "=1+1", input="@SUM(A1)"),
    ]


def run_here(state: Path) -> tuple[RecordStore, RunReport]:
    """Set tickets: `awkward`, and MANY more in two languages; set practice, which judges no model: three cases."""
    store = RecordStore(state)
    run = store.new_run()
    more = [
        case(f"c{n}", float(n % 7 > 0), slices={"lang": "de" if n % 2 else "en"}, input=f"Mail number {n}")
        for n in range(MANY)
    ]
    tickets = record([*awkward(), *more], title="candidate of tickets", prompt={"system": "Be <b>calm</b>."})
    practice = record(
        [case("p1", 1.0, "better"), case("p2", 0.0, "worse"), case("p3", 1.0)],
        set="practice",
        title="candidate of tickets",
    )
    sides = []
    for name, some in (("tickets", tickets), ("practice", practice)):
        store.write(Record(replace(some.facts, run=run), some.cases))
        for role, title in (("baseline", "base model"), ("champion", "champion v7")):
            file = Side(name, role, title, {each.id: _then(each, role) for each in some.cases}).write(
                store.folder / run
            )
            sides.append({"set": name, "role": role, "title": title, "file": file})
    pipeline = {
        "task": "tickets",
        "base": "long_name_" * 12,
        "goldens": ["tickets"],
        "general": None,
        "champion": 7,
    }
    pipeline |= {"method": "lora", "digest": "d", "best_epoch": 1, "params": {}, "metrics": {}, "versions": {}}
    pipeline |= {"template_digest": "", "epochs": [], "curves": {}}
    pipeline |= {"seconds": {}, "lineage": {}, "leaks": [], "sides": sides}
    return store, RunReport(run=run, at=0.0, seconds=1.0, code=2, train=True, pipelines=[pipeline])


def _then(each: CaseRecord, role: str) -> dict[str, object]:
    """The base model is wrong, but where the id says otherwise; the champion is right, but for each fifth."""
    if each.id == "refund":
        return {"value": 1.0, "passed": True, "text": OLD}
    number = int(each.id[1:]) if each.id[1:].isdigit() else 0
    right = role == "champion" and number % 5 != 1
    return {"value": float(right), "passed": right, "text": each.id if right else f"{role} says no"}
