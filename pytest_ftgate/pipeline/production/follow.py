"""The registry's pointer -> the version that answers: loaded, probed, switched to; the one before drained, unloaded.

A registry that cannot be asked, or a candidate that fails, never ends what serves: the last good champion goes on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError, RegistryError
from pytest_ftgate.pipeline.production.aside import aside
from pytest_ftgate.serve.front.route import Route

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.production.engines import Engines, Loaded
    from pytest_ftgate.registry import Version
    from pytest_ftgate.serve.front.state import FrontState

WATCH_S = 2.0
"""How often the engine is asked whether it is alive."""

AGAIN_S, AGAIN_AT_MOST_S = 30.0, 600.0
"""Seconds until a candidate that failed is tried again, doubled each time."""

RESTARTS, WITHIN_S = 5, 900.0
"""So many times in so many seconds an engine that died is started again; then the server ends."""


@dataclass(slots=True)
class Rejected:
    """A candidate that failed. again_at: when it is tried again (of time.monotonic)."""

    digest: str
    wait_s: float
    again_at: float


class Follower:
    """Keeps the front on the champion of a task.

    every_s: how often the registry is asked; 0: once, at the start.
    """

    def __init__(
        self, state: FrontState, engines: Engines, task: str, every_s: float, say: Callable[[str], None]
    ) -> None:
        self.engines, self.say = engines, say
        self._state, self._task, self._every_s = state, task, every_s
        self._loaded: Loaded | None = None
        self._routes: dict[Loaded, Route] = {}
        self._rejected: Rejected | None = None
        self._restarts: list[float] = []
        self._retiring: set[asyncio.Task[None]] = set()
        self._moving = asyncio.Lock()  # one at a time uses the engines

    async def begin(self) -> Loaded:
        """The champion answers. Raises FtgateError if there is none, or it cannot be served."""
        champion = await aside(self.engines.registry.champion, self._task)
        if champion is None:
            raise RegistryError(f"{self._task} has no champion yet; see `ftgate status`")
        loaded = await aside(self.engines.load, champion)
        self._take_over(loaded)
        return loaded

    async def run(self) -> None:
        """Follow until cancelled. Raises ServeError if the engine does not stay alive."""
        await asyncio.gather(self._follow(), self._watch())

    # --- the pointer -------------------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        while self._every_s:
            await asyncio.sleep(self._every_s)
            if not self._state.engine_error:
                await self.look()

    async def look(self) -> None:
        """Ask the registry once, and take over if the champion is another."""
        champion = await self._champion()
        if champion is None or self._is_served(champion) or self._is_rejected(champion):
            return
        async with self._moving:
            await self._move_to(champion)

    async def _move_to(self, champion: Version) -> None:
        begin = time.monotonic()
        self.say(f"{champion} is the new champion: loading")
        try:
            loaded = await aside(self.engines.load, champion)
        except Exception as error:  # noqa: BLE001 - whatever it is, the version before goes on
            self._reject(champion, error)
            return
        again = await self._champion()
        if again is not None and again.digest != champion.digest:
            self.say(f"{champion} is no longer the champion: not used")
            if self._loaded is not None and all(each.endpoint != loaded.endpoint for each in self._routes):
                await aside(self.engines.retire, loaded, self._loaded)
            return
        self._take_over(loaded)
        spent = time.monotonic() - begin
        self._state.metrics.swaps.inc()
        self._state.metrics.last_swap_s.set(spent)
        self.say(f"{champion} answers after {spent:.1f} s" + (f"; {loaded.proof}" if loaded.proof else ""))

    async def _champion(self) -> Version | None:
        """None also where the registry cannot be asked, or what it holds is not what was recorded."""
        try:
            found = await aside(self.engines.registry.champion, self._task)
            wrong = "" if found else f"{self._task} has no champion any more"
        except Exception as error:  # noqa: BLE001 - whatever it is, the champion goes on
            found, wrong = None, str(error) or type(error).__name__
        if wrong:
            self._state.metrics.registry_errors.inc()
        else:
            self._state.metrics.registry_answered.set_to_current_time()
        if wrong != self._state.registry_error:
            serving = f"v{self._loaded.version.number} goes on" if self._loaded else ""
            self.say(f"registry: {wrong}\n    {serving}" if wrong else "registry: it answers again")
        self._state.registry_error = wrong
        return found

    def _is_served(self, champion: Version) -> bool:
        return self._loaded is not None and self._loaded.version.as_predecessor() == champion.as_predecessor()

    def _is_rejected(self, champion: Version) -> bool:
        if self._rejected is None:
            return False
        if self._rejected.digest != champion.digest:
            self._rejected, self._state.rejected = None, ""
            return False
        return time.monotonic() < self._rejected.again_at

    def _reject(self, champion: Version, error: Exception) -> None:
        before = self._rejected.wait_s if self._rejected else AGAIN_S / 2
        wait_s = min(2 * before, AGAIN_AT_MOST_S)
        self._rejected = Rejected(champion.digest, wait_s, time.monotonic() + wait_s)
        self._state.metrics.failed_swaps.inc()
        self._state.rejected = f"v{champion.number}: {str(error).partition(chr(10))[0]}"
        serving = f"v{self._loaded.version.number} goes on" if self._loaded else "nothing serves"
        self.say(f"{champion} does not take over, {serving}; tried again in {wait_s:.0f} s: {error}")

    def _take_over(self, loaded: Loaded) -> None:
        """From here each request is answered by this version; the one before is unloaded once it answers none."""
        old, self._loaded = self._loaded, loaded
        self._rejected, self._state.rejected = None, ""
        route = Route(f"v{loaded.version.number}", loaded.digest, loaded.endpoint)
        self._routes[loaded] = route
        self._state.switch(route)
        if old is not None:
            task = asyncio.create_task(self._retire(old))
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)

    async def _retire(self, old: Loaded) -> None:
        """Also what an earlier stay of the same version still answers is waited for."""
        for loaded, route in list(self._routes.items()):
            if loaded.endpoint == old.endpoint and loaded is not self._loaded:
                await route.drained()
        async with self._moving:
            del self._routes[old]
            if self._loaded is not None and all(each.endpoint != old.endpoint for each in self._routes):
                await aside(self.engines.retire, old, self._loaded)

    # --- the engine --------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            if (loaded := self._loaded) is None:
                continue
            try:
                await aside(loaded.engine.check)
            except FtgateError as error:
                if loaded is self._loaded:
                    self._state.engine_error = str(error).partition("\n")[0]
                    async with self._moving:
                        await self._revive(loaded, error)

    async def _revive(self, dead: Loaded, error: FtgateError) -> None:
        """The same version at a new engine. Raises ServeError if that was tried too often."""
        if dead is not self._loaded:  # another took over meanwhile, at another engine
            self._state.engine_error = ""
            return
        now = time.monotonic()
        self._restarts = [then for then in self._restarts if now - then < WITHIN_S] + [now]
        if len(self._restarts) > RESTARTS:
            raise error
        self.say(f"{error}\n    starting it again")
        self._state.metrics.engine_restarts.inc()
        try:
            await aside(self.engines.end, dead.engine)
            loaded = await aside(self.engines.load, dead.version)
        except FtgateError as failed:
            self.say(f"not started: {failed}")
            return  # seen dead again at the next look
        self._take_over(loaded)
        self._state.engine_error = ""
        self.say(f"{loaded.version} answers again")
