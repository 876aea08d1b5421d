"""A suite is a golden set without a fault; else every fault comes at once, with file and line."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from pytest_ftgate.errors import GoldenError
from pytest_ftgate.evaluate.suite import expected_label, load_suite
from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.graders.grade import Grade
from pytest_ftgate.serve.response import Response
from tests.projects import write_golden

TOML = """\
[prompt]
template = "Message: {{ text }}"
[[grader]]
kind = "json_fields"
fields = ["label"]
[label]
path = "label"
values = ["spam", "ham"]
[gate]
[[gate.floor]]
metric = "f1"
positive = "spam"
min = 0.85
"""
CASES = [{"id": name, "input": f"text {name}", "expected": {"label": "spam"}} for name in "abc"]


@pytest.fixture(autouse=True)
def _in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(toml: str = TOML, cases: list[dict[str, object]] = CASES) -> Path:  # type: ignore[assignment]
    return write_golden(Path("goldens/sms"), cases, toml)


def faults(path: Path) -> list[tuple[str, int, str]]:
    with pytest.raises(GoldenError) as caught:
        load_suite(path)
    return [(fault.path.removeprefix("goldens/sms/"), fault.line, fault.message) for fault in caught.value.faults]


def test_a_suite_has_cases_a_prompt_and_graders() -> None:
    suite = load_suite(write())
    assert (suite.name, [case.id for case in suite.cases]) == ("sms", ["a", "b", "c"])
    assert suite.prompt == Prompt(template="Message: {{ text }}")
    [grader] = suite.graders_of(suite.cases[0])
    right, wrong = (Response("a", "m", f'{{"label": "{label}"}}') for label in ("spam", "ham"))
    outcomes = [grader(suite.cases[0], answer) for answer in (right, wrong)]
    assert [isinstance(outcome, Grade) and outcome.passed for outcome in outcomes] == [True, False]


def test_a_case_may_bring_its_own_graders() -> None:
    own = [{"kind": "contains"}, {"kind": "exact"}]
    suite = load_suite(write(cases=[*CASES, {"id": "d", "input": "x", "expected": "spam", "graders": own}]))
    assert [grader.name.split("@")[0] for grader in suite.graders_of(suite.cases[3])] == ["contains", "exact"]
    assert suite.graders_of(suite.cases[0]) == suite.graders


def test_graders_named_by_many_cases_are_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_ftgate.evaluate import suite as module

    calls = []
    compiled = module.compile_grader
    monkeypatch.setattr(module, "compile_grader", lambda spec, folder: calls.append(spec) or compiled(spec, folder))
    cases = [{"id": str(n), "input": f"x{n}", "expected": "spam", "graders": [{"kind": "exact"}]} for n in range(9)]
    load_suite(write(cases=cases))
    assert len(calls) == 2


# --- faults ----------------------------------------------------------------------------------------------------------


def test_an_unknown_grader_of_the_set() -> None:
    [(path, line, message)] = faults(
        write('[label]\nvalues = ["a", "b"]\n[[grader]]\nkind = "exat"\n', [{"input": "x"}])
    )
    assert (path, line) == ("golden.toml", 3)
    assert "exat" in message
    assert "exact" in message


def test_an_unknown_grader_of_a_case() -> None:
    bad = {"id": "d", "input": "x", "graders": [{"kind": "exact"}, {"kind": "exat"}]}
    [(path, line, message)] = faults(write(cases=[*CASES, bad]))
    assert (path, line) == ("cases.jsonl", 4)
    assert "exat" in message


def test_an_unknown_option_of_a_grader() -> None:
    [(path, line, message)] = faults(write('\n[[grader]]\nkind = "exact"\nstirp = true\n', [{"input": "x"}]))
    assert (path, line) == ("golden.toml", 2)
    assert "stirp" in message


@pytest.mark.parametrize("toml", ["", "[[grader]]\nkind = 'exact'\n"])
def test_a_case_without_what_its_grader_compares_with_is_a_fault(toml: str) -> None:
    path = write(toml, [*CASES, {"id": "d", "input": "no expected"}])
    assert faults(path) == [("cases.jsonl", 4, "exact@1: the case has no `expected` value")]


def test_a_set_may_leave_its_answers_to_tests_in_python() -> None:
    own = {"id": "b", "input": "b", "graders": [{"kind": "contains", "values": ["b"]}]}
    suite = load_suite(write("grader = []\n", [{"id": "a", "input": "a"}, own]))
    assert [len(suite.graders_of(case)) for case in suite.cases] == [0, 1]


def test_a_missing_template_variable_is_told_for_each_case() -> None:
    cases = [{"input": "x"}, {"input": {"text": "x"}}, {"input": {"txt": "x"}}, {"input": {"tt": "x"}}]
    found = faults(write('[prompt]\ntemplate = "{{ text }}"\n', cases))
    assert [(path, line) for path, line, _ in found] == [("cases.jsonl", 3), ("cases.jsonl", 4)]
    assert found[0][2] == "'text' is undefined; the template uses: text; the input has: txt"


def test_a_broken_template_is_one_fault() -> None:
    [(path, line, message)] = faults(write('[prompt]\nsystem = "x"\ntemplate = "{{ text "\n', CASES))
    assert (path, line) == ("golden.toml", 3)
    assert "not valid Jinja2" in message


def test_variables_without_a_template() -> None:
    [(path, line, message)] = faults(write("", [{"input": {"a": 1}}]))
    assert (path, line) == ("cases.jsonl", 1)
    assert "no template" in message


def test_a_conversation_that_does_not_end_with_the_user() -> None:
    [(path, line, message)] = faults(write("", [{"input": [{"role": "assistant", "content": "x"}]}]))
    assert (path, line) == ("cases.jsonl", 1)
    assert "must end with a message of role 'user'" in message


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ({"label": "spamm"}, "label 'spamm' of `expected` is not one of the [label] values; did you mean 'spam'?"),
        ({"lable": "spam"}, "has no label at [label] path 'label'"),
        ("eggs", "label 'eggs' of `expected` is not one of the [label] values; known: ham, spam"),
    ],
)
def test_an_expected_label_that_is_none(expected: object, said: str) -> None:
    [(path, line, message)] = faults(write(cases=[*CASES, {"id": "d", "input": "x", "expected": expected}]))
    assert (path, line) == ("cases.jsonl", 4)
    assert message.endswith(said)


def test_an_expected_value_may_be_the_bare_label() -> None:
    own = [{"kind": "contains"}]
    suite = load_suite(write(cases=[*CASES, {"id": "d", "input": "x", "expected": "ham", "graders": own}]))
    assert suite.golden.label is not None
    assert [expected_label(case, suite.golden.label) for case in suite.cases] == ["spam", "spam", "spam", "ham"]


def test_all_faults_of_all_sorts_come_at_once() -> None:
    toml = "x = 1\n" + TOML.replace("json_fields", "json_feilds")
    cases = [*CASES, CASES[0], {"id": "d"}, {"id": "e", "input": {"a": "b"}, "expected": {"label": "egg"}}]
    assert [(path, line) for path, line, _ in faults(write(toml, cases))] == [
        ("cases.jsonl", 4),
        ("cases.jsonl", 5),
        ("cases.jsonl", 6),
        ("cases.jsonl", 6),
        ("golden.toml", 1),
        ("golden.toml", 4),
    ]


def test_a_case_under_two_ids_would_count_twice() -> None:
    rows = [{"id": "a", "input": "x", "expected": "spam"}, {"id": "b", "input": "x", "expected": "spam"}]
    golden = Path("faq.golden.jsonl")
    golden.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(GoldenError) as caught:
        load_suite(golden)
    [fault] = caught.value.faults
    assert (fault.path, fault.line) == ("faq.golden.jsonl", 2)
    assert fault.message == "duplicate of case 'a' in line 1: the same input, expected value and graders"
    golden.write_text("".join(json.dumps(row | {"cluster": "one"}) + "\n" for row in rows))
    assert len(load_suite(golden).cases) == 2


# --- digests ---------------------------------------------------------------------------------------------------------


def test_the_digest_does_not_depend_on_the_order_of_the_cases() -> None:
    assert load_suite(write()).digest == load_suite(write(cases=CASES[::-1])).digest


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("Message:", "SMS:", False),
        ('"spam", "ham"', '"spam", "ham", "eggs"', False),
        ('fields = ["label"]', 'fields = ["label"]\nthreshold = 0.5', False),
        ("[gate]", "[request]\nmax_tokens = 3\n[gate]", False),
        ("0.85", "0.5", True),
        ("[prompt]", "description = 'x'\n[prompt]", True),
    ],
)
def test_the_digest_is_of_what_is_asked_and_how_it_is_judged(old: str, new: str, same: bool) -> None:
    before, after = load_suite(write()), load_suite(write(TOML.replace(old, new)))
    assert (before.digest == after.digest) is same
    assert (before.settings_digest == after.settings_digest) is same


def test_another_case_is_another_digest_under_the_same_settings() -> None:
    before, after = load_suite(write()), load_suite(write(cases=CASES[:2]))
    assert before.digest != after.digest
    assert before.settings_digest == after.settings_digest


# --- metrics ---------------------------------------------------------------------------------------------------------


def test_the_metrics_of_a_set_are_accuracy_and_what_its_floors_name() -> None:
    floors = "[[gate.floor]]\nmetric = 'f1'\nmin = 0.1\n[[gate.floor]]\nmetric = 'accuracy'\nmin = 0.1\n"
    assert dict(load_suite(write(TOML + floors)).metrics) == {
        "accuracy": {"name": "accuracy"},
        "f1-spam": {"name": "f1", "positive": "spam", "average": "binary"},
        "f1-macro": {"name": "f1", "average": "macro"},
    }


def test_a_label_that_cannot_stand_in_a_node_id_is_called_by_its_number() -> None:
    toml = TOML.replace('"spam"', '"sp am"')
    cases = [{"input": "x", "expected": {"label": "sp am"}}]
    assert [name for name, _ in load_suite(write(toml, cases)).metrics] == ["accuracy", "f1-0"]


def test_a_set_without_a_gate_has_no_metrics() -> None:
    assert load_suite(write(TOML.partition("[gate]")[0])).metrics == ()


def test_100_000_cases_load_in_a_few_seconds() -> None:
    cases = [{"id": f"c{n}", "input": f"Is {n} even?", "expected": {"label": "ham"}} for n in range(100_000)]
    path = write(cases=cases)  # type: ignore[arg-type]
    before = time.process_time()
    assert [json.loads(json.dumps(case)) for case in cases] == cases
    plainly = time.process_time() - before
    before = time.process_time()
    assert len(load_suite(path).cases) == 100_000
    assert time.process_time() - before < 40 * plainly
