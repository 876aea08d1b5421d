"""The trainer as a process: finished, killed and resumed, out of memory, crashed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.errors import TrainError
from pytest_ftgate.serve.device import Device
from pytest_ftgate.train import launch, worker
from pytest_ftgate.train.events import EventLog, read_events
from pytest_ftgate.train.launch_line import environment
from pytest_ftgate.train.manifest import read_manifest
from pytest_ftgate.train.run import run

CPU = Device("cpu", "of a test", cores=4)

PARENT = """
import json, sys
from pathlib import Path
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.launch import train
out = Path(sys.argv[1])
train(TrainJob.read(out.with_suffix(".json")), out, lambda event: print(json.dumps(event), flush=True))
"""


def silent(_event):
    """An event nobody listens to."""


def stub(monkeypatch, code):
    """The worker is this Python code instead; `sys.argv[1]` is the folder."""
    monkeypatch.setattr(launch, "command", lambda _job, _device, out, *_: [sys.executable, "-c", code, str(out)])


def wait_until_gone(out_dir: Path, limit_s: float = 120.0) -> None:
    end = time.monotonic() + limit_s
    while subprocess.run(["pgrep", "-f", str(out_dir)], capture_output=True, check=False).stdout:
        assert time.monotonic() < end, "the trainer outlived its parent"
        time.sleep(0.2)


def in_this_process(job, out):
    """What the trainer makes where nothing is launched or killed."""
    out.mkdir()
    run(job, out, EventLog(out / "events.jsonl"))
    return read_manifest(out / "manifest.json")


def test_a_session_killed_in_training_is_resumed_and_ends_with_the_same_adapter(make_job, tmp_path):
    job = make_job(epochs=3, rows=48)
    whole = in_this_process(job, tmp_path / "whole")
    out = tmp_path / "out"
    job.write(out.with_suffix(".json"))
    with subprocess.Popen([sys.executable, "-c", PARENT, str(out)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        for line in parent.stdout:
            if json.loads(line)["event"] == "validation":
                break
        os.kill(parent.pid, signal.SIGKILL)
    wait_until_gone(out)
    assert not (out / "manifest.json").exists()
    events: list[dict[str, object]] = []
    resumed = launch.train(job, out, events.append)
    assert any(str(e.get("text")).startswith("resuming after step") for e in events)
    assert resumed.digest == whole.digest
    assert resumed.metrics["train_loss"] == pytest.approx(whole.metrics["train_loss"], rel=0.02)

    again: list[dict[str, object]] = []
    assert launch.train(job, out, again.append) == resumed
    assert [e["event"] for e in again] == ["start"]
    assert "already trained" in str(again[0]["text"])

    (resumed.adapter / "adapter_model.safetensors").write_bytes(b"changed")
    assert launch.finished(job, out) is None


@pytest.mark.parametrize("launched", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_fault_in_the_data_is_told_as_it_is(make_job, tmp_path, monkeypatch, launched):
    """The worker tells, the session hears; in one piece, and by the real trainer of eight seconds."""
    job, out = make_job(), tmp_path / "out"
    Path(job.train_file).write_text("no JSON\n")
    if not launched:
        out.mkdir()
        job.write(out / "job.json")
        assert worker.main(out) == 1
        [failed] = read_events(out / "events.jsonl")
        stub(monkeypatch, _telling(failed))
    with pytest.raises(TrainError, match=r"train\.jsonl:1: is not valid JSON") as caught:
        launch.train(job, out, silent)
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize("phase", ["loading", "training", "validation"])
def test_out_of_memory_is_one_line_and_what_to_change(make_job, tmp_path, monkeypatch, phase):
    """torch raises in the middle of it, the worker tells, the session hears."""
    import torch

    def raising(*_args, **_kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nmore\nlines")

    where = {
        "loading": "pytest_ftgate.train.run.model_to_train",
        "training": "pytest_ftgate.train.trainer.answer_loss",
        "validation": "pytest_ftgate.train.served.training_model",
    }
    monkeypatch.setattr(where[phase], raising)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    job, out = replace(make_job(method="lora"), dtype="float32"), tmp_path / "out"
    out.mkdir()
    job.write(out / "job.json")
    assert worker.main(out) == 1
    events = read_events(out / "events.jsonl")
    assert events[-1]["kind"] == "memory"

    stub(monkeypatch, _telling(*events))
    with pytest.raises(TrainError) as caught:
        launch.train(job, out, silent)
    what, advice = str(caught.value).split("\n    ")
    begun, advised = ADVICE[phase]
    assert what == f"out of memory {begun}: OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."
    assert advice == advised


ADVICE = {
    "loading": (
        "while the base model was loaded",
        'set train.method = "qlora" (now "lora"); or free memory that other programs hold, or use a smaller model in '
        "base.model",
    ),
    "training": (
        "in training",
        "set train.batch_size = 2 (now 4) and train.gradient_accumulation = 2; or lower train.max_length "
        '(now 96 tokens); or set train.method = "qlora" (now "lora")',
    ),
    "validation": (
        "in validation",
        'set [serve] quantization = "bitsandbytes" (now none); or set train.method = "qlora" (now "lora"); or lower '
        "max_tokens of the golden set's [request] (now 8)",
    ),
}


def _telling(*events, end="sys.exit(1)"):
    lines = "".join(json.dumps(event) + "\n" for event in events)
    return (
        "import os, signal, sys, pathlib\n"
        f"with (pathlib.Path(sys.argv[1]) / 'events.jsonl').open('a') as s: s.write({lines!r})\n"
        f"{end}"
    )


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 GB")])
def test_the_worker_knows_the_cpu_out_of_memory_too(tmp_path, make_job, monkeypatch, error):
    def run(*_args):
        raise error

    monkeypatch.setattr("pytest_ftgate.train.run.run", run)
    make_job().write(tmp_path / "job.json")
    assert worker.main(tmp_path) == 1
    assert read_events(tmp_path / "events.jsonl")[0]["kind"] == "memory"


def test_any_other_error_of_the_worker_is_a_crash(tmp_path, make_job, monkeypatch):
    def run(*_args):
        raise RuntimeError("shapes differ")

    monkeypatch.setattr("pytest_ftgate.train.run.run", run)
    make_job().write(tmp_path / "job.json")
    with pytest.raises(RuntimeError, match="shapes differ"):
        worker.main(tmp_path)


@pytest.mark.parametrize(("gpus", "started"), [(2, ""), (2, "1"), (1, "2")])
def test_another_number_of_processes_than_that_of_the_job_does_not_train(
    tmp_path, make_job, monkeypatch, gpus, started
):
    monkeypatch.setenv("WORLD_SIZE", started)
    make_job(gpus=gpus).write(tmp_path / "job.json")
    assert worker.main(tmp_path) == 1
    [event] = read_events(tmp_path / "events.jsonl")
    assert event["kind"] == "fault"
    assert event["text"].startswith(f"accelerate started processes: {started or 1}, and the job is one of {gpus}\n")


@pytest.mark.parametrize("phase", ["training", "validation"])
def test_a_trainer_killed_by_the_system_is_told_as_out_of_memory(make_job, tmp_path, monkeypatch, phase):
    begun = {"event": "phase", "phase": phase}
    stub(monkeypatch, _telling(begun, end="os.kill(os.getpid(), signal.SIGKILL)"))
    with pytest.raises(TrainError, match=f"out of memory in {phase}: the process was killed"):
        launch.train(make_job(), tmp_path / "out", silent)


def test_a_crash_shows_the_last_lines_of_the_log(make_job, tmp_path, monkeypatch):
    stub(monkeypatch, "print('something odd'); raise SystemExit(3)")
    with pytest.raises(TrainError, match="exited with code 3") as caught:
        launch.train(make_job(), tmp_path / "out", silent)
    assert "something odd" in str(caught.value)


def test_the_trainer_gets_its_allocator_and_no_network_for_a_local_model(make_job):
    env = environment(make_job(threads=3), CPU)
    assert env["MALLOC_MMAP_THRESHOLD_"] == env["MALLOC_TRIM_THRESHOLD_"] == "17179869184"
    assert (env["OMP_NUM_THREADS"], env["HF_HUB_OFFLINE"]) == ("3", "1")


def test_a_tracker_that_is_not_installed_is_told_before_anything_starts(make_job, tmp_path):
    with pytest.raises(TrainError, match="no_such_tracker not installed"):
        launch.train(replace(make_job(), report_to=("no_such_tracker",)), tmp_path / "out", silent)
    assert not (tmp_path / "out").exists()


def test_what_another_job_left_in_the_folder_is_removed(make_job, tmp_path, monkeypatch):
    out = tmp_path / "out"
    stub(monkeypatch, "raise SystemExit(3)")
    for seed in (0, 1):
        with pytest.raises(TrainError):
            launch.train(make_job(seed=seed), out, silent)
        assert not (out / "epochs").exists()
        (out / "epochs" / "1-6").mkdir(parents=True)


def test_two_sessions_do_not_train_in_one_folder(make_job, tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "LOCK_WAIT_S", 0.0)
    make_job().write(tmp_path / "job.json")
    with worker._locked(tmp_path), pytest.raises(SystemExit, match="another session is training in"):
        worker.main(tmp_path)
