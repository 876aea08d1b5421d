"""What a router is to do, whatever its kind."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_ftgate.errors import FtgateError


@dataclass(frozen=True, slots=True)
class Served:
    """A version where it answers.

    title: "v3". name: that its servers know it by. urls: of the servers, without /v1. folder: of the adapter's files,
    the last part of their path.
    """

    title: str
    name: str
    urls: tuple[str, ...] = ()
    folder: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """Host and port of each server."""
        return tuple(url.removeprefix("http://") for url in self.urls)


@dataclass(frozen=True, slots=True)
class Route:
    """Clients ask for the task; who answers?

    candidate: None: the champion answers all. share: of the users that meet the candidate, in steps of .0001.
    digest: of the candidate, in each exposure. header: that names the user. listen: address of the router.
    log: file of the exposures, as the router finds it. superseded: versions that servers should drop.
    adapters: where the servers see the folders of adapters: a path, or s3://bucket/path. models: where these folders
    lie here. base: the servers' name for the base model. source, revision, dtype, rank: of the base model and the
    adapters, for what starts servers itself.
    pool: of the gateway. replicas: servers to start.
    """

    task: str
    champion: Served
    candidate: Served | None = None
    share: float = 0.0
    digest: str = ""
    header: str = "X-User"
    listen: str = "127.0.0.1:8080"
    log: str = "/var/log/nginx/ftgate_exposures.jsonl"
    superseded: tuple[Served, ...] = ()
    adapters: str = ""
    models: str = ".ftgate/models"
    base: str = ""
    source: str = ""
    revision: str = ""
    dtype: str = ""
    rank: int = 0
    pool: str = ""
    replicas: int = 1

    @property
    def arms(self) -> tuple[Served, ...]:
        """The candidate, if there is one, and the champion."""
        return (self.candidate, self.champion) if self.candidate else (self.champion,)

    @property
    def weights(self) -> tuple[tuple[Served, int], ...]:
        """Each arm with its part of 10,000 requests."""
        if self.candidate is None:
            return ((self.champion, 1),)
        part = round(10_000 * self.share)
        return ((self.candidate, part), (self.champion, 10_000 - part))


def percent(share: float) -> str:
    """.05 -> "5%", with two decimals at most, as nginx knows them. Raises FtgateError for another share."""
    text = f"{100 * share:.2f}".rstrip("0").rstrip(".")
    if abs(float(text) / 100 - share) > 1e-9 or not 0 < share < 1:
        raise FtgateError(f"the share must be a multiple of 0.0001, found {share:g}")
    return f"{text}%"
