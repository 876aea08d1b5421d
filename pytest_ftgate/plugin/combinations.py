"""(flags that may be repeated) -> Combinations of models and prompts that a run compares."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

import pytest

from pytest_ftgate.files.secrets import plain_address
from pytest_ftgate.pipeline.combinations import Combinations

OF_REPEATED = {"base-url": "; repeated: one per model", "model": "; repeated: models to compare"}
"""Settings whose flag may be given several times, and what its help says of that; their ini option is one value."""
_PROMPT = "--ftgate-prompt"


def add_combinations(add: Callable[..., None]) -> None:
    """Register the flag that has no ini option: a comparison is asked for, not configured."""
    add(
        _PROMPT,
        action="append",
        metavar="NAME",
        default=[],
        help="prompt variant to ask with, or base (the set's own prompt), or all; repeated: prompts to compare",
    )


def how(name: str) -> dict[str, Any]:
    """What argparse should do with the flag of a setting."""
    return {"action": "append"} if name in OF_REPEATED else {}


def given_values(config: pytest.Config, name: str) -> list[str]:
    """The values of a flag that may be repeated: those of the command line, which replace those of `addopts`.

    They are kept as the option, so that the workers of xdist, which see no command line, have the same.
    """
    flag, option = f"--ftgate-{name}", "ftgate_" + name.replace("-", "_")
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument(flag, dest="values", action="append")
    typed = parser.parse_known_args(list(map(str, config.invocation_params.args)))[0].values
    if typed:
        setattr(config.option, option, typed)
    return [value.strip() for value in config.getoption(option) or ()]


def first_value(config: pytest.Config, name: str) -> str | None:
    """The first value of a flag that may be repeated; None without the flag."""
    return next(iter(given_values(config, name)), None)


def read_combinations(config: pytest.Config) -> Combinations:
    """Raises UsageError for models and base URLs that do not fit, and with --train or --canary."""
    models, urls, prompts = (list(filter(None, given_values(config, name))) for name in ("model", "base-url", "prompt"))
    several = [flag for flag, some in (("--ftgate-model", models), ("--ftgate-base-url", urls)) if len(some) > 1]
    several += [_PROMPT] if prompts else []
    _check_verbs(config, several)
    if len(set(models)) < len(models):
        twice = next(name for name in models if models.count(name) > 1)
        raise pytest.UsageError(
            f"--ftgate-model: {twice!r} is named twice; models are told apart by their names: "
            "serve one of them under another name"
        )
    if len(urls) > 1 and len(urls) != len(models):
        raise pytest.UsageError(
            f"--ftgate-base-url: found {len(urls)} URLs for {len(models)} models; expected one URL for all, or one for "
            "each --ftgate-model in the same order"
        )
    addresses = [plain_address(url, "--ftgate-base-url", "FTGATE_API_KEY", query=True) for url in urls]
    return Combinations(
        models=tuple(models) if len(models) > 1 else (),
        addresses=dict(zip(models, addresses, strict=True)) if len(urls) > 1 else {},
        prompts=tuple(dict.fromkeys(prompts)),
    )


def _check_verbs(config: pytest.Config, several: list[str]) -> None:
    verb = "--train" if config.getoption("train") else "--canary" if config.getoption("canary") else ""
    if verb and several:
        raise pytest.UsageError(
            f"{verb} decides on one model, asked with the golden set's own prompt; remove the repeated {several[0]}"
            if several[0] != _PROMPT
            else f"{verb} asks with the golden set's own prompt; remove {_PROMPT} (move a better prompt into [prompt])"
        )
