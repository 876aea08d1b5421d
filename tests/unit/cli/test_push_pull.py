"""The commands `ftgate push` and `ftgate pull`, against a local server that speaks the Hub's protocol."""

from __future__ import annotations

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.registry.audit.moves import entries_of
from tests.unit.registry.conftest import hub  # noqa: F401
from tests.unit.registry.hub.conftest import NAME, adapter, add, registry  # noqa: F401

pytestmark = pytest.mark.usefixtures("hub")


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    """run(*arguments) -> (exit code, what it printed)."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> tuple[int, str]:
        code = main([*arguments, "--state-dir", str(tmp_path / "state")])
        return code, "".join(capsys.readouterr())

    return command


def test_there_and_back(run, add, tmp_path):  # noqa: F811
    add("a")
    code, said = run("push", "spam", "v1", "--repo", NAME)
    assert (code, said.splitlines()) == (
        0,
        [
            f"spam v1 pushed: {NAME}@v1 (private)",
            f"fetch it with its digests checked: ftgate pull {NAME}@v1 DIR",
        ],
    )
    assert "is there already, nothing changed" in run("push", "spam", "v1", "--repo", NAME)[1]
    code, said = run("pull", f"{NAME}@v1", "here", "--task", "spam")
    assert code == 0
    assert "v1 of spam" in said
    assert "digest verified\nwritten to here\nalready registered as spam v1, nothing changed" in said
    assert (tmp_path / "here" / "adapter_model.safetensors").read_text() == "a" * 1000


def test_the_mirror(run, registry, add):  # noqa: F811
    registry.promote("spam", add("a"), "first")
    code, said = run("push", "spam", "--mirror", "--repo", NAME)
    assert (code, said.splitlines()[-1]) == (0, f"{NAME}: the branch champion is now v1")


def test_refusals(run, add):  # noqa: F811
    add("a", verdict="REJECT")
    code, said = run("push", "spam", "v1", "--repo", NAME)
    assert (code, "was judged REJECT: not pushed" in said) == (2, True)
    assert run("push", "spam", "v1", "--repo", NAME, "--override", "asked for")[0] == 0
    assert run("push", "spam", "--repo", NAME) == (
        2,
        "ftgate: push needs either a version, as in `ftgate push TASK v3 --repo ORG/NAME`, or --mirror\n",
    )
    assert "pull needs a folder" in run("pull", NAME)[1]
    assert "pass --task TASK too" in run("pull", NAME, "d", "--base", "x")[1]
    assert f"{NAME}@ names no revision after the @" in run("pull", f"{NAME}@", "d")[1]
    assert "--mirror pushes many" in run("push", "spam", "--mirror", "--repo", NAME, "--form-dir", "x")[1]


def test_a_private_repository_stays_private_and_the_older_version_is_told_of(run, registry, add, hub):  # noqa: F811
    add("a")
    add("b")
    run("push", "spam", "v2", "--repo", NAME)
    code, said = run("push", "spam", "v1", "--repo", NAME, "--public")
    assert (code, hub.writes.repos[NAME].private) == (0, True)
    assert f"spam v1 pushed: {NAME}@v1 (private)" in said
    assert f"{NAME} was private before, and stays private" in said
    assert f"the branch main of {NAME} held v2; it holds v1 now, which is older" in said
    assert entries_of(registry.log, "spam")[-1].what["public"] is False
