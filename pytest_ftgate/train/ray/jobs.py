"""The job server of a Ray cluster: submit, find, wait, follow, stop, and read what a job left in its node's log folder.

All goes over HTTP to the dashboard's port: no other one need be open, and this machine joins no cluster.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from pytest_ftgate.errors import MissingExtra, TrainError
from pytest_ftgate.files.escape import one_line
from pytest_ftgate.train.ray.upload import too_large
from pytest_ftgate.train.ray.waiting import waiting

POLL_S = 1.0
LOST_S = 120.0
"""Seconds without an answer after which the cluster counts as lost."""
WAIT_S = 5.0
STOP_S = 60.0
"""Seconds that a stopped job may take to end."""
DOWNLOAD_S = 24 * 3600
CHUNK = 2**20

T = TypeVar("T")
Say = Callable[[str], None]


class Jobs:
    """One cluster's jobs. Raises TrainError if no job server answers there; MissingExtra without Ray."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = _connect(url)

    def find(self, name: str) -> Any | None:
        """Ray's JobDetails of a job that was submitted under this name; None if there is none."""
        try:
            return self._patiently(lambda: self._client.get_job_info(name))
        except RuntimeError as error:
            if "404" in str(error):
                return None
            raise _refused(self.url, error) from None

    def submit(self, name: str, entrypoint: str, runtime: Mapping[str, Any], cpus: float, gpus: int) -> None:
        """Start a job; one that has this name already is left as it is. cpus, gpus: reserved for the entrypoint."""
        try:
            with _all_files():
                self._client.submit_job(
                    submission_id=name,
                    entrypoint=entrypoint,
                    runtime_env=dict(runtime),
                    entrypoint_num_cpus=cpus or None,
                    entrypoint_num_gpus=gpus or None,
                )
        except Exception as error:  # noqa: BLE001 - Ray raises what it likes, RuntimeError above all
            if "already exists" in str(error):
                return
            if "413" in str(error) or "exceeds the maximum size" in str(error):
                raise too_large(_brief(str(error), 120)) from None
            raise _refused(self.url, error) from None

    def attempts(self, name: str) -> tuple[Any | None, str]:
        """Ray's JobDetails of the newest job with this name, None without one; and a name that is free for the next.

        A submission id cannot be used twice: later attempts have a number.
        """
        last, free = None, name
        for attempt in count(2):
            if (info := self.find(free)) is None:
                break
            last, free = info, f"{name}-{attempt}"
        return last, free

    def follow(self, name: str, take: Callable[[str], None], needs: Mapping[str, float], say: Say) -> Any:
        """Hand on what a job prints until it has ended; its JobDetails. Ctrl-C stops the job and goes on from here.

        needs: name of a resource -> how much of it was asked for. say: told what the job waits for, and that it stops.
        """
        try:
            for line in self.lines(name, lambda: say(waiting(needs, self.resources()))):
                take(line)
        except KeyboardInterrupt:
            say(f"stopping the job {name} on the Ray cluster")
            if not self.stop(name):
                say(f"it has not ended yet: ray job stop --address {self.url} {name}")
            raise
        return self.info(name)

    def lines(self, name: str, late: Callable[[], None]) -> Iterator[str]:
        """What a job prints, from its beginning until its end; over a connection that broke it goes on where it was.

        late: called once if the job has not started after WAIT_S. Raises TrainError if the cluster is lost.
        """
        self._wait_for_start(name, late)
        told = 0
        while True:
            number = 0
            for number, line in enumerate(self._tail(name), 1):
                if number > told:
                    told = number
                    yield line
            if self.info(name).status.is_terminal():
                return
            time.sleep(POLL_S)

    def info(self, name: str) -> Any:
        """Ray's JobDetails. Raises TrainError if the cluster is lost, or began anew and knows nothing of the job."""
        if (info := self.find(name)) is None:
            raise TrainError(
                f"the Ray cluster at {self.url} no longer knows the job {name}: its head node was started anew\n"
                "    run again to submit it again"
            )
        return info

    def stop(self, name: str) -> bool:
        """Stop a job and wait for its end; False if it has not ended by then, as one that never started may not."""
        self._patiently(lambda: self._client.stop_job(name))
        end = time.monotonic() + STOP_S
        while not (info := self.info(name)).status.is_terminal():
            if info.status == "PENDING" or time.monotonic() > end:
                return False
            time.sleep(POLL_S / 4)
        return True

    def download(self, node: str, name: str, target: Path) -> None:
        """A file of a node's log folder, by its name there, as bytes. Raises TrainError if it is not there."""
        import requests

        asked = {"node_id": node, "filename": name, "lines": "-1", "timeout": str(DOWNLOAD_S)}
        client = self._client
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with requests.get(
                f"{self.url}/api/v0/logs/file",
                params=asked,
                headers=client._headers,
                cookies=client._cookies,
                verify=client._verify,
                stream=True,
                timeout=LOST_S,
            ) as reply:
                if reply.status_code != 200:
                    raise TrainError(f"{name} cannot be read from the Ray cluster: {_brief(reply.text, 200)}")
                with target.open("wb") as out:
                    out.writelines(reply.iter_content(CHUNK))
        except requests.RequestException as error:
            raise TrainError(f"{name} cannot be read from the Ray cluster: {_brief(str(error), 200)}") from None

    def resources(self, within: float = LOST_S) -> dict[str, tuple[float, float]]:
        """Name -> (used, there) of the whole cluster; empty where the server does not say. within: seconds."""
        try:
            reply = self._client._do_request("GET", "/api/cluster_status", timeout=within)
            usage = reply.json()["data"]["clusterStatus"]["loadMetricsReport"]["usage"]
            return {name: (float(used), float(there)) for name, (used, there) in usage.items()}
        except Exception:  # noqa: BLE001 - it only makes a message better
            return {}

    def _wait_for_start(self, name: str, late: Callable[[], None]) -> None:
        patience: float = time.monotonic() + WAIT_S
        while self.info(name).status == "PENDING":
            if time.monotonic() > patience:
                patience = float("inf")
                late()
            time.sleep(POLL_S / 4)

    def _tail(self, name: str) -> Iterator[str]:
        """Whole lines until the stream ends or breaks."""
        rest = ""
        with asyncio.Runner() as runner:
            stream = self._client.tail_job_logs(name)
            try:
                while (chunk := runner.run(_next(stream))) is not None:
                    *lines, rest = (rest + chunk).split("\n")
                    yield from lines
            finally:
                with suppress(RuntimeError):  # interrupted twice: it is closed with the loop
                    runner.run(stream.aclose())
        if rest:
            yield rest

    def _patiently(self, ask: Callable[[], T]) -> T:
        end = time.monotonic() + LOST_S
        while True:
            try:
                return ask()
            except OSError as error:  # those of requests are among them
                if time.monotonic() > end:
                    raise TrainError(
                        f"the Ray cluster at {self.url} does not answer any more: {_brief(str(error), 120)}\n"
                        "    run again to go on with the job if it still runs there"
                    ) from None
                time.sleep(POLL_S)


@contextmanager
def _all_files() -> Iterator[None]:
    """Ray would leave out what a .gitignore in the upload names; what goes was chosen before."""
    name = "RAY_RUNTIME_ENV_IGNORE_GITIGNORE"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before


async def _next(stream: Any) -> str | None:
    """The next chunk; None at the end, and where the connection broke: whether the job has ended is asked elsewhere."""
    import aiohttp

    try:
        return str(await anext(stream))
    except (StopAsyncIteration, RuntimeError, OSError, aiohttp.ClientError):
        return None


def _connect(url: str) -> Any:
    try:
        import aiohttp  # noqa: F401 - Ray's client says only when it is used that it is missing
        from ray.job_submission import JobSubmissionClient
    except ImportError:
        raise MissingExtra('train.where = "ray"', "ray") from None
    logging.getLogger("ray").setLevel(logging.WARNING)
    for module in ("ray.dashboard.modules.dashboard_sdk", "ray.dashboard.modules.job.sdk"):
        logging.getLogger(module).setLevel(logging.WARNING)
    try:
        return JobSubmissionClient(url)
    except ConnectionError:
        raise TrainError(
            f"no Ray cluster answers at {url}\n    is the head node up (ray start --head), is the port that of the "
            "dashboard, and does it listen on an address that can be reached (--dashboard-host 0.0.0.0)?"
        ) from None
    except Exception as error:  # noqa: BLE001 - RuntimeError, those of requests, its own
        raise _refused(url, error) from None


def _brief(text: str, most: int) -> str:
    return one_line(text)[:most]


def _refused(url: str, error: Exception) -> TrainError:
    text = str(error)
    if type(error).__name__ == "AuthenticationError":
        return TrainError(
            f"the Ray cluster at {url} asks for a token: {_brief(text, 80)}\n"
            "    set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN, or RAY_AUTH_TOKEN_PATH, to the cluster's"
        )
    if "404" in text or type(error).__name__ == "JSONDecodeError":
        return TrainError(
            f"what answers at {url} is not Ray's job server\n"
            "    it comes with pip install 'ray[default]' on the head node; its port is that of the dashboard (8265)"
        )
    return TrainError(f"the Ray cluster at {url} refused: {_brief(text, 400)}")
