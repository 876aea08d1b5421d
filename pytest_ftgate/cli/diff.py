"""`ftgate diff TASK v3 v4`: what two versions were made of and got: settings, data, scores, cases lost and won."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_ftgate.cli.common import open_existing, registry_options, say, say_table, version_number
from pytest_ftgate.errors import RegistryError
from pytest_ftgate.registry.audit_tags import GOLDEN

if TYPE_CHECKING:
    from pytest_ftgate.registry import Registry, Version

SHOWN = 20
"""So many cases are listed for each side, unless --all is given."""
CUT = 70

Row = tuple[str, ...]


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "diff", parents=[registry_options()], help="compare settings, data, scores and cases of two versions"
    )
    parser.add_argument("names", nargs="+", metavar="[TASK] vN vM", help="TASK is optional if there is only one")
    parser.add_argument("--all", action="store_true", help=f"list all changed cases, not only the first {SHOWN}")
    parser.set_defaults(run=diff)


def diff(args: argparse.Namespace) -> int:
    """Print the differences."""
    registry = open_existing(args)
    task, numbers = _named(registry, args.names)
    old, new = (registry.version(task, number) for number in numbers)
    say(f"{old} -> v{new.number}")
    settings, data = _split(registry.params(old), registry.params(new))
    _section("settings", [_verdicts(old, new), *settings], "no differences")
    _section("data", [*data, *_goldens(old, new)], "no differences")
    _section("scores", list(_scores(registry.metrics(old), registry.metrics(new))), "none were logged")
    for golden in sorted(_golden_names(old) & _golden_names(new)):
        _say_cases(golden, registry.results(old, golden)["cases"], registry.results(new, golden)["cases"], args.all)
    return 0


def _named(registry: Registry, names: Sequence[str]) -> tuple[str, list[int]]:
    """The task and the numbers of both versions. Raises RegistryError that says how to ask."""
    try:
        numbers = [version_number(name) for name in names[-2:]]
    except argparse.ArgumentTypeError as error:
        raise RegistryError(str(error)) from None
    tasks = [names[0]] if len(names) == 3 else registry.tasks()
    if len(names) not in (2, 3) or len(tasks) != 1:
        known = ", ".join(registry.tasks()) or "none"
        raise RegistryError(f"found {' '.join(names)!r}, expected: ftgate diff TASK v3 v4; tasks: {known}")
    return tasks[0], numbers


def _verdicts(old: Version, new: Version) -> Row:
    return "verdict", old.tags.get("verdict", "none"), new.tags.get("verdict", "none")


def _split(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[list[Row], list[Row]]:
    """Parameters that differ: (settings, digests and numbers of rows)."""
    changed: list[Row] = [
        (name, _short(old.get(name, "not set")), _short(new.get(name, "not set")))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]
    data = [row for row in changed if row[0].endswith("_digest") or row[0] == "rows"]
    return [row for row in changed if row not in data], data


def _golden_names(version: Version) -> set[str]:
    return {tag.removeprefix(GOLDEN) for tag in version.tags if tag.startswith(GOLDEN)}


def _goldens(old: Version, new: Version) -> Iterator[Row]:
    for name in sorted(_golden_names(old) | _golden_names(new)):
        before, after = (version.tags.get(GOLDEN + name, "none") for version in (old, new))
        if before != after:
            yield f"golden {name}", _short(before), _short(after)


def _scores(old: Mapping[str, float], new: Mapping[str, float]) -> Iterator[Row]:
    """Numbers that both runs have, but bounds and durations."""
    for name in sorted(old.keys() & new.keys()):
        if not name.endswith((".lower", "seconds")) and not name.startswith("seconds."):
            yield name, f"{old[name]:.4g}", f"{new[name]:.4g}", f"{new[name] - old[name]:+.4g}"


def _say_cases(golden: str, old: Mapping[str, Any], new: Mapping[str, Any], everything: bool) -> None:
    """Cases of one golden set that one version gets right and the other does not."""
    same = [name for name in old if name in new and old[name]["case"] == new[name]["case"]]
    lost = [name for name in same if old[name]["passed"] and not new[name]["passed"]]
    won = [name for name in same if new[name]["passed"] and not old[name]["passed"]]
    others = len(old.keys() | new.keys()) - len(same)
    apart = f"; {others} cases differ between the versions" if others else ""
    say(f"{golden}: {len(same)} cases compared, {len(lost)} regressed, {len(won)} fixed{apart}")
    for title, names in (("lost", lost), ("won", won)):
        shown = names if everything else names[:SHOWN]
        rows = [(title, name, _line(old[name]["text"]), "->", _line(new[name]["text"])) for name in shown]
        if rows:
            say_table(rows, indent="  ")
        if len(names) > len(shown):
            say(f"  {title}: {len(names) - len(shown)} more (--all)")


def _section(title: str, rows: Sequence[Row], nothing: str) -> None:
    say(title)
    changed = [row for row in rows if len(row) > 3 or row[1] != row[2]]
    if changed:
        say_table(changed, indent="  ")
    else:
        say(f"  {nothing}")


def _short(text: str) -> str:
    """A digest by its first 12 digits."""
    return re.sub(r"^([0-9a-f]{12})[0-9a-f]{28,52}$", r"\1", text)


def _line(text: str) -> str:
    shown = " ".join(text.split())
    return repr(shown if len(shown) <= CUT else f"{shown[: CUT - 3]}...")
