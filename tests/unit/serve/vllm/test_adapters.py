"""Adapters on a running vLLM: slots, ranks, and whether they compute what their trainer saw."""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.adapter import WEIGHTS
from pytest_ftgate.serve.client import control_http as http
from pytest_ftgate.serve.client.sync import Client
from pytest_ftgate.serve.hf.reference_logprobs import TALKS, ReferenceLogprobs, TokenLogprobs, write_proof
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.vllm import probe
from tests.unit.serve.servers.test_process import members, wait_for
from tests.unit.serve.vllm.adapters import make_adapter, record, silent


def tuned(engine, folder: Path) -> Model:
    return replace(engine.model, adapter=folder)


def served(engine) -> list[str]:
    return http.model_names(http.get(f"{engine.base_url}/models", engine.api_key)[1])


def test_adapters_are_loaded_once_under_their_digest(make, tmp_path):
    engine = make()
    engine.start(silent)
    a, b = (tuned(engine, make_adapter(tmp_path / name, seed=seed)) for seed, name in enumerate("ab"))
    lines = [engine.endpoint(model) for model in (a, b, a, engine.model)]
    assert [line.model for line in lines[:2]] == [f"ftgate-{model.digest[:20]}" for model in (a, b)]
    assert lines[0] == lines[2]
    assert sorted(served(engine)) == sorted({line.model for line in lines})
    engine.unload(a)
    assert lines[0].model not in served(engine)
    assert engine.endpoint(a) == lines[0]


@pytest.mark.parametrize("busy", [0, 2])
def test_one_slot_stays_empty_on_the_cpu(make, tmp_path, monkeypatch, busy):
    """What vLLM puts into the last slot is applied to the base model's requests."""
    monkeypatch.setattr("pytest_ftgate.serve.vllm.engine.runs_on_cpu", lambda executable: True)
    engine = make({"busy": busy}, "--max-loras", "3")
    engine.start(silent)
    first, second, third = (tuned(engine, make_adapter(tmp_path / f"a{i}", seed=i)) for i in range(3))
    engine.endpoint(first)
    engine.endpoint(second)
    engine.endpoint(first)
    group = engine.pid
    if busy:
        with pytest.raises(ServeError, match=r"for 2 adapters, one more requested, server busy(.|\n)*--max-loras"):
            engine.endpoint(third)
        return
    name = engine.endpoint(third).model
    assert engine.pid != group
    assert sorted(served(engine)) == sorted([engine.served_name, name])


def test_an_adapter_that_was_dropped_still_fills_its_slot(make, tmp_path, monkeypatch):
    monkeypatch.setattr("pytest_ftgate.serve.vllm.engine.runs_on_cpu", lambda executable: True)
    engine = make({}, "--max-loras=2")
    engine.start(silent)
    group, model = engine.pid, tuned(engine, make_adapter(tmp_path / "a"))
    engine.endpoint(model)
    engine.unload(model)
    engine.endpoint(model)
    assert engine.pid != group


def test_on_the_cpu_one_slot_is_too_few(make, monkeypatch):
    monkeypatch.setattr("pytest_ftgate.serve.vllm.engine.runs_on_cpu", lambda executable: True)
    with pytest.raises(ServeError, match="one slot stays empty"):
        make({}, "--max-loras", "1").start(silent)


def test_the_rank_is_the_next_allowed_value_of_what_is_expected(make, tmp_path):
    engine = make()
    for rank in (12, 4):
        engine.expect(tuned(engine, make_adapter(tmp_path / f"r{rank}", rank)))
    engine.start(silent)
    assert "--max-lora-rank 16" in " ".join(record(tmp_path)["argv"])


def test_a_higher_rank_starts_an_idle_server_again(make, tmp_path):
    engine = make()
    engine.start(silent)
    low, high = (tuned(engine, make_adapter(tmp_path / f"r{rank}", rank)) for rank in (8, 9))
    first, before = engine.endpoint(low), engine.pid
    assert Client(engine.endpoint(high)).text("hello") == "hello"
    assert engine.pid != before
    assert members(before) == []
    assert "--max-lora-rank 16" in " ".join(record(tmp_path)["argv"])
    assert engine.endpoint(low).model == first.model


def test_a_higher_rank_does_not_break_requests_on_their_way(make, tmp_path):
    engine = make({"busy": 3})
    engine.start(silent)
    with pytest.raises(ServeError, match=r"rank 8, rank 16 requested, server busy(.|\n)*raise --max-lora-rank"):
        engine.endpoint(tuned(engine, make_adapter(tmp_path / "r9", 9)))


def test_a_rank_above_what_the_user_allowed_is_refused_by_the_server(make, tmp_path):
    engine = make({}, "--max-lora-rank", "8")
    engine.start(silent)
    with pytest.raises(ServeError, match=r"rank 16 is greater than max_lora_rank 8(.|\n)*raise --max-lora-rank"):
        engine.endpoint(tuned(engine, make_adapter(tmp_path / "r16", 16)))


def test_an_adapter_that_is_ignored_is_found_out_and_unloaded(make, tmp_path):
    engine = make({"same": True})
    engine.start(silent)
    with pytest.raises(ServeError, match=r"all log-probabilities equal the base model's(.|\n)*target_modules"):
        engine.endpoint(tuned(engine, make_adapter(tmp_path / "a")))
    assert served(engine) == [engine.served_name]


def proof_of_the_fake(shift: float) -> ReferenceLogprobs:
    """What the fake says as an adapter (see `FakeVllm._completions`), each token less likely by `shift`."""
    prompt = tuple(TALKS[0][-1]["content"].encode())
    tokens = tuple(sum(prompt) % 50 + i for i in range(16))
    return ReferenceLogprobs(
        "float32", (TokenLogprobs(prompt, tokens, tuple(-(token % 7) - 0.5 - shift for token in tokens)),)
    )


def test_an_adapter_is_held_against_what_its_trainer_saw(make, tmp_path):
    adapter = make_adapter(tmp_path / "a")
    write_proof(proof_of_the_fake(0.0), adapter)
    engine = make()
    engine.start(silent)
    engine.endpoint(replace(engine.model, adapter=adapter))
    assert engine.verified.startswith("log-probabilities of 16 tokens agree with the trained model within")


def test_an_adapter_that_computes_something_else_is_refused_and_unloaded(make, tmp_path):
    adapter = make_adapter(tmp_path / "a")
    write_proof(proof_of_the_fake(0.02), adapter)
    engine = make()
    engine.start(silent)
    model = replace(engine.model, adapter=adapter)
    with pytest.raises(ServeError, match=r"outputs differ from the trained model.*0\.02 nats(.|\n)*scaling"):
        engine.endpoint(model)
    assert http.model_names(http.get(f"{engine.base_url}/models", engine.api_key)[1]) == [engine.served_name]


def test_a_server_with_another_chat_template_is_refused(make, tmp_path):
    adapter = make_adapter(tmp_path / "a")
    [said] = proof_of_the_fake(0.0).said
    write_proof(ReferenceLogprobs("float32", (replace(said, prompt=(1, *said.prompt)),)), adapter)
    (adapter / "chat_template.jinja").write_text("{{ messages }}")
    engine = make()
    engine.start(silent)
    told = rf"other tokens than training did(.|\n)*: vllm serve --chat-template \S*{adapter.name}/chat_template.jinja"
    with pytest.raises(ServeError, match=told):
        engine.endpoint(replace(engine.model, adapter=adapter))


def test_a_proof_at_another_precision_says_nothing(make, tmp_path):
    adapter = make_adapter(tmp_path / "a")
    write_proof(replace(proof_of_the_fake(9.0), dtype="bfloat16"), adapter)
    engine = make()
    engine.start(silent)
    engine.endpoint(replace(engine.model, adapter=adapter))
    assert engine.verified == ""


def test_a_near_tie_decided_otherwise_is_no_difference_beyond_that_token():
    said = TokenLogprobs((1,), (5, 6, 7), (-0.1, -0.7, -0.2))
    found = probe._agreement_with(ReferenceLogprobs("bfloat16", (said,)), [([5, 9, 9], [-0.1, -0.69, -5.0])])
    assert found.tokens == 2
    assert found.largest == pytest.approx(0.01)


def test_an_adapter_of_zeros_is_legal(make, tmp_path):
    engine = make()
    engine.start(silent)
    assert engine.endpoint(tuned(engine, make_adapter(tmp_path / "zero", b=0.0)))


def test_a_folder_without_an_adapter(make, tmp_path):
    engine = make()
    engine.start(silent)
    with pytest.raises(ServeError, match="adapter_config"):
        engine.endpoint(tuned(engine, tmp_path / "gone"))
    gone = make_adapter(tmp_path / "moved")
    model = tuned(engine, gone)
    digest = model.digest
    (gone / "adapter_config.json").rename(gone / "other.json")
    with pytest.raises(ServeError, match="adapter_config"):
        engine.endpoint(model)
    assert digest


def test_a_death_after_a_refused_adapter_is_not_told_as_the_refusal(make, tmp_path):
    engine = make({}, "--max-lora-rank", "8")
    engine.start(silent)
    with pytest.raises(ServeError, match="greater than max_lora_rank"):
        engine.endpoint(tuned(engine, make_adapter(tmp_path / "r16", 16)))
    os.killpg(engine.pid, signal.SIGTERM)
    assert wait_for(lambda: engine._process.exit_code() is not None)
    with pytest.raises(ServeError, match="ended with exit code") as caught:
        engine.check()
    assert "max_lora_rank" not in str(caught.value).splitlines()[0]


def test_what_is_loaded_is_a_copy_that_later_changes_do_not_reach(make, tmp_path):
    """vLLM reads the folder again when a slot is refilled."""
    engine = make()
    engine.start(silent)
    model = tuned(engine, make_adapter(tmp_path / "a"))
    digest, name = model.digest, engine.endpoint(model).model
    cards = http.get(f"{engine.base_url}/models", engine.api_key)[1]["data"]
    [folder] = [Path(card["root"]) for card in cards if card["id"] == name]
    shutil.copyfile(make_adapter(tmp_path / "b", seed=2) / WEIGHTS, model.adapter / WEIGHTS)
    assert model.digest != digest
    assert replace(model, adapter=folder).digest == digest
    assert folder.stat().st_mode & 0o077 == 0
    engine.stop()
    assert not folder.exists()


def test_an_adapter_that_is_swapped_between_check_and_load_is_not_loaded(make, tmp_path, monkeypatch):
    engine = make()
    engine.start(silent)
    model, other = tuned(engine, make_adapter(tmp_path / "a")), make_adapter(tmp_path / "b", seed=2)
    copy = shutil.copyfile

    def swapped(source, target, **options):
        return copy(other / Path(source).name, target, **options)

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", swapped)
        with pytest.raises(ServeError, match=f"{model.adapter}: changed while it was being loaded; not used"):
            engine.endpoint(model)
    assert served(engine) == [engine.served_name]
    assert not list(engine.log.parent.glob("adapter-*"))
    assert engine.endpoint(model)
