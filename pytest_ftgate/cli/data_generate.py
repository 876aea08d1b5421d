"""`ftgate data generate TASK|SEEDS`: training rows -> further ones by a language model, for a person to review."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.cli.common import STATE_DIR, say
from pytest_ftgate.cli.numbers import real, whole
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.atomic import write_text

if TYPE_CHECKING:
    from pytest_ftgate.data.synthesis.generate import Job, Made
    from pytest_ftgate.data.synthesis.seeds import Seeds
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.serve.api.client import Provider
    from pytest_ftgate.serve.api.settings import Settings

TOO_FEW = 10
"""Exit code of a job that has not made all rows that were wanted."""


def add(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `ftgate data`."""
    parser = kinds.add_parser("generate", help="generate synthetic rows with Claude, to be reviewed before training")
    parser.add_argument(
        "source", metavar="TASK|SEEDS", help="pipeline whose training rows serve as seeds, or a file of rows"
    )
    parser.add_argument("--count", type=whole(1), required=True, metavar="N", help="number of rows")
    parser.add_argument(
        "--budget",
        type=real(0),
        required=True,
        metavar="DOLLARS",
        help="total budget of this job over all its runs",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="output file, JSON Lines")
    parser.add_argument("--about", default="", metavar="TEXT", help="task description, one or two sentences")
    parser.add_argument(
        "--as-seeds", action="store_true", help="keep the label distribution of the seeds (default: balanced)"
    )
    parser.add_argument("--batch", action="store_true", help="use Message Batches: half the price, within 24 hours")
    parser.add_argument("--seed", type=whole(0, 2**32 - 1), default=0, metavar="N", help="random seed (default 0)")
    parser.add_argument(
        "--goldens", type=Path, default=Path("goldens"), metavar="DIR", help="golden sets to exclude from the rows"
    )
    parser.add_argument(
        "--state-dir", type=Path, default=Path(STATE_DIR), metavar="DIR", help=f"state folder (default {STATE_DIR})"
    )
    _model_options(parser)
    parser.set_defaults(run=generate_rows)


def _model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", metavar="NAME", help="default: a small Claude")
    parser.add_argument("--base-url", metavar="URL", help="API base URL")
    parser.add_argument("--api", choices=("anthropic", "openai"), help="API protocol (default anthropic)")
    parser.add_argument(
        "--price",
        nargs=2,
        type=real(0),
        metavar=("IN", "OUT"),
        help="dollars per million tokens, for models without a built-in price",
    )


def generate_rows(args: argparse.Namespace) -> int:
    """Ask, drop copies and leaks, write. Exit code 0, or 10 if there are fewer rows than wanted."""
    from pytest_ftgate.data.readers.json_line import check_target
    from pytest_ftgate.data.synthesis.budget import spent_before
    from pytest_ftgate.data.synthesis.generate import Job, generate
    from pytest_ftgate.data.synthesis.plan import quotas
    from pytest_ftgate.data.synthesis.seeds import read_seeds
    from pytest_ftgate.leakage.overlapping_rows import leaking_lines, leaking_places
    from pytest_ftgate.serve.api.client import open_provider

    check_target(args.out)
    if args.count < 1 or not args.budget >= 0:
        raise FtgateError("--count must be 1 or more and --budget 0 or more")
    settings, suites = _settings(args), _suites(args.goldens)
    file = _seed_file(args, suites)
    seeds = read_seeds(file, leaking_lines(file, suites))
    say(_told_seeds(file, seeds))
    if seeds.personal and not settings.local:
        say(f"  {seeds.personal} of them contain personal data, sent to {settings.base_url}; see ftgate data redact")
    job = Job(quotas(seeds.form, seeds.rows, args.count, as_seeds=args.as_seeds), args.about, args.seed, args.batch)
    folder = args.state_dir / "generate" / _job_digest(seeds, job, settings)
    before = spent_before(folder)
    settings = replace(settings, budget_dollars=max(0.0, args.budget - before))
    if before:
        say(f"earlier runs of this job spent ${before:.4f} of ${args.budget:g}; replies are reused")
    with open_provider(settings, folder) as provider:
        made = generate(seeds, job, settings, provider, lambda rows: leaking_places(rows, suites))
        _write(args.out, made.rows)
        return _tell(args, made, provider, before)


def _settings(args: argparse.Namespace) -> Settings:
    from pytest_ftgate.serve.api.settings import read_settings

    given = {"model": args.model, "base_url": args.base_url, "api": args.api}
    table: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if args.price:
        table["prices"] = {"input": args.price[0], "output": args.price[1]}
    return read_settings(table, "ftgate data generate")


def _suites(goldens: Path) -> list[Suite]:
    from pytest_ftgate.evaluate.suite import load_suite
    from pytest_ftgate.pipeline.discovery import golden_files

    return [load_suite(path) for path in golden_files(goldens)]


def _seed_file(args: argparse.Namespace, suites: Sequence[Suite]) -> Path:
    """The training file of a pipeline, or the file itself. FtgateError if it is a golden set, or there is none."""
    from pytest_ftgate.pipeline.discovery import PIPELINE_FILE

    named = Path(args.source)
    places = (named, named / PIPELINE_FILE, Path("pipelines") / args.source / PIPELINE_FILE)
    pipeline = next((path for path in places if path.name == PIPELINE_FILE and path.is_file()), None)
    if pipeline:
        from pytest_ftgate.pipeline.config import read_pipeline
        from pytest_ftgate.pipeline.data_access import record_access

        found = read_pipeline(pipeline)
        if found.data.columns:
            options = " ".join(f"--column {key}={name}" for key, name in found.data.columns.items())
            raise FtgateError(f"{pipeline}: has [data.columns]; pass a file made by: ftgate data redact {options}")
        record_access(args.state_dir, found, "generate", suites)
        return found.train_file
    if not named.exists():
        raise FtgateError(f"{args.source}: not a pipeline in pipelines/ and not a file of training rows")
    goldens = {path.resolve() for suite in suites for path in (suite.golden.path, suite.golden.cases_path)}
    if named.resolve() in goldens or named.resolve().is_relative_to(args.goldens.resolve()):
        raise FtgateError(
            f"{args.source} is a golden set: rows generated from it would leak; use a file of training rows"
        )
    return named


def _job_digest(seeds: Seeds, job: Job, settings: Settings) -> str:
    """Of all that decides the first requests, whatever number of rows is wanted."""
    from pytest_ftgate.data.synthesis.prompt import prompts_digest
    from pytest_ftgate.files.digest import digest_of

    rows = [[dict(seed.asked), seed.answer] for seed in seeds.rows]
    return digest_of([rows, job.about, job.seed, settings.api, settings.model, prompts_digest()])[:16]


def _told_seeds(file: Path, seeds: Seeds) -> str:
    classes = f", labels {', '.join(seeds.form.classes)}" if seeds.form.classes else ""
    without = ", ".join(f"{count} {why}" for why, count in seeds.left_out.items())
    return f"{len(seeds.rows)} seeds from {file}{classes}" + (f"; dropped: {without}" if without else "")


def _write(out: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Replace the file. FtgateError if it holds a row that is not among the new ones."""
    text = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    if out.exists():
        before = [line + "\n" for line in out.read_text(encoding="utf-8").split("\n") if line.strip()]
        if strange := set(before) - set(text):
            raise FtgateError(
                f"{out} contains {len(strange)} rows not generated by this job; nothing written\n"
                "    use another --out file; replies already paid for are reused"
            )
    write_text(out, "".join(text))


def _tell(args: argparse.Namespace, made: Made, provider: Provider, before: float) -> int:
    labels = ", ".join(f"{count} {label}" for label, count in sorted(made.by_label.items()) if label)
    say(f"{args.out}: {len(made.rows)} of {args.count} rows, unreviewed" + (f" ({labels})" if labels else ""))
    for what, counts in (("dropped", made.dropped), ("without an answer", made.unanswered)):
        if told := ", ".join(f"{count} {why}" for why, count in sorted(counts.items()) if count):
            say(f"  {what}: {told}")
    spent = before + provider.bill.dollars + provider.bill.possibly_dollars
    say(f"  {provider.bill}; ${spent:.4f} of ${args.budget:g} in all")
    if len(made.rows) < args.count:
        why = "budget exhausted" if made.out_of_money else "the model repeats itself or does not answer"
        say(f"  fewer rows than --count: {why}; run again with a larger --budget or another --seed to continue")
    say(f"next: ftgate data review {args.out}")
    return TOO_FEW if len(made.rows) < args.count else 0
