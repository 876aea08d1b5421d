"""Prompts of a judge: snapshots, the strict schema, the rubric apart from the data."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from pytest_ftgate.judge import prompt as question
from pytest_ftgate.judge.prompt import Question, build, prompts_digest, schema_of, shown_input
from pytest_ftgate.judge.rubric import RubricError, make_rubric
from tests.unit.judge.rubrics import CHECKED, CORRECT, HELPFUL, SCORED

SNAPSHOTS = Path(__file__).parent / "snapshots"
ONE = Question("How do I reset it?", ("Hold the button for ten seconds.",), "Hold it for 10 s.")
TWO = Question("How do I reset it?", ("Hold the button for ten seconds.", "No idea."), "Hold it for 10 s.")


@pytest.mark.parametrize(
    ("name", "rubric", "asked"),
    [("scored", SCORED, ONE), ("checked", CHECKED, ONE), ("correct", CORRECT, ONE), ("pair", SCORED, TWO)],
)
def test_a_prompt_is_as_it_was(name, rubric, asked):
    """A prompt that changes is a new judge: give the template the next number, then write the snapshot anew."""
    prompt = build(rubric, asked)
    found = f"{prompt.system}\n\n=== user\n\n{prompt.user}\n\n=== schema\n\n{json.dumps(prompt.schema, indent=1)}\n"
    path = SNAPSHOTS / f"{name}.1.txt"
    assert found == path.read_text(encoding="utf-8"), f"differs from {path.name}"


def test_the_digest_of_the_prompts_is_that_of_the_snapshots(monkeypatch):
    known = (SNAPSHOTS / "digest.1.txt").read_text().strip()
    assert prompts_digest() == known
    monkeypatch.setattr(question, "_text", lambda name: f"{name} in other words")
    assert prompts_digest() != known


def test_the_system_turn_is_the_same_for_every_case_so_that_it_can_be_cached():
    other = build(SCORED, Question("What else?", ("Nothing \u200b.",)))
    assert build(SCORED, ONE).system == other.system
    assert "Hold" not in other.system


def test_the_reference_is_shown_only_where_the_rubric_uses_it():
    assert "10 s" not in build(SCORED, ONE).user
    assert "10 s" in build(CHECKED, ONE).user
    assert "reference" not in build(SCORED, ONE).system


def test_the_schema_is_strict_and_asks_for_the_reason_first():
    schema = schema_of(SCORED, pair=False)
    Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["helpful", "tone"]
    assert list(schema["properties"]["tone"]["properties"]) == ["reason", "level"]
    assert schema["properties"]["tone"]["properties"]["level"]["enum"] == ["1", "2", "3", "4", "5"]
    assert schema_of(CHECKED, pair=False)["properties"]["polite"]["properties"]["level"]["enum"] == ["no", "yes"]
    assert list(schema_of(SCORED, pair=True)["properties"]) == ["reason", "better"]


def test_a_pair_can_be_turned_and_three_answers_are_a_mistake():
    assert TWO.turned().answers == ("No idea.", "Hold the button for ten seconds.")
    assert TWO.turned().turned() == TWO
    assert TWO.turned().digest != TWO.digest
    with pytest.raises(ValueError, match="found 3"):
        build(SCORED, Question("?", ("a", "b", "c")))


def test_what_a_model_was_asked_as_text():
    user = {"role": "user", "content": "Hi"}
    assert shown_input([user]) == "Hi"
    assert shown_input([{"role": "system", "content": "Be brief."}, user]) == "[system]\nBe brief.\n\n[user]\nHi"


def test_every_fault_of_a_rubric_is_told_at_once():
    with pytest.raises(RubricError) as caught:
        make_rubric({"Tone": HELPFUL, "short": {"question": "?", "6": "?"}, "odd": 3, "twice": HELPFUL}, {"twice": ""})
    for part in (
        "invalid name 'Tone'; use lower-case",
        "criteria.short needs a string for each level; missing: 1, 2, 3, 4, 5",
        "criteria.short has unknown key '6'",
        "criteria.odd must be a table",
        "'twice' is in both criteria and checklist",
        "checklist.twice must be a question",
    ):
        assert part in str(caught.value)


def test_what_levels_are_worth():
    assert SCORED.value({"helpful": "1", "tone": "5"}) == 0.5
    assert SCORED.value({"helpful": "4", "tone": "4"}) == 0.75
    assert CHECKED.value({"polite": "yes", "no_prices": "no"}) == 0.5
    assert CORRECT.value({"correct": "yes"}) == 1.0
