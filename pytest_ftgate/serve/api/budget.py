"""(dollars allowed) -> leave to send, one attempt after the other: money is put aside before it can be owed."""

from __future__ import annotations

import asyncio

ROUNDING = 1e-12


class Budget:
    """Spent + put aside never exceeds the limit. limit: dollars, None for none. Lives in one asyncio loop."""

    def __init__(self, limit: float | None) -> None:
        self.limit, self.spent, self.aside = limit, 0.0, 0.0
        self._changed = asyncio.Condition()
        self._turn = asyncio.Lock()

    async def put_aside(self, dollars: float) -> bool:
        """Wait in turn until that much is free; False if it will not be, even when all that is under way is done."""
        async with self._turn, self._changed:
            await self._changed.wait_for(lambda: self._fits(dollars) or not self.aside)
            if not self._fits(dollars):
                return False
            self.aside += dollars
            return True

    def try_aside(self, dollars: float) -> bool:
        """Without waiting: False if that much is not free now."""
        if not self._fits(dollars):
            return False
        self.aside += dollars
        return True

    async def settle(self, aside: float, paid: float) -> None:
        """What was put aside for an attempt turned out to cost `paid`."""
        async with self._changed:
            self.aside = max(0.0, self.aside - aside)
            if self.aside < ROUNDING:
                self.aside = 0.0
            self.spent += paid
            self._changed.notify_all()

    def _fits(self, dollars: float) -> bool:
        return self.limit is None or self.spent + self.aside + dollars <= self.limit + ROUNDING
