"""`ftgate cost TASK`: 1,000 requests on machines of one's own and by API, and from which volume on serving pays."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import open_existing, registry_options, say, table, task_name, version_number
from pytest_ftgate.errors import FtgateError, RegistryError

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.cost.compare import Served
    from pytest_ftgate.pipeline.cost.price_file import Prices, Provider
    from pytest_ftgate.pipeline.cost.usage import Usage
    from pytest_ftgate.registry import Registry, Version

EXAMPLE = """
    [machine]
    price_per_hour = 1.20
    [[provider]]
    name = "an API"
    input_per_million = 0.15
    output_per_million = 0.60"""
_USAGE = ".usage.requests"


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("cost", parents=[registry_options()], help="compare self-hosting with API prices")
    parser.add_argument("task", type=task_name, metavar="TASK")
    parser.add_argument("--prices", type=Path, default=Path("prices.toml"), metavar="FILE", help="default: prices.toml")
    parser.add_argument("--version", type=version_number, metavar="vN", help="default: the champion, else the newest")
    parser.add_argument("--golden", metavar="SET", help="golden set with typical requests (default: that of TASK)")
    parser.set_defaults(run=cost)


def cost(args: argparse.Namespace) -> int:
    """Compare, and state the formulas."""
    from pytest_ftgate.pipeline.cost.compare import Served
    from pytest_ftgate.pipeline.cost.price_file import read_prices

    if not args.prices.is_file():
        raise FtgateError(f"{args.prices} not found; create it, all prices in one currency:\n{EXAMPLE}")
    prices = read_prices(args.prices)
    registry = open_existing(args)
    version = _version(registry, args.task, args.version)
    metrics = registry.metrics(version)
    golden = args.golden or _golden(metrics, version)
    usage, base = _usage(metrics, version, golden)
    per_hour = prices.machine.requests_per_hour or usage.per_hour
    if not per_hour:
        raise FtgateError(
            f"{version}: no throughput measured (cached answers); "
            f"set requests_per_hour under [machine] in {args.prices}"
        )
    trainings = prices.trainings_per_month * (metrics.get("cost", 0.0) + metrics.get("eval_cost", 0.0))
    _tell(version, golden, usage, base, prices, Served(prices.machine, per_hour, trainings))
    return 0


def _version(registry: Registry, task: str, number: int | None) -> Version:
    if number:
        return registry.version(task, number)
    versions = registry.versions(task)
    if not versions:
        raise RegistryError(f"no task {task!r} in the registry; available: {', '.join(registry.tasks()) or 'none'}")
    return registry.champion(task) or versions[-1]


def _golden(metrics: Mapping[str, float], version: Version) -> str:
    names = [name.removesuffix(_USAGE) for name in metrics if name.endswith(_USAGE) and not name.startswith("base.")]
    if version.task in names or len(names) == 1:
        return version.task if version.task in names else names[0]
    if not names:
        raise FtgateError(f"{version}: no token usage recorded; measure again: pytest GOLDENS --train")
    raise FtgateError(
        f"several golden sets; choose the one with typical requests: --golden {' | '.join(sorted(names))}"
    )


def _usage(metrics: Mapping[str, float], version: Version, golden: str) -> tuple[Usage, Usage]:
    """Of the version, and of the base model with its examples (the version's own where that was not kept)."""
    from pytest_ftgate.pipeline.cost.usage import read_usage

    usage = read_usage(metrics, golden)
    if usage is None:
        raise FtgateError(f"{version}: no token usage recorded for golden set {golden!r}")
    if not usage.prompt_tokens + usage.completion_tokens:
        raise FtgateError(f"{version}: the server did not count tokens (no `usage` in its answers)")
    return usage, read_usage(metrics, f"base.{golden}") or usage


def _tell(  # noqa: PLR0913, PLR0917 - what was read, line by line
    version: Version, golden: str, usage: Usage, base: Usage, prices: Prices, served: Served
) -> None:
    prompt, answer = usage.tokens_each
    say(f"{version}: {prompt:.0f} tokens in and {answer:.0f} out a request ({usage.requests:.0f} requests of {golden})")
    for line in compared_prices(usage, base, prices, served):
        say(f"  {line}")


def compared_prices(usage: Usage, base: Usage, prices: Prices, served: Served) -> Iterator[str]:
    """The table of prices with each break-even, and the formulas. base: usage of a prompt with examples."""
    machine, unit = prices.machine, f" {prices.currency}".rstrip()
    rows = [("", "1,000 requests", "break-even, requests/month")]
    rows.append((machine.name, f"{served.thousand_when_full:.4g}{unit}", ""))
    rows += [_row(provider, usage, base, served, unit) for provider in prices.providers]
    yield from table(rows)
    yield from _explained(served, unit)


def _row(provider: Provider, usage: Usage, base: Usage, served: Served, unit: str) -> tuple[str, str, str]:
    prompt = (base if provider.few_shot else usage).tokens_each[0]
    thousand = provider.of_thousand(prompt, usage.tokens_each[1])
    volume = served.break_even(thousand)
    reached = f"{volume:,.0f}" if volume is not None else "none: the API is cheaper at any volume"
    return provider.name, f"{thousand:.4g}{unit}", reached


def _explained(served: Served, unit: str) -> Iterator[str]:
    machine = served.machine
    source = "configured" if machine.requests_per_hour else "measured in its run"
    yield f"p = {served.machine_month:,.2f}{unit}, machine per month: {machine.price_per_hour:g} x 730 h"
    yield (
        f"c = {served.capacity:,.0f} requests/month: {served.per_hour:,.0f} requests/hour, {source}, "
        f"x 730 h x {machine.utilisation:g} utilisation"
    )
    yield f"r = {machine.replicas} replicas; F = {served.monthly:,.2f}{unit} training cost per month"
    yield "1,000 requests on a machine at capacity: 1000 p / c; by API: 1000 a, where a is the API price per request"
    yield "break-even: (m p + F) / a, where m is the largest of r and the machine counts that do not pay off as soon"
    yield "  as they are needed, a c (m - 1) < m p + F; none unless a c > p"
