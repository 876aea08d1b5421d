"""What is exported to promptfoo is imported from it as the same cases."""

from __future__ import annotations

from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.golden.case import render
from pytest_ftgate.pipeline.exporting.promptfoo import promptfoo_config
from pytest_ftgate.pipeline.importing.promptfoo import read_promptfoo
from pytest_ftgate.pipeline.importing.write import write_golden_set
from tests.projects import write, write_golden


def test_questions_and_graders_come_back(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cases = [
        {"id": "a", "input": "no", "expected": "1e3", "slices": {"lang": "en"}},
        {"id": "b", "input": 'two\nlines "quoted"', "expected": "y", "graders": [{"kind": "contains"}]},
        {"id": "c", "input": "it's: # {x}", "expected": "z", "graders": [{"kind": "not_regex", "pattern": "^n\\d"}]},
    ]
    toml = '[prompt]\nsystem = "Be brief."\ntemplate = "Q: {{ text }}"\n'
    suite = load_suite(write_golden(tmp_path / "goldens/t", cases, toml))
    imported = read_promptfoo(write(tmp_path / "promptfooconfig.yaml", promptfoo_config(suite).text))
    assert imported.lost == []
    back = write_golden_set(imported, tmp_path / "goldens/back")
    asked = [render(suite.prompt, case.input) for case in suite.cases]
    assert [render(back.prompt, case.input) for case in back.cases] == asked
    assert [case.id for case in back.cases] == ["a", "b", "c"]
    assert back.cases[0].slices["lang"] == "en"
    assert [grader.name for case in back.cases for grader in back.graders_of(case)] == [
        grader.name for case in suite.cases for grader in suite.graders_of(case)
    ]
