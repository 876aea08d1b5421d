"""Adapters that are kept encrypted, by a real program."""

from __future__ import annotations

import shutil
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.registry import Keys
from pytest_ftgate.registry.access.cipher import FILE, Cipher, from_environment
from pytest_ftgate.registry.backup.restore import restore
from pytest_ftgate.registry.backup.take import take
from pytest_ftgate.registry.store import Store
from pytest_ftgate.registry.version import ENCRYPTED
from tests.unit.registry.conftest import on_files, on_plain
from tests.unit.signing_keys import make_keys

BY_OPENSSL = "openssl enc -aes-256-cbc -pbkdf2 -pass file:{key}"


@pytest.fixture
def cipher(tmp_path):
    key = tmp_path / "password"
    key.write_text("for this test alone")
    command = BY_OPENSSL.format(key=key)
    return Cipher(command, f"{command} -d")


@pytest.fixture
def sealed(registry, cipher):
    return replace(registry, keys=Keys(cipher=cipher))


@pytest.fixture
def version(sealed, adapter):
    folder = adapter("secret weights")
    run = sealed.log_run("spam", {}, {}, {}, {}, {})
    return sealed.add_version("spam", folder, sealed.digest_of(folder), run, {"verdict": "PROMOTE"})


def kept(version) -> Path:
    return Path(version.source.removeprefix("file://"))


@on_files
def test_what_is_kept_cannot_be_read_and_what_is_fetched_can(sealed, version):
    assert [file.name for file in kept(version).iterdir()] == [FILE]
    assert b"secret weights" not in (kept(version) / FILE).read_bytes()
    sealed.promote("spam", version.number, "first")
    folder = sealed.fetch(sealed.champion("spam"))
    assert (folder / "adapter_model.safetensors").read_text() == "secret weights"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_without_the_command_it_can_be_promoted_and_not_read(sealed, version, cipher):
    blind = replace(sealed, keys=Keys(cipher=Cipher(cipher.encrypt)))
    blind.promote("spam", version.number, "first")
    with pytest.raises(RegistryError, match=r"(?s)is encrypted.*ftgate_decrypt \(or FTGATE_DECRYPT\)"):
        blind.fetch(version)


@on_files
@pytest.mark.parametrize("decrypts", [True, False])
def test_a_file_that_was_changed_is_not_used(sealed, version, cipher, decrypts):
    file = kept(version) / FILE
    file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:])
    registry = sealed if decrypts else replace(sealed, keys=Keys(cipher=Cipher(cipher.encrypt)))
    with pytest.raises(RegistryError, match="not what was kept then"):
        registry.promote("spam", version.number, "first")


def test_the_same_adapter_is_registered_once(sealed, version, adapter):
    folder = adapter("secret weights")
    run = sealed.log_run("spam", {}, {}, {}, {}, {})
    assert sealed.add_version("spam", folder, version.digest, run, {"verdict": "HOLD"}).number == version.number
    assert version.tags[ENCRYPTED]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("no-such-program", "cannot encrypt: .*no-such-program"),
        ("python3 -c 'import sys; sys.exit(\"no key for you\")'", "ended with 1: no key for you"),
        ("true", "the command wrote nothing"),
        ("cat --password=hunter2secret", "ended with 1"),
    ],
)
def test_a_command_that_fails_registers_nothing(registry, adapter, command, said):
    broken = replace(registry, keys=Keys(cipher=Cipher(command)))
    folder = adapter("a")
    run = broken.log_run("spam", {}, {}, {}, {}, {})
    with pytest.raises(RegistryError, match=rf"(?s){said}.*ftgate_encrypt"):
        broken.add_version("spam", folder, broken.digest_of(folder), run, {})
    assert registry.versions("spam") == []


@on_plain
def test_an_adapter_that_was_registered_plain_is_registered_anew(sealed, registry, adapter):
    folder = adapter("c")
    run = registry.log_run("spam", {}, {}, {}, {}, {})
    plain = registry.add_version("spam", folder, registry.digest_of(folder), run, {})
    now = sealed.add_version("spam", folder, registry.digest_of(folder), run, {})
    assert now.number != plain.number
    assert now.tags[ENCRYPTED]


def test_a_command_is_not_shown_and_a_blank_one_is_none(tmp_path, monkeypatch):
    with pytest.raises(RegistryError) as failed:
        Cipher("cat --password=hunter2secret").pack([], tmp_path)
    assert "hunter2secret" not in str(failed.value).partition("\n")[2]
    monkeypatch.setenv("FTGATE_ENCRYPT", " ")
    assert from_environment(Cipher(" ")) == Cipher()


def test_folders_are_packed_too(cipher, tmp_path):
    (tmp_path / "model/more").mkdir(parents=True)
    (tmp_path / "model/more/a.json").write_text("{}")
    packed = cipher.pack((tmp_path / "model").iterdir(), tmp_path)
    assert (cipher.unpack(packed, tmp_path / "out") / "more/a.json").read_text() == "{}"


def test_another_key_is_a_message(sealed, version, cipher, tmp_path):
    other = tmp_path / "other"
    other.write_text("another")
    wrong = Keys(cipher=Cipher(cipher.encrypt, BY_OPENSSL.format(key=other) + " -d"))
    with pytest.raises(RegistryError, match=r"cannot decrypt|is no adapter"):
        replace(sealed, keys=wrong).fetch(version)


def test_a_signature_travels_with_it(registry, cipher, adapter, tmp_path):
    keys = replace(make_keys(tmp_path), cipher=cipher)
    signed = replace(registry, keys=keys)
    folder = adapter("b")
    run = signed.log_run("spam", {}, {}, {}, {}, {})
    version = signed.add_version("spam", folder, signed.digest_of(folder), run, {"verdict": "PROMOTE"})
    signed.promote("spam", version.number, "first")
    shutil.rmtree(signed.state_dir / "models", ignore_errors=True)
    assert (signed.fetch(version) / "model.sig").is_file()


@pytest.mark.parametrize("registry", ["mlflow"], indirect=True)
def test_a_backup_keeps_it_encrypted_and_a_restore_reads_it(sealed, version, cipher, tmp_path, mlflow_template):
    sealed.promote("spam", version.number, "first")
    blind = replace(sealed, keys=Keys(cipher=Cipher(cipher.encrypt)))
    take(blind, tmp_path / "backup", ["spam"], print)
    assert not any(
        b"secret weights" in file.read_bytes() for file in (tmp_path / "backup").rglob("*") if file.is_file()
    )
    state = tmp_path / "elsewhere"
    state.mkdir()
    shutil.copy(mlflow_template, state / "mlflow.db")
    other = replace(sealed, state_dir=state, store=Store(None, state))
    restore(other, tmp_path / "backup", print)
    folder = other.fetch(other.champion("spam"))
    assert (folder / "adapter_model.safetensors").read_text() == "secret weights"
