"""--ftgate-propose: a whole run that registers what passes the gate, and leaves the champion to a person."""

from __future__ import annotations

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.pipeline.canary.store import reference_of
from pytest_ftgate.registry import open_registry
from tests.plugin.trained import Trained
from tests.unit.signing_keys import make_keys


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


def test_without_the_key_of_a_promoter_it_is_proposed_and_with_one_promoted(trained, tmp_path, capsys):
    """The list in pipeline.toml counts from the first run on; the run says at once that it can only propose."""
    keys = make_keys(trained.folder)
    state = trained.project.path / ".ftgate"
    guarded = '[registry]\npromoters = ["key.pub"]\n'
    trained.base(wrong=range(30))
    trained.candidate(1, wrong=range(8), more=guarded)
    first = trained.run()
    assert first.ret == 0
    first.stdout.fnmatch_lines(["*mail: only its promoters * may move the champion*", "*PROPOSED mail v1*"])
    registry = open_registry(None, state)
    assert registry.champion("mail") is None

    second = trained.run("--ftgate-promoter-key", str(keys.signing))
    assert second.ret == 0
    second.stdout.fnmatch_lines(["*PROMOTED mail v1*"])
    assert registry.standing("mail").promoters
    capsys.readouterr()
    assert main(["rollback", "mail", "--state-dir", str(state)]) == 2
