"""What an adapter's folder may hold, and what its digest covers."""

from __future__ import annotations

import json
import os

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.files.digest import file_digest
from pytest_ftgate.serve.adapter import NOT_ANSWERING, adapter_digest, copy_adapter, rank_of


@pytest.fixture
def adapter(tmp_path):
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(b"lora")
    (folder / "adapter_config.json").write_text('{"r": 8, "target_modules": ["q", "v"]}')
    return folder


def configure(adapter, text):
    (adapter / "adapter_config.json").write_text(text)


OTHERS = (None, False, True, 0, 3, [], ["x"], {}, {"x": 3}, "", "x")
"""Values to give a field, falsy ones among them."""


def test_every_value_of_every_field_that_peft_writes_has_a_digest_of_its_own(adapter):
    config = pytest.importorskip("peft").LoraConfig(target_modules=["q"]).to_dict()
    assert set(config) > NOT_ANSWERING - {"peft_version"}

    def digest(fields):
        configure(adapter, json.dumps(fields, default=sorted))
        return adapter_digest(adapter)

    before = digest(config)
    for name, value in config.items():
        others = [other for other in OTHERS if json.dumps(other) != json.dumps(value, default=sorted)]
        found = {digest(config | {name: other}) for other in others}
        assert (before in found, len(found)) == ((True, 1) if name in NOT_ANSWERING else (False, len(others))), name


@pytest.mark.parametrize("name", ["target_modules", "exclude_modules"])
def test_the_order_of_a_set_does_not_count(adapter, name):
    configure(adapter, json.dumps({name: ["a", 1, "b"]}))
    before = adapter_digest(adapter)
    configure(adapter, json.dumps({name: ["b", "a", 1]}))
    assert adapter_digest(adapter) == before


MALFORMED = {
    "no JSON": "{",
    "a list": "[]",
    "null": "null",
    "nested": "[" * 100_000,
    "nested object": '{"a":' * 3000 + "1" + "}" * 3000,
    "5000 digits": '{"r": ' + "9" * 5000 + "}",
    "not a number": '{"r": 8, "lora_alpha": NaN}',
    "too large": '{"r": 8, "lora_alpha": 1e999}',
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("read", [adapter_digest, rank_of])
def test_a_malformed_configuration_is_an_error_with_its_file(adapter, text, read):
    configure(adapter, text)
    with pytest.raises(
        ServeError, match=r"adapter_config\.json: not a valid LoRA adapter configuration: .*\n    restore"
    ):
        read(adapter)


def test_a_configuration_that_is_not_utf8(adapter):
    (adapter / "adapter_config.json").write_bytes(b'{"r": "\xff"}')
    with pytest.raises(ServeError, match=r"adapter_config\.json: not a valid"):
        adapter_digest(adapter)


def test_the_rank_is_the_highest(adapter):
    assert rank_of(adapter) == 8
    configure(adapter, json.dumps({"r": 8, "rank_pattern": {"q_proj": 32, "v_proj": 4}}))
    assert rank_of(adapter) == 32


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"r": null}',
        '{"r": "8"}',
        '{"r": true}',
        '{"r": 0}',
        '{"r": 8.5}',
        '{"r": [8]}',
        '{"r": 8, "rank_pattern": {"q": "x"}}',
        '{"r": 8, "rank_pattern": [8]}',
    ],
)
def test_a_rank_that_is_no_rank(adapter, text):
    configure(adapter, text)
    with pytest.raises(ServeError, match=r"adapter_config\.json: not a valid LoRA adapter configuration: r"):
        rank_of(adapter)


def test_a_folder_without_configuration_has_no_rank(tmp_path):
    with pytest.raises(ServeError, match=r"adapter_config\.json: cannot be read"):
        rank_of(tmp_path)


PLAIN = ("README.md", "tokenizer.json", "chat_template.jinja", "vocab.txt", "tokenizer.model", "model.sig", "LICENSE")
UNKNOWN = (
    "adapter_model.bin",
    "training_args.bin",
    "optimizer.pt",
    "x.pkl",
    "modeling.py",
    "model.safetensors",
    "x.so",
)


@pytest.mark.parametrize("name", PLAIN)
def test_text_beside_an_adapter_stays_and_does_not_count(adapter, name):
    before = adapter_digest(adapter)
    (adapter / name).write_text("{}")
    assert adapter_digest(adapter) == before


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_file_that_no_engine_loads_is_refused(adapter, name):
    (adapter / name).write_text("x")
    with pytest.raises(ServeError, match=f"{name}: not part of an adapter.*move it elsewhere"):
        adapter_digest(adapter)


def test_links_folders_and_pipes_are_refused_each_by_name(adapter, tmp_path):
    (tmp_path / "elsewhere.json").write_text("{}")
    (adapter / "a.json").symlink_to(tmp_path / "elsewhere.json")
    (adapter / "b").symlink_to(tmp_path)
    (adapter / "c").mkdir()
    os.mkfifo(adapter / "d.json")
    with pytest.raises(ServeError) as caught:
        adapter_digest(adapter)
    lines = str(caught.value).splitlines()
    assert ["symbolic link" in line for line in lines] == [True, True, False, False]
    assert [line.strip().partition(": ")[0] for line in lines] == [
        str(adapter / n) for n in ("a.json", "b", "c", "d.json")
    ]


def test_weights_behind_a_link_are_refused(adapter, tmp_path):
    (adapter / "adapter_model.safetensors").rename(tmp_path / "weights")
    (adapter / "adapter_model.safetensors").symlink_to(tmp_path / "weights")
    with pytest.raises(ServeError, match="a symbolic link in an adapter"):
        copy_adapter(adapter, tmp_path)


def test_a_file_of_the_same_size_and_times_is_read_again(tmp_path):
    file, other = tmp_path / "a", tmp_path / "b"
    for each, text in ((file, "1"), (other, "2")):
        each.write_text(text)
        os.utime(each, (1, 1))
    before = file_digest(file)
    other.replace(file)
    assert file_digest(file) != before
