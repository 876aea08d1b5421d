"""Options of `ftgate advise` for the reference model -> its Settings."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from pytest_ftgate.cli.numbers import real
from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from pytest_ftgate.serve.api.settings import Settings

BUDGET = 1.0


def reference_options() -> argparse.ArgumentParser:
    """A parent parser."""
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        "--reference", metavar="MODEL", help="a strong model to compare with, such as a Claude; is sent rows and cases"
    )
    options.add_argument("--reference-url", metavar="URL", help="its API (default: Anthropic's)")
    options.add_argument("--reference-api", choices=("anthropic", "openai"), help="API protocol (default anthropic)")
    options.add_argument(
        "--reference-price",
        nargs=2,
        type=real(0),
        metavar=("IN", "OUT"),
        help="dollars per million tokens, for models without a built-in price",
    )
    options.add_argument(
        "--reference-budget", type=real(0), default=BUDGET, metavar="DOLLARS", help=f"never exceeded (default {BUDGET})"
    )
    return options


def reference_settings(args: argparse.Namespace) -> Settings | None:
    """None without --reference. Raises FtgateError, ProviderError."""
    from pytest_ftgate.serve.api.settings import read_settings

    given = {"model": args.reference, "base_url": args.reference_url, "api": args.reference_api}
    table: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if args.reference_price:
        table["prices"] = {"input": args.reference_price[0], "output": args.reference_price[1]}
    if not args.reference:
        if table:
            raise FtgateError("--reference-url, --reference-api and --reference-price need --reference MODEL")
        return None
    return read_settings(table | {"budget_dollars": args.reference_budget}, "ftgate advise")
