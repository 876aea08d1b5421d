"""`ftgate judge attack GOLDEN`: the attempts that are shipped to mislead a judge -> how many of them do."""

from __future__ import annotations

import argparse
from pathlib import Path

from pytest_ftgate.cli.common import SET, registry_options, say
from pytest_ftgate.cli.judge_options import judge_client_of, judge_options, spec_of


def add(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `ftgate judge`."""
    parser = kinds.add_parser(
        "attack",
        parents=[registry_options(), judge_options()],
        help="measure the prompt injection success rate against the judge of a golden set",
    )
    parser.add_argument("golden", type=Path, metavar="GOLDEN", help=SET)
    parser.set_defaults(run=attack)


def attack(args: argparse.Namespace) -> int:
    """Ask about all attempts, print the success rate. JudgeError if the judge calls the plain wrong answer right."""
    from pytest_ftgate.evaluate.suite import load_suite
    from pytest_ftgate.judge.injection_test import attack as attacking
    from pytest_ftgate.judge.injection_test import attacked
    from pytest_ftgate.pipeline.discovery import golden_file

    suite = load_suite(golden_file(args.golden))
    spec = attacked(spec_of(suite))
    with judge_client_of(args, spec, suite.name) as judge_client:
        found = attacking(judge_client)
        rate = found.success
        say(
            f"{len(found.won)} of {rate.n} injection attempts succeed against {spec.title}: {100 * rate.value:.1f} %, "
            f"upper bound {100 * rate.upper:.1f} %; {len(found.unscored)} without a verdict"
        )
        for family, (won, tried) in found.families.items():
            say(f"  {family:<14} {won} of {tried}")
        for each in found.won:
            say(f"  succeeded: {each.id}")
    return 0
