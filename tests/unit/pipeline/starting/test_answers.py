"""What right answers are, and the graders for them: each kind compiles and passes its own expected values."""

from __future__ import annotations

import json

import pytest

from pytest_ftgate.golden.case import Case, answer_text
from pytest_ftgate.graders.grade import compile_grader, grade_case
from pytest_ftgate.graders.value import Grade
from pytest_ftgate.metrics.intervals import wilson
from pytest_ftgate.pipeline.starting.answers import Answers, answers_of, variants
from pytest_ftgate.pipeline.starting.grading import grading_of, shown_from
from pytest_ftgate.pipeline.starting.inferred_schema import schema_of
from pytest_ftgate.serve.response import Response

SENTENCE = "the parcel {} left our warehouse on monday morning and is on its way"
KINDS = {
    "labels": ["spam" if i % 3 else "ham" for i in range(60)],
    "numbers": [i * 0.5 for i in range(60)],
    "objects": [{"city": "Rome" if i % 2 else "Oslo", "price": i} for i in range(60)],
    "json": [[str(i), "b"] for i in range(60)],
    "short": [f"Avenue {i}" for i in range(60)],
    "phrases": [SENTENCE.format(i) for i in range(60)],
    "texts": [f"{SENTENCE.format(i)} " * 4 for i in range(60)],
}


@pytest.mark.parametrize("what", KINDS)
def test_each_kind_is_known_and_its_graders_pass_what_is_expected(what):
    expected = KINDS[what]
    answers = answers_of(expected)
    assert answers.what == what
    grading = grading_of(answers, expected)
    specs = [
        {**{k: v for k, v in spec.items() if k != "file"}, **({"schema": grading.schema} if "file" in spec else {})}
        for spec in grading.graders
    ]
    graders = [compile_grader(spec) for spec in specs]
    for value in expected[:3]:
        case = Case("c", "asked", value)
        right = grade_case(graders, case, Response("c", "m", answer_text(value)))
        wrong = grade_case(graders, case, Response("c", "m", "something else entirely"))
        assert isinstance(right, Grade)
        assert right.passed
        assert isinstance(wrong, Grade)
        assert not wrong.passed


def test_labels_are_counted_and_those_written_in_several_ways_are_one():
    answers = answers_of(["spam"] * 30 + ["Spam "] * 3 + ["ham"] * 20)
    assert answers.labels == {"spam": 33, "ham": 20}
    assert answers.merged == {"Spam ": "spam"}
    assert round(answers.most_frequent, 3) == 0.623
    assert variants(["a", "A", "A"]) == {"a": "A"}


def test_ratings_and_truth_values_are_labels():
    assert answers_of([1, 2, 3, 4, 5] * 20).labels.keys() == {"1", "2", "3", "4", "5"}
    assert answers_of([True, False] * 20).labels.keys() == {"true", "false"}


def test_one_key_of_few_values_is_the_label_of_objects():
    answers = answers_of([{"team": "a" if i % 2 else "b"} for i in range(40)])
    assert (answers.what, answers.path, answers.labels) == ("objects", "team", {"b": 20, "a": 20})
    grading = grading_of(answers, [{"team": "a"}, {"team": "b"}])
    assert grading.label == {"path": "team", "values": ["a", "b"]}
    assert grading.floor == {"metric": "f1", "average": "macro", "min": 0.8}


def test_the_prompt_of_objects_names_keys_types_and_few_values():
    values = [{"city": "Rome" if i % 2 else "Oslo", "count": i} for i in range(40)]
    assert grading_of(answers_of(values), values).system.endswith("keys: city (one of Oslo, Rome), count (integer).")


def test_the_schema_holds_types_optional_keys_and_few_values():
    values = [
        {"id": i, "kind": "a" if i % 2 else "b", "tags": ["x", "y"], **({"note": None} if i % 3 else {"note": "n"})}
        for i in range(40)
    ]
    values[0]["extra"] = {"deep": 1.5}
    schema = schema_of(values)
    assert schema["required"] == ["id", "kind", "tags", "note"]
    assert schema["properties"]["kind"] == {"type": "string", "enum": ["a", "b"]}
    assert schema["properties"]["note"]["type"] == ["null", "string"]
    assert schema["properties"]["tags"]["items"]["type"] == "string"
    assert schema["properties"]["extra"]["properties"] == {"deep": {"type": "number"}}
    grader = compile_grader({"kind": "json_schema", "schema": schema})
    assert all(grader(Case("c", "x"), Response("c", "m", json.dumps(value))).passed for value in values)


def test_the_share_that_shows_a_floor_is_the_least_one():
    share = shown_from(0.8, 200)
    assert wilson(share * 200, 200)[0] >= 0.8 > wilson(share * 200 - 1, 200)[0]


@pytest.mark.parametrize(
    ("values", "loose"),
    [
        (["Oslo", "St. John's", "Guinea-Bissau"], True),
        (["Oslo", "12.5%"], False),
        (["-5 C", "Oslo"], False),
        (["C#", "Rust"], False),
        (["re-sign", "resign"], False),
    ],
)
def test_punctuation_counts_where_it_says_something(values, loose):
    answers = Answers("short", {}, "", 10, {})
    [grader] = grading_of(answers, values).graders
    assert grader.get("ignore_punctuation", False) == loose
    assert ("punctuation" in grading_of(answers, values).told) == loose


def test_labels_that_commas_do_not_part_have_a_line_each():
    labels = {"Oslo, Norway": 20, "Rome": 20}
    assert grading_of(Answers("labels", labels, "", 10, {}), []).system.endswith("else:\n- Oslo, Norway\n- Rome")
    assert grading_of(Answers("labels", {"ham": 9, "spam": 9}, "", 4, {}), []).system.endswith("else: ham, spam.")


def test_many_labels_are_named():
    values = [f"team {i % 40}" for i in range(320)]
    assert any("40 different answers: are they labels?" in line for line in grading_of(answers_of(values), values).look)
    own = [f"name {i}" for i in range(320)]
    assert not any("are they labels?" in line for line in grading_of(answers_of(own), own).look)
