"""pydantic: models of the project judge, in a process of their own, and their code is known."""

from __future__ import annotations

import pytest

from pytest_ftgate.graders.grade import Failure, GraderError, compile_grader
from tests.unit.graders.one_grade import judge, value

MODELS = """
from dataclasses import dataclass
from datetime import date
from typing import Literal
from pydantic import BaseModel, ConfigDict, field_validator

import helpers_of_models

class Ticket(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    label: Literal["bug", "idea"]
    day: date
    urgency: int = 0

    @field_validator("urgency")
    @classmethod
    def check(cls, value):
        if value == 13:
            raise KeyError("no such urgency")
        if value == 99:
            while True:
                pass
        if value > 5:
            raise ValueError("at most 5")
        return value

@dataclass
class Point:
    x: int

not_a_model = 3

def function(x: int) -> int:
    return x

class Plain:
    pass
"""
GOOD = '{"label": "bug", "day": "2026-01-31", "urgency": 2}'


@pytest.fixture
def models(tmp_path, monkeypatch):
    (tmp_path / "my_ticket_models.py").write_text(MODELS)
    (tmp_path / "helpers_of_models.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    return "my_ticket_models"


def test_valid_and_not(models):
    model = f"{models}:Ticket"
    assert value("pydantic", None, GOOD, model=model) == 1
    assert value("pydantic", None, f"Here:\n```json\n{GOOD}\n```", model=model) == 1
    for wrong in (
        "{}",
        "no",
        "[]",
        GOOD.replace("bug", "bugs"),
        GOOD.replace("2}", '"2"}'),
        GOOD.replace("2}", "9}"),
        '{"label": "bug", "day": "2026-01-31", "more": 1}',
    ):
        assert value("pydantic", None, wrong, model=model) == 0, wrong
    assert value("pydantic", None, '{"x": 1}', model=f"{models}:Point") == 1
    assert value("pydantic", None, '{"x": "a"}', model=f"{models}:Point") == 0


def test_reason_names_each_place(models):
    reason = judge("pydantic", None, '{"label": "x", "day": "2026-01-31"}', model=f"{models}:Ticket").reason
    assert reason.endswith("not valid for my_ticket_models:Ticket: label: Input should be 'bug' or 'idea'")


def test_what_a_validator_breaks_is_a_failure(models):
    found = judge("pydantic", None, GOOD.replace("2}", "13}"), model=f"{models}:Ticket")
    assert isinstance(found, Failure)
    assert "KeyError: 'no such urgency' (at " in found.reason
    hanging = judge("pydantic", None, GOOD.replace("2}", "99}"), model=f"{models}:Ticket", timeout_s=0.5)
    assert isinstance(hanging, Failure)
    assert "validation by my_ticket_models:Ticket timed out after 0.5 s" in hanging.reason


def test_its_code_is_known(models):
    assert set(compile_grader({"kind": "pydantic", "model": f"{models}:Ticket"}).code) == {models, "helpers_of_models"}


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("nowhere:X", "nowhere:X cannot be imported: there is no module 'nowhere'; add its folder"),
        ("Ticket", "'Ticket' is not an import path; expected 'package.module:name'"),
        ("my_ticket_models:not_a_model", "is 3, not callable"),
        ("my_ticket_models:function", "not a pydantic model"),
        ("my_ticket_models:Plain", "not a pydantic model"),
    ],
)
def test_mistakes_are_told_when_it_is_compiled(models, model, message):
    with pytest.raises(GraderError, match=message):
        compile_grader({"kind": "pydantic", "model": model})
