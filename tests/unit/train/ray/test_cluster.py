"""Addresses, runtime environments and uploads that cannot work, each said before anything is sent."""

from __future__ import annotations

import http.server
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ftgate.errors import TrainError
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.ray.cluster import VARIABLES, Cluster, cluster_problems
from pytest_ftgate.train.ray.jobs import Jobs
from pytest_ftgate.train.ray.lines import MARK, heard
from pytest_ftgate.train.ray.remote import train_on_ray
from pytest_ftgate.train.ray.upload import MOST, Upload, found
from tests.ray_head import free_ports


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch):
    for name in (*VARIABLES, "RAY_AUTH_MODE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("address", "advice"),
    [
        ("", 'set [ray] address = "http://HEAD:8265", or the environment variable RAY_ADDRESS'),
        ("ray://head:10001", "http://head:8265 unless"),
        ("head:6379", "http://head:8265 unless"),
        ("auto", "http://HEAD:8265 unless"),
        ("http://[::1", "http://HEAD:8265 unless"),
        ("http://head:99999", "http://head:8265 unless"),
        ("http://head:x", "http://head:8265 unless"),
    ],
)
def test_an_address_that_takes_no_jobs_is_refused_with_the_one_that_does(address, advice, monkeypatch):
    with pytest.raises(TrainError) as caught:
        _ = Cluster(address=address).url
    assert advice in str(caught.value)
    if address:
        monkeypatch.setenv("RAY_ADDRESS", address)
        with pytest.raises(TrainError, match=r"RAY_ADDRESS is .*, expected the address of the dashboard"):
            _ = Cluster(address="http://other:8265").url


def test_the_environment_goes_before_the_file(monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "http://there:8265/")
    assert Cluster(address="http://here:8265").url == "http://there:8265"


def test_a_job_reserves_a_gpu_for_each_process(make_job, monkeypatch):
    """Also where a configuration of accelerate says how many these are."""
    monkeypatch.setenv("RAY_ADDRESS", "http://head:8265")
    monkeypatch.setattr("pytest_ftgate.train.ray.remote.Jobs", _Nobody)
    for settings, accelerate in (({"gpus": 4}, {}), ({}, {"distributed_type": "FSDP", "num_processes": 4})):
        job = replace(make_job(where="ray", **settings), accelerate=accelerate)
        with pytest.raises(TrainError, match="4 GPUs"):
            train_on_ray(job, Cluster(), Path("out"), lambda _event: None)


class _Nobody:
    """A job server that takes nothing."""

    def __init__(self, url):
        self.url = url

    def attempts(self, name):
        return None, name

    def submit(self, _name, _entrypoint, _runtime, _cpus, gpus):
        raise TrainError(f"{gpus} GPUs")


def test_nobody_there_is_one_line():
    [port] = free_ports(1)
    with pytest.raises(TrainError, match=f"no Ray cluster answers at http://127.0.0.1:{port}\n"):
        Jobs(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, "", "is not Ray's job server"),
        (200, "<html>", "is not Ray's job server"),
        (401, "Unauthorized", "asks for a token"),
        (200, '{"ray_version": "1.0", "version": "1"}', "Ray version 1.0 is running on the cluster"),
        (500, "oh", "refused: 500 Server Error"),
    ],
)
def test_what_is_no_job_server_is_named(status, body, said):
    with answering(status, body) as url, pytest.raises(TrainError, match=said) as caught:
        Jobs(url)
    assert "Traceback" not in str(caught.value)


@contextmanager
def answering(status: int, body: str):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_args):
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_cluster_that_is_lost_or_begins_anew_is_named(monkeypatch):
    monkeypatch.setattr("pytest_ftgate.train.ray.jobs.LOST_S", 0.1)
    with answering(200, '{"ray_version": "2.60.0", "version": "4"}') as url:
        jobs = Jobs(url)
    with pytest.raises(TrainError, match=r"does not answer any more: .*\n +run again to go on with the job"):
        jobs.find("job")
    monkeypatch.setattr(jobs, "find", lambda _name: None)
    with pytest.raises(TrainError, match="no longer knows the job x: its head node was started anew"):
        jobs.info("x")


def test_the_upload_holds_every_file_that_the_job_names_and_texts_lead_back(make_job, tmp_path):
    config = tmp_path / "accelerate.yaml"
    config.write_text("num_processes: 2\n")
    job = make_job(where="ray", accelerate_config=str(config))
    upload = Upload(job)
    upload.write(tmp_path / "up")
    there = found(TrainJob.read(tmp_path / "up/job.json"), tmp_path / "up")
    assert there.digest == job.digest
    for path in (there.train_file, there.validation_file, there.tuning.accelerate_config, f"{there.base}/config.json"):
        assert path.startswith(str(tmp_path / "up/uploaded-"))
    text = f"{there.train_file}:3: is not valid JSON; see 'uploaded-0/x'"
    assert upload.as_here(text) == f"{job.train_file}:3: is not valid JSON; see 'uploaded-0/x'"


def test_what_lies_in_the_shared_storage_is_not_uploaded(make_job, tmp_path):
    job = make_job(where="ray")
    upload = Upload(job, tmp_path)
    assert [path.name for path in upload.files.values()] == ["tiny"]
    assert upload.job.train_file == job.train_file
    everything = Upload(replace(job, base="org/name"), tmp_path)
    assert (everything.files, everything.job.base) == ({}, "org/name")


def test_what_the_job_server_does_not_take_is_refused_before_it_is_packed(make_job, tmp_path):
    weights = tmp_path / "large/model.safetensors"
    weights.parent.mkdir()
    with weights.open("wb") as out:
        out.truncate(MOST)
    job = replace(make_job(where="ray"), base=str(weights.parent))
    with pytest.raises(TrainError, match=r"too large for Ray's job server: 100 MiB, .*; it takes 100 MiB\n.*storage"):
        Upload(job).write(tmp_path / "up")
    assert not (tmp_path / "up").exists()


def test_variables_are_handed_on_by_name(tmp_path, monkeypatch):
    cluster = Cluster(env=("MINE",), runtime_env={"pip": ["x"], "env_vars": {"A": "1"}})
    with pytest.raises(TrainError, match=r"\[ray\] env names MINE, not set"):
        cluster.runtime(tmp_path, tmp_path)
    monkeypatch.setenv("MINE", "2")
    assert cluster.runtime(tmp_path, tmp_path / "p") == {
        "pip": ["x"],
        "working_dir": str(tmp_path),
        "py_modules": [str(tmp_path / "p")],
        "env_vars": {"A": "1", "MINE": "2"},
    }


def test_what_does_not_go_together_in_the_file():
    data = {"ray": {"runtime_env": {"working_dir": "."}}, "train": {"nodes": 2, "where": "ray"}}
    assert [where for where, *_ in cluster_problems(data)] == [("ray", "runtime_env"), ("train", "nodes")]
    assert not list(cluster_problems({"ray": {"storage": "/mnt"}, "train": {"nodes": 2, "where": "ray"}}))
    assert not list(cluster_problems({"train": {"nodes": 2}}))


@pytest.mark.parametrize("line", ["text", MARK, MARK + "[]", MARK + "{}", MARK + '{"event": 1}'])
def test_other_lines_are_no_events(line):
    assert heard(line) is None
    assert heard("progress 3%" + MARK + '{"event": "step"}') == {"event": "step"}
