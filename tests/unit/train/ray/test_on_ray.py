"""The tiny model fine-tuned as a job on a real Ray head: found again, the same adapter, stopped, failing in the same
words.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from pytest_ftgate.errors import TrainError
from pytest_ftgate.train import launch, worker
from pytest_ftgate.train.anywhere import train
from pytest_ftgate.train.events import EventLog, read_events
from pytest_ftgate.train.ray.cluster import Cluster
from pytest_ftgate.train.ray.jobs import Jobs
from pytest_ftgate.train.ray.remote import job_name
from pytest_ftgate.train.ray.results import fetch, install, of_a_trainer
from pytest_ftgate.train.run import run

CPU = Cluster(use_gpu=False)
SESSION = """
import json, signal, sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background of a shell
from pytest_ftgate.train.anywhere import train
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.events import EventLog, read_events
from pytest_ftgate.train.ray.cluster import Cluster
job = TrainJob.read(Path(sys.argv[1]))
folder = Path(sys.argv[2])
train(job, Cluster(use_gpu=False), folder, lambda event: print(json.dumps(event), flush=True), folder.parent / "state")
"""


@contextmanager
def session_at_first_step(job, tmp_path: Path):
    """Another process that trains the job on Ray, once the first step is heard there."""
    job.write(tmp_path / "job.json")
    command = [sys.executable, "-c", SESSION, str(tmp_path / "job.json"), str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "step":
                break
        try:
            yield process
        finally:
            process.kill()


def no_trainer(job) -> bool:
    """Whether no process on this machine works in the folder of the job; who guards its trainer may need a moment."""
    for _ in range(600):
        words = (word for p in psutil.process_iter(["cmdline"]) for word in p.info["cmdline"] or ())
        if not any(job.digest[:16] in word for word in words):
            return True
        time.sleep(0.1)
    return False


@pytest.mark.timeout(900)
def test_a_killed_session_leaves_its_job_to_the_next_one_which_gets_the_adapter_of_a_local_training(
    make_job, tmp_path, on_head
):
    job = make_job(where="ray", method="lora", epochs=12, patience=99)
    with session_at_first_step(job, tmp_path) as session:
        os.kill(session.pid, signal.SIGKILL)
    state, events = tmp_path / "state", []
    there = train(job, CPU, tmp_path / "out", events.append, state)
    assert events[0]["text"].startswith(f"following the job {job_name(job)} on the Ray cluster at http://127.0.0.1:")
    assert [e["step"] for e in events if e["event"] == "step"] == list(range(1, 73))
    here = launch.train(job, tmp_path / "here", lambda _: None)
    assert there.digest == here.digest
    assert launch.finished(job, tmp_path / "out", state) == there
    assert {path.name for path in there.adapter.iterdir()} == {path.name for path in here.adapter.iterdir()}

    info = Jobs(CPU.url).info(job_name(job))
    result = {"folder": f"ftgate/{job.digest[:16]}", "files": {"manifest.json": [1, "0"]}}
    with pytest.raises(TrainError, match=r"manifest.json came back from the Ray cluster as [\d,]+ bytes that differ"):
        fetch(Jobs(CPU.url), info.driver_node_id, result, tmp_path / "cut", of_a_trainer)
    result["files"] = {"../../state/seal.key": [1, "0"]}
    with pytest.raises(TrainError, match=r"names a file '\.\./\.\./state/seal\.key', which none may write here"):
        fetch(Jobs(CPU.url), info.driver_node_id, result, tmp_path / "cut", of_a_trainer)
    elsewhere = {"folder": "/etc", "files": {"tokens.json": [1, "0"]}}
    with pytest.raises(TrainError, match=r"names a file 'tokens\.json', which none may write here"):
        fetch(Jobs(CPU.url), info.driver_node_id, elsewhere, tmp_path / "cut", of_a_trainer)
    result["files"] = {"adapter/gone": [1, "0"]}
    with pytest.raises(TrainError, match="adapter/gone cannot be read from the Ray cluster: A file is not found"):
        fetch(Jobs(CPU.url), info.driver_node_id, result, tmp_path / "cut", of_a_trainer)


@pytest.mark.timeout(900)
def test_an_interrupted_session_stops_its_job_and_the_next_one_has_another_name(make_job, tmp_path, on_head):
    own = os.getpid()  # a digest of its own: this test may run twice on one machine
    job = make_job(where="ray", method="lora", epochs=5000, patience=5000, seed=own)
    with session_at_first_step(job, tmp_path) as session:
        session.send_signal(signal.SIGINT)
        said = session.communicate()[0]
    assert f"stopping the job {job_name(job)} on the Ray cluster" in said
    assert Jobs(CPU.url).info(job_name(job)).status == "STOPPED"
    assert no_trainer(job)
    assert Jobs(CPU.url).attempts(job_name(job))[1] == f"{job_name(job)}-2"


@pytest.mark.timeout(900)
def test_a_fault_in_the_data_has_the_words_and_paths_that_it_has_here(make_job, tmp_path, on_head):
    job = replace(make_job(where="ray", method="lora"), train_digest="0" * 64)
    Path(job.train_file).write_text('{"input": "a", "expected": "b"}\nno JSON\n')
    with pytest.raises(TrainError) as there:
        train(job, CPU, tmp_path / "out", lambda _: None, tmp_path / "state")
    (tmp_path / "here").mkdir()
    job.write(tmp_path / "here/job.json")
    assert worker.main(tmp_path / "here") == 1
    [failed] = read_events(tmp_path / "here/events.jsonl")
    assert "train.jsonl:2: is not valid JSON" in failed["text"]
    assert str(there.value) == failed["text"]


@pytest.mark.timeout(900)
def test_a_job_that_waits_says_for_what_and_an_environment_that_differs_is_named(make_job, tmp_path, on_head):
    """A GPU where there is none, and a library that the cluster has in another version."""
    job = make_job(where="ray", method="lora", seed=7)
    events = []

    def interrupt(event):
        events.append(event)
        if "waits" in event["text"]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(job, Cluster(), tmp_path / "out", interrupt, tmp_path / "state")
    [waits] = [e["text"] for e in events if "waits" in e["text"]]
    assert waits.startswith("the job waits for 1 GPU (0 of 0 free) and 1 CPU (2 of 2 free)")
    assert "the cluster has no GPU" in waits
    assert "ray job stop --address http://127.0.0.1:" in events[-1]["text"]

    other = replace(job, versions={"trl": "0.1", "torch": "missing"})
    with pytest.raises(TrainError, match=r"the cluster has trl [\d.]+; this machine, .*, trl 0\.1\n .*\"trl==0\.1\""):
        train(other, CPU, tmp_path / "out", events.append, tmp_path / "state")


def test_what_another_job_or_a_hand_has_left_is_not_taken(make_job, tmp_path):
    """The manifest of what was fetched names its job and its adapter."""
    job = make_job(method="lora", epochs=1)
    (tmp_path / "out").mkdir()
    run(job, tmp_path / "out", EventLog(tmp_path / "out/events.jsonl"))
    with pytest.raises(TrainError, match="trained another job"):
        install(make_job(method="lora", epochs=2), tmp_path / "out", tmp_path / "in", b"")
    weights = tmp_path / "out/adapter/adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(TrainError, match="its manifest says"):
        install(job, tmp_path / "out", tmp_path / "in", b"")


@pytest.mark.timeout(900)
def test_two_nodes_train_as_two_processes_of_one_machine_do(make_job, tmp_path, on_head):
    """Ray places one process on each of two "nodes", which here are two of the head's CPUs; they meet by gloo."""
    shared = Cluster(use_gpu=False, storage=str(tmp_path))
    events = []
    two = make_job(where="ray", method="lora", nodes=2)
    there = train(two, shared, tmp_path / "out", events.append, tmp_path / "state")
    here = launch.train(replace(two, tuning=replace(two.tuning, nodes=1, gpus=2)), tmp_path / "here", lambda _: None)
    assert there.digest == here.digest
    assert [e["step"] for e in events if e["event"] == "step"] == list(range(1, 7))
    assert [path.name for path in (tmp_path / "ftgate").glob("*/out/train.1.log")] == ["train.1.log"]
