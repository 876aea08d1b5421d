"""The chat template that a server is given in a file, and when it needs none."""

from __future__ import annotations

import json

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.chat_format import ChatFormat, named_template
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.template_file import template_file
from tests.projects import write

OWN = "{{ messages[0].content }}{{ enable_thinking }}"


def model(tmp_path, own, chat=None) -> Model:
    write(tmp_path / "model/tokenizer_config.json", json.dumps({"chat_template": own}))
    return Model(str(tmp_path / "model"), dtype="float32", chat=chat or ChatFormat())


@pytest.mark.parametrize(
    "own", [OWN, None, [{"name": "default", "template": "a"}, {"name": "tool_use", "template": "b"}]]
)
def test_a_servers_own_way_is_left_alone(tmp_path, own):
    assert template_file(model(tmp_path, own), tmp_path / "logs") is None
    assert not (tmp_path / "logs").exists()


@pytest.mark.parametrize(
    ("own", "chat", "written"),
    [
        ("{{ strftime_now('%d %b %Y') }}", ChatFormat(), '{{ "01 Jan 2025" }}'),
        (OWN, ChatFormat(named_template("chatml")), named_template("chatml")),
        (None, ChatFormat("x"), "x"),
        (OWN, ChatFormat(variables='{"enable_thinking": false}'),
         "{%- set enable_thinking = enable_thinking if enable_thinking is defined else false +%}" + OWN),
    ],
)  # fmt: skip
def test_what_base_changes_is_written_down(tmp_path, own, chat, written):
    file = template_file(model(tmp_path, own, chat), tmp_path / "logs")
    assert file is not None
    assert file.read_text() == written
    assert template_file(model(tmp_path, own, chat), tmp_path / "logs") == file


def test_a_variable_of_a_hub_model_whose_template_is_not_here(tmp_path):
    missing = Model("nobody/has-this-model", dtype="float32")
    assert template_file(missing, tmp_path) is None
    changed = Model("nobody/has-this-model", dtype="float32", chat=ChatFormat(variables='{"thinking": true}'))
    with pytest.raises(ServeError, match=r"its chat template, which \[base\] changes, is not in the cache of the hub"):
        template_file(changed, tmp_path)
