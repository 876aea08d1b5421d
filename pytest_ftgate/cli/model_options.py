"""Options of the commands that ask a model -> a Runtime."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import cipher, promoter_key, registry_options, say, verify_key
from pytest_ftgate.cli.numbers import whole
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.secrets import plain_address
from pytest_ftgate.serve import ENGINES

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.runtime import Runtime


def asking_options() -> argparse.ArgumentParser:
    """A parent parser with what says which model is asked, beside the options of the registry."""
    options = argparse.ArgumentParser(add_help=False, parents=[registry_options()])
    options.add_argument("--engine", choices=ENGINES, help="default: openai with --base-url, else transformers")
    options.add_argument("--base-url", default="", metavar="URL", help="running server; needs --model")
    options.add_argument("--model", default="", metavar="NAME", help="served name, or folder or hub id of a base model")
    _add_engine_options(options)
    return options


def own_engine_options() -> argparse.ArgumentParser:
    """The same for a command that starts every server itself."""
    options = argparse.ArgumentParser(add_help=False, parents=[registry_options()])
    own = [name for name in ENGINES if name != "openai"]
    options.add_argument("--engine", choices=own, help="default: the one that the form ships for, or the version had")
    options.set_defaults(base_url="", model="")
    _add_engine_options(options)
    return options


def _add_engine_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--pipelines", type=Path, default=Path("pipelines"), metavar="DIR", help="default: pipelines")
    options.add_argument("--vllm", default="", metavar="FILE", help="path of the vllm executable")
    options.add_argument(
        "--vllm-args", type=_words, default=(), metavar="ARGS", help="extra arguments of `vllm serve`, in quotes"
    )
    options.add_argument(
        "--start-limit",
        type=whole(1, 86_400),
        metavar="SECONDS",
        help="in which a started server must be ready (default 300, with vllm 600)",
    )
    options.add_argument(
        "--concurrency", type=whole(1, 4096), default=64, metavar="N", help="requests in flight (default 64)"
    )


def _words(text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"cannot parse {text!r}: {error}") from None


@contextmanager
def asking(args: argparse.Namespace) -> Iterator[Runtime]:
    """The runtime that the options name, closed in the end. Raises FtgateError."""
    from pytest_ftgate.pipeline.progress import Console
    from pytest_ftgate.pipeline.runtime import Runtime
    from pytest_ftgate.pipeline.settings import Settings

    engine = args.engine or ("openai" if args.base_url else "transformers")
    if engine == "openai" and not (args.base_url and args.model):
        raise FtgateError("--engine openai needs --base-url URL and --model NAME")
    settings = Settings(
        state_dir=args.state_dir,
        engine=engine,
        base_url=plain_address(args.base_url, "--base-url", "FTGATE_API_KEY", query=True),
        model=args.model,
        concurrency=args.concurrency,
        tracking_uri=args.tracking_uri or "",
        vllm=args.vllm,
        vllm_args=args.vllm_args,
        start_limit_s=args.start_limit,
        verify_key=verify_key(args),
        promoter_key=promoter_key(args),
        encrypt=cipher().encrypt,
        decrypt=cipher().decrypt,
    )
    with Runtime(settings, Console(sys.stderr, say)) as runtime:
        yield runtime
