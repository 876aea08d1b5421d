"""(task, two served versions, share) -> the configuration of a router that shows each user one of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import FtgateError

PIN_DAYS = 30
"""So long LiteLLM remembers a caller's arm."""

_ADDRESS = re.compile(r"http://([\w.-]+|\[[0-9a-fA-F:]+\]):(\d+)")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_PLAIN = re.compile(r"[\w./:\[\]-]+")


@dataclass(frozen=True, slots=True)
class Served:
    """A version where it answers. title: "v3". name: that its server knows it by. url: of the server, without /v1."""

    title: str
    name: str
    url: str

    @property
    def address(self) -> str:
        """Host and port."""
        return self.url.removeprefix("http://")


@dataclass(frozen=True, slots=True)
class Split:
    """What a router is to do.

    share: of the users, in steps of .0001. digest: of the candidate, in each exposure. header: that names the user.
    listen: address of the router. log: file of the exposures, as the router finds it.
    """

    task: str
    champion: Served
    candidate: Served
    share: float
    digest: str
    header: str = "X-User"
    listen: str = "127.0.0.1:8080"
    log: str = "/var/log/nginx/ftgate_exposures.jsonl"


def server_url(text: str) -> str:
    """The address of a model server, without /v1. Raises FtgateError for what a router cannot be told."""
    url = text.rstrip("/").removesuffix("/v1")
    if not _ADDRESS.fullmatch(url):
        raise FtgateError(
            f"{text!r} is not a model server URL, expected http://HOST:PORT\n"
            "    For a server behind TLS, put a TLS-terminating proxy in between"
        )
    return url


def configuration(split: Split, kind: str = "nginx") -> str:
    """The text of the file, for "nginx" or "litellm". Raises FtgateError for a setting that cannot stand in it."""
    return KINDS[kind](split)


def _nginx(split: Split) -> str:
    _check(split)
    return _render(
        "nginx.conf.j2",
        {
            "task": split.task,
            "id": re.sub(r"\W", "_", split.task),
            "champion": split.champion,
            "candidate": split.candidate,
            "percent": _percent(split.share),
            "digest": split.digest,
            "header": split.header,
            "header_variable": split.header.lower().replace("-", "_"),
            "listen": split.listen,
            "log": split.log,
        },
    )


def _check(split: Split) -> None:
    if not _HEADER.fullmatch(split.header):
        raise FtgateError(f"{split.header!r} is not a valid header name, e.g. X-User")
    for what, text in {"task": split.task, "listen": split.listen, "log": split.log}.items():
        if not _PLAIN.fullmatch(text):
            raise FtgateError(f"{what} {text!r} contains characters not allowed in an nginx configuration")


def _percent(share: float) -> str:
    """.05 -> "5%"; nginx knows two decimals."""
    text = f"{100 * share:.2f}".rstrip("0").rstrip(".")
    if abs(float(text) / 100 - share) > 1e-9 or not 0 < share < 1:
        raise FtgateError(f"the share must be a multiple of 0.0001, found {share:g}")
    return f"{text}%"


def _litellm(split: Split) -> str:
    hundredths = round(10_000 * split.share)
    _percent(split.share)
    arms = [(split.candidate, hundredths), (split.champion, 10_000 - hundredths)]
    return _render("litellm.yaml.j2", {"task": split.task, "arms": arms, "days": PIN_DAYS})


KINDS: Mapping[str, Callable[[Split], str]] = {"nginx": _nginx, "litellm": _litellm}


def _render(template: str, values: Mapping[str, Any]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    around = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  no HTML
    )
    return around.get_template(template).render(values)
