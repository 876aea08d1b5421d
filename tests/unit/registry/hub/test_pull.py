"""What was pushed comes back whole, checked, and is nobody's champion by that."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.errors import IntegrityError, RegistryError
from pytest_ftgate.registry import open_registry
from pytest_ftgate.registry.hub.mirror import mirror
from pytest_ftgate.registry.hub.pull import into_folder, pulled, register
from pytest_ftgate.registry.hub.push import Options, push
from pytest_ftgate.registry.hub.repository import Repository
from pytest_ftgate.registry.model_tags import tags_of
from pytest_ftgate.serve.model import Model, artifact_digest
from tests.hub_writes import Commit
from tests.unit.registry.hub.conftest import NAME
from tests.unit.signing_keys import make_keys


@pytest.fixture
def one(registry, repo, add, adapter) -> Repository:
    """v1 pushed, made of a base model on the Hub."""
    add("a", **tags_of(Model("acme/base", None, "float32", adapter=adapter("a"))))
    push(registry, registry.version("spam", 1), repo, Options(), str)
    return repo


@pytest.fixture
def elsewhere(tmp_path):
    """A registry on another machine."""
    state = tmp_path / "other"
    state.mkdir()
    (state / "mlflow.db").touch()
    return replace(open_registry(None, state), wait_s=0.0)


def tamper(hub, name: str, content: bytes, tag: str = "v1") -> None:
    repo = hub.writes.repos[NAME]
    old = repo.commit_of(tag)
    made = Commit("f" * 40, old.oid, "by hand", {**old.files, name: content})
    repo.commits[made.oid] = made
    repo.tags[tag] = made.oid


def test_into_a_folder_with_exactly_the_pushed_files(one, registry, tmp_path):
    with pulled(one, "v1", registry.log, None) as found:
        into_folder(found, tmp_path / "here" / "spam")
    folder = tmp_path / "here" / "spam"
    assert sorted(path.name for path in folder.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    assert artifact_digest(folder) == registry.version("spam", 1).digest
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["spam"]
    with pulled(one, "", registry.log, None) as found, pytest.raises(RegistryError, match="not empty"):
        into_folder(found, folder)


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "adapter_config.json"])
def test_a_file_that_was_edited_on_the_hub_is_not_used(hub, one, elsewhere, name):
    tamper(hub, name, b"{}")
    with (
        pytest.raises(IntegrityError, match=rf"v1 is not what was pushed .*{name} is missing or another file"),
        pulled(one, "v1", elsewhere.log, None),
    ):
        pass


def test_a_file_and_its_digest_edited_together(hub, one, elsewhere, registry):
    """Without a signature only the registry that pushed it can tell."""
    manifest = json.loads(hub.writes.repos[NAME].commit_of("v1").files["ftgate.json"])
    tamper(hub, "ftgate.json", json.dumps(manifest | {"digest": "0" * 64}).encode())
    with pytest.raises(IntegrityError, match="the files have the digest"), pulled(one, "v1", elsewhere.log, None):
        pass
    with pytest.raises(IntegrityError, match=r"line 2 of the audit log pushed"), pulled(one, "v1", registry.log, None):
        pass


@pytest.mark.parametrize(
    "changed", [{"files": {"../x": "0"}}, {"files": {".ssh": "0"}}, {"version": 0}, {"tags": {"a": 1}}, {"format": 9}]
)
def test_a_manifest_that_no_push_has_written(hub, one, elsewhere, changed):
    manifest = json.loads(hub.writes.repos[NAME].commit_of("v1").files["ftgate.json"])
    tamper(hub, "ftgate.json", json.dumps(manifest | changed).encode())
    with (
        pytest.raises(RegistryError, match=r"ftgate\.json is not what `ftgate push` writes"),
        pulled(one, "v1", elsewhere.log, None),
    ):
        pass


def test_with_a_key_only_what_its_owner_has_signed(hub, registry, repo, adapter, elsewhere, tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "others").mkdir()
    own, others = make_keys(tmp_path / "own"), make_keys(tmp_path / "others")
    run = registry.log_run("spam", {}, {}, {}, {}, {})
    registry.add_version("spam", adapter("a"), registry.digest_of(adapter("a")), run, {"verdict": "PROMOTE"})
    push(registry, registry.version("spam", 1), repo, Options(key=own.signing), str)
    with pulled(repo, "v1", elsewhere.log, own.verify) as found:
        into_folder(found, tmp_path / "spam")
    assert (tmp_path / "spam" / "model.sig").is_file()
    with pytest.raises(RegistryError, match="does not match"), pulled(repo, "v1", elsewhere.log, others.verify):
        pass


def test_as_a_version_of_another_registry_without_a_verdict(one, elsewhere):
    with pulled(one, "v1", elsewhere.log, None) as found:
        version, new = register(elsewhere, found, one, "spam", "")
        assert new
        assert register(elsewhere, found, one, "spam", "") == (version, False)
    assert "verdict" not in version.tags
    assert version.tags["ftgate.pulled"] == f"hf://{NAME}@{one.commit_of()}"
    assert elsewhere.champion("spam") is None
    with pytest.raises(RegistryError, match="was never judged"):
        elsewhere.promote("spam", 1, "trust me")
    assert elsewhere.promote("spam", 1, "trust me", override=True).number == 1


def test_a_version_that_is_known_here_keeps_its_verdict(one, registry):
    with pulled(one, "v1", registry.log, None) as found:
        version, new = register(registry, found, one, "spam", "")
    assert (version.number, version.tags["verdict"], new) == (1, "PROMOTE", False)


def test_a_base_in_a_folder_is_asked_for_and_checked(registry, repo, add, adapter, elsewhere, tmp_path):
    base, wrong = tmp_path / "base", tmp_path / "wrong"
    for folder in (base, wrong):
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps({"name": folder.name}))
    add("a", **tags_of(Model(str(base), None, "float32", adapter=adapter("a"))))
    push(registry, registry.version("spam", 1), repo, Options(), str)
    with pulled(repo, "v1", elsewhere.log, None) as found:
        with pytest.raises(RegistryError, match="--base DIR"):
            register(elsewhere, found, repo, "spam", "")
        with pytest.raises(RegistryError, match="the base model has changed"):
            register(elsewhere, found, repo, "spam", str(wrong))
        version, _ = register(elsewhere, found, repo, "spam", str(base))
    assert version.tags["ftgate.base"] == str(base)


def test_an_exported_form_travels_as_what_it_is(hub, registry, repo, elsewhere, tmp_path):
    folder, base = tmp_path / "form", tmp_path / "base"
    folder.mkdir()
    for name, content in {"config.json": "{}", "model.gguf": "weights", "notes.md": "mine"}.items():
        (folder / name).write_text(content)
    tags = tags_of(Model(str(folder), None, "float32")) | {"ftgate.base": str(base)}
    tags |= {"verdict": "PROMOTE", "ftgate.form": "gguf:Q8_0", "ftgate.parent": "v1@ab"}
    run = registry.log_run("spam", {}, {}, {}, {}, {})
    registry.add_version("spam", folder, registry.digest_of(folder), run, tags)
    with pytest.raises(RegistryError, match="leave --form-dir out"):
        push(registry, registry.version("spam", 1), repo, Options(folder=tmp_path), str)
    push(registry, registry.version("spam", 1), repo, Options(folder=folder), str)
    assert set(hub.writes.repos[NAME].commit_of("v1").files) == {
        ".gitattributes", "README.md", "config.json", "ftgate.json", "model.gguf",
    }  # fmt: skip
    assert b"gguf:Q8_0, made of v1@ab" in hub.writes.repos[NAME].commit_of("v1").files["README.md"]
    with pulled(repo, "v1", elsewhere.log, None) as found:
        version, _ = register(elsewhere, found, repo, "spam", "")
    assert (version.digest, version.tags["ftgate.form"]) == (registry.version("spam", 1).digest, "gguf:Q8_0")


def test_rows_in_the_folder_of_a_whole_model_are_refused(hub, registry, repo, tmp_path):
    folder = tmp_path / "whole"
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "train.json", "notes.txt", "train.py"):
        (folder / name).write_text("{}")
    run = registry.log_run("spam", {}, {}, {}, {}, {})
    registry.add_version("spam", folder, registry.digest_of(folder), run, {"verdict": "PROMOTE"})
    with pytest.raises(RegistryError, match=r"may be data: notes\.txt, train\.json, train\.py; not pushed"):
        push(registry, registry.version("spam", 1), repo, Options(), str)
    assert hub.writes.repos == {}


@pytest.mark.parametrize(
    ("name", "revision", "says"),
    [
        (NAME, "v7", "has no such revision\n.*REPO@v3"),
        ("acme/none", "", "is not on the Hub, or private and not shown"),
        ("acme/plain", "", r"was not pushed by ftgate: no ftgate\.json"),
    ],
)
def test_what_cannot_be_pulled(hub, one, elsewhere, name, revision, says):
    hub.repos = {"acme/plain": {"config.json": b"{}"}}
    with pytest.raises(RegistryError, match=says), pulled(Repository(name), revision, elsewhere.log, None):
        pass


def test_a_download_that_breaks_goes_on(hub, one, elsewhere, tmp_path):
    hub.broken["adapter_model.safetensors"] = 300
    with pulled(one, "v1", elsewhere.log, None) as found:
        assert (found.folder / "adapter_model.safetensors").read_text() == "a" * 1000
    assert len(hub.fetched("adapter_model.safetensors")) == 2


def champion_on_the_hub(hub) -> tuple[int, bytes]:
    files = hub.writes.repos[NAME].commit_of("champion").files
    return json.loads(files["ftgate.json"])["version"], files["adapter_model.safetensors"][:1]


def test_the_mirror_holds_all_champions_and_its_branch_follows(hub, registry, repo, add):
    with pytest.raises(RegistryError, match="spam has no champion yet"):
        mirror(registry, "spam", repo, Options(), str)
    registry.promote("spam", add("a"), "first")
    registry.promote("spam", add("b", verdict="HOLD"), "trust me", override=True)
    add("c")
    mirror(registry, "spam", repo, Options(), str)
    assert set(hub.writes.repos[NAME].tags) == {"v1", "v2"}
    assert champion_on_the_hub(hub) == (2, b"b")
    assert b"did not say PROMOTE: trust me" in hub.writes.repos[NAME].commit_of("v2").files["README.md"]
    sent = [path for method, path, _ in hub.requests if method == "PUT"]
    registry.rollback("spam", "drift")
    _, moved = mirror(registry, "spam", repo, Options(), str)
    assert moved
    assert champion_on_the_hub(hub) == (1, b"a")
    assert mirror(registry, "spam", repo, Options(), str)[1] is False
    assert sent == [path for method, path, _ in hub.requests if method == "PUT"], "nothing is sent twice"
    with pulled(repo, "champion", registry.log, None) as found:
        assert found.manifest.version == 1
    assert Path(registry.version("spam", 1).source).is_dir()


def test_a_champion_that_was_edited_on_the_hub_is_noticed(hub, registry, repo, add):
    registry.promote("spam", add("a"), "first")
    mirror(registry, "spam", repo, Options(), str)
    stored = hub.writes.repos[NAME]
    stored.commit(
        "by hand", {**stored.commit_of("champion").files, "adapter_model.safetensors": b"E" * 1000}, "champion"
    )
    with pytest.raises(RegistryError, match=r"branch champion of acme/spam was changed .*adapter_model.*\n.*--replace"):
        mirror(registry, "spam", repo, Options(), str)
    assert mirror(registry, "spam", repo, Options(replace=True), str)[1]
    assert champion_on_the_hub(hub) == (1, b"a")


def test_a_tag_whose_files_were_replaced_is_no_champion(hub, registry, repo, add):
    registry.promote("spam", add("a"), "first")
    push(registry, registry.version("spam", 1), repo, Options(), str)
    tamper(hub, "adapter_model.safetensors", b"E" * 1000)
    with pytest.raises(IntegrityError, match=r"tag v1 names other files than spam v1 has: adapter_model"):
        mirror(registry, "spam", repo, Options(replace=True), str)
    assert set(hub.writes.repos[NAME].branches) == {"main"}


def test_nor_is_one_whose_list_of_files_was_replaced_with_them(hub, registry, repo, add):
    registry.promote("spam", add("a"), "first")
    push(registry, registry.version("spam", 1), repo, Options(), str)
    manifest = json.loads(hub.writes.repos[NAME].commit_of("v1").files["ftgate.json"])
    manifest["files"]["adapter_model.safetensors"] = hashlib.sha256(b"E" * 1000).hexdigest()
    stored = hub.writes.repos[NAME]
    files = {**stored.commit_of("v1").files, "adapter_model.safetensors": b"E" * 1000}
    made = stored.commit("by hand", {**files, "ftgate.json": json.dumps(manifest).encode()}, "other")
    stored.tags["v1"] = made.oid
    with pytest.raises(IntegrityError, match=r"tag v1 names other files than spam v1 has: adapter_model"):
        mirror(registry, "spam", repo, Options(), str)
