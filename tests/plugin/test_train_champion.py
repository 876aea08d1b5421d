"""[train] from = "champion" in a whole run: what it begins with, and what keeps it from beginning."""

from __future__ import annotations

import pytest

from tests.plugin.trained import Trained
from tests.projects import write_rows

FROM = '[train]\nfrom = "champion"'
MIXED = 'general = "general.jsonl"\ngeneral_share = 0.5\n'


@pytest.fixture
def trained(project, mlflow_template, no_tracking_server):
    return Trained(project, mlflow_template)


@pytest.fixture
def promoted(trained):
    """A champion, trained from the base since there was none before."""
    trained.base(wrong=range(30))
    write_rows(trained.folder / "general.jsonl", [{"input": "the capital of Peru", "expected": "Lima"}])
    trained.candidate(1, wrong=range(3), settings=MIXED + FROM)
    result = trained.run()
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines(["*mail has no champion yet: trained from the base model*"])
    result.stdout.fnmatch_lines(["*trains on 2 rows: 1 of *train.jsonl, 1 of *general.jsonl*"])
    return trained


def test_the_same_command_again_finds_nothing_new(promoted):
    """And not the same rows once more, night after night."""
    result = promoted.run()
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines(["*mail v1 was trained on these rows with these settings*", "*UNCHANGED*"])
    result.stdout.no_fnmatch_line("*training goes on from*")


def test_an_adapter_of_another_shape_is_named_before_anything_is_asked(promoted):
    promoted.candidate(2, wrong=range(2), settings=FROM, more="[lora]\nr = 16\n")
    result = promoted.run()
    assert result.ret not in {0, 10, 11}
    text = result.stdout.str() + result.stderr.str()
    result.stdout.fnmatch_lines(["*FAILED pipelines/mail/pipeline.toml::baseline*"])
    assert "mail v1 has rank 8, and lora.r = 16" in text
