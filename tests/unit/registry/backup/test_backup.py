"""A backup of a registry comes back with its numbers, digests, tags, runs, champions and audit log, into another one."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from pytest_ftgate.errors import AuditError, RegistryError
from pytest_ftgate.registry.access.check_log import without_signature
from pytest_ftgate.registry.audit.entry import read_entry
from pytest_ftgate.registry.backup import manifest as manifests
from pytest_ftgate.registry.backup.archive import being_read, being_written
from pytest_ftgate.registry.backup.restore import restore
from pytest_ftgate.registry.backup.take import take
from pytest_ftgate.registry.model_tags import BASE, BASE_DIGEST
from tests.unit.registry.backup.shown import told
from tests.unit.registry.conftest import on_files, on_plain
from tests.unit.registry.stores import audit_faults
from tests.unit.signing_keys import make_keys


def quiet(_line: str) -> None:
    pass


@on_files
def test_all_of_it_comes_back(filled, elsewhere, tmp_path):
    take(filled, tmp_path / "backup", [], quiet)
    other = elsewhere()
    restore(other, tmp_path / "backup", quiet)
    assert told(other) == told(filled)
    assert [each.number for each in other.versions("spam")] == [1, 2, 4]
    assert other.champion("spam").number == 2
    assert other.champion("spam").predecessors == filled.champion("spam").predecessors
    assert audit_faults(other) == []
    assert other.changed("spam") == filled.changed("spam")
    assert other.log.path.read_bytes().startswith(filled.log.path.read_bytes())
    [reference] = other.logged("spam.canary", {"ftgate.kind": "reference"})
    [night] = other.logged("spam.canary", {"ftgate.reference": reference.run_id})
    assert night.metrics == {"score": 0.9}
    with other.store.asking("test") as client:
        points = client.get_metric_history(other.version("spam", 1).run_here, "loss")
        assert [(point.step, min(point.value, 9.0)) for point in points] == [(1, 2.0), (2, 9.0)]


@on_plain
def test_life_goes_on_after_it(filled, elsewhere, add_judged, tmp_path):
    take(filled, tmp_path / "backup", [], quiet)
    other = elsewhere()
    restore(other, tmp_path / "backup", quiet)
    assert other.rollback("spam", "drift").number == 1
    assert other.promote("spam", 4, "by hand", override=True).number == 4
    assert other.fetch(other.champion("spam")).is_dir()
    assert audit_faults(other) == []
    take(other, tmp_path / "second", [], quiet)
    third = elsewhere("third")
    restore(third, tmp_path / "second", quiet)
    assert told(third) == told(other)
    assert third.champion("spam").number == 4


@on_plain
def test_a_second_restore_changes_nothing(filled, elsewhere, tmp_path):
    take(filled, tmp_path / "backup", [], quiet)
    other = elsewhere()
    restore(other, tmp_path / "backup", quiet)
    log, said = other.log.path.read_bytes(), []
    restore(other, tmp_path / "backup", said.append)
    assert said == ["all tasks of the backup are here as they were: nothing to restore"]
    restore(filled, tmp_path / "backup", quiet)
    assert other.log.path.read_bytes() == log


@on_plain
def test_a_registry_that_holds_something_else_is_left_as_it_is(filled, elsewhere, adapter, tmp_path):
    take(filled, tmp_path / "backup", [], quiet)
    other = elsewhere()
    folder = adapter("x")
    run = other.log_run("spam", {}, {}, {}, {}, {})
    other.add_version("spam", folder, other.digest_of(folder), run, {})
    with pytest.raises(RegistryError, match=r"differs from the backup; nothing was restored\n.*spam v1 has the digest"):
        restore(other, tmp_path / "backup", quiet)
    assert len(other.versions("spam")) == 1
    assert other.log.lines()[0] == []


@on_plain
def test_one_that_has_moved_on_since_the_backup_is_not_set_back(filled, tmp_path):
    take(filled, tmp_path / "backup", [], quiet)
    filled.promote("spam", 4, "by hand", override=True)
    with pytest.raises(RegistryError, match="its alias champion is v4, in the backup v2"):
        restore(filled, tmp_path / "backup", quiet)
    assert filled.champion("spam").number == 4


@on_plain
def test_another_audit_log_is_not_replaced(filled, elsewhere, tmp_path):
    take(filled, tmp_path / "backup", [], quiet)
    other = elsewhere()
    other.log.append("data", "spam", {})
    with pytest.raises(AuditError, match="is another audit log than that of the backup"):
        restore(other, tmp_path / "backup", quiet)
    assert other.tasks() == []


@on_plain
def test_some_tasks_can_be_backed_up_and_the_others_begin_anew(filled, elsewhere, add_judged, tmp_path):
    filled.promote("ham", add_judged("e", "ham"), "first")
    take(filled, tmp_path / "backup", ["ham"], quiet)
    other = elsewhere()
    for _ in range(2):
        restore(other, tmp_path / "backup", quiet)
    assert other.champion("ham").number == 1
    assert other.champion("spam") is None, "begun anew, on the record"
    assert [line.count(b'"kind":"reset"') for line in other.log.lines()[0]].count(1) == 1
    with pytest.raises(RegistryError, match="holds a backup of ham too, which this one would drop"):
        take(filled, tmp_path / "backup", ["spam"], quiet)


@on_plain
def test_what_is_in_the_folder_already_is_not_fetched_again(filled, add_judged, tmp_path, monkeypatch):
    take(filled, tmp_path / "backup", [], quiet)
    first = manifests.read(tmp_path / "backup")
    add_judged("e")
    with filled.store.asking("test") as client:
        fetched = []
        download = client.download_artifacts
        monkeypatch.setattr(
            client, "download_artifacts", lambda run, *rest: fetched.append(run) or download(run, *rest), raising=False
        )
        take(filled, tmp_path / "backup", [], quiet)
    assert set(fetched) == {filled.version("spam", 5).run_id}
    second = manifests.read(tmp_path / "backup")
    assert set(first.blobs()) - {first.audit} < set(second.blobs())
    there = {each.name for each in (tmp_path / "backup/blobs").iterdir()}
    assert there == {each.sha256 for each in second.blobs()}, "the old audit log is gone"


@on_plain
def test_damaged_backups_are_refused_before_anything_is_written(filled, elsewhere, tmp_path):
    backup, other = tmp_path / "backup", elsewhere()
    manifest = take(filled, backup, [], quiet)
    whole = (backup / "backup.json").read_text()
    blob = backup / "blobs" / manifest.tasks[0].versions[0].files["adapter_model.safetensors"].sha256
    (backup / "backup.json").write_text(whole.replace("PROMOTE", "promote"))
    with pytest.raises(RegistryError, match="was edited"):
        restore(other, backup, quiet)
    (backup / "backup.json").write_text(whole[:300])
    with pytest.raises(RegistryError, match="not a backup"):
        restore(other, backup, quiet)
    (backup / "backup.json").unlink()
    with pytest.raises(RegistryError, match=r"no complete backup(.|\n)*it goes on where it stopped"):
        restore(other, backup, quiet)
    (backup / "backup.json").write_text(whole)
    content = blob.read_bytes()
    blob.unlink()
    with pytest.raises(RegistryError, match="1 files of the backup are missing"):
        restore(other, backup, quiet)
    assert other.tasks() == []
    blob.write_bytes(b"x" * len(content))
    with pytest.raises(RegistryError, match="was changed since the backup"):
        restore(other, backup, quiet)
    blob.write_bytes(content)
    restore(other, backup, quiet)
    assert told(other) == told(filled), "and goes on once the file is whole again"


@on_plain
def test_what_has_rotted_in_the_folder_is_copied_again(filled, elsewhere, tmp_path):
    backup = tmp_path / "backup"
    manifest = take(filled, backup, [], quiet)
    blob = backup / "blobs" / manifest.tasks[0].versions[0].files["adapter_model.safetensors"].sha256
    content = blob.read_bytes()
    blob.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    take(filled, backup, [], quiet)
    assert blob.read_bytes() == content


@on_plain
def test_an_archive_is_not_replaced_by_one_of_fewer_tasks(filled, add_judged, tmp_path):
    add_judged("e", "ham")
    archive = tmp_path / "backup.tar.gz"
    with being_written(archive) as folder:
        take(filled, folder, [], quiet)
    with (
        pytest.raises(RegistryError, match=r"backup.tar.gz: holds a backup of spam too, which this one would drop"),
        being_written(archive) as folder,
    ):
        take(filled, folder, ["ham"], quiet)
    assert [each.name for each in tmp_path.glob("*backup*")] == [archive.name]
    with being_written(archive) as folder:
        take(filled, folder, [], quiet)
    with being_read(archive) as folder:
        assert [task.name for task in manifests.read(folder).tasks] == ["ham", "spam"]


@on_plain
@pytest.mark.parametrize("name", ["b.tar", "b.zip", "b.tar.gz"])
def test_what_is_no_backup_is_not_written_over(filled, tmp_path, name):
    (tmp_path / name).write_text("years of work")
    with pytest.raises(RegistryError, match=r"is a file; name|not a whole"), being_written(tmp_path / name):
        pass
    with pytest.raises(RegistryError, match=r"archives are written as .tar.gz only"), being_written(tmp_path / "n.tar"):
        pass
    assert (tmp_path / name).read_text() == "years of work"


@on_plain
def test_a_base_model_that_is_gone_is_told_and_the_rest_is_backed_up(filled, elsewhere, tmp_path):
    with filled.store.asking("test") as client:
        client.set_model_version_tag("spam", "1", BASE, "/gone/base")
        client.set_model_version_tag("spam", "1", BASE_DIGEST, "ab" * 32)
    said = []
    manifest = take(filled, tmp_path / "backup", [], said.append, with_bases=True)
    assert manifest.bases == {}
    assert any(line.startswith("spam v1: base model not in the backup: ") for line in said)
    restore(elsewhere(), tmp_path / "backup", quiet)


@on_plain
def test_an_older_backup_names_the_moves_that_it_lacks(filled, elsewhere, tmp_path):
    take(filled, tmp_path / "backup", [], quiet)
    filled.promote("spam", 4, "by hand", override=True)
    other, said = elsewhere(), []
    shutil.copy(filled.log.path, other.log.path)
    restore(other, tmp_path / "backup", said.append)
    assert any(line.startswith("spam: promote v4 of ") and "not in this older backup" in line for line in said)


@on_plain
def test_a_damaged_adapter_is_not_backed_up(filled, tmp_path):
    source = filled.version("spam", 1).source.removeprefix("file://")
    shutil.rmtree(source)
    with pytest.raises(RegistryError, match="spam v1"):
        take(filled, tmp_path / "backup", [], quiet)
    assert not (tmp_path / "backup/backup.json").exists()


@on_plain
def test_a_folder_with_other_files_is_not_written_into(filled, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("years of work")
    with pytest.raises(RegistryError, match="holds other files"):
        take(filled, tmp_path / "mine", [], quiet)
    assert [each.name for each in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


@on_plain
def test_only_promoters_move_the_restored_champion(registry, elsewhere, add_judged, tmp_path):
    (keys := tmp_path / "keys").mkdir()
    alice = make_keys(keys)
    mine = replace(registry, promoter_key=alice.signing)
    for weights in "ab":
        mine.promote("spam", add_judged(weights), "better", promoters=[alice.verify])
    take(mine, tmp_path / "backup", [], quiet)
    other = elsewhere()
    restore(other, tmp_path / "backup", quiet)
    with pytest.raises(RegistryError, match=r"promoter"):
        other.rollback("spam", "drift")
    assert replace(other, promoter_key=alice.signing).rollback("spam", "drift").number == 1
    entries = [entry for line in other.log.lines()[0] if (entry := read_entry(line))]
    assert list(without_signature(entries)) == []
    assert audit_faults(other) == []
