"""Promotions, rollbacks and their lock."""

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.registry import Registry, promotion_lock
from pytest_ftgate.registry.audit.moves import entries_of
from pytest_ftgate.registry.version import Predecessor, format_predecessors, parse_predecessors
from tests.unit.registry.conftest import on_files


def locks_of(registry: Registry) -> list[str]:
    with registry.store.asking("test") as client:
        return [m.name for m in client.search_registered_models() if m.name.startswith(promotion_lock.PREFIX)]


@pytest.fixture
def later(monkeypatch):
    """later(seconds): let that much time pass for leases."""

    def pass_by(seconds: float) -> None:
        monkeypatch.setattr(promotion_lock, "_now", lambda: time.time() + seconds)

    return pass_by


def test_the_first_promotion_has_no_predecessor(registry, add):
    add("a")
    champion = registry.promote("spam", 1, "all checks passed", over=None)
    assert (champion.number, champion.previous) == (1, None)
    assert registry.champion("spam").promotion["reason"] == "all checks passed"
    assert registry.champion("spam").promotion["kind"] == "promote"
    assert locks_of(registry) == []


def test_rollbacks_go_back_through_all_champions(registry, add):
    for number, weights in enumerate("abc", start=1):
        add(weights)
        registry.promote("spam", number, "better")
    assert [p.number for p in registry.champion("spam").predecessors] == [2, 1]
    assert registry.rollback("spam", "drift").number == 2
    assert registry.rollback("spam", "drift").number == 1
    with pytest.raises(RegistryError, match=r"no champion before spam v1; previous champions: none"):
        registry.rollback("spam", "drift")
    assert registry.champion("spam").number == 1


def test_a_rolled_back_version_may_come_again_and_is_rolled_back_to_the_same(registry, add):
    for weights in "ab":
        registry.promote("spam", add(weights), "better")
    registry.rollback("spam", "drift")
    assert registry.promote("spam", 2, "again").previous == 1
    assert registry.rollback("spam", "drift").previous is None


def test_rollback_to_a_named_champion(registry, add):
    for weights in "abc":
        registry.promote("spam", add(weights), "better")
    add("d")
    with pytest.raises(RegistryError, match=r"no v4 before spam v3; previous champions: v2, v1"):
        registry.rollback("spam", "drift", to=4)
    assert registry.rollback("spam", "drift", to=1).number == 1


def test_rollback_without_a_champion_says_so(registry, add):
    add("a")
    with pytest.raises(RegistryError, match="has no champion"):
        registry.rollback("spam", "drift")


def test_rollback_gives_exactly_the_adapter_that_was_champion(registry, add):
    for weights in "ab":
        registry.promote("spam", add(weights), "better")
    with registry.store.asking("test") as client:
        client.set_model_version_tag("spam", "2", "ftgate.previous", "v1@0123")
    with pytest.raises(RegistryError, match="spam v1 is not the adapter of the former champion"):
        registry.rollback("spam", "drift")


def test_rollback_over_a_deleted_predecessor(registry, add):
    for weights in "abc":
        registry.promote("spam", add(weights), "better")
    with registry.store.asking("test") as client:
        client.delete_model_version("spam", "2")
    with pytest.raises(RegistryError, match=r"spam has no version v2; registered: v1, v3"):
        registry.rollback("spam", "drift")
    assert registry.rollback("spam", "drift", to=1).number == 1


def test_promoting_the_champion_changes_nothing(registry, add):
    registry.promote("spam", add("a"), "first")
    assert registry.promote("spam", 1, "again").promotion["reason"] == "first"


@on_files
def test_a_damaged_adapter_is_not_promoted_and_not_rolled_back_to(registry, add):
    for weights in "ab":
        registry.promote("spam", add(weights), "better")
    for number in (1, add("c")):
        (Path(registry.version("spam", number).source) / "adapter_model.safetensors").write_text("flipped")
    with pytest.raises(RegistryError, match="stored adapter of spam v3"):
        registry.promote("spam", 3, "better")
    with pytest.raises(RegistryError, match="stored adapter of spam v1"):
        registry.rollback("spam", "drift")
    assert registry.champion("spam").number == 2


def test_a_candidate_judged_against_an_old_champion_is_refused(registry, add):
    registry.promote("spam", add("a"), "first", over=None)
    add("b")
    add("c")
    registry.promote("spam", 2, "better", over=1)
    with pytest.raises(RegistryError, match=r"spam v3 was to replace v1, but the champion is now v2"):
        registry.promote("spam", 3, "better", over=1)
    for over in ({}, {"over": 2}):
        with pytest.raises(
            RegistryError, match=r"v3 was judged PROMOTE against v1, but the champion is v2: never comp"
        ):
            registry.promote("spam", 3, "better", **over)
    assert registry.champion("spam").number == 2
    assert registry.promote("spam", 3, "urgent", override=True).promotion["kind"] == "override"


def test_a_champion_that_changed_since_the_call_is_not_replaced(registry, add):
    registry.promote("spam", add("a"), "first")
    add("b")
    with pytest.raises(RegistryError, match=r"spam v2 was to replace no version, but the champion is now v1"):
        registry.promote("spam", 2, "better", over=None)


def test_a_held_lock_refuses_and_names_its_holder(registry, add):
    add("a")
    with registry.lock("spam"):
        assert f"pid {os.getpid()} on " in registry.lock_holder("spam")
        with pytest.raises(RegistryError, match=rf"another promotion .* is in progress: pid {os.getpid()} on"):
            registry.promote("spam", 1, "better")
        with registry.lock("other task"[:5]):
            pass
    assert registry.lock_holder("spam") == ""
    assert registry.promote("spam", 1, "better").number == 1


def test_a_lock_is_waited_for(registry, add):
    add("a")
    told: list[promotion_lock.Claim] = []
    patient = replace(registry, wait_s=30.0, on_wait=told.append)
    held = registry.lock("spam")
    held.__enter__()
    threading.Timer(1.0, held.__exit__, (None, None, None)).start()
    assert patient.promote("spam", 1, "better").number == 1
    assert len(told) == 1


def test_a_lock_made_by_hand_counts_until_its_lease_is_over(registry, add, later):
    add("a")
    with registry.store.asking("test") as client:
        client.create_registered_model("ftgate-lock.spam")
    with pytest.raises(RegistryError, match="unknown"):
        registry.promote("spam", 1, "better")
    later(promotion_lock.LEASE_S + 10)
    assert registry.promote("spam", 1, "better").number == 1
    assert locks_of(registry) == []


def test_a_task_that_is_named_like_a_lock_is_not_deleted(registry, add, later):
    """Whoever made it: no task of ours can be called so."""
    add("a")
    with registry.store.asking("test") as client:
        client.create_registered_model("ftgate-lock.spam", tags={"ftgate.kind": "task"})
        client.create_model_version("ftgate-lock.spam", "somewhere")
    later(promotion_lock.LEASE_S + 10)
    with pytest.raises(RegistryError, match=r"has a model 'ftgate-lock\.spam', which is not a lock: it has versions"):
        registry.promote("spam", 1, "better")
    with registry.store.asking("test") as client:
        assert client.get_model_version("ftgate-lock.spam", "1")
    with pytest.raises(RegistryError, match=r"'ftgate-lock\.spam' is not a valid task name"):
        registry.versions("ftgate-lock.spam")


def test_the_lock_of_a_dead_holder_with_a_fast_clock_can_be_broken(registry, add, later):
    add("a")
    later(365 * 86400)
    promotion_lock._claim(registry.store, "ftgate-lock.spam", 60.0)
    later(0)
    with pytest.raises(RegistryError, match=r"(?s)in progress: pid \d+ on .*, until \d{4}-.*ftgate unlock spam"):
        registry.promote("spam", 1, "better")
    assert registry.unlock("spam", "its machine is gone").who.startswith("pid ")
    assert registry.promote("spam", 1, "better").number == 1
    assert [entry.kind for entry in entries_of(registry.log, "spam")] == ["judged", "unlock", "promote"]
    with pytest.raises(RegistryError, match="spam is not locked"):
        registry.unlock("spam", "again")


def test_who_lives_notices_that_its_lock_was_broken(registry, add):
    add("a")
    with registry.lock("spam") as held:
        registry.unlock("spam", "by mistake")
        with pytest.raises(RegistryError, match="expired"):
            held.check()


@pytest.mark.parametrize("until", ["soon", "nan", "inf", "1e400", ""])
def test_a_lock_whose_end_was_edited_lasts_one_lease(registry, add, later, until):
    add("a")
    with registry.store.asking("test") as client:
        client.create_registered_model("ftgate-lock.spam", tags={promotion_lock.UNTIL: until})
    with pytest.raises(RegistryError, match="in progress"):
        registry.promote("spam", 1, "better")
    later(promotion_lock.LEASE_S + 10)
    assert registry.promote("spam", 1, "better").number == 1


def test_who_slept_through_its_lease_does_not_write_and_does_not_release(registry, add, later):
    """The sleeper's lock is taken over; it must neither move the champion nor remove the other's lock."""
    add("a")
    sleeper = registry.lock("spam")
    held = sleeper.__enter__()
    held.check()
    later(promotion_lock.LEASE_S + 10)
    with registry.lock("spam") as mine:
        with pytest.raises(RegistryError, match="expired"):
            held.check()
        sleeper.__exit__(None, None, None)
        mine.check()
        with pytest.raises(RegistryError, match="in progress"):
            registry.promote("spam", 1, "better")
    assert locks_of(registry) == []


def test_two_that_saw_the_same_stale_lock_do_not_both_get_it(registry, later):
    sleeper = registry.lock("spam")
    sleeper.__enter__()
    later(promotion_lock.LEASE_S + 10)
    stale = promotion_lock.last_claim(registry.store, "spam")
    name = f"ftgate-lock.spam.after.{stale.holder}"
    first = promotion_lock._claim(registry.store, name, 60)
    assert first
    assert promotion_lock._claim(registry.store, name, 60) is None
    assert promotion_lock._is_last(registry.store, "spam", first)


def test_who_comes_late_to_a_stale_lock_does_not_steal_its_successor(registry, later):
    """It saw a stale lock, slept, and claims it when that lock was long released and another one taken."""
    sleeper = registry.lock("spam")
    sleeper.__enter__()
    stale = promotion_lock.last_claim(registry.store, "spam")
    sleeper.__exit__(None, None, None)
    with registry.lock("spam") as held:
        late = promotion_lock._claim(registry.store, f"ftgate-lock.spam.after.{stale.holder}", 60)
        assert late
        assert not promotion_lock._is_last(registry.store, "spam", late)
        held.check()
    assert locks_of(registry) == []


@given(st.lists(st.builds(Predecessor, st.integers(1, 10**6), st.text("0123456789abcdef", max_size=64)), max_size=50))
def test_predecessors_survive_their_tag(past):
    assert list(parse_predecessors(format_predecessors(past))) == past
