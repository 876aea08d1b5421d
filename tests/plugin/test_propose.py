"""--ftgate-propose: a whole run that registers what passes the gate, and leaves the champion to a person."""

from __future__ import annotations

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.pipeline.canary.store import reference_of
from pytest_ftgate.registry import open_registry
from tests.plugin.trained import Trained


@pytest.fixture
def trained(project, mlflow_template, no_tracking_server):
    return Trained(project, mlflow_template)


def test_what_passes_is_proposed_and_a_person_promotes_it(trained, capsys):
    state = trained.project.path / ".ftgate"
    trained.base(wrong=range(30))
    trained.candidate(1, wrong=range(8))
    assert trained.run("--ftgate-propose").ret == 0
    registry = open_registry(None, state)
    assert registry.champion("mail") is None
    assert reference_of(registry, registry.version("mail", 1)), "its nights can be compared once it is promoted"

    trained.run("--ftgate-propose").stdout.fnmatch_lines(
        [
            "*PROPOSED mail v1: it passed the gate and is registered; the champion stays*",
            "*next: *ftgate promote mail v1*",
        ]
    )
    capsys.readouterr()
    assert main(["promote", "mail", "v1", "--state-dir", str(state)]) == 0
    assert registry.champion("mail").number == 1

    trained.candidate(2, wrong=range(50))
    assert trained.run("--ftgate-propose").ret == 1, "what the gate rejects is rejected"
    assert registry.champion("mail").number == 1


def test_it_says_what_becomes_of_a_candidate(project):
    result = project.run("--ftgate-propose")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--ftgate-propose needs --train*"])
