"""pytest config -> Options, read once and validated; each setting is a flag and an ini option."""

from __future__ import annotations

from argparse import ArgumentError
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pytest_ftgate.files.secrets import plain_address, secret_address
from pytest_ftgate.pipeline.combinations import Combinations
from pytest_ftgate.plugin import option_values as values
from pytest_ftgate.plugin.combinations import OF_REPEATED, add_combinations, first_value, how, read_combinations
from pytest_ftgate.plugin.folders import folders_of
from pytest_ftgate.plugin.options_comparing import add_comparing, comparing
from pytest_ftgate.plugin.options_registry import KEY_SETTINGS, registry_keys
from pytest_ftgate.plugin.options_reports import REPORT_SETTINGS, report_files
from pytest_ftgate.plugin.options_serving import ini_name, serving
from pytest_ftgate.plugin.options_verbs import add_verbs, verbs
from pytest_ftgate.serve import ENGINES

# name, default, help; each becomes --ftgate-<name> and the ini option ftgate_<name>
_SETTINGS: tuple[tuple[str, str, str], ...] = (
    ("target", "", "model under test: base, champion, candidate (with --train) or vN; default: champion, else base"),
    (
        "engine",
        "",
        f"inference engine: {' or '.join(ENGINES)}; default: openai if a base URL is given, else transformers",
    ),
    (
        "base-url",
        "",
        "base URL of an OpenAI-compatible server, e.g. http://127.0.0.1:8000/v1; its key is read from FTGATE_API_KEY, "
        "else OPENAI_API_KEY",
    ),
    ("model", "", "served name (openai), or folder or hub id of the base model"),
    ("vllm", "", "path of the vllm executable; default: next to the Python executable, then on PATH"),
    ("start-limit", "", "seconds for a server to start, downloads apart; default: 300, with vllm 600"),
    ("vllm-args", "", "extra arguments of `vllm serve`, e.g. '--max-model-len 4096'; they override the defaults"),
    ("cache", "", "response cache: local or off; default: local for models served by this run, else off"),
    ("cache-url", "", "shared response cache instead of the local one, e.g. redis://host:6379/0"),
    ("price", "", "price per million input and per million output tokens, e.g. '0.15 0.60', for cost_per_1k"),
    ("concurrency", "64", "concurrent requests, 1 to 4096"),
    ("state-dir", ".ftgate", "folder for journals, adapters and the embedded registry, relative to the rootdir"),
    ("judge-budget", "", "budget in dollars per judge model and run; default: budget_dollars of [judge], or no limit"),
    ("judge-model", "", "model of the `judge` fixture in tests without a golden set; default: a small Claude"),
    ("judge-url", "", "its base URL: Messages API, or an OpenAI-compatible server if it ends with /v1"),
    (
        "leak",
        "error",
        "on leakage under --train: error; strict (suspects too); drop-row (train without leaked rows); drop-case "
        "(evaluate without leaked cases)",
    ),
    (
        "html",
        "",
        "file for the HTML report of the run; default: with --train, and where CI is set, report.html beside the "
        "records of the run in the state folder",
    ),
    ("markdown", "", "file for a Markdown summary of the run; default: GITHUB_STEP_SUMMARY, if set"),
    *REPORT_SETTINGS,
    *KEY_SETTINGS,
    ("tracking-uri", "", "MLflow tracking server; default: MLFLOW_TRACKING_URI, else SQLite in the state folder"),
)
_LISTS: tuple[tuple[str, str, str], ...] = (
    ("goldens", "goldens", "folders to collect golden sets from, relative to rootdir or working folder"),
    ("pipelines", "pipelines", "folders with <task>/pipeline.toml for --train, relative to rootdir or working folder"),
)


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for, validated. Paths are absolute; "" means "not given". unnamed: see `Settings`."""

    train: bool
    propose: bool
    canary: bool
    night: date
    rollback_on_drift: bool
    live: Path | None
    resume: bool
    target: str
    engine: str
    unnamed: str
    base_url: str
    model: str
    combinations: Combinations
    vllm: str
    vllm_args: tuple[str, ...]
    start_limit_s: float | None
    regrade: str
    cache: str
    cache_url: str
    price: tuple[float, float] | None
    judge_budget: float | None
    judge_batch: bool
    judge_model: str
    judge_url: str
    leak: str
    against: str
    max_drop: float | None
    concurrency: int
    state_dir: Path
    tracking_uri: str
    html: str
    markdown: str
    badge: str
    code_quality: str
    run_file: str
    signing_key: Path | None
    verify_key: Path | None
    promoter_key: Path | None
    encrypt: str
    decrypt: str
    goldens: tuple[Path, ...]
    pipelines: tuple[Path, ...]
    rootdir: Path


def add_options(parser: pytest.Parser) -> None:
    """Register the flags and ini options; all begin with ftgate, besides --train, --canary and --live.

    Raises UsageError if another plugin has registered one of them.
    """
    group = parser.getgroup("ftgate", "gating fine-tuned models by tests (pytest-ftgate)")
    add = partial(_add, group)
    add_verbs(add)
    add(
        "--ftgate-resume",
        action="store_true",
        help="reuse journalled answers with the same digests, send only the rest",
    )
    add(
        "--ftgate-regrade",
        metavar="RUN",
        default="",
        help="grade journalled answers again without a model; RUN: last, or a model digest prefix",
    )
    add(
        "--ftgate-judge-batch",
        action="store_true",
        help="use Message Batches for the judge: half the price, within 24 hours, resumable",
    )
    add_combinations(add)
    add_comparing(add)
    for name, default, text in _SETTINGS:
        shown = f"{text} (default {default})" if default else f"{text}{OF_REPEATED.get(name, '')}"
        add(f"--ftgate-{name}", metavar=name.upper().replace("-", "_"), default=None, help=shown, **how(name))
        parser.addini(ini_name(name), text, default=default)
    for name, default, text in _LISTS:
        parser.addini(ini_name(name), text, type="args", default=[default])


def _add(group: pytest.OptionGroup, flag: str, **how: Any) -> None:
    try:
        group.addoption(flag, **how)
    except (ValueError, ArgumentError):
        raise pytest.UsageError(
            f"pytest-ftgate cannot register option {flag}: already registered by another plugin\n"
            "    Disable that plugin: -p no:NAME; or pytest-ftgate: -p no:pytest_ftgate"
        ) from None


def read_options(config: pytest.Config) -> Options:
    """Flags before ini options before defaults; `UsageError` or FtgateError say what is allowed."""
    text = {name: _value(config, name) for name, _, _ in _SETTINGS}
    root = config.rootpath
    given = verbs(config, {"--ftgate-target": text["target"], "--ftgate-regrade": config.getoption("ftgate_regrade")})
    return Options(
        **given,
        resume=bool(config.getoption("ftgate_resume")),
        target=values.target(text["target"], train=given["train"]),
        **serving(config, text),
        base_url=plain_address(text["base-url"], "--ftgate-base-url", "FTGATE_API_KEY", query=True),
        model=text["model"],
        combinations=read_combinations(config),
        vllm=text["vllm"],
        vllm_args=values.words(text["vllm-args"]),
        regrade=values.regrade(str(config.getoption("ftgate_regrade")), train=given["train"]),
        cache=values.cache(text["cache"]),
        cache_url=secret_address(text["cache-url"]),
        price=values.price(text["price"]),
        judge_budget=values.dollars(text["judge-budget"]),
        judge_batch=bool(config.getoption("ftgate_judge_batch")),
        judge_model=text["judge-model"],
        judge_url=text["judge-url"],
        leak=values.leak(text["leak"]),
        **comparing(config),
        concurrency=values.concurrency(text["concurrency"]),
        state_dir=root / text["state-dir"],
        tracking_uri=secret_address(text["tracking-uri"]),
        html=text["html"],
        markdown=text["markdown"],
        **report_files(text),
        **registry_keys(root, text),
        goldens=folders_of(config, "ftgate_goldens"),
        pipelines=folders_of(config, "ftgate_pipelines"),
        rootdir=root,
    )


def _value(config: pytest.Config, name: str) -> str:
    flag: Any = first_value(config, name) if name in OF_REPEATED else config.getoption(ini_name(name))
    value = flag if flag is not None else config.getini(ini_name(name))
    if not isinstance(value, str):
        several = f"; to compare several, repeat the flag --ftgate-{name}" if name in OF_REPEATED else ""
        raise pytest.UsageError(f"{ini_name(name)}: found {value!r}, expected one text{several}")
    return value.strip()
