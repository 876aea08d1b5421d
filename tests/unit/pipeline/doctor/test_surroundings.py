"""Libraries, vLLM, MLflow, disk, rows and speed."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pytest_ftgate.pipeline.doctor.disk import disk, free_bytes
from pytest_ftgate.pipeline.doctor.finding import Level, error
from pytest_ftgate.pipeline.doctor.keys import context
from pytest_ftgate.pipeline.doctor.rows import rows
from pytest_ftgate.pipeline.doctor.serving import unread
from pytest_ftgate.pipeline.doctor.software import asked_for, libraries, vllm
from pytest_ftgate.pipeline.doctor.speed import time_and_price
from pytest_ftgate.pipeline.doctor.tracking import tracking
from pytest_ftgate.serve.device import Device
from pytest_ftgate.train.manifest import Manifest

CPU = Device("cpu", "a CPU", cores=2)


def test_missing_libraries_name_the_extra(patient, monkeypatch):
    monkeypatch.setitem(sys.modules, "trl", None)
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    (missing, _) = libraries(patient(CPU))
    text = "fine-tuning (bitsandbytes, trl not installed) needs the extra 'train': pip install 'pytest-ftgate[train]'"
    assert missing == error("training", text)
    (lora, _) = libraries(patient(CPU, {"method": "lora"}))
    assert lora.text.startswith("fine-tuning (trl not installed) needs")
    assert not list(libraries(patient(CPU, {"where": "ray"})))


def test_a_key_that_wants_a_library_that_is_not_here(patient):
    asked = patient(CPU, {"attention": "flash_attention_2"})
    assert not list(asked_for(asked))
    lacking, _ = libraries(asked)
    assert lacking == error("training", 'train.attention = "flash_attention_2" needs CUDA, found a CPU', "remove it")
    assert not list(asked_for(patient(CPU)))
    (galore, _) = libraries(patient(CPU, {"optimizer": "galore_adamw"}))
    assert galore.fix == "pip install galore-torch, or remove the key"


def test_a_vllm_that_is_asked_for_and_not_there(patient, tmp_path):
    (finding,) = vllm(patient(CPU, engine="vllm", vllm=str(tmp_path / "no-vllm")))
    assert finding.level is Level.ERROR
    assert "command not found" in finding.text
    assert "pip install vllm" in finding.fix


def test_a_vllm_for_another_machine(machine, patient, tmp_path):
    command = tmp_path / "env/bin/vllm"
    (tmp_path / "env/lib/python3.11/site-packages/vllm-0.32.0.dist-info").mkdir(parents=True)
    command.parent.mkdir()
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    (finding,) = vllm(patient(CPU, engine="vllm", vllm=str(command)))
    assert finding.level is Level.ERROR
    assert finding.text.startswith(f"vLLM 0.32.0 at {command} is built for CUDA; here is none")
    (fine,) = vllm(patient(machine("4090"), engine="vllm", vllm=str(command)))
    assert fine.level is Level.OK


def test_mlflow_in_a_file_or_on_a_server(patient, no_tracking_server):
    (file,) = tracking(patient(CPU))
    assert file.text.endswith("mlflow.db (to be made)")
    (dead,) = tracking(patient(CPU, tracking_uri="http://user:secret@127.0.0.1:9"))
    assert dead.level is Level.ERROR
    assert dead.text.startswith("http://127.0.0.1:9 does not answer")
    assert "secret" not in dead.text


@pytest.mark.parametrize(("code", "level"), [(200, Level.OK), (401, Level.WARNING)])
def test_a_server_that_answers(patient, code, level):
    class Mlflow(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(code if self.path == "/base/health" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Mlflow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (found,) = tracking(patient(CPU, tracking_uri=f"http://127.0.0.1:{server.server_port}/base/"))
    server.shutdown()
    assert found.level is level


def test_a_disk_that_is_too_small(patient, machine):
    (finding,) = disk(patient(machine("H100"), {"method": "full", "epochs": 10_000}))
    assert finding.level is Level.ERROR
    assert finding.text.startswith("epochs and checkpoints need 149")


def test_a_disk_that_is_large_enough(patient, machine):
    (finding,) = disk(patient(machine("H100")))
    assert finding.level is Level.OK
    assert free_bytes(patient(machine("H100")).state_dir / "not/made/yet") > 0


def test_rows_that_are_there_and_that_are_not(patient):
    one = patient(CPU)
    (found,) = rows(one)
    assert found.text.startswith("400 training rows, 4")
    one.pipeline.data.train.unlink()
    assert [(lost.level, lost.text.split(":")[2]) for lost in rows(one)] == [
        (Level.ERROR, " data.train"),
        (Level.ERROR, " data.validation"),
    ]


def test_attention_by_the_package_kernels_is_as_the_trainer_takes_it(machine, patient, tmp_path, monkeypatch):
    one = patient(machine("4090"), {"attention": "flash_attention_3"})
    assert "neither flash_attn_interface nor kernels is installed" in next(iter(libraries(one))).text
    (tmp_path / "site/kernels").mkdir(parents=True)
    (tmp_path / "site/kernels/__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert {finding.level for finding in libraries(one)} == {Level.OK}


def test_a_context_beyond_what_the_model_reads(machine, patient):
    one = patient(machine("H100"), serve={"context": 10_000_000}, engine="vllm")
    text = one.pipeline.path.read_text() + "[serve]\ncontext = 10000000\n"
    one.pipeline.path.write_text(text)
    (found,) = context(one)
    assert found.text.endswith(
        f":{len(text.splitlines())}: serve.context = 10000000: the model reads at most 2048 tokens"
    )
    assert found.fix == "lower it to 2048, or remove it"
    assert not list(context(patient(machine("H100"), serve={"context": 2048}, engine="vllm")))


def test_the_table_of_cards_is_said_to_be_one(machine, patient):
    (finding,) = time_and_price(patient(machine("H100"), {"price_per_hour": 4.0}))
    assert "from a table of cards, never measured here" in finding.text
    assert "costs about " in finding.text


def test_an_earlier_run_on_such_a_machine_is_better_than_a_table(machine, patient):
    one = patient(machine("H100"))
    folder = one.state_dir / "runs/quiz/abc"
    folder.mkdir(parents=True)
    (folder.parent / "broken").mkdir()
    (folder.parent / "broken/manifest.json").write_text("{")
    metrics = {"tokens_per_second": 1000.0, "train_gpu_seconds": 60.0}
    Manifest(
        path=folder / "manifest.json", job_digest="", digest="", method="qlora", best_epoch=1, epochs=(),
        params={"base": one.pipeline.base.model}, metrics=metrics, curves={}, versions={}, template_digest="",
    ).write(b"")  # fmt: skip
    (finding,) = time_and_price(one)
    assert "tokens at 1,000/s, as measured in the last run here" in finding.text
    assert not list(time_and_price(patient(CPU))), "a GPU's speed is not a CPU's"
    data = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(data | {"method": "lora"}))
    (finding,) = time_and_price(patient(machine("H100")))
    assert "table" in finding.text


def test_an_address_that_is_none_is_told(monkeypatch, patient):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://host:abc")
    (finding,) = tracking(patient(CPU))
    assert finding.level is Level.ERROR
    assert "correct MLFLOW_TRACKING_URI" in finding.fix


def test_keys_that_the_engine_does_not_read(patient):
    one = patient(CPU)
    args = replace(one.pipeline, serve=replace(one.pipeline.serve, args=("--quantization", "fp8")))
    (finding,) = unread(replace(one, pipeline=args))
    assert finding.text == "serve.args: not read by the engine transformers, which serves this run"
    assert not list(unread(replace(one, pipeline=args, engine="vllm")))
    assert not list(unread(one))
