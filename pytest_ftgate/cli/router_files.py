"""(task, served versions, share) -> the file of a router: clients ask for the task, a version answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from math import prod
from pathlib import Path
from typing import Any

from pytest_ftgate.cli import router_clusters
from pytest_ftgate.cli.router_route import Route, percent
from pytest_ftgate.errors import FtgateError

PIN_DAYS = 30
"""So long LiteLLM remembers a caller's arm."""

_ADDRESS = re.compile(r"http://([\w.-]+|\[[0-9a-fA-F:]+\]):(\d+)")
_LISTEN = re.compile(r"(?:([\w.-]+|\[[0-9a-fA-F:]+\]):)?(\d+)")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_PLAIN = re.compile(r"[\w./:\[\]-]+")


def server_url(text: str) -> str:
    """The address of a model server, without /v1. Raises FtgateError for what a router cannot be told."""
    url = text.rstrip("/").removesuffix("/v1")
    parts = _ADDRESS.fullmatch(url)
    if parts is None or not _is_port(parts[2]):
        raise FtgateError(
            f"{text!r} is not a model server URL, expected http://HOST:PORT\n"
            "    For a server behind TLS, put a TLS-terminating proxy in between"
        )
    return url


def server_urls(given: Iterable[str], option: str) -> tuple[str, ...]:
    """The addresses, each once, in order. Raises FtgateError as `server_url`."""
    try:
        return tuple(dict.fromkeys(map(server_url, given)))
    except FtgateError as error:
        raise FtgateError(f"{option}: {error}") from None


def _is_port(text: str) -> bool:
    return text.isdecimal() and 0 < int(text) < 65536


def configuration(route: Route, kind: str = "nginx") -> str:
    """The text of the file, for one of `KINDS`. Raises FtgateError for a setting that cannot stand in it."""
    return KINDS[kind](route)


def _nginx(route: Route) -> str:
    _need_servers(route)
    _check(route)
    return _render(
        "nginx.conf.j2",
        {
            "task": route.task,
            "id": re.sub(r"\W", "_", route.task),
            "champion": route.champion,
            "candidate": route.candidate,
            "several": any(len(arm.urls) > 1 for arm in route.arms),
            "percent": percent(route.share) if route.candidate else "",
            "digest": route.digest,
            "header": route.header,
            "header_variable": route.header.lower().replace("-", "_"),
            "listen": route.listen,
            "log": route.log,
        },
    )


def _check(route: Route) -> None:
    if not _HEADER.fullmatch(route.header):
        raise FtgateError(f"{route.header!r} is not a valid header name, e.g. X-User")
    names = {f"the name of {arm.title}": arm.name for arm in route.arms}
    for what, text in {"task": route.task, "listen": route.listen, "log": route.log, **names}.items():
        if not _PLAIN.fullmatch(text):
            raise FtgateError(f"{what} {text!r} contains characters not allowed in an nginx configuration")
    host = _LISTEN.fullmatch(route.listen)
    if host is None or not _is_port(host[2]):
        raise FtgateError(f"--listen: {route.listen!r} is not the address of a router, expected [HOST:]PORT")


def _litellm(route: Route) -> str:
    _need_servers(route)
    if route.candidate:
        percent(route.share)
    others = {arm.title: prod(len(each.urls) for each in route.arms if each != arm) for arm in route.arms}
    deployments = [
        {
            "model": f"hosted_vllm/{arm.name}",
            "url": f"{url}/v1",
            "weight": weight * others[arm.title],  # so that the servers of an arm have the weight of the arm together
            "id": arm.name if len(arm.urls) == 1 else f"{arm.name}-{number}",
        }
        for arm, weight in route.weights
        for number, url in enumerate(arm.urls, 1)
    ]
    values = {"task": route.task, "deployments": deployments, "days": PIN_DAYS, "split": route.candidate is not None}
    return _render("litellm.yaml.j2", values)


def _need_servers(route: Route) -> None:
    if not all(arm.urls for arm in route.arms):
        raise FtgateError("the addresses of the model servers are missing: --server http://HOST:PORT")


KINDS: Mapping[str, Callable[[Route], str]] = {
    "nginx": _nginx,
    "litellm": _litellm,
    "gateway-api": router_clusters.gateway_api,
    "production-stack": router_clusters.production_stack,
    "ray-serve": router_clusters.ray_serve,
}


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
