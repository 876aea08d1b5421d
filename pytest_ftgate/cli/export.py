"""`ftgate export TASK [vN] --to FORM DIR`: a version -> the same in another form, gated as a version of its own."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.cli.common import console, open_existing, say, task_name, version_number
from pytest_ftgate.cli.form_gate import check_gate, gate_exported, gate_options
from pytest_ftgate.errors import FtgateError, RegistryError, ServeError
from pytest_ftgate.serve.forms.form import CALIBRATED, GGUF_TYPES, KINDS, Form, form_of

if TYPE_CHECKING:
    from pytest_ftgate.registry import Registry, Version
    from pytest_ftgate.serve.forms.write_form import Tools

MEGA = 1_000_000


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "export", parents=[gate_options()], help="write a version in another form, gate it and register it"
    )
    parser.add_argument("task", type=task_name, metavar="TASK")
    parser.add_argument("version", nargs="?", type=version_number, metavar="vN", help="default: the champion")
    known = ", ".join([*KINDS[:-1], *(f"gguf:{each}" for each in GGUF_TYPES)])
    parser.add_argument(
        "--to", required=True, nargs=2, action=_To, metavar=("FORM", "DIR"), help=f"{known}; and a new folder for it"
    )
    parser.add_argument("--base", metavar="DIR", help="base model folder, if it was moved since the test")
    parser.add_argument(
        "--quantize-python",
        type=Path,
        metavar="FILE",
        help="awq, gptq: Python of an environment where llmcompressor is installed",
    )
    parser.add_argument(
        "--calibration",
        type=Path,
        metavar="FILE",
        help="awq, gptq: the version's training file (default: that of the pipeline)",
    )
    parser.add_argument(
        "--converter",
        metavar="COMMAND",
        help="gguf: writes the file instead of our own writer; called with the model's folder and the file",
    )
    parser.set_defaults(run=export_form)


def export_form(args: argparse.Namespace) -> int:
    """Fetch the version, verify it, write it in the form, then compare it with its parent."""
    from pytest_ftgate.pipeline.production.export import export

    registry = open_existing(args)
    version = _version(args, registry)
    _check_options(args)
    if not args.no_gate:
        check_gate(args, args.to)
    with console().step(f"writing {args.to}"):
        found = export(registry, version, args.to, args.dest, say, args.base, _tools(args, registry, version))
    size = sum(file.stat().st_size for file in found.folder.rglob("*") if file.is_file())
    say(f"{version} as {found.form}: {found.folder}, {size / MEGA:,.1f} MB, digest {found.digest}")
    if args.no_gate:
        facts = {"form": str(found.form), "digest": found.digest, "of": version.number, "of_digest": version.digest}
        registry.record(version.task, "export", facts)
        say("not compared with its parent, not registered; to gate it, run the command again without --no-gate")
        return 0
    return gate_exported(args, version, found.form, found.folder)


def _version(args: argparse.Namespace, registry: Registry) -> Version:
    if args.version is not None:
        return registry.version(args.task, args.version)
    champion = registry.champion(args.task)
    if champion is None:
        raise RegistryError(f"{args.task} has no champion yet\n    name a version: ftgate export {args.task} vN ...")
    return champion


def _check_options(args: argparse.Namespace) -> None:
    """A fault of the command line is found before anything is fetched."""
    form: Form = args.to
    if form.kind in CALIBRATED and args.quantize_python is None:
        from pytest_ftgate.serve.forms.calibrated import without_python

        raise without_python(form)
    for option, kinds in (("quantize_python", CALIBRATED), ("calibration", CALIBRATED), ("converter", ("gguf",))):
        if getattr(args, option) is not None and form.kind not in kinds:
            raise FtgateError(f"--{option.replace('_', '-')} is for {' and '.join(kinds)}; remove it for {form}")
    if args.converter is not None:
        _check_command(args.converter)


def _check_command(text: str) -> None:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise FtgateError(f"--converter {text}: cannot parse {text!r}: {error}") from None
    if not words or not words[0]:
        raise FtgateError("--converter is empty; name a command, or leave it out for our own writer")


def _tools(args: argparse.Namespace, registry: Registry, version: Version) -> Tools:
    from pytest_ftgate.serve.forms.write_form import Tools

    if args.to.kind not in CALIBRATED:
        return Tools(converter=args.converter or "")
    from pytest_ftgate.pipeline.production.calibration import calibration
    from pytest_ftgate.pipeline.production.task_sets import task_sets
    from pytest_ftgate.registry.model_tags import model_of

    with task_sets(args.task, args.goldens, args.pipelines, args.state_dir) as sets:
        model = model_of(version, registry.fetch(version), args.base)
        file, method = args.calibration or sets.pipeline.train_file, sets.pipeline.tuning.method
        rows = calibration(registry, version, model, file, sets.suites[0].prompt, method)
    return Tools(args.quantize_python, rows)


class _To(argparse.Action):
    """A form and a folder, as `args.to` and `args.dest`."""

    def __call__(self, _parser: object, namespace: argparse.Namespace, values: Any, _option: object = None) -> None:
        form, folder = values
        if not folder.strip():
            raise argparse.ArgumentError(self, "the folder's name is empty; name a new folder")
        try:
            namespace.to, namespace.dest = form_of(form), Path(folder)
        except ServeError as error:
            raise argparse.ArgumentError(self, str(error)) from None
