"""Address -> the CPUs of a Ray cluster, as workers of `ftgate data dedup`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pytest_ftgate.data.dedup.tasks import Task, Workers, result_of
from pytest_ftgate.errors import LeakageError
from pytest_ftgate.leakage.cluster.session import ray_session


@contextmanager
def ray_workers(address: str) -> Iterator[Workers]:
    """A task carries its texts, so the machines of the cluster need no file. Raises MissingExtra, LeakageError."""
    with ray_session(address) as ray:
        remote = ray.remote(max_retries=3)(result_of)
        yield Workers(lambda task: _begun(ray, remote, task), max(1, int(ray.cluster_resources().get("CPU", 1))))


def _begun(ray: Any, remote: Any, task: Task) -> Callable[[], Any]:
    reference = remote.remote(task)

    def wait() -> Any:
        try:
            return ray.get(reference)
        except ray.exceptions.RayError as error:
            last = (str(error).strip().splitlines() or [type(error).__name__])[-1].strip()
            again = "run the same command again to continue; finished pieces are kept"
            raise LeakageError(f"Ray failed: {last}\n    {again}") from None

    return wait
