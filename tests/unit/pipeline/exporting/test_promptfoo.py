"""A golden set as promptfoo reads it: prompts, tests and assertions; what has no counterpart is named."""

from __future__ import annotations

import json

import pytest
import yaml

from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.pipeline.exporting.assertions import CannotCarry, assertions
from pytest_ftgate.pipeline.exporting.promptfoo import promptfoo_config
from tests.projects import write_golden


@pytest.fixture
def exported(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def export(cases, toml=""):
        return promptfoo_config(load_suite(write_golden(tmp_path / "goldens/t", cases, toml)))

    return export


def test_prompt_and_cases(exported):
    toml = '[prompt]\nsystem = "Be brief."\ntemplate = "Q: {{ text }}\\n"'
    case = {"id": "a", "input": "no", "expected": "1e3", "slices": {"lang": "en"}, "must_pass": True}
    found = exported([case], toml)
    config = yaml.safe_load(found.text)
    assert found.lost == ()
    assert json.loads(config["prompts"][0]) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Q: {{ text }}"},
    ]
    assert config["tests"] == [
        {
            "description": "a",
            "vars": {"text": "no"},
            "assert": [{"type": "equals", "value": "1e3"}],
            "metadata": {"id": "a", "lang": "en", "must_pass": True},
        }
    ]
    assert 'value: "1e3"' in found.text  # plain, YAML 1.2 reads a number


def test_what_no_template_of_promptfoo_says_is_written_out(exported):
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}]
    asked = [*turns, {"role": "user", "content": "Where?"}]
    config = yaml.safe_load(exported([{"id": "a", "input": asked, "expected": "x"}]).text)
    assert config["prompts"] == ["{{messages}}"]
    assert json.loads(config["tests"][0]["vars"]["messages"]) == asked
    config = yaml.safe_load(
        exported([{"id": "a", "input": {"n": [1]}, "expected": "x"}], '[prompt]\ntemplate = "{{ n[0] + 1 }}"').text
    )
    assert json.loads(config["tests"][0]["vars"]["messages"]) == [{"role": "user", "content": "2"}]


def test_what_is_lost_is_named_with_its_line(exported):
    toml = "[request]\nmax_tokens = 5\n[gate]\ndelta = 0.1\n"
    cases = [
        {"id": "a", "input": "x", "expected": "y"},
        {"id": "b", "input": "{{ x }}", "expected": "y"},
        {"id": "c", "input": ["x", "y"], "expected": "y"},
        *({"id": f"d{n}", "input": f"{n}", "expected": n, "graders": [{"kind": "numeric"}]} for n in (1, 2)),
    ]
    found = exported(cases, toml)
    assert [case["description"] for case in yaml.safe_load(found.text)["tests"]] == ["a"]
    assert found.carried == 1
    assert found.lost[2].message.endswith("(2 cases; also line 5)")
    assert [(fault.path.rpartition("/")[2], fault.line, fault.message.partition(":")[0]) for fault in found.lost] == [
        ("cases.jsonl", 2, "input"),
        ("cases.jsonl", 3, "a script of user turns"),
        ("cases.jsonl", 4, "grader numeric"),
        ("golden.toml", 1, "[request] max_tokens"),
        ("golden.toml", 3, "[gate]"),
    ]


@pytest.mark.parametrize(
    ("prompt", "line", "what"),
    [
        ('system = "Say {{x}}."', 2, "[prompt] system"),
        ('examples = [["{{x}}", "b"]]', 2, "[prompt] examples"),
        ('template = "{% raw %}{{x}}{% endraw %} {{ text }}"', 2, "[prompt] template"),
    ],
)
def test_a_prompt_that_promptfoo_would_render_is_named_once(exported, prompt, line, what):
    cases = [{"id": name, "input": name, "expected": "y"} for name in "ab"]
    found = exported(cases, f"[prompt]\n{prompt}\n")
    assert found.carried == 0
    [lost] = found.lost
    assert (lost.path.rpartition("/")[2], lost.line) == ("golden.toml", line)
    assert lost.message == f"{what}: it holds {{{{, which promptfoo would not take literally; not exported (2 cases)"


def test_each_variable_is_looked_at(exported):
    cases = [{"id": "a", "input": {"n": "x", "o": "file://y"}, "expected": "y"}]
    found = exported(cases, '[prompt]\ntemplate = "{{ n }} {{ o }}"\n')
    assert [fault.message.partition(",")[0] for fault in found.lost] == ["input: it begins with file://"]


@pytest.mark.parametrize(
    ("spec", "expected", "wanted"),
    [
        ({"kind": "exact"}, {"a": 1}, [{"type": "equals", "value": {"a": 1}}]),
        ({"kind": "exact"}, 3, [{"type": "equals", "value": "3"}]),
        ({"kind": "contains", "ignore_case": True}, "a", [{"type": "icontains", "value": "a"}]),
        ({"kind": "contains", "values": ["a", "b"]}, None, [{"type": "contains-any", "value": ["a", "b"]}]),
        ({"kind": "not_contains"}, ["a", "b"], [{"type": "not-contains-any", "value": ["a", "b"]}]),
        ({"kind": "regex", "full": True}, "a|b", [{"type": "regex", "value": r"^\s*(?:a|b)\s*$"}]),
        ({"kind": "not", "grader": {"kind": "regex", "pattern": "a"}}, None, [{"type": "not-regex", "value": "a"}]),
        ({"kind": "not", "grader": {"kind": "not_contains"}}, "a", [{"type": "contains", "value": "a"}]),
        ({"kind": "one_of", "labels": ["a", "b"]}, "a", [{"type": "equals", "value": "a"}]),
        ({"kind": "json_schema", "schema": {"type": "object"}}, None, [{"type": "contains-json", "value": {"type": "object"}}]),
        ({"kind": "refusal"}, False, [{"type": "not-is-refusal"}]),
    ],
)  # fmt: skip
def test_assertions(spec, expected, wanted):
    assert assertions(spec, expected) == wanted


def test_groups_become_assertion_sets():
    inner = [{"kind": "exact"}, {"kind": "contains", "values": ["b"]}]
    plain = [{"type": "equals", "value": "a"}, {"type": "contains", "value": "b"}]
    assert assertions({"kind": "all_of", "graders": inner}, "a") == plain
    [found] = assertions({"kind": "weighted", "graders": inner, "weights": [3, 1], "threshold": 0.7}, "a")
    weighed = [{**each, "weight": weight} for each, weight in zip(plain, (3, 1), strict=True)]
    assert found == {"type": "assert-set", "threshold": 0.7, "assert": weighed}


@pytest.mark.parametrize("count", [2, 3, 7])
def test_one_of_several_is_enough_and_less_is_not(count):
    [found] = assertions({"kind": "exact", "alternatives": True}, [f"t{n}" for n in range(count)])
    assert 0 < found["threshold"] <= 1 / count
    [found] = assertions({"kind": "any_of", "at_least": 2, "graders": [{"kind": "exact"}] * count}, "a")
    assert 1 / count < found["threshold"] <= 2 / count


def test_the_judge_asks_promptfoos_judge(exported):
    toml = '[[grader]]\nkind = "judge"\n[judge]\n[judge.checklist]\npolite = "Is it polite?"\n'
    found = exported([{"id": "a", "input": "x"}], toml)
    assert yaml.safe_load(found.text)["tests"][0]["assert"] == [{"type": "llm-rubric", "value": "Is it polite?"}]
    assert [fault.message.partition(":")[0] for fault in found.lost] == ["[judge]"]
    found = exported([{"id": "a", "input": "x", "expected": "y"}], '[[grader]]\nkind = "judge"\n[judge]\n')
    assert yaml.safe_load(found.text)["tests"][0]["assert"] == [{"type": "factuality", "value": "y"}]


@pytest.mark.parametrize(
    ("spec", "expected", "why"),
    [
        ({"kind": "exact", "ignore_case": True}, "a", "ignore_case"),
        ({"kind": "contains", "whole_word": True}, "a", "whole_word"),
        ({"kind": "contains_all", "threshold": 0.5}, ["a", "b"], "threshold"),
        ({"kind": "contains"}, "{{ a }}", "literally"),
        ({"kind": "exact"}, "file://a", "literally"),
        ({"kind": "regex", "pattern": "(?i)a"}, None, "JavaScript"),
        ({"kind": "regex", "pattern": r"a\Z"}, None, "JavaScript"),
        ({"kind": "one_of", "labels": ["a"], "path": "b"}, "a", "one place"),
        ({"kind": "token_f1"}, "a", "no assertion"),
        ({"kind": "weighted", "graders": [{"kind": "contains_all"}]}, ["a", "b"], "all or nothing"),
        ({"kind": "any_of", "graders": [{"kind": "exact", "alternatives": True}]}, ["a", "b"], "within an assert-set"),
        ({"kind": "not", "grader": {"kind": "all_of", "graders": [{"kind": "exact"}, {"kind": "contains"}]}}, "a", "one"),
    ],
)  # fmt: skip
def test_what_would_judge_otherwise_is_refused(spec, expected, why):
    with pytest.raises(CannotCarry, match=why):
        assertions(spec, expected)
