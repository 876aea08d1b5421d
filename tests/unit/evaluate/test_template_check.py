"""Templates that would hang or take the memory are faults of the template, soon."""

from __future__ import annotations

import time

import pytest

from pytest_ftgate.errors import GoldenError
from pytest_ftgate.evaluate import template_check
from pytest_ftgate.evaluate.suite import load_suite
from tests.projects import write_golden

CASES = [{"id": "a", "input": "x", "expected": "y"}, {"id": "b", "input": "z", "expected": "y"}]


def faults(folder, template):
    write_golden(folder, CASES, f"\n[prompt]\ntemplate = '''{template}'''\n")
    with pytest.raises(GoldenError) as error:
        load_suite(folder)
    return error.value.faults


@pytest.mark.parametrize(
    "template",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% set n = namespace(t='aaaaaaaa') %}{% for a in range(60) %}{% set n.t = n.t + n.t %}{% endfor %}{{ n.t }}",
        "{{ text * 10**10 }}",
        "{{ '%3000000000d' % 1 }}",
        "{{ '{:>3000000000}'.format(text) }}",
        "{{ text|center(20000000) }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    ],
)
def test_a_template_that_hangs_or_takes_the_memory_is_a_fault(tmp_path, monkeypatch, template):
    monkeypatch.setattr(template_check, "SECONDS", 3.0)
    begun = time.monotonic()
    found = faults(tmp_path / "g", template)
    assert time.monotonic() - begun < 60
    assert found
    assert {(fault.path.rpartition("/")[2], fault.line) for fault in found} <= {
        ("golden.toml", 3),
        ("cases.jsonl", 1),
        ("cases.jsonl", 2),
    }
    assert all(len(str(fault)) < 500 for fault in found)


def test_each_case_whose_message_cannot_be_made_is_a_fault_of_its_line(tmp_path):
    (fault,) = faults(tmp_path / "g", "{% if text == 'z' %}{{ nothing }}{% endif %}")
    assert (fault.path.rpartition("/")[2], fault.line) == ("cases.jsonl", 2)
    assert "'nothing' is undefined" in fault.message


def test_ordinary_templates_are_fine(tmp_path):
    for number, template in enumerate(
        ("Say: {{ text }}", "{% if text|length > 3 %}long{% else %}{{ text|upper }}{% endif %}")
    ):
        folder = tmp_path / f"g{number}"
        write_golden(folder, CASES, f"[prompt]\ntemplate = '''{template}'''\n")
        assert load_suite(folder).cases
