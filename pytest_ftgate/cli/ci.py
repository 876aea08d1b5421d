"""`ftgate ci github`: settings -> workflows for GitHub Actions. `ftgate ci changed`: changed files -> pipelines."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import say
from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.discovery import Catalogue

INSTALL = 'python -m pip install "pytest-ftgate[train,registry]"'
INSTALL_LIGHT = "python -m pip install pytest-ftgate"
ARGUMENTS = '--ftgate-state-dir "$STATE_DIR" --junit-xml=reports/junit.xml --ftgate-markdown=reports/ftgate.md'
Codes = Sequence[tuple[int, str, str]]
"""Exit code, level of GitHub's annotation, meaning."""

FILES: Mapping[str, Codes] = {
    "ftgate-gate.yml": (
        (0, "notice", "promoted, or unchanged"),
        (1, "error", "REJECT or a failed test; production is unchanged"),
        (10, "warning", "HOLD: not enough evidence; production is unchanged, the gate says what would settle it"),
        (11, "error", "INTEGRITY: a leak, a changed golden set or unmeasured cases; do not trust these numbers"),
    ),
    "ftgate-canary.yml": (
        (0, "notice", "no drift"),
        (1, "error", "a test failed; see the log"),
        (10, "warning", "nothing is decided: there is no champion to watch, or its panel was not measured in full"),
        (11, "error", "panel, prompt or model is not what it was at promotion, so nothing can be compared"),
        (12, "error", "DRIFT: a champion answers worse than when it was promoted"),
    ),
}
"""Each workflow, and what the exit codes mean there."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    parser = commands.add_parser("ci", help="workflows for continuous integration")
    kinds = parser.add_subparsers(metavar="KIND", required=True)
    _add_github(kinds.add_parser("github", help="write workflows for GitHub Actions: promotion gate, nightly canary"))
    changed_parser = kinds.add_parser("changed", help="names on standard input -> pipelines concerned, as JSON")
    what = changed_parser.add_mutually_exclusive_group()
    what.add_argument("--all", action="store_true", help="every pipeline, whatever has changed")
    what.add_argument("--only", metavar="NAME", help="this pipeline; an error if there is none of that name")
    _add_folders(changed_parser)
    changed_parser.set_defaults(run=changed)


def _add_github(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, default=Path(".github/workflows"), metavar="DIR", help="default %(default)s"
    )
    parser.add_argument("--runner", type=_labels, default="self-hosted,gpu", metavar="LABELS", help="of the GPU runner")
    parser.add_argument("--branch", default="main", help="pushes to it are trained, gated, promoted (default main)")
    parser.add_argument(
        "--cron", type=_cron, default="17 3 * * *", help="time of the canary, UTC (default %(default)s)"
    )
    parser.add_argument("--minutes", type=_minutes, default=720, help="longest training of a pipeline (default 720)")
    parser.add_argument("--python", default="3.11", metavar="VERSION", help="default 3.11")
    parser.add_argument("--install", default="", metavar="COMMAND", help=f"default: {INSTALL}")
    parser.add_argument("--force", action="store_true", help="write over a workflow that was edited by hand")
    _add_folders(parser)
    parser.set_defaults(run=github)


def _add_folders(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--goldens", type=_folder, default="goldens", metavar="DIR", help="default goldens")
    parser.add_argument("--pipelines", type=_folder, default="pipelines", metavar="DIR", help="default pipelines")


def github(args: argparse.Namespace) -> int:
    """Write the workflows; all or none, so that a refusal leaves both as they were."""
    texts = {args.out / name: _signed(_rendered(name, args)) for name in FILES}
    edited = [path for path in texts if path.is_file() and not _is_ours(path.read_text(encoding="utf-8"))]
    if edited and not args.force:
        named = ", ".join(map(str, edited))
        raise FtgateError(
            f"{named}: edited by hand, or not ours; nothing was written\n"
            "    compare with what would be written: ftgate ci github --out DIR; or write over it: --force"
        )
    args.out.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
        say(f"{path} written")
    return 0


def changed(args: argparse.Namespace) -> int:
    """Print a JSON list of the pipelines that the changed files concern."""
    from pytest_ftgate.pipeline.discovery import Catalogue

    catalogue = Catalogue((Path(args.goldens).absolute(),), (Path(args.pipelines).absolute(),))
    known = list(catalogue.pipeline_paths)
    if args.only is not None and args.only not in known:
        raise FtgateError(f"there is no pipeline {args.only!r} in {args.pipelines}; there are: {', '.join(known)}")
    if args.all or args.only is not None:
        say(json.dumps([args.only] if args.only is not None else known))
        return 0
    named = [Path(line.strip()).absolute() for line in sys.stdin if line.strip()]
    found = {name for path in named for name in _concerned(path, catalogue)}
    say(json.dumps([name for name in known if name in found]))
    return 0


def _concerned(path: Path, catalogue: Catalogue) -> Iterable[str]:
    """The pipelines that read a file: its own, those that its golden set gates, or all for a file that is shared."""
    [goldens], [pipelines] = catalogue.goldens, catalogue.pipelines
    if path.is_relative_to(pipelines):
        own = path.relative_to(pipelines).parts
        return [own[0]] if len(own) > 1 else catalogue.pipeline_paths
    if not path.is_relative_to(goldens):
        return []
    sets = [name for name, file in catalogue.golden_paths.items() if path == file or _beside(path, file)]
    return (
        [pipeline for name in sets for pipeline in catalogue.pipelines_of(name)] if sets else catalogue.pipeline_paths
    )


def _beside(path: Path, golden: Path) -> bool:
    return golden.name == "golden.toml" and path.is_relative_to(golden.parent)


def _rendered(name: str, args: argparse.Namespace) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # noqa: S701 - YAML, and every value is quoted as JSON
        loader=PackageLoader("pytest_ftgate", "cli/templates/github"),
        variable_start_string="{=",
        variable_end_string="=}",
        comment_start_string="{=#",
        comment_end_string="#=}",
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    return environment.get_template(f"{name}.j2").render(_values(name, args))


def _values(name: str, args: argparse.Namespace) -> dict[str, object]:
    return {
        "goldens": json.dumps(f"{args.goldens}/**"),
        "pipelines": json.dumps(f"{args.pipelines}/**"),
        "pipelines_dir": args.pipelines,
        "branch": json.dumps(args.branch),
        "python": json.dumps(args.python),
        "runner": json.dumps(args.runner.split(",")),
        "minutes": str(args.minutes),
        "cron": json.dumps(args.cron),
        "install": (args.install or INSTALL).replace("\n", "\n" + " " * 10),
        "install_light": json.dumps(args.install or INSTALL_LIGHT),
        "arguments": ARGUMENTS,
        "codes": FILES[name],
    }


_MARK = re.compile(r"# Written by `ftgate ci github`; what follows has the sha256 ([0-9a-f]{64})\n")


def _signed(text: str) -> str:
    return f"# Written by `ftgate ci github`; what follows has the sha256 {_sha256(text)}\n{text}"


def _is_ours(text: str) -> bool:
    """True for a workflow that was written by us and not touched since."""
    mark = _MARK.match(text)
    return mark is not None and mark[1] == _sha256(text[mark.end() :])


def _sha256(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()


def _labels(text: str) -> str:
    labels = [label.strip() for label in text.split(",")]
    if not all(labels):
        raise argparse.ArgumentTypeError(f"{text!r} has an empty label; write self-hosted,gpu")
    return ",".join(labels)


def _cron(text: str) -> str:
    if len(text.split()) != 5:
        raise argparse.ArgumentTypeError(f"{text!r} has {len(text.split())} fields, expected 5: '17 3 * * *'")
    return text


def _minutes(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 7200:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of minutes from 1 to 7200 (five days)")
    return int(text)


def _folder(text: str) -> str:
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no folder below the repository; use letters, digits, . _ - /")
    return text.rstrip("/")
