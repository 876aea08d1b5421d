"""`ftgate rollback --server`: the version answers at a (fake) vLLM first, then the pointer moves; or nothing changes."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_ftgate.registry import Registry, open_registry
from pytest_ftgate.registry.model_tags import name_of, tags_of
from pytest_ftgate.serve.adapter import adapter_digest
from pytest_ftgate.serve.hf.reference_logprobs import LENGTH, TALKS, ReferenceLogprobs, TokenLogprobs, write_proof
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.precision import native_dtype
from tests.fake_vllm_server import FakeVllm
from tests.unit.serve.vllm.adapters import make_adapter

KEY = "a-secret-key"


def add(registry: Registry, base: Path, folder: Path, rank: int = 8, b: float | None = None) -> int:
    """The number of the new champion of "spam", whose adapter is real."""
    make_adapter(folder, rank, len(folder.name), b)
    return register(registry, base, folder)


def register(registry: Registry, base: Path, folder: Path) -> int:
    """The number of the new champion, which has this adapter."""
    run = registry.log_run("spam", {}, {}, {}, {}, {})
    tags = tags_of(Model(str(base), None, adapter=folder)) | {"verdict": "PROMOTE"}
    version = registry.add_version("spam", folder, adapter_digest(folder), run, tags)
    return registry.promote("spam", version.number, "all checks passed").number


@pytest.fixture(scope="module")
def stored(mlflow_template, tmp_path_factory) -> Path:
    """A folder with base/ and state/: v2 is champion, v1 was. Made once; tests copy its database."""
    folder = tmp_path_factory.mktemp("stored")
    (folder / "base").mkdir()
    (folder / "base" / "config.json").write_text("{}")
    (folder / "base" / "model.safetensors").write_bytes(b"weights")
    (folder / "state").mkdir()
    shutil.copy(mlflow_template, folder / "state" / "mlflow.db")
    for name in ("a", "bb"):
        add(open_registry(None, folder / "state"), folder / "base", folder / name)
    return folder


@pytest.fixture
def base(stored) -> Path:
    return stored / "base"


@pytest.fixture
def registry(stored, no_tracking_server, tmp_path) -> Registry:
    (tmp_path / "state").mkdir()
    shutil.copy(stored / "state" / "mlflow.db", tmp_path / "state" / "mlflow.db")
    return open_registry(None, tmp_path / "state")


@pytest.fixture
def promote(registry, base, tmp_path) -> Callable[..., int]:
    """promote(rank=8, b=None) -> the number of one more champion."""
    names = iter(("ccc", "dddd"))
    return lambda rank=8, b=None: add(registry, base, tmp_path / next(names), rank, b)


@pytest.fixture
def serving(base, monkeypatch):
    """serving(plan) -> a running fake vLLM with the base model."""
    monkeypatch.setenv("FTGATE_API_KEY", KEY)
    running = []

    def start(plan=None, root=None):
        running.append(FakeVllm("company-model", 0, 8, plan or {}, str(base) if root is None else root, KEY))
        return running[-1].__enter__()

    yield start
    for server in running:
        server.__exit__()


@pytest.fixture
def two(registry, serving):
    """A server that serves neither v1 nor v2."""
    return serving()


def test_the_version_before_answers_and_then_is_champion(two, registry, ftgate):
    code, out, err = ftgate("rollback", "spam", "--server", two.base_url)
    assert (code, err) == (0, "")
    champion = registry.champion("spam")
    assert champion.number == 1
    assert list(two.adapters) == [name_of(champion)]
    first, last, steps = out.splitlines()
    assert re.fullmatch(r"  find .* s, deploy .* s, verify .* s, lock .* s, move .* s", steps)
    assert first.startswith(f"v1 serves at {two.base_url} after ")
    assert "loaded 0." in first
    assert first.endswith(f"request it as: {name_of(champion)}")
    assert last.startswith("spam: v1 is the champion again (was v2); ")
    assert KEY not in out
    assert name_of(champion) in ftgate("status", "spam")[1]
    assert ftgate("status", "spam", "--name")[1] == f"{name_of(champion)}\n"


def test_what_is_loaded_under_that_name_is_asked_and_not_loaded_again(two, registry, ftgate):
    v1 = registry.version("spam", 1)
    two.adapters[name_of(v1)] = str(registry.fetch(v1))
    code, out, _ = ftgate("rollback", "spam", "--server", two.base_url.removesuffix("/v1") + "/")
    assert (code, registry.champion("spam").number) == (0, 1)
    assert "loaded" not in out
    assert "probed" in out


def refused(ftgate, registry, server, *more) -> str:
    before = registry.champion("spam").number
    code, out, err = ftgate("rollback", "spam", "--server", getattr(server, "base_url", server), *more)
    assert (code, out) == (2, "")
    assert registry.champion("spam").number == before, "the pointer must not move"
    assert not getattr(server, "adapters", {}), "nothing may be left on the server"
    assert "Traceback" not in err
    assert KEY not in err
    return err


def test_no_server(two, registry, ftgate):
    err = refused(ftgate, registry, "http://127.0.0.1:9")
    assert err.startswith("ftgate: http://127.0.0.1:9/v1: no response (")


def test_a_wrong_key(two, registry, ftgate, monkeypatch):
    monkeypatch.setenv("FTGATE_API_KEY", "wrong")
    said = refused(ftgate, registry, two)
    assert "the server refused the API key (HTTP 401)" in said
    assert "a key was sent, from FTGATE_API_KEY" in said


def test_no_loading_at_run_time(serving, registry, ftgate):
    err = refused(ftgate, registry, serving({"fixed": True}))
    assert "VLLM_ALLOW_RUNTIME_LORA_UPDATING=True" in err


def test_a_rank_above_the_servers(promote, serving, registry, ftgate):
    promote(rank=20)
    promote()
    err = refused(ftgate, registry, serving())
    assert "LoRA rank 20 is greater than max_lora_rank 8" in err
    assert "restart the server with --max-lora-rank 32" in err


def test_a_server_that_does_not_see_the_folder(two, registry, ftgate):
    err = refused(ftgate, registry, two, "--server-dir", "/mnt/models")
    assert "the server cannot read /mnt/models/spam-" in err
    assert "--server-dir DIR" in err


def test_a_server_that_sees_the_folder_elsewhere(two, registry, ftgate, tmp_path):
    mounted = tmp_path / "mounted"
    mounted.symlink_to(registry.state_dir / "models")
    assert ftgate("rollback", "spam", "--server", two.base_url, "--server-dir", str(mounted))[0] == 0
    assert next(iter(two.adapters.values())).startswith(str(mounted))


def test_a_server_that_ignores_the_adapter(serving, registry, ftgate):
    err = refused(ftgate, registry, serving({"same": True}))
    assert "the probe failed" in err
    assert "all log-probabilities equal the base model's" in err


def test_an_adapter_of_zeros_is_no_fault_of_the_server(promote, serving, registry, ftgate):
    promote(b=0.0)
    promote()
    assert ftgate("rollback", "spam", "--server", serving().base_url)[0] == 0


def prove_as_the_fake_answers(folder: Path, off: float) -> None:
    """proof.json as the trainer leaves it; `off`: how far its log-probabilities are from the server's."""
    said = []
    for talk in TALKS:
        prompt = tuple(talk[-1]["content"].encode())
        ids = tuple(sum(prompt) % 50 + i for i in range(LENGTH))
        said.append(TokenLogprobs(prompt, ids, tuple(-(token % 7) - 0.5 + off for token in ids)))
    write_proof(ReferenceLogprobs(native_dtype(), tuple(said)), folder)  # the model is at its default


def test_the_server_is_held_against_what_the_trainer_saw(registry, base, serving, ftgate, tmp_path):
    for number, off in enumerate((0.0, 3.0, 0.0)):
        folder = tmp_path / f"proved-{number}"
        make_adapter(folder, 8, 70 + number)
        prove_as_the_fake_answers(folder, off)
        register(registry, base, folder)
    err = refused(ftgate, registry, serving())  # back to the second, whose trainer saw something else
    assert "the server's outputs differ from the trained model" in err
    code, out, _ = ftgate("rollback", "spam", "--to", "v3", "--server", serving().base_url)
    assert code == 0
    assert "log-probabilities of 32 tokens agree with the trained model within 0 nats" in out


def test_another_base_model_by_content(serving, registry, ftgate, base, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.json").write_text("{}")
    (other / "model.safetensors").write_bytes(b"other weights")
    assert "the base model has changed" in refused(ftgate, registry, serving(root=str(other)))


def test_another_base_model_by_name_unless_the_user_says_it_is_the_same(serving, registry, ftgate, base):
    server = serving(root="/srv/models/base")
    err = refused(ftgate, registry, server)
    assert f"base model is /srv/models/base, but spam v1 was tested on {base}" in err
    assert "--base /srv/models/base" in err
    assert ftgate("rollback", "spam", "--server", server.base_url, "--base", "/srv/models/base")[0] == 0


def test_a_flipped_byte_is_never_loaded(two, registry, ftgate):
    file = Path(registry.version("spam", 1).source) / "adapter_model.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    try:
        assert "stored adapter of spam v1 has the digest" in refused(ftgate, registry, two)
    finally:
        file.write_bytes(whole)


def test_an_adapter_that_changes_while_it_is_loaded_is_unloaded_again(serving, registry, ftgate, monkeypatch):
    load = FakeVllm._load

    async def meanwhile(self, request):
        answer = await load(self, request)
        Path((await request.json())["lora_path"], "adapter_config.json").write_text('{"r": 8, "use_rslora": true}')
        return answer

    monkeypatch.setattr(FakeVllm, "_load", meanwhile)
    server = serving()
    assert "changed while it was being loaded; not used" in refused(ftgate, registry, server)
    assert not server.adapters


def test_all_servers_or_none(two, serving, registry, ftgate):
    broken = serving({"same": True})
    code, _, err = ftgate("rollback", "spam", "--server", two.base_url, "--server", broken.base_url)
    assert (code, "the probe failed" in err) == (2, True)
    assert registry.champion("spam").number == 2
    assert not two.adapters
    assert not broken.adapters
    second = serving()
    assert ftgate("rollback", "spam", "--server", two.base_url, "--server", second.base_url)[0] == 0
    assert list(two.adapters) == list(second.adapters) == [name_of(registry.champion("spam"))]


def test_the_pointer_was_moved_by_somebody_else_meanwhile(serving, promote, registry, ftgate, monkeypatch):
    probe = FakeVllm._completions

    async def meanwhile(self, request):
        if registry.champion("spam").number == 2:
            promote()
        return await probe(self, request)

    monkeypatch.setattr(FakeVllm, "_completions", meanwhile)
    server = serving()
    code, _, err = ftgate("rollback", "spam", "--server", server.base_url)
    assert (code, "the champion is now v3" in err) == (2, True)
    assert registry.champion("spam").number == 3
    assert not server.adapters


def test_the_old_one_is_dropped_after_a_while(two, registry, ftgate):
    old = registry.champion("spam")
    two.adapters[name_of(old)] = str(registry.fetch(old))
    code, out, _ = ftgate("rollback", "spam", "--server", two.base_url, "--unload-old", "0.1")
    assert code == 0
    assert list(two.adapters) == [name_of(registry.champion("spam"))]
    assert f"v2 ({name_of(old)}) unloaded from {two.base_url}" in out


def test_a_time_that_is_none(ftgate, capsys):
    for text in ("soon", "-1", "nan"):
        with pytest.raises(SystemExit):
            ftgate("rollback", "spam", f"--unload-old={text}")
        assert "is not a number of seconds" in capsys.readouterr().err


def test_a_whole_model_cannot_be_loaded_into_a_running_server(registry, base, serving, ftgate, tmp_path):
    for number in (1, 2):
        folder = tmp_path / f"whole-{number}"
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps({"n": number}))
        run = registry.log_run("spam", {}, {}, {}, {}, {})
        tags = tags_of(Model(str(folder))) | {"verdict": "PROMOTE"}
        version = registry.add_version("spam", folder, Model(str(folder)).base_digest, run, tags)
        registry.promote("spam", version.number, "all checks passed")
    assert "spam v3 is a full model, which cannot be loaded into a running server" in refused(
        ftgate, registry, serving()
    )


def test_promote_lets_the_version_answer_first_too(two, promote, registry, ftgate):
    promote()
    ftgate("rollback", "spam")
    code, out, err = ftgate("promote", "spam", "v3", "--override", "it answers", "--server", two.base_url)
    assert (code, err) == (0, "")
    assert out.splitlines()[0].startswith(f"v3 serves at {two.base_url} after ")
    assert list(two.adapters) == [name_of(registry.champion("spam"))]
    two.plan["fixed"] = True
    two.adapters.clear()
    code, _, err = ftgate("promote", "spam", "v1", "--override", "again", "--server", two.base_url)
    assert (code, "VLLM_ALLOW_RUNTIME_LORA_UPDATING" in err) == (2, True)
    assert registry.champion("spam").number == 3
