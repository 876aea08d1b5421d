"""Signed adapters: whatever is changed, unsigned or signed by another is refused, by model-signing itself."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.errors import FtgateError, RegistryError
from pytest_ftgate.registry import Keys
from pytest_ftgate.registry.signature import check_signature, key_hint, sign
from tests.unit.registry.conftest import on_files
from tests.unit.signing_keys import make_keys


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> Keys:
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def others(tmp_path_factory) -> Keys:
    return make_keys(tmp_path_factory.mktemp("others"))


@pytest.fixture
def signed(adapter, keys) -> Path:
    folder = adapter("a")
    sign(folder, keys.signing, folder)
    return folder


def refusal(folder: Path, keys: Keys) -> str:
    with pytest.raises(RegistryError) as caught:
        check_signature(folder, keys.verify, "the adapter")
    return str(caught.value)


def test_what_was_signed_passes_also_elsewhere(signed, keys, tmp_path):
    check_signature(signed, keys.verify, "the adapter")
    check_signature(signed.rename(tmp_path / "under another name"), keys.verify, "the adapter")


def test_every_file_counts(signed, keys):
    for file in [*signed.iterdir()]:
        if file.name != "model.sig":
            content = file.read_bytes()
            file.write_bytes(bytes([content[0] ^ 1]) + content[1:])
            assert f"does not match its signature: Signature mismatch: [\"Hash mismatch for '{file.name}'" in refusal(
                signed, keys
            )
            file.write_bytes(content)
    (signed / "extra.json").write_text("{}")
    assert "Extra files found" in refusal(signed, keys)


def test_a_missing_file_a_missing_and_a_broken_signature(signed, keys):
    (signed / "adapter_config.json").unlink()
    assert "Missing files" in refusal(signed, keys)
    (signed / "model.sig").write_text('{"mediaType": "x"}')
    assert "does not match its signature" in refusal(signed, keys)
    (signed / "model.sig").write_text("no JSON")
    assert "does not match its signature" in refusal(signed, keys)
    (signed / "model.sig").unlink()
    assert f"is not signed, but {keys.verify} is set" in refusal(signed, keys)


def test_another_key_is_refused_also_if_it_claims_to_be_ours(signed, keys, others):
    ours = key_hint(signed / "model.sig")
    sign(signed, others.signing, signed)
    theirs = key_hint(signed / "model.sig")
    assert ours != theirs
    assert "Key mismatch" in refusal(signed, keys)
    text = (signed / "model.sig").read_text()
    (signed / "model.sig").write_text(text.replace(theirs, ours))
    assert "does not match" in refusal(signed, keys)


def test_files_that_are_no_keys_are_told(signed, keys, tmp_path):
    (tmp_path / "key").write_text("none")
    for key in (tmp_path / "key", tmp_path / "nothing", keys.signing):
        with pytest.raises(FtgateError, match="is not a valid public key"):
            check_signature(signed, key, "the adapter")
    for key in (tmp_path / "key", tmp_path / "nothing", keys.verify):
        with pytest.raises(FtgateError, match="cannot sign with this key"):
            sign(signed, key, tmp_path)


def test_a_key_with_a_password(signed, tmp_path, monkeypatch):
    keys = make_keys(tmp_path, b"secret")
    monkeypatch.delenv("FTGATE_SIGNING_PASSWORD", raising=False)
    with pytest.raises(FtgateError, match="cannot sign"):
        sign(signed, keys.signing, signed)
    monkeypatch.setenv("FTGATE_SIGNING_PASSWORD", "secret")
    sign(signed, keys.signing, signed)
    check_signature(signed, keys.verify, "the adapter")


@on_files
def test_the_registry_signs_checks_and_refuses(registry, add, adapter, keys, others):
    """Registered before there were keys, then with keys: the same adapter becomes a signed version of its own."""
    add("a")
    signing = replace(registry, keys=keys)
    with pytest.raises(RegistryError, match="spam v1 is not signed"):
        signing.promote("spam", 1, "first")
    run = registry.log_run("spam", {}, {}, {}, {}, {})
    folder = adapter("a")
    tags = {"verdict": "PROMOTE"}
    assert signing.add_version("spam", folder, registry.digest_of(folder), run, tags).number == 2
    assert signing.add_version("spam", folder, registry.digest_of(folder), run, tags).number == 2
    assert not (folder / "model.sig").exists()
    champion = signing.promote("spam", 2, "first")
    fetched = signing.fetch(champion)
    (fetched / "adapter_config.json").write_text('{"auto_mapping": "evil"}')
    assert (signing.fetch(champion) / "adapter_config.json").read_text() == "{}", "fetched again"
    with pytest.raises(RegistryError, match="Key mismatch"):
        replace(registry, keys=others).fetch(champion)
    (Path(champion.source) / "adapter_config.json").write_text('{"auto_mapping": "evil"}')
    (fetched / "adapter_config.json").write_text('{"auto_mapping": "evil"}')
    registry.fetch(champion)
    with pytest.raises(RegistryError, match="stored adapter of spam v2 does not match its signature"):
        signing.fetch(champion)


def test_without_the_library_the_extra_is_named(signed, keys, monkeypatch):
    monkeypatch.setitem(sys.modules, "model_signing", None)
    monkeypatch.delitem(sys.modules, "model_signing.verifying")
    with pytest.raises(FtgateError, match=r"pip install 'pytest-ftgate\[signing\]'"):
        check_signature(signed, keys.verify, "the adapter")
