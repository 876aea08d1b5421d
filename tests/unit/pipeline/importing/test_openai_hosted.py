"""Evals of OpenAI's hosted service: criteria become graders, references what is expected."""

from __future__ import annotations

import json

import pytest

from pytest_ftgate.errors import FileFaults
from pytest_ftgate.pipeline.importing.openai import read_openai
from pytest_ftgate.pipeline.importing.write import write_golden_set
from tests.projects import write, write_rows

ANSWER, LABEL = "{{ sample.output_text }}", "{{ item.label }}"


def check(operation, reference=LABEL):
    return {"type": "string_check", "name": "n", "input": ANSWER, "operation": operation, "reference": reference}


def similar(metric, threshold):
    return {
        "type": "text_similarity", "input": ANSWER, "reference": LABEL, "evaluation_metric": metric,
        "pass_threshold": threshold,
    }  # fmt: skip


@pytest.fixture
def hosted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def read(*criteria, items=({"text": "a", "label": "A"}, {"text": "b", "label": "B"}), **sampling):
        template = [
            {"role": "developer", "content": "Classify."},
            {"role": "user", "content": {"type": "input_text", "text": "It: {{item.text}}"}},
        ]
        content = [{"item": item} for item in items]
        source = {
            "type": "completions", "model": "some-model", "sampling_params": sampling,
            "input_messages": {"type": "template", "template": template},
            "source": {"type": "file_content", "content": content},
        }  # fmt: skip
        data = {"name": "labels", "testing_criteria": list(criteria), "data_source": source}
        imported = read_openai(write(tmp_path / "eval.json", json.dumps(data, indent=1)))
        return imported, write_golden_set(imported, tmp_path / "goldens/t") if imported.cases else None

    return read


def test_items_and_template(hosted):
    imported, suite = hosted(check("eq"), temperature=0.5, max_completion_tokens=9)
    assert imported.lost == []
    assert (suite.prompt.system, suite.golden.description) == ("Classify.", "labels")
    assert (suite.golden.request.temperature, suite.golden.request.max_tokens) == (0.5, 9)
    assert suite.golden.graders == ({"kind": "exact"},)
    assert [(case.input, case.expected) for case in suite.cases] == [("It: a", "A"), ("It: b", "B")]


@pytest.mark.parametrize(
    ("criterion", "spec"),
    [
        (check("ne"), {"kind": "not", "grader": {"kind": "exact"}}),
        (check("like"), {"kind": "contains"}),
        (check("ilike"), {"kind": "contains", "ignore_case": True}),
        (similar("rouge_l", 0.5), {"kind": "rouge", "variant": "rougeL", "threshold": 0.5}),
    ],
)
def test_criteria(hosted, criterion, spec):
    imported, suite = hosted(criterion)
    assert imported.lost == []
    assert suite.golden.graders == (spec,)


def test_another_reference_is_put_in(hosted):
    _, suite = hosted(check("eq"), check("ne", "a.b"), check("like", "{{item.text}}"))
    assert suite.cases[0].graders == (
        {"kind": "exact"},
        {"kind": "not", "grader": {"kind": "regex", "pattern": r"a\.b", "full": True}},
        {"kind": "contains", "values": ["a"]},
    )


@pytest.mark.parametrize(
    ("criterion", "why"),
    [
        ({"type": "score_model", "model": "m", "input": []}, "[judge.checklist]"),
        ({"type": "label_model", "labels": ["a"]}, "[judge.checklist]"),
        ({"type": "python", "source": "x"}, "kind python"),
        (similar("cosine", 0.5), "embedding"),
        (similar("meteor", 0.5), "no grader measures meteor"),
        ({**check("eq"), "input": "{{ sample.output_json.label }}"}, "only the whole answer"),
        (check("eq", "{{ item.other }}"), "not in the item"),
    ],
)
def test_what_is_lost_is_named_with_its_line(hosted, criterion, why):
    imported, suite = hosted(check("eq"), criterion)
    [lost] = imported.lost
    assert why in lost.message
    assert lost.message.endswith("(2 cases)")
    assert lost.line > 3
    assert len(suite.cases) == 2


@pytest.mark.parametrize(("metric", "kind"), [("fuzzy_match", "edit_similarity"), ("bleu", "bleu")])
def test_a_near_measure_is_carried_and_named(hosted, metric, kind):
    imported, suite = hosted(similar(metric, 0.8))
    assert suite.golden.graders == ({"kind": kind, "threshold": 0.8},)
    assert "check its threshold" in imported.lost[0].message


def test_nothing_of_the_model_or_a_key_is_copied(hosted, tmp_path):
    imported, _ = hosted(check("eq"), api_key="sk-of-somebody", top_p=0.5)
    written = "".join(file.read_text() for file in (tmp_path / "goldens/t").iterdir())
    assert "sk-of-somebody" not in written + str(imported.lost)
    assert "some-model" not in written
    assert [fault.message.partition(":")[0] for fault in imported.lost] == ["api_key", "top_p"]


def test_items_in_a_file_of_their_own(tmp_path):
    eval_file = write(tmp_path / "eval.json", json.dumps({"testing_criteria": [check("eq")]}))
    with pytest.raises(FileFaults, match=r"holds no items\n    pass their file: --data FILE"):
        read_openai(eval_file)
    items = write_rows(tmp_path / "items.jsonl", [{"item": {"question": "q", "label": "A"}}])
    [row] = read_openai(eval_file, data=items).cases
    assert row.data == {"input": "q", "expected": "A"}
