"""Options of `ftgate leakage --semantic-judge`, near pairs -> what a language model says of each, told."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pytest_ftgate.cli.common import say
from pytest_ftgate.cli.own_options import in_own_options
from pytest_ftgate.errors import FtgateError, LeakageError

if TYPE_CHECKING:
    from pytest_ftgate.leakage.semantic import Nearest
    from pytest_ftgate.serve.api.settings import Settings

_OF_JUDGE = ("judge_url", "judge_api", "judge_price", "judge_budget")


def judge_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--semantic-judge",
        nargs="?",
        const="",
        metavar="MODEL",
        help="with --semantic: judge each pair for paraphrases with this model (default: a small Claude)",
    )
    parser.add_argument("--judge-url", metavar="URL", help="API base URL")
    parser.add_argument("--judge-api", choices=("anthropic", "openai"), help="API protocol (default anthropic)")
    parser.add_argument(
        "--judge-price",
        nargs=2,
        type=float,
        metavar=("IN", "OUT"),
        help="dollars per million tokens, for models without a built-in price",
    )
    parser.add_argument("--judge-budget", type=float, metavar="DOLLARS", help="spending limit")
    parser.add_argument("--yes", action="store_true", help="accept any cost estimate")


def judge_settings(args: argparse.Namespace) -> Settings | None:
    """Which model is asked, None if none is. Before anything is scanned: LeakageError, ProviderError without a key."""
    if args.semantic_judge is None:
        if given := next((name for name in _OF_JUDGE if getattr(args, name) is not None), None):
            option = f"--{given.replace('_', '-')}"
            raise LeakageError(f"{option} needs --semantic-judge")
        return None
    if args.semantic is None:
        raise LeakageError("--semantic-judge needs --semantic MODEL")
    from pytest_ftgate.serve.api.settings import read_settings

    settings = read_settings(_table(args), "ftgate leakage --semantic-judge")
    settings.price_list()
    settings.key()
    return settings


def _table(args: argparse.Namespace) -> dict[str, Any]:
    table: dict[str, Any] = {
        "model": args.semantic_judge or None,
        "base_url": args.judge_url,
        "api": args.judge_api,
        "budget_dollars": args.judge_budget,
    }
    if args.judge_price:
        table["prices"] = {"input": args.judge_price[0], "output": args.judge_price[1]}
    return {key: value for key, value in table.items() if value is not None}


def tell_judged(args: argparse.Namespace, settings: Settings, pairs: Sequence[Nearest]) -> None:
    """Ask about each pair and tell. What keeps it from being asked is told too, and changes no exit code."""
    if personal := _personal(pairs) if not settings.local else 0:
        say(f"  {personal} of these pairs contain personal data and are sent to {settings.base_url}")
    try:
        _ask_and_tell(args, settings, pairs)
    except FtgateError as error:
        say(f"not judged ({len(pairs):,} pairs): {in_own_options(str(error), args)}")


def _ask_and_tell(args: argparse.Namespace, settings: Settings, pairs: Sequence[Nearest]) -> None:
    from pytest_ftgate.leakage.pair_judge import asks_of, judge_pairs, judged_lines
    from pytest_ftgate.serve.api.client import open_provider
    from pytest_ftgate.serve.api.confirm import confirm

    asks = asks_of(pairs, settings)
    with open_provider(settings, args.state_dir / "leakage" / "judge") as provider:
        most = settings.budget_dollars
        dollars = provider.estimate(asks)
        confirm(
            dollars if most is None else min(dollars, most),
            settings.confirm_above_dollars,
            f"judging {len(pairs):,} pairs",
            "--yes or --judge-budget",
            given=args.yes,
        )
        for line in judged_lines(list(judge_pairs(pairs, asks, provider)), settings.model):
            say(line)
        say(f"  {provider.bill}")


def _personal(pairs: Sequence[Nearest]) -> int:
    from pytest_ftgate.data.pii.personal import personal_data

    return sum(bool(personal_data("\n".join((pair.asked, pair.answer, pair.row or pair.text)))) for pair in pairs)
