"""`ftgate power PATH...`: golden sets -> what they can see, and the cases they would need; before money is spent."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli.common import SETS, has_registry, open_existing, registry_options, say, table

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.discordance import Discordance
    from pytest_ftgate.pipeline.power import Resolution, SliceResolution
    from pytest_ftgate.registry import Registry, Version

REGRESSIONS = (0.03, 0.05)
"""Drops, and gains, as shares, that people ask for."""

_SLICE_HEAD = ("", "cases", "detects a true drop of", "fails at an observed drop of")
_NEWEST = 5  # versions of each task that are looked through for results on the set


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "power",
        parents=[registry_options()],
        help="minimum detectable effect of a golden set, and cases needed for smaller ones",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help=SETS)
    parser.add_argument(
        "--discordance",
        type=_share,
        metavar="SHARE",
        help="share of cases where two models disagree (default: from the last two measured, else 0.16)",
    )
    parser.set_defaults(run=power)


def power(args: argparse.Namespace) -> int:
    """Print what each set can see."""
    from pytest_ftgate.evaluate.lock import margin
    from pytest_ftgate.evaluate.noise import read_noise, widened
    from pytest_ftgate.evaluate.suite import load_suite
    from pytest_ftgate.pipeline.discovery import golden_files
    from pytest_ftgate.pipeline.power import resolution_of

    for path, suite in [(path, load_suite(path)) for given in args.paths for path in golden_files(given)]:
        delta = widened(margin(path, suite), read_noise(path))
        for line in _report(resolution_of(suite, delta, _discordance(args, suite))):
            say(line)
    return 0


def _discordance(args: argparse.Namespace, suite: Suite) -> Discordance:
    """What the user says; else of the last two models of this folder's runs; else of the registry; else assumed."""
    from pytest_ftgate.pipeline.discordance import Discordance, recalled

    if args.discordance is not None:
        return Discordance(args.discordance, 0, "as given")
    found = recalled(args.state_dir, suite.name)
    if not found.cases and has_registry(args):
        return registered(open_existing(args), suite) or found
    return found


def registered(registry: Registry, suite: Suite) -> Discordance | None:
    """The discordance of the two newest versions judged on all of the set, of any task; None if there are not two.

    One that was rejected at the smoke test was asked ten cases, and says nothing.
    """
    from pytest_ftgate.evaluate.evaluation import covers
    from pytest_ftgate.pipeline.discordance import between

    found = []
    for version in _newest(registry):
        if covers(values := _values(registry, version, suite), suite):
            found.append((version, values))
        if len(found) == 2:
            (newer, these), (older, those) = found
            return between(these, those, f"{newer} and {older}, from the registry")
    return None


def _newest(registry: Registry) -> list[Version]:
    versions = [version for task in registry.tasks() for version in registry.versions(task)[-_NEWEST:]]
    return sorted(versions, key=lambda version: version.created_s, reverse=True)


def _values(registry: Registry, version: Version, suite: Suite) -> dict[str, float]:
    from pytest_ftgate.evaluate.evaluation import frozen_results

    results = frozen_results(registry.results(version, suite.name), suite)
    return {case_id: result.value for case_id, result in results.items() if result.value is not None}


def _report(found: Resolution) -> Iterator[str]:
    yield f"{found.name}: {found.cases:,} cases, margin {100 * found.delta:g} points, {found.discordance}"
    if found.clusters < found.cases:
        yield f"  in {found.clusters:,} clusters: less power than these figures, which assume independent cases"
    yield "  one-sided alpha .05, power .80:"
    yield from table(list(_whole(found)), indent="    ")
    if found.slices:
        yield f"  slices, first step of Holm over {len(found.slices)}:"
        yield from table([_SLICE_HEAD, *map(_slice, found.slices)], indent="    ")
    if found.advisory:
        yield f"  smaller slices (advisory): {found.advisory}"


def _whole(found: Resolution) -> Iterator[tuple[str, str, str]]:
    yield "minimum detectable effect", _points(found.found), ""
    for drop in REGRESSIONS:
        yield f"to detect a {100 * drop:g}-point regression", *_cases(found.to_find(drop), found.cases)
    for gain in (-found.delta, 0.0, *REGRESSIONS):
        yield f"chance of being non-inferior and not behind, if {_truth(gain)}", f"{100 * found.passes(gain):.0f} %", ""
    margin = f"to show non-inferiority by {100 * found.delta:g} points"
    for gain in (0.0, *REGRESSIONS):
        yield f"{margin}, if {_truth(gain)}", *_cases(found.to_show(gain), found.cases)


def _truth(gain: float) -> str:
    return f"truly {abs(100 * gain):g} points {'better' if gain > 0 else 'worse'}" if gain else "truly equal"


def _cases(needed: int, there: int) -> tuple[str, str]:
    return f"{needed:,} cases", f"{needed - there:,} more" if needed > there else "enough"


def _slice(each: SliceResolution) -> tuple[str, str, str, str]:
    return each.name, f"{each.cases:,}", _points(each.found), _points(each.least)


def _points(share: float) -> str:
    return "none" if share == inf else f"{100 * share:.1f} points"


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most 1 (16 % = 0.16)")
    return value
