"""Runs and versions in a real MLflow store."""

import logging
import math
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.registry import exists, open_registry
from pytest_ftgate.registry import mlflow_quiet as quiet_module
from pytest_ftgate.registry.runs import flatten
from tests.unit.registry.conftest import digest_of, on_files


def client_of(registry):
    with registry.store.asking("test") as client:
        return client


def test_nothing_exists_before_the_first_use(tmp_path, no_tracking_server):
    registry = open_registry(None, tmp_path / "state")
    assert not exists(None, tmp_path / "state")
    assert registry.state_dir.exists() is False


def test_a_tracking_server_is_taken_to_exist(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert exists(None, tmp_path)
    assert not exists(f"sqlite:///{tmp_path}/no.db", tmp_path)


def test_asking_whether_it_exists_imports_no_mlflow(tmp_path):
    code = (
        "import sys, pathlib; from pytest_ftgate.registry import exists, open_registry;"
        f"p = pathlib.Path({str(tmp_path)!r}); exists(None, p); open_registry(None, p);"
        "sys.exit(any(m.split('.')[0] in {'mlflow', 'sqlalchemy', 'torch'} for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_run_keeps_params_curves_files_and_tags(registry, tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    (files / "manifest.json").write_text("{}")
    run_id = registry.log_run(
        "spam",
        {"lora": {"r": 8, "targets": ["q", "v"]}, "method": "qlora"},
        {"f1": 0.9, "loss": math.inf},
        {"loss": [(1, 2.0), (2, 1.5)]},
        {"": files / "manifest.json", "data": files},
        {"ftgate.verdict": "PROMOTE"},
    )
    registry.tag_run(run_id, {"golden f1 (spam)": 0.95}, {"ftgate.golden": "ab12"})
    client = client_of(registry)
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == {"lora.r": "8", "lora.targets": '["q", "v"]', "method": "qlora"}
    assert run.data.tags["ftgate.verdict"] == "PROMOTE"
    assert run.data.tags["ftgate.golden"] == "ab12"
    assert run.data.metrics["golden f1 _spam_"] == 0.95
    assert [(m.step, m.value) for m in client.get_metric_history(run_id, "loss") if m.step] == [(1, 2.0), (2, 1.5)]
    assert {f.path for f in client.list_artifacts(run_id)} == {"manifest.json", "data"}


def test_a_run_with_a_missing_file_is_failed_and_says_which(registry, tmp_path):
    with pytest.raises(RegistryError, match=r"nothing\.json.*no such file"):
        registry.log_run("spam", {}, {}, {}, {"": tmp_path / "nothing.json"}, {})
    client = client_of(registry)
    [run] = client.search_runs([client.get_experiment_by_name("spam").experiment_id])
    assert run.info.status == "FAILED"


def test_more_params_and_points_than_mlflow_takes_at_once(registry):
    params = {f"p{i}": i for i in range(250)}
    run_id = registry.log_run("spam", params, {}, {"loss": [(i, 1.0) for i in range(2500)]}, {}, {})
    run = client_of(registry).get_run(run_id)
    assert len(run.data.params) == 250
    assert len(client_of(registry).get_metric_history(run_id, "loss")) == 2500


def test_long_values_are_cut():
    assert len(flatten({"prompt": "x" * 9000})["prompt"]) == 6000


def test_versions_carry_digest_run_and_tags(registry, add):
    assert [add("a"), add("b", dtype="bfloat16")] == [1, 2]
    first, second = registry.versions("spam")
    assert (first.number, second.number, second.tags["dtype"]) == (1, 2, "bfloat16")
    assert first.digest != second.digest
    assert first.run_id
    assert registry.champion("spam") is None
    assert registry.tasks() == ["spam"]


def test_the_same_adapter_is_registered_once_for_each_base(registry, add):
    assert add("a") == 1
    assert add("a") == 1
    assert add("a", **{"ftgate.model": "other base"}) == 2
    assert add("a") == 1


def test_a_repeated_registration_takes_the_tags_of_the_newest_run(registry, add):
    add("a", verdict="HOLD")
    first = registry.version("spam", 1)
    add("a", verdict="PROMOTE")
    again = registry.version("spam", 1)
    assert (again.number, again.tags["verdict"]) == (1, "PROMOTE")
    assert again.run_id != first.run_id


def test_results_of_a_version_come_back_as_they_were_logged(registry, adapter, tmp_path):
    results = tmp_path / "results"
    results.mkdir()
    (results / "sms.json").write_text('{"cases": {"a1": {"value": 1.0}}}', encoding="utf-8")
    (results / "torn.json").write_text('{"cases"', encoding="utf-8")
    run = registry.log_run("spam", {}, {}, {}, {"results": results}, {})
    folder = adapter("a")
    version = registry.add_version("spam", folder, registry.digest_of(folder), run, {})
    assert registry.results(version, "sms") == {"cases": {"a1": {"value": 1.0}}}
    assert registry.results(version, "other") == {"cases": {}}
    with pytest.raises(RegistryError, match=r"results/torn\.json of the run .* is not valid JSON"):
        registry.results(version, "torn")


@on_files
def test_a_damaged_version_is_not_taken_for_the_same(registry, add):
    add("a")
    weights = Path(registry.version("spam", 1).source) / "adapter_model.safetensors"
    weights.write_text("flipped")
    assert add("a") == 2


def test_an_adapter_that_changed_since_its_test_is_not_registered(registry, adapter):
    run = registry.log_run("spam", {}, {}, {}, {}, {})
    with pytest.raises(RegistryError, match="changed since it was tested"):
        registry.add_version("spam", adapter("a"), "0" * 64, run, {})
    assert registry.versions("spam") == []


def test_fetch_gives_a_checked_copy_and_repairs_it(registry, add):
    add("a")
    version = registry.version("spam", 1)
    folder = registry.fetch(version)
    assert (folder / "adapter_model.safetensors").read_text() == "a"
    (folder / "adapter_model.safetensors").write_text("flipped")
    assert registry.fetch(version) == folder
    assert (folder / "adapter_model.safetensors").read_text() == "a"
    assert not list(folder.parent.glob(".fetch-*"))


def test_two_that_fetch_at_once_do_not_take_the_folder_from_each_other(registry, add):
    """Both have found none and downloaded; the second leaves what the first has put there, which is being read."""
    version = registry.version("spam", add("a"))
    both, digests = threading.Barrier(2, timeout=60), []

    def slow(folder: Path) -> str:
        if ".fetch-" in str(folder):
            both.wait()
        return digest_of(folder)

    def fetch() -> None:
        folder = replace(registry, digest_of=slow).fetch(version)
        digests.append((folder.stat().st_ino, digest_of(folder)))

    fetching = [threading.Thread(target=fetch) for _ in range(2)]
    for each in fetching:
        each.start()
    for each in fetching:
        each.join(60)
    assert len(digests) == 2
    assert digests[0] == digests[1], "one folder, never replaced"


@on_files
def test_fetch_refuses_a_flipped_byte_in_the_store(registry, add, tmp_path):
    add("a")
    version = registry.version("spam", 1)
    (Path(version.source) / "adapter_model.safetensors").write_text("b")
    with pytest.raises(RegistryError, match=r"stored adapter of spam v1 has the digest .*, expected "):
        registry.fetch(version, tmp_path / "dest")
    assert not (tmp_path / "dest").exists()


@on_files
def test_fetch_says_when_the_files_are_gone(registry, add, tmp_path):
    add("a")
    version = registry.version("spam", 1)
    Path(version.source).rename(tmp_path / "elsewhere")
    with pytest.raises(RegistryError, match="cannot fetch the adapter of spam v1"):
        registry.fetch(version, tmp_path / "dest")


def test_an_unknown_version_lists_those_there_are(registry, add):
    add("a")
    with pytest.raises(RegistryError, match=r"spam has no version v7; registered: v1"):
        registry.version("spam", 7)


@pytest.mark.parametrize("task", ["", "a/b", "a:b", "it's", "two words", "tab\t"])
def test_names_mlflow_cannot_carry_are_refused(registry, task):
    with pytest.raises(RegistryError, match="is not a valid task name"):
        registry.champion(task)


def test_a_version_of_another_program_is_never_served(registry, add, tmp_path):
    add("a")
    client_of(registry).create_model_version("spam", str(tmp_path))
    version = registry.version("spam", 2)
    assert version.digest == ""
    with pytest.raises(RegistryError, match="without a digest"):
        registry.fetch(version)
    with pytest.raises(RegistryError, match="without a digest"):
        registry.promote("spam", 2, "by hand", override=True)


def test_a_password_is_never_shown(tmp_path):
    registry = open_registry("postgresql://ada:secret@127.0.0.1:1/none", tmp_path)
    with pytest.raises(RegistryError) as caught:
        registry.champion("spam")
    assert "secret" not in str(caught.value)


def test_mlflow_says_nothing_writes_nowhere_else_and_sends_nothing(tmp_path, no_tracking_server):
    """A process of its own, outside pytest and CI, with every connection forbidden and warnings as errors."""
    state, work = tmp_path / "state", tmp_path / "work"
    work.mkdir()
    state.mkdir()
    (state / "mlflow.db.99.new").write_text("left by a process that was killed while it made the store")
    assert not exists(None, state)
    code = f"""
import socket, pathlib
def refuse(*_): raise SystemExit("a connection was tried")
socket.socket.connect = refuse
from pytest_ftgate.registry import open_registry
registry = open_registry(None, pathlib.Path({str(state)!r}))
run = registry.log_run("spam", {{"a": 1}}, {{"f1": 1.0}}, {{}}, {{}}, {{}})
import hashlib, dataclasses
digest = lambda folder: hashlib.sha256((folder / "w").read_bytes()).hexdigest()
registry = dataclasses.replace(registry, digest_of=digest)
folder = pathlib.Path({str(tmp_path)!r}) / "adapter"; folder.mkdir(); (folder / "w").write_text("a")
registry.add_version("spam", folder, digest(folder), run, {{"verdict": "PROMOTE"}})
registry.promote("spam", 1, "first")
registry.fetch(registry.champion("spam"))
import logging
assert logging.getLogger("mlflow").level == logging.INFO
from mlflow.telemetry.client import get_telemetry_client
assert get_telemetry_client() is None
"""
    unset = {"CI", "PYTEST_CURRENT_TEST", "GITHUB_ACTIONS", "MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"}
    environment = {key: value for key, value in os.environ.items() if key not in unset}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-W", "error::FutureWarning", "-c", code],
        cwd=work, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(work.iterdir()) == []
    assert sorted(p.name for p in state.iterdir()) == [
        "audit.jsonl",
        "mlartifacts",
        "mlflow.db",
        "mlflow.db.lock",
        "models",
    ]


def test_quiet_puts_everything_back_also_when_nested():
    logger = logging.getLogger("mlflow")
    before = {name: os.environ.get(name) for name in quiet_module.FOR_A_CALL}
    logger.setLevel(logging.INFO)
    with quiet_module.quiet():
        with quiet_module.quiet():
            assert logger.level == logging.CRITICAL
        assert logger.level == logging.CRITICAL
        assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert logger.level == logging.INFO
    assert {name: os.environ.get(name) for name in before} == before
