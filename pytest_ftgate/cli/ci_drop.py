"""(golden sets, --max-drop) -> what the comparison of a served model can show on each, before anybody waits for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pytest_ftgate.metrics.power import DISCORDANCE, cases_needed, equal_needed, least_excluded

if TYPE_CHECKING:
    from pytest_ftgate.golden.spec import Golden

_USUAL = f"{100 * DISCORDANCE:.0f} %"


def drop_lines(sets: Iterable[Golden], max_drop: float) -> Iterator[str]:
    """A line for each set. max_drop: a share in (0, 1)."""
    equal, usual = equal_needed(max_drop), cases_needed(max_drop, DISCORDANCE)
    for each in sets:
        if not (n := len(each.rows)):
            continue
        counted = f"{each.name}: {n:,} case{'' if n == 1 else 's'}"
        if n < equal:
            least = 100 * least_excluded(n)
            yield (
                f"{counted} can show no less than {least:.2g} points: --max-drop {max_drop:g} is a HOLD unless the "
                f"score rises; it needs {equal:,} equal answers, about {usual:,} where {_USUAL} differ"
            )
        elif n < usual:
            yield (
                f"{counted} pass --max-drop {max_drop:g} if nearly all answers are equal; about {usual:,} are needed "
                f"where {_USUAL} differ"
            )
