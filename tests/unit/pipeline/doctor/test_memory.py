"""An 8B model on the cards that people have."""

from __future__ import annotations

import json

from pytest_ftgate.pipeline.doctor.changes import ELSE
from pytest_ftgate.pipeline.doctor.finding import Level
from pytest_ftgate.pipeline.doctor.memory import _compared, brief, memory, neighbours

GIB = 2**30


def compared(patient, parts):
    return _compared(patient, patient.shapes, "training", parts)


def by_stage(patient):
    return {finding.text.split()[0]: finding for finding in memory(patient)}


def test_qlora_of_8b_trains_on_24_gb_and_says_so(machine, patient):
    found = by_stage(patient(machine("4090"), serve={"quantization": "bitsandbytes"}))
    assert {finding.level for finding in found.values()} == {Level.OK}
    assert found["training"].text.startswith("training needs 9.6 ")
    assert "GiB of 24.0 at most (weights 5.3" in found["training"].text


def test_validation_at_16_bits_does_not_fit_into_16_gb_and_the_key_that_helps_is_named(machine, patient):
    found = by_stage(patient(machine("T4")))
    assert found["validation"].level is Level.ERROR
    assert found["validation"].text.startswith("validation needs 18.4 ")
    assert "GiB of 15.0 (weights 15.0" in found["validation"].text
    assert 'serve.quantization = "bitsandbytes"' in found["validation"].fix
    quantized = by_stage(patient(machine("T4"), serve={"quantization": "bitsandbytes"}))
    assert quantized["validation"].level is Level.OK


def test_training_that_cannot_fit_names_every_way_out(machine, patient):
    found = by_stage(patient(machine("2 x 4090"), {"method": "full"}))["training"]
    assert found.level is Level.ERROR
    assert found.fix == 'set train.method = "lora"; or train.method = "qlora"'


def test_only_what_fits_is_advised(machine, patient):
    full = by_stage(patient(machine("4090"), {"method": "full"}))
    assert "batch_size" not in full["training"].fix
    huge = {"hidden_size": 8192, "num_hidden_layers": 80, "intermediate_size": 28_672}
    one = patient(machine("T4"))
    config = json.loads((one.folder / "config.json").read_text())
    (one.folder / "config.json").write_text(json.dumps(config | huge))
    found = by_stage(one)
    assert {finding.level for finding in found.values()} == {Level.ERROR}
    assert {finding.fix for finding in found.values()} == {ELSE}
    dpo = by_stage(patient(machine("T4"), {"method": "dpo", "load_in_4bit": False}))["training"]
    assert dpo.fix.startswith("set train.load_in_4bit = true")
    rows = {"max_length": 8192, "batch_size": 16, "gradient_accumulation": 1, "packing": True}
    packed = by_stage(patient(machine("4090"), rows))["training"]
    assert "train.batch_size = 2 and gradient_accumulation = 8" in packed.fix


def test_what_only_may_not_fit_is_a_warning(machine, patient):
    one = patient(machine("T4"), serve={"quantization": "bitsandbytes"})
    parts = {"weights": 10.0 * GIB, "activations": 5.5 * GIB}
    assert compared(one, parts).level is Level.WARNING
    assert compared(one, parts | {"activations": 8.0 * GIB}).level is Level.ERROR
    assert compared(one, parts | {"weights": 15.5 * GIB, "activations": 0.0}).level is Level.ERROR
    assert compared(one, parts | {"activations": 3.0 * GIB}) is None


def test_the_server_of_transformers_is_not_counted_as_vllm(machine, patient):
    plain, vllm = (by_stage(patient(machine("4090"), engine=name))["serving"] for name in ("transformers", "vllm"))
    assert plain.text.startswith("serving needs 15.6 GiB of 24.0 (")
    assert vllm.text.startswith("serving needs 17.3 GiB of 22.1 (92% of 24.0) (")
    small = by_stage(patient(machine("T4"), serve={"context": 131_072}))["serving"]
    assert "serve.context" not in small.fix


def test_rows_that_are_short_are_not_refused_for_a_limit_that_none_reaches(machine, patient):
    found = by_stage(patient(machine("4090"), {"max_length": 32_768}))["training"]
    assert found.level is Level.WARNING
    assert "max_length = 32768" in found.text
    assert "on average" in found.text


def test_a_large_card_has_nothing_to_say(machine, patient):
    assert all(finding.level is Level.OK for finding in memory(patient(machine("H100"))))


def test_an_instance_counts_by_its_own_memory(machine, patient):
    found = by_stage(patient(machine("MIG")))
    assert "of 10.0" in found["validation"].text
    assert found["validation"].level is Level.ERROR


def test_memory_that_the_driver_does_not_say_refuses_nothing(machine, patient):
    found = by_stage(patient(machine("N/A")))
    assert all(finding.level is Level.OK for finding in found.values())
    assert " GiB (" in found["validation"].text


def test_a_context_that_is_too_long_for_the_cache_is_found(machine, patient):
    found = by_stage(patient(machine("4090"), serve={"context": 131_072}, engine="vllm"))["serving"]
    assert found.level is Level.ERROR
    assert found.fix == "set serve.context = 2048 (now 131072)"


def test_a_model_that_another_serves_is_not_served_here(machine, patient):
    assert "serving" not in by_stage(patient(machine("4090"), engine="openai"))


def test_a_trainer_elsewhere_needs_nothing_here(machine, patient):
    assert set(by_stage(patient(machine("4090"), {"where": "ray"}))) == {"serving"}


def test_an_unknown_model_is_not_estimated(machine, patient):
    one = patient(machine("4090"))
    (one.folder / "config.json").write_text('{"model_type": "no such model"}')
    (finding,) = memory(one)
    assert finding.level is Level.WARNING
    assert brief(one) == ""


def test_the_short_form_for_a_run(machine, patient):
    said = brief(patient(machine("4090"), quick=True))
    assert said.startswith("memory: training ")
    assert said.endswith(" GiB of 24.0")


def test_neighbours_are_named(machine, patient):
    (finding,) = neighbours(patient(machine("4090", used="0, 9012")))
    assert finding.level is Level.WARNING
    assert finding.text == "in use already: GPU 0 8.8 GiB: pid 4242 (/usr/bin/python3) 9000 MiB"
    assert not list(neighbours(patient(machine("4090"))))


def test_packed_batches_are_full(machine, patient):
    rows = {"max_length": 8192, "batch_size": 16}
    usual, packed = (by_stage(patient(machine("4090"), rows | more)) for more in ({}, {"packing": True}))
    assert usual["training"].level is Level.WARNING
    assert packed["training"].level is Level.ERROR
