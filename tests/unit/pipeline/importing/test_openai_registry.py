"""Entries of the registry of OpenAI's evals, with samples in our own words."""

from __future__ import annotations

import pytest

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.pipeline.importing.openai import read_openai
from pytest_ftgate.pipeline.importing.write import write_golden_set
from tests.projects import write, write_rows


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """registry(class, samples, **args) -> (Imported, Suite)."""
    monkeypatch.chdir(tmp_path)

    def make(kind, samples, **args):
        write_rows(tmp_path / "registry/data/t/samples.jsonl", samples)
        lines = "".join(f"    {key}: {value}\n" for key, value in {"samples_jsonl": "t/samples.jsonl", **args}.items())
        text = f"t:\n  id: t.v0\n  description: Test of it.\nt.v0:\n  class: evals.elsuite.x:{kind}\n  args:\n{lines}"
        file = write(tmp_path / "registry/evals/t.yaml", text)
        imported = read_openai(file)
        return imported, write_golden_set(imported, tmp_path / f"goldens/{kind}") if imported.cases else None

    return make


def chat(*turns):
    return [{"role": role, "content": text} for role, text in turns]


def test_match_begins_with_one_of_the_ideals(registry):
    asked = [chat(("system", "Be brief."), ("user", f"q{n}")) for n in (1, 2)]
    imported, suite = registry(
        "Match", [{"input": asked[0], "ideal": "yes"}, {"input": asked[1], "ideal": ["no", "never"]}]
    )
    assert imported.lost == []
    assert suite.golden.description == "Test of it."
    assert suite.prompt.system == "Be brief."
    assert suite.golden.request.max_tokens == 500
    assert suite.golden.graders == ({"kind": "starts_with"},)
    assert [(case.input, case.expected) for case in suite.cases] == [("q1", "yes"), ("q2", ["no", "never"])]


def test_includes(registry):
    _, suite = registry("Includes", [{"input": "q", "ideal": "Yes", "area": "x"}], ignore_case="true")
    assert suite.golden.graders == ({"kind": "contains", "ignore_case": True},)
    assert suite.cases[0].slices == {"area": "x"}


def test_json_match_compares_json(registry):
    samples = [{"input": "q", "ideal": '{"a": 1}'}, {"input": "r", "ideal": ['{"b": 2}', '{"c": 3}']}]
    _, suite = registry("JsonMatch", samples)
    assert suite.golden.graders == ({"kind": "exact", "alternatives": True},)
    assert [case.expected for case in suite.cases] == [[{"a": 1}], [{"b": 2}, {"c": 3}]]


def test_fuzzy_match_is_stricter_and_says_so(registry):
    imported, suite = registry("FuzzyMatch", [{"input": "q", "ideal": "y"}, {"input": "r", "ideal": "y"}])
    [lost] = imported.lost
    assert (lost.path, lost.line) == ("registry/evals/t.yaml", 5)
    assert "only a part of the ideal one" in lost.message
    assert "(2 cases)" in lost.message
    assert suite.golden.graders[0]["kind"] == "contains"


def test_examples_come_before_the_question(registry, tmp_path):
    shots = chat(("system", "2 + 2?"), ("system", "4"))
    shots = [{**each, "name": name} for each, name in zip(shots, ("example_user", "example_assistant"), strict=True)]
    write_rows(tmp_path / "registry/data/t/shots.jsonl", [{"sample": shots}] * 3)
    samples = [{"input": chat(("user", "3 + 3?")), "ideal": "6"}]
    _, suite = registry("Match", samples, num_few_shot=1, few_shot_jsonl="t/shots.jsonl")
    assert suite.cases[0].input == chat(("user", "2 + 2?"), ("assistant", "4"), ("user", "3 + 3?"))


def test_a_model_judges(registry):
    sample = {"input": chat(("system", "Solve it.")), "ideal": "y"}
    imported, suite = registry("ModelBasedClassify", [sample], modelgraded_spec="fact")
    assert suite.golden.judge is not None
    assert suite.cases[0].input == "Solve it."
    assert any("system message alone" in note for note in imported.notes)
    assert "five cases" in imported.lost[0].message


def test_criteria_become_a_question(registry):
    args = {"modelgraded_spec": "closedqa", "modelgraded_spec_args": '{criteria: "Is it polite?"}'}
    imported, suite = registry("ModelBasedClassify", [{"input": "q"}], **args)
    assert imported.lost == []
    assert [each.question for each in suite.golden.judge.rubric.criteria] == ["Is it polite?"]


@pytest.mark.parametrize(
    ("kind", "args", "why"),
    [
        ("MultipleChoice", {}, "Hugging Face hub"),
        ("MakeMeSay", {}, "a program of its own"),
        ("ModelBasedClassify", {"modelgraded_spec": "humor"}, "a prompt of its own"),
    ],
)
def test_other_classes_are_named(registry, kind, args, why):
    imported, suite = registry(kind, [{"input": "q", "ideal": "y"}], **args)
    assert suite is None
    assert why in imported.lost[0].message
    assert imported.lost[0].line == 5


def test_samples_that_cannot_be_asked_or_graded_are_counted(registry):
    image = [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]
    samples = [
        {"input": "q", "ideal": "y"},
        {"input": image, "ideal": "y"},
        {"input": image, "ideal": "y"},
        {"input": "r", "ideal": 3},
        {"input": "q", "ideal": "y"},
    ]
    imported, suite = registry("Match", samples, temperature=0.5)
    assert len(suite.cases) == 1
    assert [
        (fault.path.rpartition("/")[2], fault.line, fault.message.partition(":")[0]) for fault in imported.lost
    ] == [
        ("samples.jsonl", 2, "sample"),
        ("samples.jsonl", 4, "sample"),
        ("samples.jsonl", 5, "duplicate"),
        ("t.yaml", 8, "temperature"),
    ]
    assert "part of type 'image_url'" in imported.lost[0].message
    assert imported.lost[0].message.endswith("(2 cases; also line 3)")


def test_where_samples_are_missing(registry, tmp_path):
    registry("Match", [{"input": "q", "ideal": "y"}])
    file = tmp_path / "registry/data/t/samples.jsonl"
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(FileFaults, match="git lfs pull"):
        read_openai(tmp_path / "registry/evals/t.yaml")
    other = write_rows(tmp_path / "other.jsonl", [{"input": "q", "ideal": "y"}])
    assert len(read_openai(tmp_path / "registry/evals/t.yaml", data=other).cases) == 1
    file.unlink()
    with pytest.raises(FileFaults, match=r"t.yaml:7: samples_jsonl t/samples.jsonl is not found"):
        read_openai(tmp_path / "registry/evals/t.yaml")


def test_one_of_several_evals_is_named(tmp_path):
    file = write(tmp_path / "t.yaml", "a:\n  class: x:Match\nb:\n  class: x:Match\n")
    with pytest.raises(FileFaults, match=r"has 2 evals: a, b\n    name one: --eval NAME"):
        read_openai(file)
    with pytest.raises(FileFaults, match="has no eval 'c'; there are: a, b"):
        read_openai(file, "c")
