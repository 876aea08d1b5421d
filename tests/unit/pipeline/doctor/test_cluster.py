"""What the doctor says of the Ray cluster that is to train."""

from __future__ import annotations

import http.server
import threading
from contextlib import contextmanager
from dataclasses import replace

from pytest_ftgate.pipeline.doctor.cluster import cluster
from pytest_ftgate.pipeline.doctor.finding import Level
from pytest_ftgate.serve.device import Device
from tests.ray_head import free_ports

CPU = Device("cpu", "a CPU", cores=2)


def test_a_cluster_that_is_not_there_is_an_error_before_anything_is_paid_for(patient, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", f"http://127.0.0.1:{free_ports(1)[0]}")
    assert not list(cluster(patient(CPU)))
    (finding,) = cluster(patient(CPU, {"where": "ray"}))
    assert finding.level is Level.ERROR
    assert finding.text.startswith("no Ray cluster answers at http://127.0.0.1:")
    assert "--dashboard-host" in finding.fix
    assert not patient(CPU, {"where": "ray"}).here
    monkeypatch.setenv("FTGATE_ON_RAY", "1")
    assert not list(cluster(patient(CPU, {"where": "ray"})))
    assert patient(CPU, {"where": "ray"}).here


def test_a_cluster_without_gpus_is_a_warning_with_what_it_has(patient, monkeypatch, tmp_path):
    monkeypatch.setenv("RAY_ADDRESS", "http://head:8265")
    monkeypatch.setattr("pytest_ftgate.train.ray.jobs.Jobs", lambda _url: _Known())
    (fine,) = cluster(patient(CPU, {"where": "ray"}))
    assert (fine.level, fine.text) == (Level.OK, "the cluster at http://head:8265 has 1 GPUs and 8 CPUs")
    (late,) = cluster(patient(CPU, {"where": "ray", "gpus": 4}))
    assert (late.level, late.text.partition("; ")[2]) == (Level.WARNING, "the job waits for 4 GPUs")
    asked = patient(CPU, {"where": "ray", "gpus": 4})
    on_cpus = replace(asked.pipeline, cluster=replace(asked.pipeline.cluster, use_gpu=False))
    (fine,) = cluster(replace(asked, pipeline=on_cpus))
    assert fine.level is Level.OK
    (tmp_path / "two.yaml").write_text("distributed_type: FSDP\nnum_processes: 2\n")
    (late,) = cluster(patient(CPU, {"where": "ray", "accelerate_config": str(tmp_path / "two.yaml")}))
    assert late.text.endswith("the job waits for 2 GPUs")


def test_a_cluster_that_does_not_say_what_it_has_is_waited_for_briefly(patient, monkeypatch):
    """The first stage of --train is to be quick."""
    monkeypatch.setattr("pytest_ftgate.pipeline.doctor.cluster.ANSWER_S", 0.2)
    with slow_status() as url:
        monkeypatch.setenv("RAY_ADDRESS", url)
        (fine,) = cluster(patient(CPU, {"where": "ray"}))
    assert (fine.level, fine.text) == (Level.OK, f"a cluster answers at {url}")


@contextmanager
def slow_status():
    """A job server of which /api/cluster_status never answers."""
    asked = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path.startswith("/api/cluster_status"):
                asked.wait(60)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"ray_version": "2.60.0", "version": "4"}')

        def log_message(self, *_args):
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        asked.set()
        server.shutdown()


class _Known:
    def resources(self, within):
        return {"CPU": (1.0, 8.0), "GPU": (0.0, 1.0)}
