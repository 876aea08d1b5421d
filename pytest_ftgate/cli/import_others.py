"""Kinds of `ftgate import` for evaluation harnesses: OpenAI's evals, Inspect, deepeval, lm-eval."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_ftgate.cli.import_kind import ImportKind

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.importing.imported import Imported

_GRADERS = ("exact", "contains", "starts_with", "token_f1", "judge")


def _grader_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--grader",
        choices=_GRADERS,
        default=_GRADERS[0],
        help="how answers are graded, which the file does not say (default exact, without case and punctuation)",
    )


def _deepeval_options(parser: argparse.ArgumentParser) -> None:
    _grader_option(parser)
    parser.add_argument("--with-context", action="store_true", help="show the model retrieval_context, else context")
    parser.add_argument("--tools", type=Path, metavar="FILE", help="JSON list of OpenAI's tools, for expected_tools")


def _openai_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--eval", default="", metavar="NAME", help="which eval, where the registry file has several")
    parser.add_argument("--data", type=Path, metavar="FILE", help="samples or items, if they are in another file")


def _openai(args: argparse.Namespace) -> Imported:
    from pytest_ftgate.pipeline.importing.openai import read_openai

    return read_openai(args.source, args.eval, args.data)


def _inspect(args: argparse.Namespace) -> Imported:
    from pytest_ftgate.pipeline.importing.inspect_samples import read_inspect

    return read_inspect(args.source, args.grader)


def _deepeval(args: argparse.Namespace) -> Imported:
    from pytest_ftgate.pipeline.importing.deepeval import DeepevalOptions, read_deepeval

    return read_deepeval(args.source, DeepevalOptions(args.grader, args.with_context, args.tools))


def _lm_eval_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, metavar="FILE", help="rows of the split, if they are in another file")


def _lm_eval(args: argparse.Namespace) -> Imported:
    from pytest_ftgate.pipeline.importing.lm_eval import read_lm_eval

    return read_lm_eval(args.source, args.data)


OTHER_KINDS: Mapping[str, ImportKind] = MappingProxyType(
    {
        "openai-evals": ImportKind(
            "an eval of OpenAI", "registry .yaml, or .json of the hosted service", _openai, _openai_options
        ),
        "inspect": ImportKind("samples of Inspect", "samples, .jsonl, .json or .csv", _inspect, _grader_option),
        "deepeval": ImportKind("goldens of deepeval", "goldens, .json, .jsonl or .csv", _deepeval, _deepeval_options),
        "lm-eval": ImportKind("a task of lm-evaluation-harness", "task, .yaml", _lm_eval, _lm_eval_options),
    }
)
