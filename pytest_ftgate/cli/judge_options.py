"""Options of the commands that ask a judge -> its judge client, and what it cost."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import say
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.yes_no import agreed, someone_is_there

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.judge.client import JudgeClient
    from pytest_ftgate.judge.spec import JudgeSpec


def judge_options() -> argparse.ArgumentParser:
    """A parent parser with what limits the spending."""
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        "--budget", type=_dollars, metavar="DOLLARS", help="budget per judge model (default: budget_dollars of [judge])"
    )
    options.add_argument("--batch", action="store_true", help="use Message Batches: half the price, within 24 hours")
    options.add_argument("--yes", action="store_true", help="accept any cost estimate within the budget")
    return options


def spec_of(suite: Suite) -> JudgeSpec:
    """The judge of a set. Raises FtgateError if it has none."""
    if suite.golden.judge is None:
        raise FtgateError(f"{suite.golden.path}: no [judge] section (model and criteria)")
    return suite.golden.judge


@contextmanager
def judge_client_of(args: argparse.Namespace, spec: JudgeSpec, name: str) -> Iterator[JudgeClient]:
    """A client of the judge; prints at the end, also after a failure, what was asked and spent. Raises FtgateError."""
    from pytest_ftgate.judge.pool import Judges
    from pytest_ftgate.judge.summary import judged_lines

    judges = Judges(args.state_dir / "judge", budget=args.budget, batch=args.batch, confirm=_confirm(args))
    with ExitStack() as closing:
        closing.callback(judges.close)
        try:
            yield judges.judge_client(spec, name)
        finally:
            for line, _ in judged_lines(list(judges.facts())):
                say(line)


def _confirm(args: argparse.Namespace) -> Callable[[str], bool] | None:
    if args.yes:
        return lambda _question: True
    return agreed if someone_is_there() else None


def _dollars(text: str) -> float:
    try:
        dollars = float(text)
    except ValueError:
        dollars = -1.0
    if not 0 <= dollars < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount in dollars, e.g. 2.50")
    return dollars
