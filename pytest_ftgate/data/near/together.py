"""Pairs of things -> which of them are joined, directly or through others."""

from __future__ import annotations

from collections.abc import Hashable, Iterable


class Together:
    """Union-find with path halving. Memory grows with the things that were joined or asked for."""

    def __init__(self, pairs: Iterable[tuple[Hashable, Hashable]] = ()) -> None:
        self._above: dict[Hashable, Hashable] = {}
        for one, other in pairs:
            self.join(one, other)

    def join(self, one: Hashable, other: Hashable) -> bool:
        """Whether they were apart until now."""
        below, above = self.of(one), self.of(other)
        self._above[below] = above
        return below != above

    def of(self, thing: Hashable) -> Hashable:
        """What stands for all that is joined with it."""
        above = self._above
        while (up := above.setdefault(thing, thing)) != thing:
            above[thing] = above[up]
            thing = up
        return thing
