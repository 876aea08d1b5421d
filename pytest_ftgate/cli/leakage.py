"""`ftgate leakage TRAIN... --goldens DIR`: rows -> what of the golden sets stands in them; exit code 0 or 11."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import STATE_DIR, console, record_reading, say
from pytest_ftgate.cli.leakage_judge import judge_options, judge_settings, tell_judged
from pytest_ftgate.errors import LeakageError, SelfTestError
from pytest_ftgate.files.compressed import check_not_compressed

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.leakage.report import Report
    from pytest_ftgate.leakage.semantic import Nearest
    from pytest_ftgate.serve.api.settings import Settings

LEAKED = 11


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "leakage", help="find golden cases that leak into training data; exit code 11 on a leak"
    )
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="TRAIN",
        help="training rows: .jsonl, .json, .csv (.gz, .bz2, .xz, .zst), .parquet, or a Hugging Face dataset folder",
    )
    parser.add_argument(
        "--goldens", type=Path, default=Path("goldens"), metavar="DIR", help="golden set, or folder of golden sets"
    )
    parser.add_argument("--strict", action="store_true", help="count suspects as leaks")
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="scan on a Ray cluster: HOST:PORT of its head node, auto or local",
    )
    parser.add_argument(
        "--state-dir",
        type=Path,
        default=Path(STATE_DIR),
        metavar="DIR",
        help=f"cache of finished files (--ray) and judge replies (default {STATE_DIR})",
    )
    parser.add_argument(
        "--semantic",
        metavar="MODEL",
        help="also list the nearest row of each golden case by embedding (advisory): folder or hub id of the model",
    )
    parser.add_argument(
        "--semantic-least",
        type=_cosine,
        metavar="X",
        help="minimum cosine similarity, above 0, at most 1 (default 0.8)",
    )
    for kind, what in (("jsonl", "JSON Lines"), ("csv", "CSV")):
        help_ = f"also write each listed pair of golden case and training row to FILE, as {what}"
        parser.add_argument(f"--{kind}", type=Path, metavar="FILE", help=help_)
    judge_options(parser)
    parser.set_defaults(run=leakage)


def leakage(args: argparse.Namespace) -> int:
    """Check, tell, and say by the exit code whether the data may be trained on."""
    from pytest_ftgate.evaluate.suite import load_suite
    from pytest_ftgate.leakage.report import COLOURS, MARKS
    from pytest_ftgate.pipeline.discovery import golden_files

    if args.semantic_least is not None and args.semantic is None:
        raise LeakageError("--semantic-least needs --semantic MODEL")
    _check_outputs(args)
    judge = judge_settings(args)
    record_reading(args, "leakage", args.files)
    suites = [load_suite(path) for path in golden_files(args.goldens)]
    try:
        report = _report(args, suites)
    except SelfTestError as error:
        say(f"INTEGRITY: {error}")
        return LEAKED
    _write_pairs(args, report)
    marks = COLOURS if sys.stdout.isatty() and "NO_COLOR" not in os.environ else MARKS
    sys.stdout.write(f"{report.describe(marks, advise=True)}\n")  # not by `say`, which would escape the colours
    if args.semantic is not None:
        _advise(args, suites, judge)
    return LEAKED if report.blocking(strict=args.strict) else 0


def _report(args: argparse.Namespace, suites: Sequence[Suite]) -> Report:
    if args.ray is None:
        from pytest_ftgate.leakage.user_check import check_own

        with console().step("comparing training rows with the golden sets"):
            return check_own(args.files, suites)
    from pytest_ftgate.evaluate.prompt_variant import all_prompts
    from pytest_ftgate.leakage.check import scan_of
    from pytest_ftgate.leakage.cluster.journal import Journal
    from pytest_ftgate.leakage.cluster.scan import scan_on_ray
    from pytest_ftgate.leakage.prompt_check import prompt_report, with_prompts
    from pytest_ftgate.leakage.user_check import of_all_sets

    journal = Journal(args.state_dir / "leakage" / "finished.jsonl")
    done = scan_on_ray(args.files, suites, args.ray, journal)
    say(f"ray: {done.pieces:,} pieces scanned; {done.finished:,} of {done.files:,} files already finished")
    prompts = [prompt_report(scan_of([suite]), all_prompts(suite)) for suite in suites]
    return with_prompts(done.report, of_all_sets(prompts))


def _check_outputs(args: argparse.Namespace) -> None:
    """Raises FtgateError for a file of pairs that would replace training rows, golden cases or the other file.

    And for one whose name says that it is compressed.
    """
    read = {path.resolve() for path in args.files}
    outputs = [path for path in (args.jsonl, args.csv) if path is not None]
    for path in outputs:
        check_not_compressed(path)
        if path.resolve() in read or path.resolve().is_relative_to(args.goldens.resolve()):
            raise LeakageError(f"{path}: is or belongs to what this command reads; name another file for the pairs")
    if len({path.resolve() for path in outputs}) < len(outputs):
        raise LeakageError(f"{args.csv}: is named by both --jsonl and --csv; name two files for the pairs")


def _write_pairs(args: argparse.Namespace, report: Report) -> None:
    from pytest_ftgate.leakage.pairs_file import write_csv, write_jsonl

    if args.jsonl is not None:
        write_jsonl(report, args.jsonl)
    if args.csv is not None:
        write_csv(report, args.csv)


def _advise(args: argparse.Namespace, suites: Sequence[Suite], judge: Settings | None) -> None:
    """Tell what may be said in other words; it never changes the exit code."""
    from pytest_ftgate.leakage.semantic import LEAST, advice, headline, near_ones

    found, least = _nearest(args, suites), args.semantic_least or LEAST
    pairs = near_ones(found, least)
    if judge is None or not pairs:
        for line in advice(found, args.semantic, least):
            say(line)
        return
    say(headline(found, args.semantic, least))
    tell_judged(args, judge, pairs)


def _nearest(args: argparse.Namespace, suites: Sequence[Suite]) -> list[Nearest]:
    from pytest_ftgate.data.near.rows import read_rows
    from pytest_ftgate.data.near.text import asked_of, text_of
    from pytest_ftgate.leakage.semantic import nearest_rows
    from pytest_ftgate.serve.embed.encoder import encoder_of

    cases = {f"{suite.name}/{case.id}": case for suite in suites for case in suite.cases}
    goldens = [(name, asked_of(case.input)) for name, case in cases.items()]
    rows = (row for path in args.files for row in read_rows(path))
    found = nearest_rows(goldens, rows, encoder_of(args.semantic, "--semantic"))
    return [replace(each, answer=text_of(cases[each.golden].expected)) for each in found]


def _cosine(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a cosine similarity above 0, at most 1")
    return value
