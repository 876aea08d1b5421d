"""The registry itself on the Hub: what its commits promise; tests/unit/registry holds all of its contract (slow)."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest
from mlflow.exceptions import MlflowException

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.registry import open_registry
from pytest_ftgate.registry.backup.restore import restore
from pytest_ftgate.registry.backup.take import take
from pytest_ftgate.registry.error_codes import TAKEN
from pytest_ftgate.registry.hub.client import hub_client
from tests.hub_writes import Repository as Stored

NAME = "acme/registry"


@pytest.fixture
def on_hub(hub, no_tracking_server, tmp_path):
    state = tmp_path / "hub-state"
    state.mkdir()
    return replace(open_registry(f"hf://{NAME}", state), wait_s=20.0)


def register(registry, adapter, weights: str) -> int:
    run = registry.log_run("spam", {"r": 8}, {"f1": 0.9}, {}, {}, {})
    folder = adapter(weights)
    return registry.add_version("spam", folder, registry.digest_of(folder), run, {"verdict": "PROMOTE"}).number


def test_a_question_creates_nothing(hub, on_hub):
    assert on_hub.champion("spam") is None
    assert on_hub.tasks() == []
    assert hub.writes.repos == {}


def test_register_promote_roll_back_and_serve_from_another_machine(hub, on_hub, adapter, tmp_path):
    for weights in "ab":
        on_hub.promote("spam", register(on_hub, adapter, weights), "better")
    assert on_hub.rollback("spam", "drift").number == 1
    assert on_hub.lock_holder("spam") == ""
    assert hub.writes.repos[NAME].private
    elsewhere = hub_client(f"hf://{NAME}")
    assert elsewhere.get_registered_model("spam").aliases == {"champion": "1"}
    assert [each.version for each in elsewhere.search_model_versions("name = 'spam'")] == ["1", "2"]
    folder = on_hub.fetch(on_hub.champion("spam"), tmp_path / "fetched")
    assert (folder / "adapter_model.safetensors").read_text() == "a" * 1000
    assert on_hub.metrics(on_hub.champion("spam")) == {"f1": 0.9}


def test_it_is_backed_up_and_restored_into_another_store(on_hub, registry, adapter, tmp_path):
    number = register(on_hub, adapter, "a")
    take(on_hub, tmp_path / "backup", [], str)
    restore(registry, tmp_path / "backup", str)
    version = registry.version("spam", number)
    assert (version.digest, registry.metrics(version)) == (on_hub.version("spam", number).digest, {"f1": 0.9})
    assert (registry.fetch(version) / "adapter_model.safetensors").read_text() == "a" * 1000


def test_a_name_is_claimed_once_however_many_ask_at_once(hub):
    """What the lock of a promotion stands on."""
    outcomes = []

    def claim(number: int) -> None:
        try:
            hub_client(f"hf://{NAME}").create_registered_model("lock", tags={"by": number})
            outcomes.append(str(number))
        except MlflowException as error:
            outcomes.append(error.error_code)

    hub_client(f"hf://{NAME}").create_registered_model("spam")
    threads = [threading.Thread(target=claim, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [winner] = set(outcomes) - {TAKEN}
    assert outcomes.count(TAKEN) == 4
    assert hub_client(f"hf://{NAME}").get_registered_model("lock").tags == {"by": winner}


def test_changes_of_others_in_between_are_kept(hub):
    client = hub_client(f"hf://{NAME}")
    client.create_registered_model("spam")
    other = hub_client(f"hf://{NAME}")
    hub.writes.before_commit.append(lambda _repo: other.set_registered_model_tag("spam", "theirs", "1"))
    client.set_registered_model_tag("spam", "ours", "1")
    assert client.get_registered_model("spam").tags == {"theirs": "1", "ours": "1"}


def test_a_commit_whose_answer_got_lost_is_not_made_twice(hub):
    client = hub_client(f"hf://{NAME}")
    client.create_registered_model("spam")
    hub.lost = 1
    client.create_model_version("spam", "here")
    assert [each.version for each in client.search_model_versions("name = 'spam'")] == ["1"]


def test_repositories_that_are_no_registry(hub):
    client = hub_client(f"hf://{NAME}")
    stored = hub.writes.repos[NAME] = Stored(private=True)
    stored.commit("a model", {"model.safetensors": b"weights"})
    with pytest.raises(RegistryError, match=r"acme/registry is no registry: it holds model\.safetensors"):
        client.create_registered_model("spam")
    stored.commit("later", {"registry.json": json.dumps({"format": 9}).encode()})
    with pytest.raises(RegistryError, match="another version of pytest-ftgate"):
        client.search_registered_models()
    hub.writes.repos["acme/open"] = Stored(private=False)
    hub.writes.repos["acme/open"].commit("initial commit", {})
    with pytest.raises(RegistryError, match="acme/open is public: everybody could read"):
        hub_client("hf://acme/open").search_registered_models()
