"""`ftgate ci github`, `gitlab`: settings -> workflows. `ftgate ci changed`: changed files -> pipelines."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli import ci_retrain
from pytest_ftgate.cli.ci_retrain import has_promoters, retrained
from pytest_ftgate.cli.common import say
from pytest_ftgate.cli.numbers import share
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.files.secrets import plain_address
from pytest_ftgate.golden.paths import CASES_FILE, FOLDER_FILE
from pytest_ftgate.pipeline.cron import cron_problem
from pytest_ftgate.pipeline.live.retrain import crons_of

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.discovery import Catalogue

INSTALL = 'python -m pip install "pytest-ftgate[train,registry]"'
INSTALL_SIGNING = 'python -m pip install "pytest-ftgate[train,registry,signing]"'
INSTALL_LIGHT = "python -m pip install pytest-ftgate"
ARGUMENTS = '--ftgate-state-dir "$STATE_DIR" --junit-xml=reports/junit.xml --ftgate-markdown=reports/ftgate.md'
Codes = Sequence[tuple[int, str, str]]
"""Exit code, level of GitHub's annotation, meaning."""

FILES: Mapping[str, Codes] = {
    "ftgate-gate.yml": (
        (0, "notice", "promoted, or unchanged"),
        (1, "error", "REJECT or a failed test; production is unchanged"),
        (10, "warning", "HOLD: not enough evidence; production is unchanged, see the gate report"),
        (11, "error", "INTEGRITY: leakage, a changed golden set or unmeasured cases; results are invalid"),
    ),
    "ftgate-canary.yml": (
        (0, "notice", "no drift"),
        (1, "error", "a test failed; see the log"),
        (10, "warning", "undecided: no champion, or canary panel not measured in full"),
        (11, "error", "canary panel, prompt or model has changed since promotion; not comparable"),
        (12, "error", "DRIFT: a champion regressed since promotion"),
    ),
    "ftgate-retrain.yml": (
        (0, "notice", "passed the gate: proposed, or promoted where [retrain] says so; or unchanged"),
        (1, "error", "REJECT or a failed test; production is unchanged"),
        (10, "warning", "HOLD: not enough evidence; production is unchanged, see the gate report"),
        (11, "error", "INTEGRITY: leakage, a changed golden set or unmeasured cases; results are invalid"),
    ),
    "ftgate-compare.yml": (
        (0, "notice", "no more than the allowed share of the score is lost"),
        (1, "error", "REJECT: the score has dropped by more than is allowed, or a test failed"),
        (10, "error", "HOLD: not shown that no more is lost than is allowed; see how many more cases would show it"),
        (11, "error", "INTEGRITY: a record or golden set was changed, or cases are unmeasured; results are invalid"),
    ),
}
"""Each workflow, and what the exit codes mean there."""
COMPARING = ("ftgate-compare.yml",)
RETRAINING = "ftgate-retrain.yml"
"""Only where a pipeline has [retrain]."""
TRAINING = tuple(name for name in FILES if name not in (*COMPARING, RETRAINING))
CANARY = "ftgate-canary.yml"


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    parser = commands.add_parser("ci", help="continuous integration workflows")
    kinds = parser.add_subparsers(metavar="KIND", required=True)
    told = "write GitHub Actions workflows: promotion gate, nightly canary, retraining; of a served model: comparison"
    _add_github(kinds.add_parser("github", help=told))
    _add_gitlab(
        kinds.add_parser("gitlab", help="write a GitLab CI file: nightly canary and retraining; or of a served model")
    )
    ci_retrain.add(kinds)
    changed_parser = kinds.add_parser("changed", help="read changed paths from stdin, print affected pipelines as JSON")
    what = changed_parser.add_mutually_exclusive_group()
    what.add_argument("--all", action="store_true", help="all pipelines, regardless of changes")
    what.add_argument("--only", metavar="NAME", help="this pipeline only; an error if it does not exist")
    _add_folders(changed_parser)
    changed_parser.set_defaults(run=changed)


def _add_github(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, default=Path(".github/workflows"), metavar="DIR", help="default %(default)s"
    )
    parser.add_argument(
        "--runner", type=_labels, default="self-hosted,gpu", metavar="LABELS", help="labels of the GPU runner"
    )
    parser.add_argument(
        "--branch", default="main", help="train, gate and promote on pushes to this branch (default main)"
    )
    parser.add_argument("--cron", type=_cron, default="17 3 * * *", help="canary schedule, UTC (default %(default)s)")
    parser.add_argument(
        "--minutes", type=_minutes, default=720, help="job timeout per pipeline in minutes (default 720)"
    )
    _add_served(parser)
    _add_shared(parser)
    parser.set_defaults(run=github)


def _add_gitlab(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=Path(".gitlab"), metavar="DIR", help="default %(default)s")
    parser.add_argument(
        "--minutes", type=_minutes, metavar="N", help="job timeout in minutes (default 720; of a served model 60)"
    )
    parser.add_argument(
        "--runner", type=_labels, default="gpu", metavar="TAGS", help="tags of the GPU runner (default gpu)"
    )
    _add_served(parser)
    _add_shared(parser)
    parser.set_defaults(run=gitlab)


def _add_served(parser: argparse.ArgumentParser) -> None:
    instead = ": write the workflow of a served model instead, which compares pull requests with the main branch"
    parser.add_argument("--base-url", default="", metavar="URL", help=f"its address{instead}")
    parser.add_argument("--model", default="", metavar="NAME", help="the served model")
    parser.add_argument(
        "--max-drop", type=share, default=0.03, metavar="SHARE", help="that may be lost (default 0.03, 3 points)"
    )


def _add_shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--python", default="3.11", metavar="VERSION", help="default 3.11")
    parser.add_argument(
        "--install", default="", metavar="COMMAND", help=f"default: {INSTALL}; of a served model {INSTALL_LIGHT}"
    )
    parser.add_argument("--force", action="store_true", help="overwrite workflows edited by hand")
    _add_folders(parser)


def _add_folders(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--goldens", type=_folder, default="goldens", metavar="DIR", help="default goldens")
    parser.add_argument("--pipelines", type=_folder, default="pipelines", metavar="DIR", help="default pipelines")


def github(args: argparse.Namespace) -> int:
    """Write the workflows: those that train, or the one of a served model."""
    if bool(args.base_url) != bool(args.model):
        raise FtgateError("--base-url URL and --model NAME belong together: the workflow asks this served model")
    pipelines = [] if args.model else retrained(Path(args.pipelines))
    args.crons, args.retrain, args.promoters = crons_of(pipelines), bool(pipelines), has_promoters(args)
    names = COMPARING if args.model else (*TRAINING, *([RETRAINING] if args.retrain else []))
    return _write({args.out / name: _signed(_rendered("github", name, args), "github") for name in names}, args)


def gitlab(args: argparse.Namespace) -> int:
    """Write the file that .gitlab-ci.yml includes: that of a served model, or canary and retraining."""
    if bool(args.base_url) != bool(args.model):
        raise FtgateError("--base-url URL and --model NAME belong together: the file asks this served model")
    name = COMPARING[0] if args.model else CANARY
    args.crons, args.retrain = [], not args.model and bool(retrained(Path(args.pipelines)))
    args.promoters = has_promoters(args)
    return _write({args.out / name: _signed(_rendered("gitlab", name, args), "gitlab")}, args)


def _write(texts: Mapping[Path, str], args: argparse.Namespace) -> int:
    """All or none, so that a refusal leaves all as they were."""
    edited = [path for path in texts if path.is_file() and not _is_ours(path.read_text(encoding="utf-8"))]
    if edited and not args.force:
        named = ", ".join(map(str, edited))
        raise FtgateError(
            f"{named}: not generated by ftgate, or edited by hand; nothing written\n"
            "    write elsewhere to compare: --out DIR; or overwrite: --force"
        )
    args.out.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        write_text(path, text)
        say(f"{path} written")
    return 0


def changed(args: argparse.Namespace) -> int:
    """Print a JSON list of the pipelines that the changed files concern."""
    from pytest_ftgate.pipeline.discovery import Catalogue

    catalogue = Catalogue((Path(args.goldens).absolute(),), (Path(args.pipelines).absolute(),))
    known = list(catalogue.pipeline_paths)
    if args.only is not None and args.only not in known:
        raise FtgateError(f"no pipeline {args.only!r} in {args.pipelines}; available: {', '.join(known)}")
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
    return golden.name in (FOLDER_FILE, CASES_FILE) and path.is_relative_to(golden.parent)


def _rendered(host: str, name: str, args: argparse.Namespace) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # noqa: S701 - YAML, and every value is quoted as JSON
        loader=PackageLoader("pytest_ftgate", f"cli/templates/{host}"),
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
    indent = " " * (6 if args.run is gitlab else 10)
    usual = INSTALL_LIGHT if name in COMPARING else INSTALL_SIGNING if args.promoters else INSTALL
    return {
        "base_url": json.dumps(plain_address(args.base_url, "--base-url", "FTGATE_API_KEY", query=True)),
        "model": json.dumps(args.model),
        "max_drop": f"{args.max_drop:g}",
        "goldens_dir": args.goldens,
        "python_plain": args.python,
        "goldens": json.dumps(f"{args.goldens}/**"),
        "pipelines": json.dumps(f"{args.pipelines}/**"),
        "pipelines_dir": args.pipelines,
        "branch": json.dumps(getattr(args, "branch", "")),
        "python": json.dumps(args.python),
        "runner": json.dumps(getattr(args, "runner", "").split(",")),
        "minutes": str(args.minutes or (60 if name in COMPARING else 720)),
        "cron": json.dumps(getattr(args, "cron", "")),
        "install": (args.install or usual).replace("\n", "\n" + indent),
        "crons": [json.dumps(cron) for cron in args.crons],
        "retrain": args.retrain,
        "promoters": args.promoters,
        "install_light": json.dumps(args.install or INSTALL_LIGHT),
        "arguments": ARGUMENTS,
        "codes": FILES[name],
    }


_MARK = re.compile(r"# Written by `ftgate ci git(?:hub|lab)`; what follows has the sha256 ([0-9a-f]{64})\n")


def _signed(text: str, host: str) -> str:
    return f"# Written by `ftgate ci {host}`; what follows has the sha256 {_sha256(text)}\n{text}"


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
    if problem := cron_problem(text):
        raise argparse.ArgumentTypeError(f"{text!r} {problem}: '17 3 * * *'")
    return text


def _minutes(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 7200:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of minutes from 1 to 7200 (five days)")
    return int(text)


def _folder(text: str) -> str:
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a folder in the repository; allowed: letters, digits, . _ - /"
        )
    return text.rstrip("/")
