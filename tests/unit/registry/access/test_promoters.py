"""Only who holds a key on record moves the champion, and who went around that is found."""

from __future__ import annotations

import json
import shutil
import signal
import time
from dataclasses import replace

import pytest

from pytest_ftgate.errors import FtgateError, IntegrityError, RegistryError
from pytest_ftgate.registry import promotion_lock
from pytest_ftgate.registry.access.check_log import without_signature
from pytest_ftgate.registry.access.policy import TAG
from pytest_ftgate.registry.audit.entry import read_entry
from pytest_ftgate.registry.champion_mark import TAG as MARK
from pytest_ftgate.registry.version import CHAMPION, PROMOTION
from tests.unit.kills import Fuse, in_a_child
from tests.unit.registry.conftest import on_mlflow, on_plain
from tests.unit.registry.stores import close_connections, light
from tests.unit.signing_keys import make_keys


@pytest.fixture
def people(tmp_path):
    """Alice and Bob, who may, and Eve, who may not."""
    found = {}
    for name in ("alice", "bob", "eve"):
        (folder := tmp_path / name).mkdir()
        found[name] = make_keys(folder)
    return found


@pytest.fixture
def guarded(registry, add, people):
    """v1 was made champion by Alice, and v2 may follow."""
    mine = replace(registry, promoter_key=people["alice"].signing)
    add("a"), add("b"), add("c")
    mine.promote("spam", 1, "first", promoters=[people["alice"].verify, people["bob"].verify])
    return mine


def as_(registry, person):
    return replace(registry, promoter_key=person.signing if person else None)


def findings(registry):
    entries = [entry for line in registry.log.lines()[0] if (entry := read_entry(line))]
    return [str(found) for found in without_signature(entries)]


def again(registry, number):
    """A move of the champion as whoever can write to the registry would make it, without a key."""
    with registry.store.asking("test") as client:
        client.set_registered_model_alias("spam", CHAMPION, str(number))
        mark = json.loads(client.get_registered_model("spam").tags[MARK])
        mark["champions"] = f"v{number}@{registry.version('spam', number).digest}"
        client.set_registered_model_tag("spam", MARK, json.dumps(mark))


def test_the_first_promotion_writes_the_promoters_down(guarded, people):
    standing = guarded.standing("spam")
    assert len(standing.promoters[-1].keys) == 2
    assert standing.proved.number == 1
    assert findings(guarded) == []


@pytest.mark.parametrize("who", [None, "eve"])
def test_nobody_else_moves_it(guarded, people, who):
    other = as_(guarded, people.get(who))
    for move in (
        lambda: other.promote("spam", 2, "mine", override=True),
        lambda: other.set_promoters("spam", [people["eve"].verify], "mine"),
    ):
        with pytest.raises(RegistryError, match=r"(only its promoters|but its promoters are)(?s:.*)--key FILE"):
            move()
    as_(guarded, people["bob"]).promote("spam", 2, "better", override=True)
    with pytest.raises(RegistryError, match="promoters"):
        other.rollback("spam", "mine")
    assert guarded.champion("spam").number == 2
    assert guarded.rollback("spam", "worse").number == 1
    assert findings(guarded) == []


def test_a_list_in_a_pipeline_does_not_loosen_the_one_on_record(guarded, people):
    with pytest.raises(RegistryError, match=r"(?s)not those on record.*ftgate promoters spam --set"):
        as_(guarded, people["eve"]).promote("spam", 2, "x", override=True, promoters=[people["eve"].verify])


def test_one_of_them_changes_the_list(guarded, people):
    as_(guarded, people["bob"]).set_promoters("spam", [people["eve"].verify], "handed over")
    assert guarded.champion("spam").number == 1, "Alice's promotion still counts"
    with pytest.raises(RegistryError, match="its promoters are"):
        guarded.promote("spam", 2, "late", override=True)
    as_(guarded, people["eve"]).promote("spam", 2, "better", override=True)
    assert findings(guarded) == []


def test_a_champion_moved_without_a_key_is_found(guarded):
    again(guarded, 2)
    with pytest.raises(IntegrityError, match=r"(v2 was made champion without the signature of a promoter|by hand)"):
        guarded.champion("spam")


def test_a_machine_without_the_log_finds_it_too(guarded, tmp_path):
    again(guarded, 2)
    elsewhere = replace(guarded, state_dir=tmp_path / "elsewhere")
    with pytest.raises(IntegrityError, match="v2 was made champion without the signature of a promoter"):
        elsewhere.champion("spam")


def test_a_signature_of_another_move_does_not_fit(guarded, tmp_path):
    guarded.promote("spam", 2, "better", override=True)
    guarded.rollback("spam", "worse")
    guarded.promote("spam", 3, "best", override=True)
    old = guarded.version("spam", 2).tags[PROMOTION]
    with guarded.store.asking("test") as client:
        client.set_model_version_tag("spam", "3", PROMOTION, old)
    elsewhere = replace(guarded, state_dir=tmp_path / "elsewhere")
    with pytest.raises(IntegrityError, match=r"signature that fits no promoter"):
        elsewhere.champion("spam")


@pytest.mark.parametrize("text", ["[]", "[{}]", "no list", "7"])
def test_a_list_that_was_edited(guarded, text):
    with guarded.store.asking("test") as client:
        client.set_registered_model_tag("spam", TAG, text)
    if text == "[]":  # deleted there, it stands in the log
        assert len(guarded.standing("spam").promoters) == 1
        return
    with pytest.raises(IntegrityError, match=r"tag ftgate.promoters was edited"):
        guarded.champion("spam")


def test_a_list_that_nobody_signed(guarded, people):
    with guarded.store.asking("test") as client:
        chain = json.loads(client.get_registered_model("spam").tags[TAG])
        client.set_registered_model_tag("spam", TAG, json.dumps([chain[0] | {"reason": "another"}]))
    with pytest.raises(IntegrityError, match="promoters"):
        guarded.champion("spam")


def test_a_log_in_which_a_line_lost_its_signature(guarded):
    guarded.promote("spam", 2, "better", override=True)
    lines = guarded.log.lines()[0]
    entries = [read_entry(line) for line in lines]
    stripped = [replace(e, what={k: v for k, v in e.what.items() if k != "signed"}) for e in entries]
    found = [str(each) for each in without_signature(stripped)]
    assert any("is not a list of promoters" in each for each in found)
    moves = [replace(e, what={**e.what, "reason": "other"}) if e.kind == "override" else e for e in entries]
    assert [str(each) for each in without_signature(moves)] == [
        f"line {next(e.line for e in entries if e.kind == 'override')}: is a override of spam that none of its promoters has signed"
    ]


def test_reset_and_unlock_are_signed_too(guarded, people):
    other = as_(guarded, people["eve"])
    with guarded.lock("spam"), pytest.raises(RegistryError, match="its promoters are"):
        other.unlock("spam", "mine")
    with guarded.store.asking("test") as client:
        client.delete_model_version("spam", "1")
    with pytest.raises(RegistryError, match="its promoters are"):
        other.reset("spam", "mine")
    guarded.reset("spam", "gone")
    assert findings(guarded) == []


@on_mlflow
def test_killed_at_any_step_of_the_first_guarded_promotion(registry, add, people, tmp_path, monkeypatch):
    """There is the champion that was signed, or none; whoever goes on needs a key as soon as the list is written."""
    add("a")
    mine = replace(registry, promoter_key=people["alice"].signing)
    listed = [people["alice"].verify]
    shutil.copytree(registry.state_dir, tmp_path / "before")

    def die_at(k):
        close_connections()
        shutil.copytree(tmp_path / "before", registry.state_dir, dirs_exist_ok=True)
        fuse = Fuse(k)

        def work():
            light(mine, fuse)
            mine.promote("spam", 1, "first", promoters=listed)
            (tmp_path / "fuse").write_text(json.dumps(fuse.steps))

        return in_a_child(work)()

    assert die_at(0) == 0
    moments = Fuse(0, json.loads((tmp_path / "fuse").read_text())).moments()
    assert len(moments) >= 12
    for k in moments:
        assert die_at(k) == signal.SIGKILL
        champion = registry.champion("spam")
        assert champion is None or champion.number == 1, k
        assert findings(registry) == [], k
        monkeypatch.setattr(promotion_lock, "_now", lambda: time.time() + promotion_lock.LEASE_S + 10)
        if registry.standing("spam").promoters:
            with pytest.raises(RegistryError, match="only its promoters"):
                registry.set_promoters("spam", [people["eve"].verify], "mine")
        assert mine.promote("spam", 1, "again", promoters=listed).number == 1, k
        monkeypatch.undo()
        with registry.store.asking("test") as client:
            assert TAG in client.get_registered_model("spam").tags, k


def test_a_key_that_is_none(guarded, tmp_path):
    (tmp_path / "key.pem").write_text("no key")
    with pytest.raises(FtgateError, match=r"key.pem: cannot sign with this key(?s:.*)openssl"):
        replace(guarded, promoter_key=tmp_path / "key.pem").promote("spam", 2, "x", override=True)
    with pytest.raises(FtgateError, match="is not a valid public key"):
        guarded.set_promoters("spam", [tmp_path / "key.pem"], "x")


def marked(registry):
    with registry.store.asking("test") as client:
        return client.get_registered_model("spam").tags[MARK]


def put_back(registry, number, mark):
    with registry.store.asking("test") as client:
        client.set_registered_model_alias("spam", CHAMPION, str(number))
        client.set_registered_model_tag("spam", MARK, mark)


@on_plain
def test_an_old_promotion_edited_to_follow_the_last_mark(guarded):
    """Its signature says which move it followed."""
    guarded.promote("spam", 2, "better", override=True)
    guarded.promote("spam", 3, "best", override=True)
    record = json.loads(guarded.version("spam", 1).tags[PROMOTION])
    with guarded.store.asking("test") as client:
        client.set_registered_model_alias("spam", CHAMPION, "1")
        head = json.loads(client.get_registered_model("spam").tags[MARK])["head"]["sha256"]
        client.set_model_version_tag("spam", "1", PROMOTION, json.dumps(record | {"after": head}))
    with pytest.raises(IntegrityError, match="with the signature of another move"):
        guarded.champion("spam")


@on_plain
def test_the_last_move_undone_by_hand_with_all_that_was_there_before(guarded):
    """Alias and mark of then, whose signature fits: the log knows that the last move came about."""
    guarded.promote("spam", 2, "better", override=True)
    then = marked(guarded)
    guarded.rollback("spam", "it leaks")
    put_back(guarded, 2, then)
    with pytest.raises(IntegrityError, match=r"v1 was made champion \(rollback, line \d+ .* but MLflow has v2"):
        guarded.champion("spam")
    assert guarded.rollback("spam", "again", to=1).number == 1


@on_plain
def test_a_line_of_the_log_written_again(guarded):
    guarded.promote("spam", 2, "better", override=True)
    guarded.rollback("spam", "worse")
    entries = [entry for line in guarded.log.lines()[0] if (entry := read_entry(line))]
    old = next(entry for entry in entries if entry.kind == "override")
    guarded.log.append(old.kind, "spam", old.what)
    [found] = findings(guarded)
    assert "with the signature of an earlier one" in found


@on_plain
def test_a_new_list_does_not_stand_for_a_champion_that_was_moved_by_hand(guarded, people, tmp_path):
    again(guarded, 2)
    elsewhere = replace(guarded, state_dir=tmp_path / "elsewhere")
    with pytest.raises(IntegrityError, match="without the signature of a promoter"):
        elsewhere.set_promoters("spam", [people["bob"].verify], "new")


@on_plain
def test_the_way_back_leads_to_who_was_signed(guarded, tmp_path):
    """Not to the intruder, also by its number, and also where there is no log."""
    guarded.promote("spam", 3, "better", override=True)
    again(guarded, 2)
    elsewhere = replace(guarded, state_dir=tmp_path / "elsewhere")
    with pytest.raises(IntegrityError, match="v2 was made champion without") as refused:
        elsewhere.champion("spam")
    assert "--to v2" not in str(refused.value)
    with pytest.raises(RegistryError):
        elsewhere.rollback("spam", "as told", to=2)


@on_plain
@pytest.mark.parametrize("signed", [{"after": []}, {"key": {}}, {"signature": 3}, {"more": "x"}])
def test_a_signature_that_is_no_text_is_a_message(guarded, signed):
    guarded.promote("spam", 2, "better", override=True)
    record = json.loads(guarded.version("spam", 2).tags[PROMOTION])
    record["signed"] |= signed
    with guarded.store.asking("test") as client:
        client.set_model_version_tag("spam", "2", PROMOTION, json.dumps(record))
        chain = json.loads(client.get_registered_model("spam").tags[TAG])
    with pytest.raises(IntegrityError, match="v2 was made champion"):
        guarded.champion("spam")
    chain[0]["signed"] |= signed
    with guarded.store.asking("test") as client:
        client.set_registered_model_tag("spam", TAG, json.dumps(chain))
    with pytest.raises(IntegrityError, match="promoters"):
        guarded.champion("spam")
