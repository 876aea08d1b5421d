"""A form that was exported -> its verdict, printed, and a new version of the task: the second half of an export."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import say
from pytest_ftgate.cli.model_options import asking, own_engine_options
from pytest_ftgate.gate.exit_code import EXIT_CODES, Kind

if TYPE_CHECKING:
    from pytest_ftgate.registry import Version
    from pytest_ftgate.serve.forms.form import Form


def gate_options() -> argparse.ArgumentParser:
    """A parent parser with all that the gate of a form needs, beside the options of the registry."""
    options = argparse.ArgumentParser(add_help=False, parents=[own_engine_options()])
    options.add_argument("--goldens", type=Path, default=Path("goldens"), metavar="DIR", help="default: goldens")
    options.add_argument(
        "--no-gate", action="store_true", help="only write the folder: not compared, not registered, never promoted"
    )
    return options


def check_gate(args: argparse.Namespace, form: Form) -> None:
    """Raises FtgateError for what the gate would refuse, before anything is fetched and written for it."""
    from pytest_ftgate.pipeline.production.task_sets import task_sets
    from pytest_ftgate.serve.vllm.command import find_vllm

    if (args.engine or form.runtime) == form.runtime == "vllm":
        find_vllm(args.vllm)
    with task_sets(args.task, args.goldens, args.pipelines, args.state_dir), asking(args):
        pass


def gate_exported(args: argparse.Namespace, parent: Version, form: Form, folder: Path) -> int:
    """Compare the form with its parent, register it, and say what was found; the exit code of the verdict."""
    from pytest_ftgate.pipeline.production.form_gate import gate_form
    from pytest_ftgate.pipeline.production.registered_form import register_form
    from pytest_ftgate.pipeline.production.task_sets import task_sets

    args.engine = _engine(args, parent, form)
    with task_sets(args.task, args.goldens, args.pipelines, args.state_dir) as sets, asking(args) as runtime:
        gated = gate_form(runtime, sets, parent, form, folder)
        for check in gated.verdict.checks:
            say(f"  {check.status}: {check.reason}")
        version = register_form(runtime.registry, gated)
    say(f"{gated.verdict.kind}: {parent} as {form}, served with {gated.model.engine}: {gated.verdict.reason}")
    if version is None:
        say("not registered: the results are not to be trusted")
    elif gated.verdict.kind is Kind.PROMOTE:
        say(f"registered as v{version.number}; make it the champion: ftgate promote {parent.task} v{version.number}")
    else:
        say(f"registered as v{version.number}, and not to be promoted")
    return EXIT_CODES[gated.verdict.kind]


def _engine(args: argparse.Namespace, parent: Version, form: Form) -> str:
    """What serves the form; where that is llama.cpp, what serves its parent if that must be asked again."""
    from pytest_ftgate.registry.model_tags import ENGINE

    if args.engine or form.runtime == "vllm":
        return str(args.engine or form.runtime)
    return parent.tags.get(ENGINE, "").partition(" ")[0] or "transformers"
