"""A model of the Hub, fetched by the real `huggingface_hub` from a local server, in processes of their own.

The library reads its variables when it is imported.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve import hub as hub_room
from pytest_ftgate.serve.hub import fetched, folder_of, is_hub_id
from pytest_ftgate.serve.model import Model
from tests.hub_server import COMMIT, HubServer

WEIGHTS = bytes(range(256)) * 80_000
FILES = {
    "config.json": b'{"max_position_embeddings": 4096}',
    "generation_config.json": b"{}",
    "modeling_tiny.py": b"CODE = 1",
    "tokenizer.json": b"{}",
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": b"never",
    "consolidated.safetensors": b"never",
    "onnx/model.safetensors": b"never",
    "README.md": b"never",
}
FETCH = """
import json, sys
from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.hub import fetched, folder_of, offline
from pytest_ftgate.serve.model import Model
seen, lines = [], []
try:
    model = fetched(Model(sys.argv[1], sys.argv[2] or None), lambda *each: seen.append(each), lines.append)
    folder = folder_of(model)
    files = sorted(path.name for path in folder.rglob("*") if path.is_file())
    found = {"revision": model.revision, "files": files, "folder": str(folder), "digest": model.base_digest,
             "offline": dict(offline(model))}
except ServeError as error:
    found = {"error": str(error)}
print(json.dumps({**found, "bytes": seen, "lines": lines}))
"""


@dataclass
class Machine:
    """A cache of the Hub in a folder, and what its processes see."""

    cache: str
    url: str

    def fetch(self, name: str = "org/tiny", revision: str = "", **variables: str) -> dict:
        known = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
        env = {**known, "HF_HOME": self.cache, "HF_ENDPOINT": self.url, "HF_HUB_DISABLE_XET": "1", **variables}
        command = [sys.executable, "-c", FETCH, name, revision]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=200, check=False)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def hub():
    with HubServer(
        {"org/tiny": FILES, "org/gated": FILES, "org/pickled": {"config.json": b"{}"}}, ("org/gated",)
    ) as it:
        yield it


@pytest.fixture
def machine(tmp_path, hub):
    return Machine(str(tmp_path / "hub"), hub.url)


def test_it_is_fetched_whole_to_a_commit_and_then_nobody_is_asked(hub, machine):
    first = machine.fetch()
    assert first["revision"] == COMMIT
    assert first["files"] == [
        *("config.json", "generation_config.json", "model.safetensors", "modeling_tiny.py", "tokenizer.json")
    ]
    assert first["bytes"][-1] == [sum(len(FILES[name]) for name in first["files"])] * 2
    assert first["offline"] == {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    assert first["digest"] == Model("org/tiny", COMMIT).base_digest != Model("org/tiny").base_digest
    asked = len(hub.requests)
    again = machine.fetch(revision=COMMIT)
    assert again["folder"] == first["folder"]
    assert len(hub.requests) == asked, "a commit that is here asks nobody"


def test_a_connection_that_breaks_is_taken_up_where_it_broke(hub, machine):
    hub.broken["model.safetensors"] = 15_000_000
    assert machine.fetch()["revision"] == COMMIT
    [first, second] = hub.fetched("model.safetensors")
    assert not first
    assert 0 < int(second.removeprefix("bytes=").split("-")[0]) <= 15_000_000


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("tokenizer.json", marks=pytest.mark.slow),
        pytest.param("generation_config.json", marks=pytest.mark.slow),
        "additional_chat_templates/tool_use.jinja",
    ],
)
def test_a_download_that_ended_early_is_not_taken_for_whole(hub, machine, name):
    hub.repos["org/tiny"] = FILES | {"additional_chat_templates/tool_use.jinja": b"{{ tools }}"}
    hub.failing.add(name)
    assert "cannot be fetched" in machine.fetch()["error"]
    url, machine.url = machine.url, "http://127.0.0.1:9"
    assert "cannot be fetched" in machine.fetch()["error"], "the rest is not here"
    machine.url = url
    hub.failing.clear()
    found = machine.fetch(revision=COMMIT)
    assert name.rpartition("/")[2] in found["files"]
    asked = len(hub.requests)
    assert machine.fetch(revision=COMMIT)["files"] == found["files"]
    assert len(hub.requests) == asked


def test_what_others_left_in_the_cache_is_made_whole(hub, machine):
    found = machine.fetch()
    folder = Path(found["folder"])
    (folder / "tokenizer.json").unlink()
    shutil.rmtree(folder.parent.parent / ".ftgate")
    assert machine.fetch(revision=COMMIT)["files"] == found["files"]


@pytest.mark.parametrize(("there", "whole"), [((1,), False), ((1, 2), True)])
def test_one_of_two_files_of_weights_without_an_index_is_not_all(tmp_path, there, whole):
    folder = tmp_path / "snapshots" / COMMIT
    folder.mkdir(parents=True)
    for number in there:
        (folder / f"model-0000{number}-of-00002.safetensors").touch()
    assert hub_room._complete(folder) is whole


def test_without_a_network_what_is_cached_is_taken_and_said(hub, machine):
    machine.fetch()
    machine.url = "http://127.0.0.1:9"
    found = machine.fetch()
    assert found["revision"] == COMMIT
    assert found["lines"] == [f"org/tiny: the hub is not reachable; using the cached commit {COMMIT[:12]}"]
    assert machine.fetch(HF_HUB_OFFLINE="1")["revision"] == COMMIT


@pytest.mark.parametrize(
    ("name", "revision", "token", "said", "fix"),
    [
        ("org/gated", "", "", "org/gated@0123", "set HF_TOKEN to a token of that account"),
        ("org/gated", "", "other", "gated: the hub gives it only", "with the account of your HF_TOKEN"),
        ("org/nothing", "", "", "not found on the hub, or private", "for a private model set HF_TOKEN"),
        ("org/tiny", "v9", "", "org/tiny@v9: the model has no such revision", "correct [base] revision"),
        ("org/pickled", "", "", "no *.safetensors among its files", "use a revision"),
    ],
)
def test_what_the_hub_refuses_is_told_with_what_to_do(machine, name, revision, token, said, fix):
    error = machine.fetch(name, revision, **({"HF_TOKEN": token} if token else {}))["error"]
    assert said in error
    assert fix in error
    assert "Traceback" not in error


def test_a_gated_model_is_fetched_with_the_token_of_who_may(machine):
    assert machine.fetch("org/gated", HF_TOKEN="good")["revision"] == COMMIT


def test_no_network_and_nothing_here_is_one_error(machine):
    machine.url = "http://127.0.0.1:9"
    error = machine.fetch()["error"]
    assert error.startswith("org/tiny: cannot be fetched: ")
    assert "check the network" in error
    assert len(error.splitlines()) == 2


def test_no_room_is_told_before_the_download(tmp_path, monkeypatch):
    monkeypatch.setattr(hub_room.shutil, "disk_usage", lambda _path: type("Usage", (), {"free": 3_000_000_000}))
    with pytest.raises(ServeError, match=r"org/name: 16000 MB to download, 3000 MB free in (.|\n)*set HF_HOME"):
        hub_room._check_room(Model("org/name"), tmp_path / "hub", 16_000_000_000)


def test_folders_and_served_names_are_as_they_are(tmp_path):
    for model in (Model(str(tmp_path)), Model("org/name", served=True), Model("name")):
        assert not is_hub_id(model)
        assert fetched(model) == model
    assert folder_of(Model(str(tmp_path))) == tmp_path
    assert folder_of(Model("org/name", served=True)) is None
