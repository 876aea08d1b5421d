"""The registry's pointer -> the version that answers: loaded, probed, switched to; the one before drained, unloaded.

A registry that cannot be asked, or a candidate that fails, never ends what serves: the last good champion goes on.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError, RegistryError, ServeError
from pytest_ftgate.pipeline.production.aside import aside
from pytest_ftgate.serve.front.route import Route

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.production.engines import Engines, Loaded
    from pytest_ftgate.registry import Version
    from pytest_ftgate.serve.front.state import FrontState
    from pytest_ftgate.serve.servers.local import LocalEngine

WATCH_S = 2.0
"""How often the engine is asked whether it is alive."""

AGAIN_S, AGAIN_AT_MOST_S = 30.0, 600.0
"""Seconds until a candidate that failed is tried again, doubled each time."""

RESTARTS, WITHIN_S = 5, 900.0
"""So many times in so many seconds an engine that died is started again; then the server ends."""

DRAIN_S = 600.0
"""Seconds that a request may take of a version which is the champion no more; then it is cut off."""


@dataclass(slots=True)
class Rejected:
    """A candidate that failed, until the pointer moves. again_at: when it is tried again (of time.monotonic)."""

    digest: str
    wait_s: float
    again_at: float


class Follower:
    """Keeps the front on the champion of a task.

    every_s: how often the registry is asked; 0: once, at the start. worded: set it for errors in a command's options.
    """

    def __init__(
        self, state: FrontState, engines: Engines, task: str, every_s: float, say: Callable[[str], None]
    ) -> None:
        self.engines, self.say = engines, say
        self.worded: Callable[[str], str] = str
        self._state, self._task, self._every_s = state, task, every_s
        self._loaded: Loaded | None = None
        self._routes: dict[Loaded, Route] = {}
        self._rejected: Rejected | None = None
        self._killed: LocalEngine | None = None  # by a candidate, for which the version before is not blamed
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
        while self._every_s and not self._state.leaving:
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
            await self._failed(champion, error)
            return
        again = await self._champion()
        if again is not None and again.digest != champion.digest:
            self.say(f"{champion} is no longer the champion: not used")
            if self._loaded is not None and all(each.endpoint != loaded.endpoint for each in self._routes):
                await aside(self.engines.retire, loaded, self._loaded)
            return
        self._rejected, self._state.rejected = None, ""
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
        if found is not None and self._rejected is not None and found.digest != self._rejected.digest:
            self._rejected, self._state.rejected = None, ""
        return found

    def _is_served(self, champion: Version) -> bool:
        return self._loaded is not None and self._loaded.version.as_predecessor() == champion.as_predecessor()

    def _is_rejected(self, champion: Version) -> bool:
        found = self._rejected
        return found is not None and found.digest == champion.digest and time.monotonic() < found.again_at

    async def _failed(self, champion: Version, error: Exception) -> None:
        """A candidate with which the engine of the champion has died is not tried again: the next would die too."""
        if self._state.leaving or self._loaded is None:
            return
        try:
            await aside(self._loaded.engine.check)
        except Exception:  # noqa: BLE001 - whatever it is, the engine cannot be asked
            self._killed = self._loaded.engine
            self._reject(champion, error, math.inf)
        else:
            before = self._rejected.wait_s if self._rejected else AGAIN_S / 2
            self._reject(champion, error, min(2 * before, AGAIN_AT_MOST_S))

    def _reject(self, champion: Version, error: Exception, wait_s: float) -> None:
        self._rejected = Rejected(champion.digest, wait_s, time.monotonic() + wait_s)
        self._state.metrics.failed_swaps.inc()
        self._state.rejected = f"v{champion.number}: {self.worded(str(error)).partition(chr(10))[0]}"
        serving = f"v{self._loaded.version.number} goes on" if self._loaded else "nothing serves"
        again = f"tried again in {wait_s:.0f} s"
        if wait_s == math.inf:
            again = "the engine died while it was loaded: not tried again before another version is promoted"
        self.say(f"{champion} does not take over, {serving}; {again}: {error}")

    def _take_over(self, loaded: Loaded) -> None:
        """From here each request is answered by this version; the one before is unloaded once it answers none."""
        old, self._loaded = self._loaded, loaded
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
                await self._drained(route)
        async with self._moving:
            del self._routes[old]
            if self._loaded is not None and all(each.endpoint != old.endpoint for each in self._routes):
                await aside(self.engines.retire, old, self._loaded)

    async def _drained(self, route: Route) -> None:
        try:
            await asyncio.wait_for(route.drained(), DRAIN_S)
        except TimeoutError:
            self.say(f"{route.version}: {route.in_flight} requests took longer than {DRAIN_S:.0f} s: cut off")
            route.cut_off()
            await route.drained()

    # --- the engines -------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            for engine in dict.fromkeys(each.engine for each in (self._loaded, *self._routes) if each):
                try:
                    await aside(engine.check)
                except Exception as error:  # noqa: BLE001 - whatever it is, the engine cannot be asked
                    await self._is_down(engine, error)

    async def _is_down(self, engine: LocalEngine, error: Exception) -> None:
        """Of the champion: started again. Of the version before: ended, so that no client waits for it."""
        loaded = self._loaded
        if loaded is not None and loaded.engine is engine:
            self._state.engine_error = self.worded(str(error)).partition("\n")[0]
            async with self._moving:
                await self._revive(loaded, error)
        elif engine.pid is not None:
            self.say(f"{error}\n    it is ended with what it still answered of the version before")
            async with self._moving:
                await aside(self.engines.end, engine)

    async def _revive(self, dead: Loaded, error: Exception) -> None:
        """The champion at a new engine. Raises FtgateError if that was tried too often."""
        if self._state.leaving:  # whoever ends this server has ended the engine too
            return
        if dead is not self._loaded:  # another took over meanwhile, at another engine
            self._state.engine_error = ""
            return
        self._count_restart(dead.engine, error)
        self.say(f"{error}\n    starting it again")
        self._state.metrics.engine_restarts.inc()
        champion = await self._champion()  # the pointer may have moved because of this engine
        if champion is None or self._is_served(champion) or self._is_rejected(champion):
            champion = dead.version
        try:
            await aside(self.engines.end, dead.engine)
            loaded = await aside(self.engines.load, champion)
        except Exception as failed:  # noqa: BLE001 - seen dead again at the next look
            self._not_started(champion, failed)
            return
        self._take_over(loaded)
        self._state.engine_error = ""
        self.say(f"{loaded.version} answers again")

    def _count_restart(self, dead: LocalEngine, error: Exception) -> None:
        if dead is self._killed:
            self._killed = None
            return
        now = time.monotonic()
        self._restarts = [then for then in self._restarts if now - then < WITHIN_S] + [now]
        if len(self._restarts) > RESTARTS:
            raise error if isinstance(error, FtgateError) else ServeError(str(error)) from error

    def _not_started(self, champion: Version, failed: Exception) -> None:
        """A candidate among them leaves the next try to the version before."""
        if self._state.leaving:
            return
        if self._is_served(champion):
            self.say(f"not started: {failed}")
        else:
            self._reject(champion, failed, AGAIN_S)
