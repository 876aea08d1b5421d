"""(TrainJob, Cluster) -> Manifest: trained here, or on a Ray cluster, as [train] where says."""

from __future__ import annotations

from pathlib import Path

from pytest_ftgate.train import launch
from pytest_ftgate.train.job import TrainJob
from pytest_ftgate.train.launch import OnEvent
from pytest_ftgate.train.manifest import Manifest
from pytest_ftgate.train.ray.cluster import Cluster, on_ray


def train(job: TrainJob, cluster: Cluster, out_dir: Path, on_event: OnEvent, state_dir: Path) -> Manifest:
    """As `launch.train`; what is finished is taken without asking the cluster."""
    if on_ray(job.tuning) and launch.finished(job, out_dir, state_dir) is None:
        from pytest_ftgate.train.ray.remote import train_on_ray

        return train_on_ray(job, cluster, out_dir, on_event, state_dir)
    return launch.train(job, out_dir, on_event, state_dir)
