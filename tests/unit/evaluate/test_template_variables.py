"""A template that puts nothing of the case into the prompt is a fault, where it can be seen."""

from __future__ import annotations

import pytest

from pytest_ftgate.errors import GoldenError
from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.evaluate.template_variables import ignored_inputs
from tests.projects import write_golden

TWO = ["fr", "at"]
FIELDS = [{"country": "fr", "lang": "de"}, {"country": "at", "lang": "de"}]


@pytest.mark.parametrize(
    ("template", "inputs", "said"),
    [
        ("Capital of {text}?", TWO, "did you mean {{ text }}?"),
        ("Capital of {text}?", ["fr"], "did you mean {{ text }}?"),
        ("Capital of { country }?", FIELDS, "did you mean {{ country }}?"),
        ("Capital of ${country}?", FIELDS, "did you mean {{ country }}?"),
        ("Capital of %(country)s?", FIELDS, "did you mean {{ country }}?"),
        ("Capital of <text>?", TWO, "did you mean {{ text }}?"),
        ("Capital of France?", TWO, "all cases ask the same; put one in: {{ text }}"),
        ("Capital of France?", FIELDS, "put one in: {{ country }}, {{ lang }}"),
    ],
)
def test_a_template_without_a_variable(template, inputs, said):
    assert said in ignored_inputs(template, inputs)


@pytest.mark.parametrize(
    ("template", "inputs"),
    [
        ("Say hello.", ["x"]),
        ("Say hello.", [[{"role": "user", "content": "a"}], [{"role": "user", "content": "b"}]]),
        ('Answer {"a": {b}}', ["x"]),
    ],
)
def test_there_is_nothing_to_put_in(template, inputs):
    assert ignored_inputs(template, inputs) == ""


@pytest.mark.parametrize("template", ["{{ text }}", "{% if text %}{{ text }}{% endif %} as {json} or {text}"])
def test_a_template_with_a_variable_is_no_fault(tmp_path, template):
    cases = [{"id": name, "input": name, "expected": name} for name in TWO]
    write_golden(tmp_path / "s", cases, f"[prompt]\ntemplate = '{template}'\n")
    assert len(load_suite(tmp_path / "s").cases) == 2


def test_it_is_a_fault_in_its_line(tmp_path):
    cases = [{"id": name, "input": name, "expected": name} for name in TWO]
    write_golden(tmp_path / "s", cases, '[prompt]\nsystem = "Be brief."\ntemplate = "{text}"\n')
    with pytest.raises(GoldenError) as error:
        load_suite(tmp_path / "s")
    [fault] = error.value.faults
    assert (fault.path.rpartition("/")[2], fault.line) == ("golden.toml", 3)
