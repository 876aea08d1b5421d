"""Columns of promptfoo's CSV files."""

from __future__ import annotations

import pytest

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.pipeline.importing.promptfoo.csv_tests import assertion_of
from pytest_ftgate.pipeline.importing.promptfoo.kinds import TYPES

CSV = """q,__expected,__expected2,__description,__metadata:level,__metadata:tags[],__threshold,__suffix
no,icontains: Non,,Says no,high,,,
"a, b",contains-all: a,llm-rubric:Is {{q}},,low,,0.5,
x,Just this,,,,"a,b",,
y,fn: output.length,,,,,,
z,a,,,,,, please
"""


def test_each_row_is_a_test(imported):
    made = imported(files={"t.csv": CSV}, prompts=["Say {{q}}"], tests="file://t.csv")
    first, second, third, fourth = (row.data for row in made.cases)
    assert first == {
        "id": "says-no",
        "input": {"q": "no"},
        "graders": [{"kind": "contains", "values": ["Non"], "ignore_case": True}],
        "slices": {"level": "high"},
        "notes": "Says no",
    }
    assert second["graders"][0]["kind"] == "weighted"
    assert second["graders"][0]["threshold"] == 0.5
    assert (third["expected"], third["graders"]) == ("Just this", [{"kind": "exact"}])
    assert third["notes"] == '{"tags": ["a", "b"]}'
    assert fourth == {"input": {"q": "y"}}
    assert [(fault.path, fault.line, fault.message.partition(":")[0]) for fault in made.lost] == [
        ("t.csv", 5, "javascript"),
        ("t.csv", 6, "suffix"),
    ]


@pytest.mark.parametrize(
    ("cell", "assertion"),
    [
        ("Paris", {"type": "equals", "value": "Paris"}),
        ("Note: this", {"type": "equals", "value": "Note: this"}),
        ("note: this", {"type": "equals", "value": "note: this"}),
        ("not-contains:a", {"type": "not-contains", "value": "a"}),
        ("similar(0.9): a b", {"type": "similar", "value": "a b", "threshold": 0.9}),
        ("contains-any: a, b", {"type": "contains-any", "value": ["a", "b"]}),
        ("is-json", {"type": "is-json"}),
        ("grade: polite", {"type": "llm-rubric", "value": "polite"}),
        ("eval: 1", {"type": "javascript", "value": "1"}),
        ("file://check.py:f", {"type": "python", "value": "file://check.py:f"}),
    ],
)
def test_a_cell_is_an_assertion(cell, assertion):
    assert assertion_of(cell, TYPES) == assertion


def test_columns_that_are_not_read_are_named_and_configure_an_assertion(imported):
    text = "q,__expected1,__config:__expected1:threshold,__providerOutput,__other\nx,rouge-n: a b,0.4,,1\n"
    made = imported(files={"t.csv": text}, prompts=["Say {{q}}"], tests="t.csv")
    assert made.golden["grader"] == [{"kind": "rouge", "variant": "rouge1", "threshold": 0.4}]
    assert [str(fault) for fault in made.lost] == ["t.csv:2: other: is not carried over (1 case)"]


def test_a_broken_file_is_a_fault_with_its_line(imported):
    with pytest.raises(FileFaults, match=r"t\.csv:2: 3 cells, but 2 columns"):
        imported(files={"t.csv": "q,a\nx,y,z\n"}, prompts=["{{q}}"], tests="t.csv")


def test_a_variable_that_no_column_gives_is_named(imported):
    text = "Question,__expected\nCapital of France?,Paris\nCapital of Austria?,Vienna\n"
    made = imported(files={"t.csv": text}, prompts=["{{question}} In one word."], tests="t.csv")
    assert [str(fault) for fault in made.lost] == [
        "t.csv:2: vars: the prompt's {{question}} has no value and is asked empty; the test has Question "
        "(2 cases; also line 3)"
    ]
    assert [row.data["input"] for row in made.cases] == [{"question": ""}, {"question": ""}], "as promptfoo asks it"
