"""(address, what a server denied) -> what to change: the key, the model's name, or the address."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from pytest_ftgate.files.escape import one_line
from pytest_ftgate.serve.address import address_of
from pytest_ftgate.serve.client import control_http as http
from pytest_ftgate.serve.client.breaker import refusal
from pytest_ftgate.serve.client.key import key_hint
from pytest_ftgate.serve.engine import Endpoint
from pytest_ftgate.serve.retry import RequestError

LOOK_S = 5.0
"""Seconds in which a server must have listed its models, to be of help."""

PATHS = ("/chat/completions", "/completions", "/models")
"""What is sometimes given with the base URL, though requests add it."""

SHOWN = 10


def explained(endpoint: Endpoint, error: RequestError) -> str:
    """What was denied, in one line, and what helps, in another; asks the server which models it has. Never raises."""
    first = f"{endpoint.base_url}: {refusal(error)}; nothing more is asked of '{endpoint.model}'"
    hint = key_hint(bool(endpoint.api_key)) if error.status in {401, 403} else ""
    if error.status in {404, 405}:
        hint = _address_or_model(endpoint)
    return "\n    ".join(filter(None, [first, one_line(f"it said: {error.text[:300]}"), hint]))


def _address_or_model(endpoint: Endpoint) -> str:
    names = names_at(endpoint.base_url, endpoint.api_key)
    if names and endpoint.model not in names:
        return models_hint(endpoint.model, names)
    if not names and (url := better_address(endpoint.base_url, endpoint.api_key)):
        return f"did you mean {url}? models are listed there; set --ftgate-base-url"
    return "check --ftgate-base-url (it usually ends in /v1) and --ftgate-model"


def models_hint(wanted: str, names: Sequence[str]) -> str:
    """Which models a server has: those whose name is near first, then the others by name."""
    near = difflib.get_close_matches(wanted, names, SHOWN)
    shown = list(dict.fromkeys([*near, *sorted(names)]))
    return f"it serves {one_line(', '.join(shown[:SHOWN]))}{', ...' if len(shown) > SHOWN else ''}"


def names_at(url: str, api_key: str, timeout_s: float = LOOK_S) -> list[str]:
    """The models listed below an address; [] if none are."""
    status, said = http.get(address_of(url, "/models"), api_key, timeout_s)
    return http.model_names(said) if status == 200 else []


def better_address(url: str, api_key: str) -> str:
    """The address near this one where models are listed; "" if there is none."""
    return next((each for each in _near(url) if names_at(each, api_key)), "")


def _near(url: str) -> Iterator[str]:
    if "?" in url:  # of a provider whose addresses are its own
        return
    given = url.rstrip("/")
    base = next((given.removesuffix(path) for path in PATHS if given.endswith(path)), given)
    for each in dict.fromkeys([base, f"{base}/v1"]):
        if each != given and not each.endswith("/v1/v1"):
            yield each
