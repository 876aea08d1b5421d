"""Golden sets are read from a folder, a *.golden.jsonl or a *.golden.yaml."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from pytest_ftgate.gate.floor import Floor, GateSpec
from pytest_ftgate.golden.spec import Label, Request, read_golden
from tests.repository import ROOT
from tests.unit.golden.golden_files import folder, single

pytestmark = pytest.mark.usefixtures("in_tmp")

TOML = """\
description = "Spam or not"
made_by = "python prepare.py"

[prompt]
system = "Sort."
template = "Message: {{ text }}"

[request]
max_tokens = 16
timeout_s = 30
stop = ["x"]
choices = ["spam", "ham"]

[[grader]]
kind = "json_fields"
fields = ["label"]

[label]
path = "label"
values = ["spam", "ham"]

[gate]
delta = 0.04
[[gate.floor]]
metric = "f1"
positive = "spam"
min = 0.85
[[gate.floor]]
metric = "f1"
min = 0.8
[[gate.floor]]
metric = "accuracy"
max = 0.9
"""


def test_a_folder() -> None:
    golden = read_golden(folder(TOML))
    assert golden.faults == ()
    assert (golden.name, golden.description, golden.made_by) == ("sms", "Spam or not", "python prepare.py")
    assert golden.path == Path("goldens/sms/golden.toml")
    assert golden.cases_path == Path("goldens/sms/cases.jsonl")
    assert golden.prompt == {"system": "Sort.", "template": "Message: {{ text }}"}
    assert golden.request == Request(max_tokens=16, timeout_s=30.0, stop=("x",), choices=("spam", "ham"))
    assert golden.graders == ({"kind": "json_fields", "fields": ["label"]},)
    assert golden.label == Label("label", ("spam", "ham"))
    assert golden.gate == GateSpec(
        (
            Floor("f1", min=0.85, positive="spam", average="binary"),
            Floor("f1", min=0.8, average="macro"),
            Floor("accuracy", max=0.9),
        ),
        0.04,
    )
    assert [(row.line, row.id) for row in golden.rows] == [(1, "a1")]
    assert golden.line("gate", "floor", 1, "min") == 30
    assert golden.line("grader", 0) == 14


def test_a_folder_is_named_by_its_golden_toml_too() -> None:
    assert read_golden(folder(TOML)) == read_golden(Path("goldens/sms/golden.toml"))


def test_an_empty_golden_toml_has_all_defaults() -> None:
    golden = read_golden(folder())
    assert (golden.faults, golden.request, golden.label, golden.gate) == ((), Request(), None, None)
    assert golden.graders == ({"kind": "exact"},)


def test_the_smallest_useful_line() -> None:
    golden = read_golden(single("faq.golden.jsonl", '{"id": "a1", "input": "1+1?", "expected": "2"}'))
    assert (golden.name, golden.faults, len(golden.rows)) == ("faq", (), 1)
    assert golden.path == golden.cases_path == Path("faq.golden.jsonl")


def test_a_first_line_may_hold_the_settings() -> None:
    head = json.dumps({"golden": {"request": {"max_tokens": 5}, "label": {"values": ["a", "b"]}, "gate": {}}})
    golden = read_golden(single("faq.golden.jsonl", f'{head}\n{{"input": "x", "expected": "a"}}\n'))
    assert (golden.faults, golden.request.max_tokens, golden.gate) == ((), 5, GateSpec())
    assert golden.label == Label("", ("a", "b"))
    assert [row.line for row in golden.rows] == [2]


def test_a_yaml_list() -> None:
    golden = read_golden(single("faq.golden.yaml", "- input: Is it open?\n  expected: no\n\n- input: 12:30\n"))
    assert (golden.name, golden.faults) == ("faq", ())
    assert [(row.line, row.data["input"], row.data.get("expected")) for row in golden.rows] == [
        (1, "Is it open?", "no"),
        (4, "12:30", None),
    ]


def test_a_yaml_mapping() -> None:
    golden = read_golden(single("faq.golden.yaml", "request:\n  max_tokens: 5\ncases:\n  - input: x\n"))
    assert (golden.faults, golden.request.max_tokens, golden.rows[0].line) == ((), 5, 4)
    assert golden.line("request", "max_tokens") == 2


def test_the_same_cases_in_three_layouts_are_the_same_rows() -> None:
    rows = [{"id": "ü", "input": "x", "expected": [1, None]}, {"input": {"a": "b"}, "slices": {"l": "en"}}]
    lines = "\n".join(json.dumps(row) for row in rows)
    sets = [
        read_golden(folder(cases=lines)),
        read_golden(single("b.golden.jsonl", lines)),
        read_golden(single("c.golden.yaml", "\n".join(f"- {json.dumps(row, ensure_ascii=False)}" for row in rows))),
    ]
    assert [[(row.line, row.id, row.data) for row in golden.rows] for golden in sets] == [
        [(row.line, row.id, row.data) for row in sets[0].rows]
    ] * 3


def test_reading_imports_nothing_heavy_at_start() -> None:
    import subprocess

    code = (
        "import sys, pytest_ftgate.golden.spec, pytest_ftgate.golden.case\n"
        "print(sorted({'yaml', 'jsonschema', 'jinja2', 'regex', 'torch'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "[]"


def test_100_000_cases_are_read_in_a_few_seconds() -> None:
    lines = [
        f'{{"id": "c{n}", "input": "Is {n} even?", "expected": {{"label": "ham"}}, "slices": {{"lang": "en"}}}}'
        for n in range(100_000)
    ]
    before = time.process_time()
    assert len([json.loads(line) for line in lines]) == 100_000
    plainly = time.process_time() - before
    path = single("big.golden.jsonl", "\n".join(lines))
    before = time.process_time()
    golden = read_golden(path)
    assert (len(golden.rows), golden.faults) == (100_000, ())
    assert time.process_time() - before < 30 * plainly
