"""Alias, versions, tags and audit log changed by hand: the champion is proved, or named as missing with the way back."""

import json
from pathlib import Path

import pytest

from pytest_ftgate.errors import IntegrityError, RegistryError
from pytest_ftgate.registry import Registry
from pytest_ftgate.registry.champion_mark import TAG
from pytest_ftgate.registry.version import CHAMPION
from tests.unit.registry.conftest import on_files


@pytest.fixture
def filled(registry, add) -> Registry:
    """v1 and v2 were champions, v3 waits."""
    for weights in "ab":
        registry.promote("spam", add(weights), "better")
    add("c")
    return registry


def by_hand(registry: Registry, call: str, *args: str) -> None:
    with registry.store.asking("test") as client:
        getattr(client, call)(*args)


def refused(registry: Registry, match: str) -> None:
    """Whoever asks for the champion is told, also a promotion."""
    with pytest.raises(IntegrityError, match=match):
        registry.champion("spam")
    with pytest.raises(IntegrityError, match=match):
        registry.promote("spam", 3, "better", override=True)


def healed(registry: Registry) -> None:
    """Life goes on from here."""
    assert registry.standing("spam").faults == ()
    assert registry.promote("spam", 3, "urgent", override=True).number == 3


def test_a_deleted_alias(filled):
    by_hand(filled, "delete_registered_model_alias", "spam", CHAMPION)
    refused(filled, r"(?s)v2 is the champion on record, but the alias was deleted.*ftgate rollback spam --to v2")
    assert filled.rollback("spam", "restored", to=2).number == 2
    assert [each.number for each in filled.champion("spam").predecessors] == [1]
    healed(filled)


def test_a_deleted_alias_and_the_way_back(filled):
    by_hand(filled, "delete_registered_model_alias", "spam", CHAMPION)
    assert filled.rollback("spam", "drift").number == 1
    healed(filled)


@pytest.mark.parametrize("to", ["1", "3"])
def test_an_alias_moved_by_hand(filled, to):
    by_hand(filled, "set_registered_model_alias", "spam", CHAMPION, to)
    refused(filled, rf"(?s)v2 is the champion on record, but the alias was moved by hand .*to v{to}.*spam --to v2")
    assert filled.rollback("spam", "restored", to=2).number == 2
    healed(filled)


def test_a_deleted_champion(filled):
    by_hand(filled, "delete_model_version", "spam", "2")
    refused(filled, r"(?s)v2 is the champion on record, but that version was deleted.*ftgate rollback spam --to v1")
    assert filled.rollback("spam", "the one before").number == 1
    healed(filled)


def test_a_deleted_champion_and_an_alias_set_to_another(filled):
    by_hand(filled, "delete_model_version", "spam", "2")
    by_hand(filled, "set_registered_model_alias", "spam", CHAMPION, "3")
    refused(filled, "but the alias was moved by hand in MLflow to v3")
    assert filled.rollback("spam", "the one before").number == 1


def test_a_deleted_model_is_no_first_model(filled):
    by_hand(filled, "delete_registered_model", "spam")
    with pytest.raises(IntegrityError, match=r"(?s)v1 was made champion .*deleted.*ftgate reset spam"):
        filled.champion("spam")
    with pytest.raises(RegistryError, match="no champion before spam v2"):
        filled.rollback("spam", "back")
    filled.reset("spam", "the team deleted it")
    assert filled.champion("spam") is None


def test_after_a_reset_the_next_is_a_first_model(registry, add):
    registry.promote("spam", add("a"), "first")
    with pytest.raises(RegistryError, match="spam is not reset: v1 is there"):
        registry.reset("spam", "fun")
    by_hand(registry, "delete_model_version", "spam", "1")
    registry.reset("spam", "deleted for good")
    assert registry.champion("spam") is None
    assert registry.promote("spam", add("b"), "first again", over=None).previous is None
    assert registry.standing("spam").faults == ()


def test_a_single_champion_whose_alias_was_deleted(registry, add):
    registry.promote("spam", add("a"), "first")
    by_hand(registry, "delete_registered_model_alias", "spam", CHAMPION)
    with pytest.raises(IntegrityError, match="v1 is the champion on record"):
        registry.champion("spam")


def test_without_the_audit_log_there_is_no_proof(filled):
    filled.log.path.unlink()
    refused(filled, r"the audit log does not hold the promotion of v2")
    filled.rollback("spam", "log lost", to=2)
    healed(filled)


def test_a_registry_from_an_older_backup(registry, add):
    registry.promote("spam", add("a"), "first")
    with registry.store.asking("test") as client:
        mark = client.get_registered_model("spam").tags[TAG]
    registry.promote("spam", add("b"), "better")
    registry.promote("spam", add("c"), "better")
    by_hand(registry, "set_registered_model_alias", "spam", CHAMPION, "1")
    by_hand(registry, "set_registered_model_tag", "spam", TAG, mark)
    with pytest.raises(
        IntegrityError, match=r"v2 was the champion \(promote, line 6 of the audit log\), but the last one"
    ):
        registry.champion("spam")


def test_an_edited_mark(filled):
    by_hand(filled, "set_registered_model_tag", "spam", TAG, "v3")
    refused(filled, "tag ftgate.champion was edited")
    filled.rollback("spam", "restored", to=2)
    healed(filled)


def test_a_first_promotion_that_was_killed_leaves_no_champion(registry, add, monkeypatch):
    """Between the tags and the alias."""
    add("a")
    with registry.store.asking("test") as client:
        monkeypatch.setattr(client, "set_registered_model_alias", _killed)
        with pytest.raises(KeyboardInterrupt):
            registry.promote("spam", 1, "first")
    monkeypatch.undo()
    assert registry.champion("spam") is None
    assert registry.promote("spam", 1, "first").number == 1


def test_promotions_that_were_killed_before_their_mark_go_on(registry, add, monkeypatch):
    for number, weights in enumerate("abc", 1):
        add(weights)
        with registry.store.asking("test") as client, monkeypatch.context() as patch:
            write = client.set_registered_model_tag

            def killed(task, key, value, write=write, number=number):
                if f'"v{number}@' in value:
                    raise KeyboardInterrupt
                write(task, key, value)

            patch.setattr(client, "set_registered_model_tag", killed)
            with pytest.raises(KeyboardInterrupt):
                registry.promote("spam", number, "better")
        assert registry.champion("spam").number == number
    assert registry.rollback("spam", "drift").number == 2
    assert registry.standing("spam").mark.champion.number == 2


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_registry_that_another_program_filled(registry, add):
    add("a")
    by_hand(registry, "set_registered_model_alias", "spam", CHAMPION, "1")
    assert registry.champion("spam").promotion == {}
    assert registry.promote("spam", add("b"), "better").previous == 1
    assert registry.standing("spam").faults == ()


def test_an_edited_verdict_is_not_promoted(registry, add):
    registry.promote("spam", add("a"), "first")
    add("b", verdict="REJECT")
    by_hand(registry, "set_model_version_tag", "spam", "2", "verdict", "PROMOTE")
    for override in (False, True):
        with pytest.raises(
            IntegrityError, match=r"spam v2: verdict is 'PROMOTE', but was 'REJECT' .*line 3 of the audit"
        ):
            registry.promote("spam", 2, "better", override=override)


@pytest.mark.parametrize("tag", ["ftgate.round", "required", "lock.mail", "questions.mail"])
@pytest.mark.parametrize("how", ["changed", "deleted"])
def test_what_a_version_was_judged_with_cannot_be_edited(registry, adapter, tag, how):
    folder = adapter("a")
    run = registry.log_run("spam", {}, {}, {}, {}, {})
    tags = {"verdict": "HOLD", "ftgate.round": "r", "required": "{}", "lock.mail": "s", "questions.mail": "q"}
    registry.add_version("spam", folder, registry.digest_of(folder), run, tags)
    assert registry.changed("spam", results=False) == []
    if how == "changed":
        by_hand(registry, "set_model_version_tag", "spam", "1", tag, "x")
    else:
        by_hand(registry, "delete_model_version_tag", "spam", "1", tag)
    [found] = registry.changed("spam", results=False)
    assert "v1: tags is " in found


def test_a_version_that_was_never_judged_is_not_by_a_tag(registry, adapter):
    folder = adapter("a")
    run = registry.log_run("spam", {}, {}, {}, {}, {})
    registry.add_version("spam", folder, registry.digest_of(folder), run, {})
    by_hand(registry, "set_model_version_tag", "spam", "1", "verdict", "PROMOTE")
    with pytest.raises(RegistryError, match=r"has a verdict that .*audit\.jsonl has no line of"):
        registry.promote("spam", 1, "better")


def test_after_a_rollback_the_same_verdict_counts_again(registry, add):
    for weights in "ab":
        registry.promote("spam", add(weights), "better")
    registry.rollback("spam", "drift")
    assert registry.promote("spam", 2, "again").promotion["kind"] == "promote"


@pytest.fixture
def with_results(registry, adapter, tmp_path):
    folder, results = adapter("a"), tmp_path / "results"
    results.mkdir()
    (results / "quiz.json").write_text(json.dumps({"cases": {"c1": {"value": 0.0}}}))
    run = registry.log_run("spam", {}, {}, {}, {"results": results}, {})
    version = registry.add_version("spam", folder, registry.digest_of(folder), run, {"verdict": "PROMOTE"})
    with registry.store.asking("test") as client:
        file = Path(client.get_run(run).info.artifact_uri.removeprefix("file://"), "results/quiz.json")
    return version, file


@on_files
def test_frozen_results_that_were_edited_are_not_used(registry, with_results):
    version, file = with_results
    assert registry.results(version, "quiz")["cases"]["c1"]["value"] == 0.0
    assert registry.results(version, "other") == {"cases": {}}
    file.write_text(file.read_text() + " ")
    with pytest.raises(IntegrityError, match=r"results/quiz\.json of the run .* has the sha256 .* but was logged with"):
        registry.results(version, "quiz")
    by_hand(registry, "set_model_version_tag", "spam", "1", "ftgate.results.quiz.json", "0" * 64)
    with pytest.raises(IntegrityError, match=r"results is .*edited by hand"):
        registry.results(registry.version("spam", 1), "quiz")
    assert "results is" in registry.changed("spam")[0]


def test_results_of_another_run_are_not_used(registry, with_results):
    by_hand(registry, "set_model_version_tag", "spam", "1", "ftgate.run", "0" * 32)
    with pytest.raises(IntegrityError, match=r"ftgate\.run is"):
        registry.results(registry.version("spam", 1), "quiz")
