"""`ftgate export-cases` and `ftgate runs export --to` as a user types them."""

from __future__ import annotations

import json

import pytest
import yaml

from pytest_ftgate.cli.main import main
from tests.projects import write_golden, write_pipeline
from tests.run_records import cases, keep, record


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [{"id": "a", "input": "text of a", "expected": "a"}, {"id": "b", "input": "text of b", "expected": "b"}]
    write_golden(tmp_path / "goldens/tickets", rows)
    return tmp_path


def test_a_set_of_which_nothing_is_lost(here, capsys):
    assert main(["export-cases", "goldens/tickets", "--to", "promptfoo", "out.yaml"]) == 0
    assert capsys.readouterr().out == (
        "out.yaml: 2 cases; run it: promptfoo eval -c out.yaml, once it names a provider\n"
    )
    assert len(yaml.safe_load((here / "out.yaml").read_text())["tests"]) == 2
    assert main(["export-cases", "goldens/tickets", "--to", "promptfoo", "out.yaml"]) == 2
    assert "out.yaml exists; nothing is overwritten" in capsys.readouterr().err


@pytest.mark.parametrize(("form", "out", "why"), [("jsonl", "out.yaml", ".jsonl"), ("promptfoo", "no/x.yml", "folder")])
def test_a_file_that_cannot_be_is_told_before_anything_is_read(here, capsys, form, out, why):
    assert main(["export-cases", "goldens/none", "--to", form, out]) == 2
    assert why in capsys.readouterr().err


def test_what_is_lost_writes_nothing_but_with_partial(here, capsys):
    (here / "goldens/tickets/golden.toml").write_text("[request]\nmax_tokens = 5\n")
    words = ["export-cases", "goldens/tickets", "--to", "inspect", "out.jsonl"]
    assert main(words) == 1
    assert not (here / "out.jsonl").exists()
    assert capsys.readouterr().out.splitlines() == [
        "goldens/tickets/golden.toml:1: [request] max_tokens: not part of Inspect; set them where the model is asked",
        "1 thing cannot be carried over; nothing written",
        "    --partial writes the 2 cases that can be",
    ]
    assert main([*words, "--partial"]) == 0
    assert len((here / "out.jsonl").read_text().splitlines()) == 2


def test_an_unknown_form_is_named(here, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["export-cases", "goldens/tickets", "--to", "yaml", "x"])
    assert ended.value.code == 2
    assert "'yaml' is not one of promptfoo, inspect, jsonl" in capsys.readouterr().err


def test_runs_in_other_forms(ftgate, here):
    keep(here / "state", record(cases({"a": 0.0, "b": 1.0}), model="m1", digest="1"), "20261127-100000-0001")
    keep(here / "state", record(cases({"a": 1.0, "b": 1.0}), model="m2", digest="2"), "20261128-100000-0002")
    code, out, _ = ftgate("runs", "export", "last", "out.xml", "--to", "junit")
    assert (code, "2 cases" in out) == (0, True)
    assert "<testsuite " in (here / "out.xml").read_text()
    assert ftgate("runs", "export", "last", "out.jsonl", "--to", "inspect")[0] == 0
    words = ("runs", "export", "last", "pairs.jsonl", "--to", "preferences", "--against")
    assert ftgate(*words, "last~1")[:2] == (
        0,
        "no pipeline in pipelines: whether one gates these cases is not known\n"
        'pairs.jsonl: 1 pair; train on them: [train] method = "dpo"\n',
    )
    [pair] = map(json.loads, (here / "pairs.jsonl").read_text().splitlines())
    assert (pair["chosen"], pair["rejected"]) == ("a", "wrong")
    write_pipeline(here / "pipelines/mail", "tickets")
    code, _, err = ftgate(*words[:3], "more.jsonl", *words[4:], "last~1")
    assert (code, "golden set tickets gates pipeline mail" in err) == (2, True)
    assert not (here / "more.jsonl").exists()
    (here / "pipelines").rename(here / "elsewhere")
    assert ftgate(*words[:3], "more.jsonl", *words[4:], "last~1", "--pipelines", "elsewhere")[0] == 2


def test_preferences_need_another_run(ftgate, here):
    code, _, err = ftgate("runs", "export", "last", "x.jsonl", "--to", "preferences")
    assert (code, "--against RUN belong together" in err) == (2, True)
